"""People vote on real music, a taste is learnt, judged and published, and the next piece is chosen by it."""

import itertools
import random
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from adapters.registry import Registry, Scope
from deploy.learn_taste import TasteError, learn, waits
from deploy.serve import house, tastes
from deploy.settings import Settings
from engine.conversation import Conversation
from engine.finding import place_of
from engine.messages import Done, Person, Reaction, SessionKey, Turn, UserMessage
from engine.music.orders import Order
from engine.music.score import Score, from_row
from engine.music.taste import MEASURES, measured, read_taste
from engine.text.echo import EchoGenerator
from storage.history import History

ANN = Person("telegram", "7", "Ann")
PIECES, VERSIONS = 24, 2
CHANNEL = Scope("channel", "telegram:5")
Rule = Callable[[Score], bool]


def high(score: Score) -> bool:
    return float(measured(score.phrase)[MEASURES.index("height")]) > 1.05


async def rated(
    settings: Settings, rule: Rule, *, consent: bool = True, pieces: int = PIECES, versions: int = VERSIONS
) -> None:
    """Pieces of a few bars in some versions each, all of them voted on by one person with one rule."""
    async with house(settings, EchoGenerator()) as built:
        talk, history = built.conversation, History(built.database)
        if consent:
            await talk.privacy.agree(ANN, given=True)
        for number in range(pieces):
            piece = await talk.create(SessionKey("telegram", "5"), ANN, f"Tune {number}")
            key = SessionKey("telegram", "5", piece=piece.id)
            await composed(talk, key, versions)
            loaded = await history.load(place_of(key), piece.id)
            assert loaded is not None
            # Not by looking through the versions: staying at one is a choice too.
            for turn in (row.id for row in loaded[1] if row.kind == "model"):
                row = await history.score(turn)
                assert row is not None
                await talk.react(Reaction(key, ANN, 1 if rule(from_row(row.score)) else -1, turn))


async def seen_by(settings: Settings) -> tuple[str, ...]:
    async with house(settings, EchoGenerator()) as built:
        return (await built.conversation.privacy.kept(ANN)).adapters


async def composed(talk: Conversation, key: SessionKey, versions: int = 1) -> Turn:
    wish = Order("compose", words=f"1 bar folk air, flute, {versions} versions")
    done = [event async for event in talk.compose(UserMessage(key, ANN, "/music"), wish, drafts=0)][-1]
    assert isinstance(done, Done)
    return done.turn


async def test_votes_become_a_taste_that_chooses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # the same pieces each time: in others something else may go up and down with height
    monkeypatch.setattr("engine.composing.secrets", SimpleNamespace(randbits=random.Random(1).getrandbits))
    # and kept apart in the same folds, which go by the pieces' ids
    ids = itertools.count(1)
    monkeypatch.setattr("storage.db.secrets", SimpleNamespace(token_hex=lambda size: f"{next(ids):0{2 * size}x}"))
    settings = Settings(home=tmp_path)
    await rated(settings, high)
    outcome = await learn(settings, CHANNEL)
    assert outcome.verdict.won, outcome.words
    assert outcome.speaks == "taste@0001"
    registry: Registry = tastes(settings.tastes)
    about = registry.show("taste@0001")
    assert about.data["votes"] == outcome.votes >= PIECES
    assert "taste@0001" in await seen_by(settings)
    taste = read_taste(registry.whole("taste@0001"))
    assert taste.weights[MEASURES.index("height")] == max(abs(taste.weights))
    async with house(settings, EchoGenerator()) as built:
        assert (await composed(built.conversation, SessionKey("telegram", "5"))).adapter == "taste@0001"
    # The same votes again teach nothing better, and what chooses stays.
    again = await learn(settings, CHANNEL)
    assert not again.verdict.won
    assert (again.verdict.why, again.speaks) == ("no_better", "taste@0001")
    assert [path.name for path in sorted((tmp_path / "learning" / "tastes").iterdir())] == ["0001.json", "0002.json"]
    assert await waits(settings, CHANNEL) == "0 new votes since the last run; 50 are awaited"
    eager = settings.model_copy(update={"learn_after": 1})
    assert (await waits(eager, CHANNEL)).endswith("1 are awaited")
    # For a person nobody has learnt yet, so all votes are new.
    mine = Scope("person", "telegram:7")
    assert await waits(eager, mine) == ""


async def test_a_few_coins_and_silence_change_nothing(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with pytest.raises(TasteError, match="no music"):
        await learn(settings, CHANNEL)
    coin = random.Random(5)
    await rated(settings, lambda _: coin.random() < 0.5, pieces=8)  # what more coins would say is in test_liking
    outcome = await learn(settings, CHANNEL)
    assert (outcome.verdict.won, outcome.verdict.why, outcome.speaks) == (False, "few", "")
    assert "too few comparisons" in outcome.words
    assert tastes(settings.tastes).scopes() == {}
    with pytest.raises(TasteError, match="one person's"):
        await learn(settings, Scope())
    with pytest.raises(TasteError, match="no music"):
        await learn(settings, Scope("channel", "telegram:6"))


async def test_without_consent_and_without_a_dislike_there_is_nothing_to_learn(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    await rated(settings, lambda _: True, consent=False, pieces=12, versions=1)
    with pytest.raises(TasteError, match="agreed"):
        await learn(settings, CHANNEL)
    async with house(settings, EchoGenerator()) as built:
        await built.conversation.privacy.agree(ANN, given=True)
    with pytest.raises(TasteError, match="alike"):
        await learn(settings, CHANNEL)
    assert not tastes(settings.tastes).scopes()
