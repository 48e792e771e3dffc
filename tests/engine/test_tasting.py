"""A taste that is published while people compose counts from the next piece on, where it is live."""

from pathlib import Path

import numpy as np
import pytest

from adapters.registry import Registry, Scope
from deploy.serve import house, tastes
from deploy.settings import Settings
from engine.conversation import Conversation
from engine.messages import Done, Person, SessionKey, Turn, UserMessage
from engine.music.orders import Order
from engine.music.taste import FILE, MEASURES, Taste, write_taste
from engine.tasting import Tasting
from engine.text.echo import EchoGenerator

ANN, BEN = Person("telegram", "7", "Ann"), Person("telegram", "8", "Ben")


def learnt(folder: Path) -> Path:
    folder.mkdir()
    write_taste(Taste(*(np.ones(len(MEASURES)) for _ in range(3))), folder)
    return folder


async def composed(talk: Conversation, chat: str, person: Person) -> Turn:
    message = UserMessage(SessionKey("telegram", chat), person, "/music")
    events = [event async for event in talk.compose(message, Order("compose", words="1 bar folk air, flute"))]
    assert isinstance(events[-1], Done)
    return events[-1].turn


async def test_it_counts_from_the_next_piece_on_where_it_is_live(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    registry = tastes(settings.tastes)
    async with house(settings, EchoGenerator()) as built:
        talk = built.conversation
        assert (await composed(talk, "5", ANN)).adapter == ""
        registry.publish(learnt(tmp_path / "one"), "taste", scope=Scope("channel", "telegram:5"), base="music")
        registry.publish(tmp_path / "one", "anns", scope=Scope("person", "telegram:7"), base="music")
        assert (await composed(talk, "5", BEN)).adapter == "taste@0001"
        assert (await composed(talk, "5", ANN)).adapter == "anns@0001"
        assert (await composed(talk, "6", BEN)).adapter == ""
        registry.rollback(Scope("channel", "telegram:5"))
        assert (await composed(talk, "5", BEN)).adapter == ""


def test_a_damaged_taste_gives_way_to_the_next_wider_one(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    registry: Registry = tastes(tmp_path / "tastes")
    folder = learnt(tmp_path / "one")
    registry.publish(folder, "wide", scope=Scope(), base="music")
    registry.publish(folder, "narrow", scope=Scope("person", "telegram:7"), base="music")
    (registry.folder("narrow@0001") / FILE).write_text("{}", encoding="utf-8")
    tasting = Tasting(registry)
    assert tasting.taste(SessionKey("telegram", "5"), ANN)[0] == "wide@0001"
    assert tasting.taste(SessionKey("telegram", "5"), ANN)[0] == "wide@0001"
    assert len([one for one in caplog.records if "narrow@0001" in one.message]) == 1
    (tmp_path / "tastes" / "live.json").write_text("[", encoding="utf-8")
    assert tasting.taste(SessionKey("telegram", "5"), ANN) == ("", None)
