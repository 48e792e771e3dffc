"""`ghostnote eval forms`: how many pieces hold their rules, beside plain prompting of the same model (T).

Both are asked for the same wishes with the same seeds. Ours is the writer as people have it, voice and all; plain is
one sample of the base behind the form's own examples, its first lines taken as the piece. Besides the rules stands
what ought not to be paid for them: bits a character under the base, which no voice and no rule has touched, behind the
same neutral words (a second model is not at hand), and the share of lines that end in a word that cannot end one.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import mean, median, quantiles
from typing import Any

from rich.table import Table

from adapters import bases
from adapters.loss import bits_per_character
from adapters.passages import Passage as Row
from deploy.evaluate_text import ASKED
from deploy.models import ensure
from deploy.serve import speaking, text_generator, writing
from deploy.settings import Settings
from engine.batching import write_all
from engine.errors import EngineError
from engine.messages import Snapshot
from engine.ports import TextRequest
from engine.text import plan as asking
from engine.text import rhyme
from engine.text.forms import check
from engine.text.forms.load import Form, load
from engine.text.metre import WEAK
from engine.text.task import Passage, Task, Written
from engine.text.writer import Writer
from engine.worker import Worker

Report = Callable[[str, int, int], None]
Results = dict[str, Any]
NEUTRAL = "Verse\n\n"
TIMES = ("seconds", "90 %", "first line")
TOGETHER = 8  # plain samples drawn in one batch


@dataclass(frozen=True, slots=True)
class Promise:
    """A rule of a form, how a piece is asked whether it keeps it, and the share of pieces that was promised."""

    form: str
    rule: str
    kept: Callable[[str, Form], bool]
    wanted: float


@dataclass(frozen=True, slots=True)
class Piece:
    """A text, and the seconds until its first line was seen and until it was whole (0: not measured)."""

    wish: str
    text: str
    first: float = 0.0
    whole: float = 0.0
    told: bool = False


def lines(text: str) -> list[str]:
    """The lines of a piece, without the marks of a song's parts."""
    return check.lines_of(check.PART.sub("", text))


def counted(text: str, form: Form) -> bool:
    """Whether every line has its syllables, as many lines as there must be."""
    return check.counted(lines(text), form.measure.pattern, form.measure.slack)


def rhymed(text: str, form: Form) -> bool:
    """Whether there are as many lines as there must be, rhymed by the scheme."""
    found = lines(text)
    return len(found) == len(form.measure.pattern) and check.rhymed(found, form.measure.scheme)


def returns(text: str, form: Form) -> bool:
    """Whether a song's chorus comes back word for word and its verses differ."""
    return check.lyrics(text, check.Measure(0)).holds


PROMISES = (
    Promise("haiku", "5-7-5", counted, 0.90),
    Promise("limerick", "AABBA", rhymed, 0.85),
    Promise("sonnet", "14 lines, rhymed", rhymed, 0.80),
    Promise("sonnet", "9 to 11 syllables", counted, 0.85),
    Promise("couplets", "rhymed in pairs", rhymed, 0.95),
    Promise("lyrics", "the refrain returns", returns, 0.95),
    Promise("lyrics", "rhymed", rhymed, 0.0),
)
FORMS = tuple(dict.fromkeys(promise.form for promise in PROMISES))


@dataclass(frozen=True, slots=True)
class Plan:
    """Which forms, how many pieces of each, from which seed; `together` are written at once, 1 where time counts."""

    forms: Sequence[str]
    pieces: int
    seed: int
    together: int = 1


async def measure(settings: Settings, plan: Plan, report: Report) -> Results:
    """Per form `ours` and `plain`: shares of pieces that keep each rule, readability, seconds, and the pieces."""
    generator = text_generator(settings)
    known, found = load(), dict[str, dict[str, list[Piece]]]()
    asked = [(ASKED[at % len(ASKED)], plan.seed + at) for at in range(plan.pieces)]
    for name in plan.forms:
        ours = list[Piece]()
        async with Worker(generator) as worker:
            writer, voice = writing(settings, worker), await speaking(settings, worker).voice(name)
            for at in range(0, plan.pieces, plan.together):
                report(name, at, plan.pieces)
                some = [
                    Task(name, _passages(wish), seed, adapter=voice) for wish, seed in asked[at : at + plan.together]
                ]
                ours += await asyncio.gather(*(_timed(writer, task) for task in some))
        report(f"{name}, plain", 0, 1)
        found[name] = {"ours": ours, "plain": _plain(generator, known[name], asked)}
    report("reading", 0, 1)
    bits = _bits(settings, found)
    return {
        name: {who: _summed(known[name], some, bits[name, who]) for who, some in both.items()}
        for name, both in found.items()
    }


