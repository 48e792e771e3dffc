"""A chat with a new name, through the front door: its pieces and its voices are there, and twice is once."""

from pathlib import Path

import pytest

from adapters.registry import Registry, Scope
from engine.conversation import Conversation
from engine.errors import BadValue
from engine.messages import MessageRef, Person, SessionKey, UserMessage
from engine.speaking import NoVoices
from storage.db import open_database
from storage.history import History
from storage.preferences import Preferences
from tests.fakes import EchoWriter

OLD, NEW = SessionKey("telegram", "-42"), SessionKey("telegram", "-10042")
MARA = Person("telegram", "7", "Mara")


class OneRegistry(NoVoices):
    """The base speaks, and what is live is written down."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry  # type: ignore[assignment]  # here there is one


async def test_pieces_and_voices_go_along_and_threads_are_found(tmp_path: Path) -> None:
    weights = tmp_path / "run"
    weights.mkdir()
    (weights / "adapter_config.json").write_text('{"base_model_name_or_path": "embedded"}', encoding="utf-8")
    (weights / "adapter_model.safetensors").write_bytes(b"weights")
    registry = Registry(tmp_path / "adapters", tmp_path / "shipped")
    registry.publish(weights, "room", scope=Scope("channel", "telegram:-42"))
    async with open_database(f"sqlite:///{tmp_path / 'g.db'}") as database:
        talk = Conversation(History(database), Preferences(database), EchoWriter(), voices=OneRegistry(registry))
        ref = MessageRef("telegram", "-10042", "9")
        async for _ in talk.reply(UserMessage(OLD, MARA, "It rained.", delivery="telegram:1:5")):
            pass
        for _ in range(2):
            await talk.moving.relocate(OLD, "-10042")
        (said, answered) = (await talk.piece(NEW)).turns
        assert said.text == "It rained."
        assert registry.scopes() == {"channel:telegram:-10042": "room@0001"}
        assert await talk.moving.present(OLD) == NEW
        assert await talk.moving.present(NEW) == NEW
        assert await talk.moving.thread(ref, NEW) == NEW
        await talk.delivered(answered.id, (ref,))
        assert await talk.moving.thread(ref, SessionKey("telegram", "-10042", "5")) == NEW
        async for _ in talk.reply(UserMessage(NEW, MARA, "It rained.", delivery="telegram:1:5")):
            pass
        assert len((await talk.piece(NEW)).turns) == 2, "an update that comes again is known in the new place"
        with pytest.raises(BadValue):
            await talk.moving.relocate(OLD, "\0")
        await talk.close()
