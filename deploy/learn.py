"""One learning run, from the votes to a voice that is live or a report of why not: the composition root of learning.

It runs in a process of its own, at low priority, and holds a lock, so that two never run. Its data is frozen when it
begins and its state lies in one folder for each scope; whoever starts it after a kill goes on where it was. What people
hear changes at one place only, when the registry publishes, and that is one move of one small file.
"""

import hashlib
import json
import re
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout

from adapters import disk, examples, ranking, rehearsal, taste
from adapters.asks import Ask, Write
from adapters.dataset import Dataset
from adapters.examples import Examples
from adapters.judge import Judge, Trial, trust
from adapters.manifest import BadAdapter, RegistryError, now
from adapters.prefer import Plan, prefer
from adapters.provenance import untainted
from adapters.registry import Registry, Scope
from adapters.restraint import between, steps
from adapters.runs import Runs
from adapters.verdict import Verdict, may_judge, untried
from deploy import models, trial
from deploy.due import early
from deploy.export_commands import nothing
from deploy.settings import Settings
from engine.text import lens
from engine.text.forms.load import load

LEAST = 10  # votes that a run needs at all
SHARES = (0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6)  # of the conversations held out: the first that gives `ENOUGH`
ENOUGH = 10
TRIES = 3  # of shorter and shorter steps, where one won but broke something

Report = Callable[[str, int, int, float], None]


class LearnError(Exception):
    """Nothing was learnt and nothing changed; the message is one sentence."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended: "promoted", "rejected" or "waiting", what speaks now, and one paragraph."""

    scope: str
    ended: str
    speaks: str
    words: str


async def learn(
    settings: Settings,
    scope: Scope,
    gather: Callable[[], Any],
    report: Report,
    *,
    if_due: bool = False,
    plan: Plan | None = None,
) -> Outcome:
    """Learn for one scope, or go on with a run that was cut off. LearnError in one sentence; then nothing has changed.

    `gather` is awaited for the votes as they stand (`deploy.preferences.gathered`), `report` hears stage, step, steps
    and loss. With `if_due` it only runs if enough is new and the last run is long enough ago.
    """
    with _alone(settings.learning), _sentences():
        state = settings.learning / slug(scope)
        found: Dataset = await gather()
        if if_due and (words := _early(settings, state, found)):
            return Outcome(scope.key, "waiting", "", words)
        return _Run(settings, scope, state, plan or _plan(settings)).go(found, report)


def slug(scope: Scope) -> str:
    """A name for files and adapters, different for each scope."""
    plain = re.sub(r"[^a-z0-9]+", "-", scope.key.lower()).strip("-")[:40]
    return f"{plain}-{hashlib.sha256(scope.key.encode()).hexdigest()[:6]}" if scope.of else plain


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Hold the lock; it dies with its process."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = FileLock(home / "lock")
        lock.acquire(timeout=0)
    except Timeout:
        raise LearnError("another learning run is at work, so this one did not start") from None
    except OSError as refused:
        raise LearnError(f"{home} cannot be written: {disk.reason(refused)}") from refused
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _sentences() -> Iterator[None]:
    """Problems of the machine and of the data as one sentence each."""
    try:
        yield
    except (models.ModelError, BadAdapter, RegistryError, ValueError) as problem:
        raise LearnError(f"{disk.reason(problem)}; the live voice is untouched") from problem
    except (OSError, RuntimeError) as problem:  # a full disk is an OSError here and a RuntimeError in safetensors
        raise LearnError(f"learning stopped: {disk.reason(problem)}; the live voice is untouched") from problem


def _plan(settings: Settings) -> Plan:
    """How to learn, as the owner set it."""
    device = "cuda" if settings.device != "cpu" and torch.cuda.is_available() else "cpu"
    return Plan(rate=settings.learn_rate, epochs=settings.learn_epochs, threads=settings.learn_threads, device=device)


def _early(settings: Settings, state: Path, found: Dataset) -> str:
    """Why it is too early to learn again; "" if it is not, or if a run waits to be finished."""
    if (state / "run" / "begun.json").is_file():
        return ""
    last = _read(state / "seen.json")
    return early(settings, found.votes, int(last.get("votes", 0)), float(last.get("at", 0)))


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


