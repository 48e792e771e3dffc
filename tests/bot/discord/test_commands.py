"""The menus that are made from the table of commands: every command answers, and Discord is told only of changes."""

from typing import Any

import pytest

from bot import commands, wording
from bot.discord.slash import ON_MESSAGES
from tests.bot.chats.tunes import tune
from tests.bot.discord.conftest import Desk

OPTIONS: dict[str, dict[str, Any]] = {
    "alternatives": {"count": 2},
    "bars": {"text": "1"},
    "consent": {"choice": "on"},
    "edit": {"text": "Other words."},
    "export": {"choice": "json"},
    "extend": {"text": "1"},
    "lore": {"keys": "Mara", "second": "sea", "text": "She cannot swim.", "sticky": 2},
    "memory": {"text": "She is left-handed."},
    "genre": {"text": "a tale of the sea"},
    "mood": {"choice": "tense"},
    "morph": {"text": "2"},
    "motif": {"text": "Mara"},
    "music": {"text": "1 bar folk air"},
    "note": {"text": "Slowly."},
    "notes": {"text": "C4 D4 E4 F4"},
    "open": {"which": "1"},
    "persona": {"text": "Old Sailor: dry and slow"},
    "pick": {"version": 1},
    "rename": {"text": "A title"},
    "song": {"text": "The sun goes down / the sea is gray"},
    "switch": {"which": "1"},
    "write": {"text": "haiku the moon"},
    "voice": {"text": "first person"},
    "beside": {"which": "1"},
    "take": {"text": "1"},
    "turns": {"mode": "round-robin", "details": "10m"},
    "give": {"which": "Mara"},
    "choose": {"number": 1},
    "corpse": {"choice": "on"},
    "role": {"text": "Mara reader"},
    "kick": {"which": "Nobody"},
}
BEFORE: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "leave": [("join", {})],
    "pass": [("turns", {"mode": "round-robin"})],
    "give": [("turns", {"mode": "host"})],
    "choose": [("turns", {"mode": "vote"}), ("continue", {"text": "It poured."})],
    "corpse": [("join", {})],
    "role": [("join", {})],
    "kick": [("join", {})],
}
REFUSED = {
    "cancel": "Nothing is being written",
    "compare": "only one voice",
    "import": "Send /import together",
    "pick": "Nothing was compared",
    "role": "The host always writes",
    "kick": "Nobody by that name",
    "unlink": "writes no linked piece",
}
OWNERS = {"adapters", "rollback"}
MUSIC = [name for name, command in commands.BY_NAME.items() if command.group == "music"]


async def prepared(desk: Desk) -> None:
    """A piece in which everything can be done."""
    await desk.say("It rained.")
    await desk.mara.slash(desk.channel, "retry")


@pytest.mark.parametrize("name", [name for name in commands.BY_NAME if name not in MUSIC])
async def test_every_command_answers(desk: Desk, name: str) -> None:
    await prepared(desk)
    if name in {"redo", "next"}:
        await desk.mara.slash(desk.channel, {"redo": "undo", "next": "previous"}[name])
    for before, options in BEFORE.get(name, ()):
        await desk.mara.slash(desk.channel, before, **options)
    result = await desk.mara.slash(desk.channel, name, **OPTIONS.get(name, {}))
    assert result.response, name
    said = result.response.content
    if name in REFUSED:
        assert REFUSED[name] in said
    elif name in OWNERS:
        assert "owner" in said or "voices" in said
    elif name == "export":
        assert result.response.attachments[0].filename.endswith(".json")
    else:
        assert said or result.response.attachments


async def test_music_commands_answer_with_picture_sound_and_file(desk: Desk) -> None:
    await desk.mara.slash(desk.channel, "notes", text="C4 D4 E4 F4")
    await desk.mara.slash(desk.channel, "notes", text="G4 F4 E4 D4")
    for name in MUSIC:
        result = await desk.mara.slash(desk.channel, name, **OPTIONS.get(name, {}))
        assert result.response, name
        kinds = [file.filename.rpartition(".")[2] for each in result.followups for file in each.attachments]
        if name in ("notes", "score", "motif"):
            assert result.response.content or result.response.attachments
        else:
            assert kinds == ["png", "mid"], name
            *_, sound, _ = desk.channel.history()
            assert sound.flags.voice, name


async def test_a_file_can_come_with_a_command(desk: Desk) -> None:
    result = await desk.mara.slash(desk.channel, "extend", text="1", file=("mine.mid", tune()))
    assert [file.filename.rpartition(".")[2] for each in result.followups for file in each.attachments][-1] == "mid"
    assert [turn.form for turn in (await desk.piece()).turns][:1] == ["midi"]


async def test_what_cannot_be_gets_one_sentence(desk: Desk) -> None:
    for name, options, answer in (
        ("retry", {}, "no passage of mine"),
        ("undo", {}, "nothing to undo"),
        ("open", {"which": "4"}, "no piece"),
        ("bars", {}, "no words"),
        ("story", {"text": "x" * 6000}, ""),
    ):
        result = await desk.mara.slash(desk.channel, name, **options)
        assert result.response
        assert answer in result.response.content, name


async def test_pieces_and_branches_are_offered_while_one_types(desk: Desk) -> None:
    await prepared(desk)
    await desk.mara.slash(desk.channel, "rename", text="The lamp")
    await desk.mara.slash(desk.channel, "new", text="The harbour")
    offered = await desk.mara.autocomplete(desk.channel, "open", "which", "lamp")
    assert [(each["name"], each["value"]) for each in offered] == [("1. The lamp", "1")]
    await desk.mara.slash(desk.channel, "open", which="1")
    assert len(await desk.mara.autocomplete(desk.channel, "switch", "which", "")) == 2
    await desk.mara.slash(desk.channel, "join", text="Old Sailor")
    offered = await desk.mara.autocomplete(desk.channel, "give", "which", "old")
    assert [each["value"] for each in offered] == ["Old Sailor"]


async def test_the_menus_are_sent_only_when_they_change(desk: Desk) -> None:
    def sent() -> int:
        return sum(each.method == "PUT" and each.path.endswith("/commands") for each in desk.env.http_requests)

    assert sent() == 1
    await desk.restart()
    assert sent() == 1
    desk.env.backend.commands[None][("story", 1)]["description"] = "An old description"
    await desk.restart()
    assert sent() == 2


async def test_the_menus_are_there_in_both_languages(desk: Desk) -> None:
    known = desk.env.backend.commands[None]
    assert {name for name, kind in known if kind == 1} == set(commands.BY_NAME)
    assert sorted(name for name, kind in known if kind == 3) == sorted(
        wording.say(f"menu_{action}", "en") for action in ON_MESSAGES
    )
    for name in commands.BY_NAME:
        told = known[name, 1]
        assert told["description_localizations"]["zh-CN"] == wording.say(f"command_{name}", "zh")
        assert max(len(told["description"]), len(told["description_localizations"]["zh-CN"])) <= 100
