"""The same transcript through Telegram, Discord, the studio and the terminal gives the same rows in the database.

Every table is compared, column by column, but for ids, times and what names the platform itself. The seeds are the
same each time, so that even the exact prompts and completions must be; of music, that it is there.
"""

import random
from pathlib import Path
from types import SimpleNamespace

import pytest

from bot import commands
from tests.bot.chats.house import house
from tests.fakes import EchoWriter
from tests.flow.frontends import PLAYERS, rows

FOX = "/story A fox goes out on a chilly night."
TRANSCRIPTS: dict[str, tuple[str, ...]] = {
    "forms": (
        *(f"/{form} the sea at night" for form in commands.FORMS),
        "/write haiku the moon",
        "It rained.",
        "/continue",
        "/continue It ran.",
    ),
    "versions": (FOX, "/retry", "/alternatives 2", "/previous", "/next", "/edit Other words.", "/undo", "/redo"),
    "buttons": (FOX, "*retry", "*previous", "*next", "*dislike", "*like", "*continue", "*undo", "It stopped."),
    "tree": (
        FOX,
        "It ran.",
        "/undo",
        "It sat.",
        "/branches",
        "/switch 1",
        "/beside 2",
        "/take 2",
        "/branch",
        "/context",
        "It ate.",
    ),
    "votes": (FOX, "/like", "/dislike", "It ran.", "👍", "/unvote", "👎"),
    "memory": (FOX, "/memory The fox is old.", "/memory", "/note Slowly.", "/note", "It ran.", "/context"),
    "lore": (
        *(
            "/lore",
            FOX,
            "/lore fox, the hen + night - snow; sticky 2; order 5: The fox is called Reynard.",
            "/lore fox",
        ),
        *(
            "/lore 常驻：这里从不下雪。",
            "It ran by night.",
            "/context",
            "/context 2",
            "/lore 1: His name is Tod.",
            "/lore",
        ),
        *("/lore 1 sticky 0", "/lore delete 2", "/lore *: all", "/lore nobody", "It sat.", "/context"),
    ),
    "flavour": (
        *(
            "/genre horror",
            "/mood tense",
            "/persona Old Sailor: dry and slow",
            "/voice old sailor",
            "It ran in terror.",
        ),
        *("/genre", "/mood", "/voice", "/persona", "/context", "/arc", "/mood off", "/voice first person", "/continue"),
    ),
    "pieces": (
        *(
            FOX,
            "/rename The fox",
            "/new The hen",
            "A hen sits.",
            "/list",
            "/open 1",
            "It ran.",
            "/export json",
        ),
        *("/import", "/delete 2", "/new", "/delete"),
    ),
    "music": (
        *("/notes C4 D4 E4 F4", "/extend 1", "/score", "/music 1 bar folk air in C major, 100 bpm, piano", "*retry"),
        *("/vary a little", "/accompany", "/harmonize", "/bars 1 sparser", "/morph 2"),
    ),
    "looks": (FOX, "/palette purple and gold", "/cover cubist", "*retry", "*like", "It ran.", "/cover no title"),
    "songs": ("/song The sun goes down / the sea is gray", "/vary"),
    "motifs": (
        *("/motif", "/notes C4 E4 G4 C5 B4 G4", "/motif Mara", "/motif mara off", "/motif 玛拉", "/motif"),
        *("/music 2 bars air for 玛拉", "/motif nobody off"),
    ),
    "a file": ("@mine.mid", "/vary a little", "in E minor"),
    "together": (
        *(FOX, "/join Old Sailor", "/turns round-robin ghost off", "It ran.", "/pass", "/give Old Sailor", "/credits"),
        *("/corpse on", "/corpse off", "/kick Nobody", "/role Old Sailor reader", "/turns vote drafts 2", "It sat."),
        *("/choose 2", "/turns free", "/leave"),
    ),
    "linking": (FOX, "/join Old Sailor", "/link", "/link", "/link NOSUCHCODE", "/unlink", "It ran."),
    "voices": (FOX, "/learning", "/compare", "/pick 1", "/adapters", "/rollback"),
    "privacy": (FOX, "/privacy", "/consent on", "/like", "/consent off", "/consent", "/mydata", "/forgetme"),
    "forgotten": (FOX, "/like", "/forgetme yes"),
    "what cannot be": ("/retry", FOX, "/undo", "/undo", "/switch 9", "/open nowhere", "/next", "/cancel", "/redo"),
    "help": (FOX, "/start", "/help"),
}
"""Every command of the table stands in one of them."""

REFUSED = {
    "cancel": "nothing is being written between two lines; each frontend's own tests stop a reply in its middle",
    "import": "no file came with it; test_a_piece_goes_from_one_frontend_to_the_next has one",
    "unlink": "there is one chat only; tests/flow/test_linked has two",
    "compare": "an echo has one voice; tests/bot/test_voices compares two",
    "pick": "nothing was compared",
    "adapters": "the person owns no machine; tests/bot/test_voices has an owner",
    "rollback": "likewise",
}
"""Commands that only meet their refusal here, which must be the same everywhere and change nothing, and why."""


class AnyForm(EchoWriter):
    """Writes one draft. The real writer prefers the one a person has seen most of, which is a matter of their pace."""

    forms = commands.FORMS  # type: ignore[assignment]


def test_every_command_is_in_a_transcript() -> None:
    typed = {line[1:].split()[0] for lines in TRANSCRIPTS.values() for line in lines if line[0] == "/"}
    assert typed == set(commands.BY_NAME)
    assert set(REFUSED) <= set(commands.BY_NAME)


@pytest.mark.parametrize("name", TRANSCRIPTS)
async def test_the_same_transcript_gives_the_same_rows(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {}
    for frontend, play in PLAYERS.items():
        home = tmp_path / frontend
        home.mkdir()
        monkeypatch.chdir(home)  # where the terminal leaves files
        monkeypatch.setattr("engine.wanted.secrets", SimpleNamespace(randbits=random.Random(7).getrandbits))
        monkeypatch.setattr("engine.composing.secrets", SimpleNamespace(randbits=random.Random(8).getrandbits))
        monkeypatch.setattr("engine.picturing.secrets", SimpleNamespace(randbits=random.Random(9).getrandbits))
        async with house(home / "ghostnote.db", AnyForm()) as talk:
            await play(talk, TRANSCRIPTS[name], home)
        found[frontend] = await rows(home / "ghostnote.db")
    first = found.pop("terminal")
    assert first["turns"] or name == "forgotten"
    for frontend, other in found.items():
        for table, expected in first.items():
            assert other[table] == expected, f"{frontend}: {table}"