class _Run:
    """One run in the folder `state/run`."""

    def __init__(self, settings: Settings, scope: Scope, state: Path, plan: Plan) -> None:
        self._settings, self._scope, self._plan = settings, scope, plan
        self._state, self._folder = state, state / "run"
        self._registry = Registry(settings.adapters)

    def go(self, found: Dataset, report: Report) -> Outcome:
        """Begin or go on, train, judge, and publish or reject."""
        check(found, self._scope)
        started = time.monotonic()
        base = models.ensure(self._settings.text_model, self._settings.home)
        begun = self._begin(found)
        training, held = (examples.read(self._folder / part) for part in ("training", "held"))
        seen = lens.load(base)
        guess, whole = taste.fit(training, seen), taste.fit(training + held, seen)
        candidate, trusted = self._folder / "adapter", trust(whole)
        if may_judge(trusted):
            tried = Trial(base, self._live(begun), candidate, training, held)
            write = trial.writer(base, begun["base"], self._plan.device, self._plan.threads)
            self._train(tried, self._rehearsed(training, guess, _told(write, report), begun), report)
            report("judging", 0, 1, 0.0)
            candidate, verdict = self._judged(Judge(tried, guess, whole, write, trial.safe, self._plan), begun)
        else:
            verdict = untried(trusted)
        if verdict.promoted:
            ranking.write(ranking.ranker(whole, trusted.mean, _texts(training + held)), candidate)
        speaks = self._publish(candidate, begun, verdict) if verdict.promoted else begun["live"]
        self._close(begun, verdict, speaks, (time.monotonic() - started) / 60)
        return Outcome(self._scope.key, "promoted" if verdict.promoted else "rejected", speaks, verdict.words)

    def _judged(self, judge: Judge, begun: dict[str, Any]) -> tuple[Path, Verdict]:
        """What was judged last, the whole step, a shorter one or none at all, and how."""
        for candidate, share in islice(steps(judge), TRIES):
            begun["about"]["step"] = share
            verdict = judge.verdict(candidate)
            if not verdict.too_far:
                break
        if not verdict.promoted and (verdict := judge.choosing(verdict)).promoted:
            begun["about"]["step"], candidate = 0.0, candidate.with_name("adapter-as-it-was")
            between(judge.trial.live, judge.trial.candidate, 0.0, candidate)
        return candidate, verdict

    def _train(self, tried: Trial, more: Examples, report: Report) -> None:
        """Unless that was done before a kill."""
        done = self._folder / "trained"
        if not done.is_file():
            name = self._settings.text_model
            prefer(tried.base, tried.live, more, self._folder, self._plan, report, name=name)
            done.touch()

    def _live(self, begun: Mapping[str, Any]) -> Path | None:
        return self._registry.whole(begun["live"]) if begun["live"] else None

    def _rehearsed(self, training: Examples, guess: taste.Taste, write: Write, begun: Mapping[str, Any]) -> Examples:
        """The training half and what the live voice wrote to it, which a run that goes on finds written."""
        there = self._folder / "rehearsed"
        if not there.is_dir():
            part = self._folder / "rehearsing"
            rehearsal.rehearse(training, guess, write, self._live(begun), begun["live"]).write(part)
            part.rename(there)
        return examples.read(there)

    def _begin(self, found: Dataset) -> dict[str, Any]:
        """What the run set out with: that of one that was cut off, if it still holds, or a new one from the votes."""
        speaks, data = self._parent(found.examples)
        # Not from a voice that learnt from somebody who no longer agrees: then from what it was made from.
        live = untainted(self._registry.versions(), speaks, found.agreeing) if speaks else ""
        begun = _read(self._folder / "begun.json")
        fixed = {
            "live": live,
            "weights": self._registry.show(live).sha256 if live else "",  # a shipped voice changes with the program
            "base": self._settings.text_model,
            "plan": asdict(self._plan),
        }
        same = all(begun.get(name) == value for name, value in fixed.items())
        if same and set(begun["people"]) <= set(found.examples.people):
            return begun
        shutil.rmtree(self._folder, ignore_errors=True)
        training, held = halves(data, self._plan.seed)
        if not len(held) or not len(training):
            raise LearnError("all votes are on one piece, so none is left to judge by; vote on a second piece")
        training.write(self._folder / "training")
        held.write(self._folder / "held")
        begun = {
            "run": f"{now()}-{slug(self._scope)}",
            **fixed,
            "people": list(found.examples.people),
            "about": {
                **found.about,
                "forms": sorted({*(pair.form for pair in data.pairs), *(thumb.form for thumb in data.thumbs)}),
                "training": len(training),
                "held": len(held),
            },
            "votes": found.votes,
        }
        disk.write(self._folder / "begun.json", begun)
        return begun

    def _parent(self, found: Examples) -> tuple[str, Examples]:
        """The voice to go on from, and the examples of the forms in which it speaks now.

        Forms have shipped voices of their own; one run goes on from one of them, the one most of the votes are about.
        """
        counts = Counter([*(pair.form for pair in found.pairs), *(thumb.form for thumb in found.thumbs)])
        speakers = {form: self._speaker(form) for form in counts}
        totals = Counter[str]()
        for form, reference in speakers.items():
            totals[reference] += counts[form]
        parent = totals.most_common(1)[0][0]
        return parent, Examples(
            tuple(pair for pair in found.pairs if speakers[pair.form] == parent),
            tuple(thumb for thumb in found.thumbs if speakers[thumb.form] == parent),
        )

    def _speaker(self, form: str) -> str:
        """Who speaks in this scope, in this form; "" for the base itself."""
        known = load()
        chat, _, thread = self._scope.of.partition("/") if self._scope.kind == "channel" else ("", "", "")
        who = self._scope.of if self._scope.kind == "person" else ""
        floor = known[form].adapter if form in known else ""
        found = self._registry.candidates(
            form=form, channel=chat, thread=thread, person=who, floor=floor, base=self._settings.text_model
        )
        return found[0] if found else ""

    def _publish(self, candidate: Path, begun: dict[str, Any], verdict: Verdict) -> str:
        """Let it speak; a run that was killed right after it did so has nothing left to do."""
        name = slug(self._scope)
        mine = [one for one in self._registry.versions() if one.name == name and one.data.get("run") == begun["run"]]
        if mine:
            self._registry.make_live(mine[-1].reference, self._scope)
            return mine[-1].reference
        made = self._registry.publish(
            candidate,
            name,
            scope=self._scope,
            base=begun["base"],
            data={**begun["about"], "source": "preferences", "scope": self._scope.key, "run": begun["run"]},
            metrics=verdict.metrics(),
            parents=(begun["live"],) if begun["live"] else (),
        )
        return made.reference

    def _close(self, begun: dict[str, Any], verdict: Verdict, speaks: str, minutes: float) -> None:
        """Keep the report, remember how many votes were seen, and clear the run away."""
        kept = {key: begun[key] for key in ("run", "live", "base", "plan", "about", "votes")}
        kept |= {"scope": self._scope.key, "at": now(), "minutes": round(minutes, 1), "speaks": speaks}
        Runs(self._settings.learning / "reports").keep({**kept, "verdict": verdict.as_json()})
        disk.write(self._state / "seen.json", {"votes": begun["votes"], "at": time.time()})
        shutil.rmtree(self._folder, ignore_errors=True)


