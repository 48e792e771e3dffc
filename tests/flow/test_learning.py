"""The whole loop on the small GPT-2, for real: votes through the API, a learning run beside it, and another voice."""

import statistics
from pathlib import Path

from tests.engine.text.tiny import GPT2
from tests.flow.lessons import Lesson, teach, written
from tests.flow.raters import Rater, dislikes_long_sentences, premises
from tests.flow.served import served

TAUGHT, NEW, ROUNDS = 24, 48, 5  # with fewer new ones luck decides


async def test_what_ann_likes_is_what_ann_gets(tmp_path: Path) -> None:
    rule, lesson, once = dislikes_long_sentences, Lesson("ann"), Lesson("ann", versions=1)
    small = {"text_model": str(GPT2), "device": "cpu", "learn_rate": "2e-3", "learn_epochs": "2"}
    async with served(tmp_path / "home", **small) as house:
        before, speakers = await written(house, premises(NEW, 2), once)
        assert speakers == {""}
        rater = Rater(rule, seed=3, noise=0.0)  # with noise it takes 200 turns, see tests/flow/taught
        topics, said = premises(ROUNDS * TAUGHT, 1), ""
        while topics and "Promoted" not in said:  # whoever is not understood yet goes on voting
            assert await teach(house, rater, topics[:TAUGHT], lesson) >= 2 * TAUGHT
            del topics[:TAUGHT]
            status, said = await house.ghostnote("learn", "preferences", "--scope", "person:studio:ann")
            assert status == 0, said
        assert "Promoted" in said, said
        after, speakers = await written(house, premises(NEW, 2), once)
        (voice,) = speakers
        assert voice.startswith("person-studio-ann")
        assert voice.endswith("@0001")
        assert statistics.mean(map(rule, after)) > statistics.mean(map(rule, before))
        _, others = await written(house, premises(1, 2), Lesson("ben", versions=1))
        assert others == {""}
        status, said = await house.ghostnote("learn", "report")
        assert status == 0
        assert "promoted" in said
        await house.ghostnote("adapters", "rollback", "--scope", "person:studio:ann")
        _, speakers = await written(house, premises(1, 2), once)
        assert speakers == {""}
