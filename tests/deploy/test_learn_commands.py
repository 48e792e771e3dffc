"""`ghostnote learn preferences` and `learn report`: bad input is one sentence, and the live voice untouched."""

import errno
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest
from filelock import FileLock
from typer.testing import CliRunner, Result

from adapters import disk, lora
from adapters.chances import Estimate
from adapters.dataset import Dataset
from adapters.examples import Examples, Thumb
from adapters.prefer import Plan
from adapters.registry import Registry, Scope
from adapters.verdict import Evidence, Samples, decide
from deploy import schedule
from deploy.cli import app
from deploy.learn import LearnError, learn, slug
from deploy.settings import Settings
from tests.engine.text.tiny import GPT2
from tests.engine.voices import voice
from tests.flow.learner import votes

CHANNEL = Scope("channel", "studio:local")
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home in which a voice is live for the channel."""
    found = Settings(home=tmp_path / "home", text_model=str(GPT2), device="cpu")
    Registry(found.adapters).publish(voice(GPT2, tmp_path / "sea", 1, str(GPT2)), "sea", scope=CHANNEL, base=str(GPT2))
    return found


def giving(data: Dataset) -> Callable[[], Awaitable[Dataset]]:
    async def gather() -> Dataset:
        return data

    return gather


async def refused(settings: Settings, data: Dataset, scope: Scope = CHANNEL) -> str:
    with pytest.raises(LearnError) as said:
        await learn(settings, scope, giving(data), lambda *_: None, plan=Plan(rate=2e-3, epochs=0.2))
    assert Registry(settings.adapters).scopes() == {CHANNEL.key: "sea@0001"}
    assert not list((settings.learning / "reports").glob("*.json"))
    (sentence,) = str(said.value).splitlines()
    return sentence


def thumbs(label: bool, text: str = " He came home.") -> Dataset:
    lone = tuple(Thumb("A\n\n", text, label, 1.0, f"c{at}", ("ann",), "story", "") for at in range(20))
    return Dataset(Examples((), lone), votes=20, weights={"ann": 1.0, "ben": 1.0})


async def test_nothing_to_learn_from(settings: Settings) -> None:
    assert "nothing to learn from yet" in await refused(settings, Dataset(Examples()))
    assert "nothing that may be learnt from" in await refused(settings, Dataset(Examples(), left={"no_consent": 3}))
    assert "only 4 votes" in await refused(settings, replace(votes(4), votes=4))
    assert "liked alike" in await refused(settings, thumbs(label=True))
    assert "disliked alike" in await refused(settings, thumbs(label=False))
    one_piece = tuple(replace(pair, conversation="c") for pair in votes().examples.pairs)
    assert "second piece" in await refused(settings, Dataset(Examples(one_piece), votes=24, weights={"ann": 1.0}))


async def test_one_person_never_owns_everybodys_voice(settings: Settings) -> None:
    assert "one person's" in await refused(settings, votes(), Scope())
    assert "one person's" in await refused(settings, votes(), Scope("form", "story"))


async def test_empty_texts(settings: Settings) -> None:
    blank = tuple(replace(pair, chosen=" ", rejected="\n") for pair in votes().examples.pairs)
    assert "blank" in await refused(settings, Dataset(Examples(blank), votes=24, weights={"ann": 1.0}))


async def test_a_base_that_is_missing(settings: Settings, tmp_path: Path) -> None:
    gone = settings.model_copy(update={"text_model": str(tmp_path / "gone")})
    said = await refused(gone, votes())
    assert "gone" in said
    assert "untouched" in said


async def test_a_full_disk(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> NoReturn:
        raise FULL

    monkeypatch.setattr(lora, "save", full)
    assert "No space left" in await refused(settings, votes())
    monkeypatch.setattr(disk, "write", full)
    assert "No space left" in await refused(settings, votes(22))


async def test_two_never_run(settings: Settings) -> None:
    settings.learning.mkdir(parents=True)
    with FileLock(settings.learning / "lock"):
        assert "another learning run" in await refused(settings, votes())


async def test_it_waits_for_enough_that_is_new(settings: Settings) -> None:
    done = await learn(settings, CHANNEL, giving(votes()), lambda *_: None, if_due=True)
    assert (done.ended, done.words) == ("waiting", "24 new votes since the last run; 50 are awaited")


def test_scopes_have_names_of_their_own() -> None:
    scopes = [Scope(), Scope("person", "studio:ann"), Scope("person", "studio:Ann"), Scope("person", "studio:安")]
    assert len({slug(scope) for scope in scopes}) == len(scopes)
    assert all(len(slug(scope)) <= 63 for scope in [Scope("person", "studio:" + "x" * 190)])


class Owner:
    def __init__(self, home: Path) -> None:
        self.home = home

    def type(self, *words: str) -> Result:
        return CliRunner().invoke(app, ["learn", *words])


@pytest.fixture
def owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Owner:
    monkeypatch.setenv("GHOSTNOTE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GHOSTNOTE_TEXT_MODEL", str(GPT2))
    monkeypatch.setenv("COLUMNS", "240")
    monkeypatch.setattr(os, "nice", lambda _: 0)
    monkeypatch.chdir(tmp_path)
    return Owner(tmp_path / "home")


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("preferences", "--scope", "everyone"), 2, "is no scope"),
        (("preferences",), 1, "nothing to learn from yet"),
        (("report",), 1, "nothing was learnt yet"),
    ],
)
def test_the_owner_hears_one_sentence(words: tuple[str, ...], status: int, said: str, owner: Owner) -> None:
    done = owner.type(*words)
    assert done.exit_code == status, done.output
    (sentence,) = done.output.strip().splitlines()
    assert said in sentence[0].lower() + sentence[1:]
    assert not (owner.home / "adapters" / "live.json").exists()


def test_the_echo_model_cannot_learn(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GHOSTNOTE_TEXT_MODEL", "echo")
    done = owner.type("preferences")
    assert done.exit_code == 1
    assert "cannot learn" in done.output


def test_reports_are_told_and_drawn(owner: Owner) -> None:
    good, sure = Samples(0.4, 0.8, 0.3, 0.05, 60, 0.0, 0.0), Estimate(0.7, 0.6, 0.8, 40, 20)
    for number, wins in enumerate((sure, Estimate(0.5, 0.4, 0.6, 40, 20)), 1):
        verdict = decide(sure, Evidence(wins, sure, 1.0, 0.99, good, good)).as_json()
        run = {"run": "r", "live": "", "base": "embedded", "plan": {}, "about": {}, "votes": 60, "scope": "global",
               "at": f"2026-01-0{number}T10:00:00+00:00", "minutes": 3.0, "speaks": "global@0001"}  # fmt: skip
        (owner.home / "learning" / "reports").mkdir(parents=True, exist_ok=True)
        disk.write(owner.home / "learning" / "reports" / f"{number:04}.json", {**run, "verdict": verdict})
    (owner.home / "learning" / "reports" / "0003.json").write_text("{", encoding="utf-8")
    done = owner.type("report", "--plot", str(owner.home / "versions.png"))
    assert done.exit_code == 0, done.output
    assert "promoted" in done.output
    assert "Rejected: it did not win" in done.output
    assert (owner.home / "versions.png").read_bytes().startswith(b"\x89PNG")
    assert owner.type("report", "--plot", str(owner.home / "no" / "v.png")).exit_code == 1
    assert '"promoted": true' in owner.type("report", "--json").output


class Enough(Exception):
    pass


async def test_the_schedule_starts_a_child_again_and_again(tmp_path: Path) -> None:
    seen = tmp_path / "seen"

    async def job() -> None:
        await schedule.child("sh", "-c", f"echo once >> {seen}")
        if seen.read_text(encoding="utf-8").count("once") >= 2:
            raise Enough

    with pytest.raises(Enough):
        await schedule.every(0.01, job)
    assert seen.read_text(encoding="utf-8").count("once") == 2