def _told(write: Write, report: Report) -> Write:
    """The same, telling of every prompt."""

    def telling(asks: Sequence[Ask], voice: Path | None, texts: int) -> list[list[str]]:
        found = list[list[str]]()
        for ask in asks:
            report("rehearsing", len(found), len(asks), 0.0)
            found += write([ask], voice, texts)
        return found

    return telling


def halves(data: Examples, seed: int) -> tuple[Examples, Examples]:
    """(training, held-out): a quarter of the conversations, more where that would be too few to judge by, never most.

    A larger share holds out all that a smaller one does, and a few more.
    """
    wanted = min(ENOUGH, len(data.conversations) // 2)
    for share in SHARES:
        training, held = data.split(share, seed)
        if len(held.conversations) >= wanted:
            break
    return training, held


def check(found: Dataset, scope: Scope) -> None:
    """LearnError if these votes cannot teach anything, or not for this scope."""
    data = found.examples
    if not len(data):
        raise LearnError(nothing(found))
    if found.votes < LEAST:
        raise LearnError(f"there are only {found.votes} votes to learn from; at least {LEAST} are needed")
    if len(found.weights) == 1 and scope.kind in ("global", "form"):
        raise LearnError(
            "all votes are one person's, who would own everybody's voice; learn for that person with"
            " --scope person:PLATFORM:ID, or for a channel"
        )
    if not any(text.strip() for text in _texts(data)):
        raise LearnError("there is nothing to learn from: every text is blank")
    if not data.pairs and len({thumb.label for thumb in data.thumbs}) == 1:
        which = "liked" if data.thumbs[0].label else "disliked"
        raise LearnError(f"everything was {which} alike, so there is nothing to tell apart")


def _texts(data: Examples) -> Iterator[str]:
    for pair in data.pairs:
        yield from (pair.chosen, pair.rejected)
    for thumb in data.thumbs:
        yield thumb.completion