def _passages(wish: str) -> tuple[Passage, ...]:
    return (Passage("person", "", wish),)


async def _timed(writer: Writer, task: Task) -> Piece:
    begun, first, made = time.monotonic(), 0.0, Written(())
    async for step in writer.write(task):
        if isinstance(step, Snapshot) and not first:
            first = time.monotonic() - begun
        if isinstance(step, Written):
            made = step
    best = made.compositions[0]
    told = any(name == "rule_missed" for name, _ in best.remarks)
    return Piece(task.passages[0].text, best.text, first, time.monotonic() - begun, told)


def _plain(generator: Any, form: Form, asked: Sequence[tuple[str, int]]) -> list[Piece]:
    """What the base writes behind the form's examples, as many lines as the form has."""
    requests = list[TextRequest]()
    for wish, seed in asked:
        made = asking.plan(Task(form.name, _passages(wish), seed), form, generator)
        start = "" if made.prompt.text.endswith("\n") else "\n"
        requests.append(TextRequest(made.prompt.text + start, form.room, form.sampling, seed, 1, ("* * *", "\n\n\n")))
    texts = list[str]()
    for at in range(0, len(requests), TOGETHER):
        for answer in write_all(generator, requests[at : at + TOGETHER]):
            if isinstance(answer, EngineError):
                raise answer
            texts.append(_cut(answer[0].text, form))
    return [Piece(wish, text) for (wish, _), text in zip(asked, texts, strict=True)]


def _cut(text: str, form: Form) -> str:
    """The first lines of a sample, as many as the form has; what follows is forgiven, the base never stops."""
    kept, count = list[str](), 0
    for line in text.strip().split("\n"):
        count += bool(line.strip()) and not check.PART.fullmatch(line.strip())
        if count > len(form.measure.pattern):
            break
        kept.append(line)
    return "\n".join(kept).strip()


def _bits(settings: Settings, found: Mapping[str, Mapping[str, Sequence[Piece]]]) -> dict[tuple[str, str], float]:
    folder = ensure(settings.text_model, settings.home)
    model, tokenizer = bases.load(folder)
    rows = {
        (name, who): [Row(NEUTRAL, piece.text, False, "", "", "test") for piece in pieces if piece.text]
        for name, both in found.items()
        for who, pieces in both.items()
    }
    return {key: bits_per_character(model, tokenizer, some) if some else 0.0 for key, some in rows.items()}


def _summed(form: Form, pieces: Sequence[Piece], bits: float) -> dict[str, Any]:
    ends = [rhyme.words(line)[-1:] for piece in pieces for line in lines(piece.text)]
    said = [word for word in ends if word]
    whole = sorted(piece.whole for piece in pieces)
    return {
        "rules": {
            one.rule: mean(one.kept(piece.text, form) for piece in pieces) for one in PROMISES if one.form == form.name
        },
        "told": mean(piece.told for piece in pieces),
        "bits": bits,
        "clipped": sum(bool(WEAK.fullmatch(word)) for (word,) in said) / max(1, len(said)),
        "same ends": sum(one == other for one, other in pairwise(ends)) / max(1, len(ends)),
        "first line": median(piece.first for piece in pieces),
        "seconds": median(whole),
        "seconds, 90 %": quantiles(whole, n=10)[-1] if len(whole) > 1 else whole[0],
        "pieces": [{"wish": piece.wish, "text": piece.text, "seconds": round(piece.whole, 1)} for piece in pieces],
    }


def table(results: Results) -> Table:
    """A row a rule: how often it was kept, and beside it readability and time."""
    heads = ("form", "rule", "kept", "promised", "plain", "bits", "plain", "clipped", "plain", *TIMES)
    shown = Table(*heads, box=None, pad_edge=False)
    for one in PROMISES:
        if one.form in results:
            ours, plain = results[one.form]["ours"], results[one.form]["plain"]
            shown.add_row(
                one.form, one.rule, f"{ours['rules'][one.rule]:.0%}", f"{one.wanted:.0%}" if one.wanted else "",
                f"{plain['rules'][one.rule]:.0%}", f"{ours['bits']:.2f}", f"{plain['bits']:.2f}",
                f"{ours['clipped']:.0%}", f"{plain['clipped']:.0%}", f"{ours['seconds']:.1f}",
                f"{ours['seconds, 90 %']:.1f}", f"{ours['first line']:.1f}",
            )  # fmt: skip
    return shown
