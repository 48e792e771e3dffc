"""A voice that was published with a taste: it is read once, and chooses among more drafts than usual."""

import random
from pathlib import Path

import pytest

from adapters import ranking, taste
from adapters.examples import Examples, Pair
from adapters.manifest import TASTE, RegistryError
from engine.text.tasting import Tastes
from tests.engine.text.test_writer import LONG, Scripted, run, task

LENS = taste.Lens(taste.MEASURES)
ASKING = (
    "Was there anybody at the door? He did not know, and who would have told him? The keeper put the lamp out and went "
    "to see. Would it be the letter carrier? Would it be nobody at all? Outside, the wind pulled at the shutters."
)


@pytest.fixture
def liking(tmp_path: Path) -> Path:
    """The taste of somebody who likes questions, as it is published."""
    dice = random.Random(1)
    words = LONG.replace(".", "").split()

    def text(end: str) -> str:
        return " ".join(" ".join(dice.choices(words, k=8)) + end for _ in range(5))

    pairs = tuple(Pair("", text("?"), text("."), 1.0, f"c{at}", ("ann",), "story", "vote", "") for at in range(40))
    texts = [one for pair in pairs for one in (pair.chosen, pair.rejected)]
    ranking.write(ranking.ranker(taste.fit(Examples(pairs), LENS), 0.9, texts), tmp_path)
    return tmp_path


async def test_the_draft_they_like_is_the_one_that_goes_out(liking: Path) -> None:
    def scripted() -> Scripted:
        return Scripted(lambda request, number: [LONG, LONG.replace("lamp", "map"), ASKING])

    asked = task("story", "A keeper finds a letter", adapter="ann@0001")
    usual, more, ever = scripted(), scripted(), scripted()
    assert (await run(usual, asked))[1][0].text.startswith("The keeper turned")
    assert (await run(more, asked, Tastes(lambda _: liking, lambda: LENS)))[1][0].text.startswith("Was there anybody")
    assert more.asked[0].drafts == 3 * usual.asked[0].drafts
    # A voice that nobody learnt a taste with is drawn and chosen as ever.
    tasteless = Tastes(lambda _: liking.parent / "none", lambda: LENS)
    assert (await run(ever, asked, tasteless))[1][0].text.startswith("The keeper turned")
    assert ever.asked[0].drafts == usual.asked[0].drafts


async def test_who_wants_six_versions_is_not_given_most_of_one_batch(liking: Path) -> None:
    """The one they like is only in the second batch."""
    start = ("Then", "Later", "Once", "Outside", "Far off", "Below", "At night", "Soon", "Again", "Still")
    plain = [LONG.replace("The keeper", f"{word} a keeper").replace("lamp", word) for word in start]
    found = Scripted(lambda request, number: [ASKING] if number else plain)
    asked = task("story", "A keeper finds a letter", adapter="ann@0001", drafts=6)
    _, made = await run(found, asked, Tastes(lambda _: liking, lambda: LENS))
    assert sum(request.drafts for request in found.asked) >= 18
    assert made[0].text.startswith("Was there anybody")


def test_a_taste_is_read_once_and_a_damaged_one_is_passed_over(liking: Path, caplog: pytest.LogCaptureFixture) -> None:
    made = list[str]()

    def lens() -> taste.Lens:
        made.append("lens")
        return LENS

    def shelf(adapter: str) -> Path:
        if adapter == "gone@0001":
            raise RegistryError("there is no adapter")
        return liking

    tastes = Tastes(shelf, lens)
    assert tastes("") is None
    assert made == []
    first = tastes("ann@0001")
    assert first is not None
    assert tastes("ann@0001") is first
    (liking / TASTE).write_text("{", encoding="utf-8")
    assert tastes("ann@0002") is None
    assert tastes("gone@0001") is None
    assert "taste.json cannot be read" in caplog.text
    assert made == ["lens"]
