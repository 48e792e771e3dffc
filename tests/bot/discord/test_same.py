"""Every command of the table does by slash command what it does in the terminal: the same words, the same piece."""

import itertools
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from simcord import InteractionResult

from bot import commands, terminal_app
from engine.messages import SessionKey
from tests.bot.discord.conftest import Desk, Open
from tests.bot.discord.test_commands import OPTIONS
from tests.bot.test_terminal import talk

MELODIES = ("/notes C4 D4 E4 F4", "/notes G4 F4 E4 D4")
BEFORE = {"redo": ("/undo",), "next": ("/previous",), "open": ("/new Another",), "switch": ("/branch", "/continue")}
ALSO = {
    "delete": {"which": "1"},
    "forgetme": {"choice": "yes"},
    "story": {"text": "A fox."},
    "new": {"text": "A title"},
}

TYPED = {"lore": "Mara + sea; sticky 2: She cannot swim."}  # where the words are more than the options in a row


@pytest.fixture
def seeded(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The same seeds again from the beginning, whenever it is called."""

    def again() -> None:
        count = itertools.count(1)
        for module in ("engine.wanted", "engine.composing", "engine.picturing"):
            monkeypatch.setattr(f"{module}.secrets", SimpleNamespace(randbits=lambda _: next(count)))

    return again


def prepared(name: str) -> tuple[str, ...]:
    """What is done before a command, so that there is something to do it to."""
    music = MELODIES if commands.BY_NAME[name].group == "music" and name != "notes" else ()
    return ("It rained.", "/retry", *music, *BEFORE.get(name, ()))


async def state(desk: Desk, key: SessionKey) -> Any:
    """All of a place, without ids and times."""
    pieces = await desk.conversation.pieces(key)
    piece = await desk.conversation.piece(key)
    turns = [
        (turn.kind, turn.form, turn.text, turn.version, turn.versions, turn.likes, turn.dislikes, turn.edited)
        for turn in piece.turns
    ]
    branches = [(each.number, each.passages, each.live) for each in await desk.conversation.branches(key)]
    return [(each.title, each.passages) for each in pieces], piece.memory, piece.note, turns, branches


def plain(text: str) -> str:
    """Words without line breaks, and without what names a platform or a person on it, or a code, which is drawn."""
    text = re.sub(r"/link [0-9A-Z]{4}-[0-9A-Z]{4}", "", text)
    return re.sub(r"\s|\b(?:terminal(:me)?|discord(:\d+)?|me|[Mm]ara)\b|\(\d/\d\)", "", text)


def said(result: InteractionResult) -> tuple[list[str], list[str]]:
    """What an interaction was answered, and the endings of the files that came."""
    shown = [each for each in (result.response, *result.followups) if each]
    files = [file.filename.rpartition(".")[2] for each in shown for file in each.attachments]
    return [each.content for each in shown if each.content], files


@pytest.mark.parametrize("name", commands.BY_NAME)
async def test_a_slash_command_does_what_the_terminal_does(
    opened: Open, name: str, seeded: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options = {**OPTIONS, **ALSO}.get(name, {})
    words = f"/{name} {TYPED[name]}" if name in TYPED else " ".join([f"/{name}", *map(str, options.values())])
    async with opened() as desk:
        seeded()
        await talk(desk.conversation, *prepared(name))
        there = set(tmp_path.iterdir())
        output = await talk(desk.conversation, words)
        made = [file.suffix[1:] for file in set(tmp_path.iterdir()) - there]
        seeded()
        for line in prepared(name):
            await desk.say(line)
        voices = sum(each.flags.voice for each in desk.channel.history())
        result = await desk.mara.slash(desk.channel, name, **options)
        sentences, files = said(result)
        files += ["ogg"] * (sum(each.flags.voice for each in desk.channel.history()) - voices)
        assert sentences or files
        assert all(plain(each) in plain(output) for each in sentences), output
        assert sorted(files) == sorted(made)
        assert await state(desk, desk.key) == await state(desk, terminal_app.KEY)
