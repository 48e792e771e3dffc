"""`ghostnote export preferences`, from votes through the front door to files that TRL's own loader reads."""

import asyncio
import json
from pathlib import Path

import datasets
import pytest
from typer.testing import CliRunner, Result

from adapters.examples import PAIRS, THUMBS
from deploy.cli import app
from deploy.serve import house
from deploy.settings import Settings
from engine.conversation import Conversation
from engine.messages import Done, Person, Reaction, SessionKey, Turn, UserMessage, Vote
from engine.text.echo import EchoGenerator

STUDIO, CHAT = SessionKey("studio", "local"), SessionKey("telegram", "1")


class Desk:
    """People at one house, and its owner at the command line."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def people(self, *visits: tuple[SessionKey, str, Vote]) -> None:
        """Each (where, who, vote) writes a line, has it answered twice, and votes on the second answer."""

        async def visit() -> None:
            async with house(Settings(home=self.home), EchoGenerator()) as built:
                for key, name, value in visits:
                    await write(built.conversation, key, Person(key.platform, name, name), value)

        asyncio.run(visit())

    def type(self, *words: str) -> Result:
        return CliRunner().invoke(app, ["export", "preferences", "-o", str(self.home / "out"), *words])

    def refused(self, *words: str, status: int = 1) -> str:
        done = self.type(*words)
        assert done.exit_code == status, done.output
        assert not (self.home / "out").exists()
        (sentence,) = done.output.strip().splitlines()
        return sentence


async def write(talk: Conversation, key: SessionKey, person: Person, value: Vote) -> None:
    first = await last(talk, UserMessage(key, person, f"{person.id} walks to the sea."))
    events = [event async for event in talk.retry(UserMessage(key, person), first.id)]
    assert isinstance(events[-1], Done)
    await talk.react(Reaction(key, person, value, events[-1].turn.id))


async def last(talk: Conversation, message: UserMessage) -> Turn:
    events = [event async for event in talk.reply(message, form="story")]
    assert isinstance(events[-1], Done)
    return events[-1].turn


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("GHOSTNOTE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "240")
    monkeypatch.chdir(tmp_path)
    return Desk(tmp_path / "home")


def test_both_files_load_as_a_data_set_with_trls_columns_first(desk: Desk) -> None:
    desk.people((STUDIO, "ann", 1), (STUDIO, "ben", -1), (STUDIO, "cid", 1))
    done = desk.type()
    assert done.exit_code == 0, done.output
    assert "2 pairs and 1 single thumb from 3 opinions of 3 people on 1 piece" in done.output
    assert "Left out: 1 written anew without a word on which was better." in done.output
    pairs, thumbs = (
        datasets.load_dataset("json", data_files=str(desk.home / "out" / name), cache_dir=str(desk.home / "cache"))[
            "train"
        ]
        for name in (PAIRS, THUMBS)
    )
    assert pairs.column_names[:4] == ["prompt", "chosen", "rejected", "weight"]
    assert thumbs.column_names[:4] == ["prompt", "completion", "label", "weight"]
    assert (len(pairs), len(thumbs)) == (2, 1)
    assert thumbs[0]["label"] is False
    assert all(row["chosen"].strip() and row["chosen"] != row["rejected"] for row in pairs)


def test_nothing_at_all_is_one_sentence(desk: Desk) -> None:
    assert desk.refused() == "There is nothing to learn from yet: nobody has voted, picked or edited anything there."


def test_nobody_who_agreed_is_one_sentence_and_writes_nothing(desk: Desk) -> None:
    desk.people((CHAT, "7", 1))
    said = "There is nothing that may be learnt from; left out: 1 by people who did not agree to it."
    assert desk.refused() == f"{said} Who wants to be learnt from says /consent on."


def test_the_studio_is_asked_too_once_it_is_open_to_others(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.people((STUDIO, "ann", 1))
    for name, value in (("ASSUME_CONSENT", "nobody"), ("HOST", "0.0.0.0")):
        with monkeypatch.context() as changed:
            changed.setenv(f"GHOSTNOTE_{name}", value)
            changed.setenv("GHOSTNOTE_TOKEN", "secret")
            assert "did not agree" in desk.refused()
    assert desk.type().exit_code == 0


def test_one_persons_taste_is_written_and_warned_of(desk: Desk) -> None:
    desk.people((STUDIO, "ann", 1))
    done = desk.type()
    assert done.exit_code == 0
    assert "one person's taste" in done.output
    assert "one person's" not in desk.type("--scope", "person:studio:ann").output
    rows = [json.loads(line) for line in (desk.home / "out" / PAIRS).read_text("utf-8").splitlines()]
    assert [(row["source"], row["weight"]) for row in rows] == [("retry", 1.0)]
    assert not (desk.home / "out" / THUMBS).exists()


@pytest.mark.parametrize("scope", ["", "everyone", "channel:", "person:7", "form"])
def test_a_scope_that_cannot_be_is_status_2(desk: Desk, scope: str) -> None:
    assert "is no scope" in (said := desk.refused("--scope", scope, status=2)) or "names no" in said


@pytest.mark.parametrize(
    ("name", "value"),
    [("REVIEWERS", "ann"), ("WEIGHT_READER", "-1"), ("WEIGHT_AUTHOR", "much"), ("ASSUME_CONSENT", "all")],
)
def test_a_wrong_setting_is_status_2_and_named(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"GHOSTNOTE_{name}", value)
    assert f"GHOSTNOTE_{name}" in desk.refused(status=2)


def test_a_folder_that_cannot_be_written_is_one_sentence(desk: Desk) -> None:
    desk.people((STUDIO, "ann", 1))
    (desk.home / "out").write_text("a file in the way")
    done = desk.type()
    assert done.exit_code == 1
    assert done.output.strip() == f"{desk.home / 'out'} cannot be written: File exists."
