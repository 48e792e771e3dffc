"""`ghostnote learn taste`: votes on music become a taste that chooses among the network's candidates.

It takes seconds, so it needs no state to go on from: read the votes, fit, judge on pieces kept apart, publish or not.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from adapters import disk
from adapters.dataset import Dataset, Tune
from adapters.liking import Model, Opinion, Verdict, fit, judge
from adapters.manifest import RegistryError, now
from adapters.provenance import PEOPLE
from adapters.registry import Registry, Scope
from adapters.runs import Runs
from deploy.due import early, moment
from deploy.preferences import gathered
from deploy.serve import tastes
from deploy.settings import Settings
from engine.music.score import from_row
from engine.music.taste import Taste, measured, read_taste, write_taste
from storage.db import open_database
from storage.history import History

NAME, BASE = "taste", "music"
LEAST = 10
SEED = 1


class TasteError(Exception):
    """Nothing was learnt and nothing changed; the message is one sentence."""


@dataclass(frozen=True)
class Outcome:
    """How it ended: the reference that speaks for music in the scope now ("" for none), and what was measured."""

    scope: str
    speaks: str
    verdict: Verdict
    votes: int

    @property
    def words(self) -> str:
        """What an owner reads."""
        found, votes = self.verdict, self.votes
        right = (
            f"Of {found.comparisons} comparisons kept apart it gets {found.right:.0%} right ({found.low:.0%} to"
            f" {found.high:.0%} with 95 % confidence), what chose before {found.before:.0%}."
        )
        if found.won:
            return f"{votes} votes taught a taste. {right} {self.speaks} chooses from now on."
        why = {
            "few": f"{votes} votes leave too few comparisons to judge by.",
            "chance": f"What {votes} votes taught could be chance. {right}",
            "no_better": f"What {votes} votes taught is no better than what chooses now. {right}",
        }
        return f"{why[found.why]} Nothing changed."


async def learn(settings: Settings, scope: Scope) -> Outcome:
    """Learn a taste for one scope. TasteError, in one sentence, if there is nothing to learn from."""
    found = await gathered(settings, scope, music=True)
    _check(found, scope)
    opinions = await _opinions(settings, found.tunes)
    registry = tastes(settings.tastes)
    try:
        live = registry.scopes().get(scope.key, "")
        verdict = judge(opinions, _model(registry, live), SEED)
        speaks = _publish(registry, scope, found, (opinions, verdict, live)) if verdict.won else live
        outcome = Outcome(scope.key, speaks, verdict, found.votes)
        _report(settings, outcome, live, found)
    except (RegistryError, OSError) as problem:
        raise TasteError(f"{disk.reason(problem)}; the taste that chooses is untouched") from problem
    return outcome


async def waits(settings: Settings, scope: Scope) -> str:
    """Why it is too early to learn a taste for one scope (again); "" if it is time."""
    found = await gathered(settings, scope, music=True)
    last = _runs(settings).latest([scope.key]) or {}
    return early(settings, found.votes, int(last.get("votes", 0)), moment(str(last.get("at", ""))))


def _check(found: Dataset, scope: Scope) -> None:
    if not found.tunes:
        raise TasteError("There is no music that may be learnt from there yet: nobody who agreed has voted on any")
    if found.votes < LEAST:
        raise TasteError(f"There are only {found.votes} votes on music there; at least {LEAST} are needed")
    if len(found.weights) == 1 and scope.kind in ("global", "form"):
        raise TasteError("All votes on music are one person's; learn for that person with --scope person:PLATFORM:ID")
    if not any(tune.over for tune in found.tunes) and len({tune.liked for tune in found.tunes}) == 1:
        raise TasteError("All music was voted on alike, so there is nothing to tell apart")


async def _opinions(settings: Settings, tunes: tuple[Tune, ...]) -> list[Opinion]:
    """Votes on measured music; a piece whose score is gone or of a newer version is passed over."""
    rows = dict[str, Any]()
    async with open_database(settings.database) as database:
        history = History(database)
        for turn in {turn for tune in tunes for turn in (tune.turn, tune.over) if turn}:
            stored = await history.score(turn)
            try:
                rows[turn] = measured(from_row(stored.score).phrase) if stored else None
            except ValueError:
                rows[turn] = None
    return [
        Opinion(rows[tune.turn], tune.liked, tune.weight, tune.conversation, rows[tune.over] if tune.over else None)
        for tune in tunes
        if rows[tune.turn] is not None and (not tune.over or rows[tune.over] is not None)
    ]


def _model(registry: Registry, live: str) -> Model | None:
    """What chooses now; a damaged or older one is no rival."""
    try:
        taste = read_taste(registry.whole(live)) if live else None
    except (RegistryError, ValueError):
        return None
    return Model(taste.mean, taste.scale, taste.weights) if taste else None


def _publish(registry: Registry, scope: Scope, found: Dataset, judged: tuple[list[Opinion], Verdict, str]) -> str:
    opinions, verdict, live = judged
    people = sorted({person for tune in found.tunes for person in tune.people})
    model = fit(opinions)
    with TemporaryDirectory() as part:
        write_taste(Taste(model.mean, model.scale, model.weights), Path(part))
        made = registry.publish(
            Path(part),
            NAME,
            scope=scope,
            base=BASE,
            data={**found.about, PEOPLE: people, "source": "preferences", "scope": scope.key},
            metrics={"right": verdict.right, "right_low": verdict.low, "right_high": verdict.high},
            parents=(live,) if live else (),
        )
    return made.reference


def _report(settings: Settings, outcome: Outcome, live: str, found: Dataset) -> None:
    _runs(settings).keep(
        {**asdict(outcome), "words": outcome.words, "before": live, "at": now(), "left": dict(found.left)}
    )


def _runs(settings: Settings) -> Runs:
    return Runs(settings.learning / "tastes")
