"""`ghostnote eval text`: every shipped voice on every style's held-out passages, and how often a form is kept (T).

The passages lie beside this module (`held_out/*.jsonl`: test rows of each corpus, public domain, never trained on), so
a clean clone can measure what a machine with all corpora measured. Forms are counted on plain samples, without the
writer's many drafts: what is compared is the voice itself and the base, asked in the voice's words and, since those
mean nothing to the base, with the form's own examples too. Where a voice learnt to name its rhymes first
(`deploy.corpora.plans`), everybody is asked for that as well. Of each, the best way counts. Bits are counted with the
weights as they were learnt, samples are drawn by the engine that serves people, with the weights it serves.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from rich.table import Table

from adapters import bases, lora, passages
from adapters.loss import bits_per_character
from adapters.registry import SHIPPED, Registry
from deploy.corpora.plans import CUE
from deploy.models import ensure
from deploy.settings import Settings
from engine.batching import write_all
from engine.errors import EngineError
from engine.ports import Sampling, TextGenerator, TextRequest
from engine.text import rhyme
from engine.text.forms.check import CHECKERS, Measure, lines_of
from engine.text.forms.load import Form, load
from engine.text.gpt import MOST_DRAFTS, Gpt

HELD = Path(__file__).with_name("held_out")
BASE, VOICE = "base", "voice"
LEAST_GAIN = {"story": 10.0, "poem": 8.0, "lyrics": 8.0}  # per cent fewer bits a character than the base
COUNTED = {"haiku": 3, "limerick": 5}  # forms whose rule can be counted, and their lines
RHYMES_FIRST = frozenset({"limerick"})
LEAST_TIMES = 2.0
ASKED = (
    "first snow", "the sea", "an old dog", "rain in the city", "a train at night", "my grandmother's kitchen", "a crow",
    "the last day of summer", "a lighthouse", "a stranger", "the moon", "a garden", "a teacher", "a cat on a roof",
    "an empty house", "the wind",
)  # fmt: skip

Report = Callable[[str, int, int], None]
Results = dict[str, Any]


class NothingToMeasure(Exception):
    """No voice is there for the base in use; the message is one sentence."""


@dataclass(frozen=True)
class Way:
    """How pieces are asked for, and of whom ("": the base). `first`: a line of rhymes comes before each."""

    voice: str
    prompts: list[str]
    first: bool = False


def measure(settings: Settings, most: int, samples: int, seed: int, threads: int, report: Report) -> Results:
    """The matrix (`bits`: voice -> style -> bits a character), `forms` and `verdicts`; see `tables`.

    ModelError without a base, NothingToMeasure if no shipped voice is for it, EngineError if it does not answer.
    """
    torch.set_num_threads(threads)
    registry = Registry(settings.adapters, SHIPPED)
    held = {path.stem: _spread(list(passages.load(path)), most) for path in sorted(HELD.glob("*.jsonl"))}
    voices = {style: found[0] for style in held if (found := registry.shipped(style, settings.text_model))}
    if not voices:
        raise NothingToMeasure(f"no shipped voice is for {settings.text_model}; they are for embedded")
    folder = ensure(settings.text_model, settings.home)
    bits = _bits(folder, {voice: registry.whole(found) for voice, found in voices.items()}, held, report)
    kept = dict[str, dict[str, float]]()
    if samples:
        generator = Gpt(folder, name=settings.text_model, device=settings.device, shelf=registry.whole)
        kept = _kept(generator, voices, samples, seed, report)
    report("done", 1, 1)
    return {"bits": bits, "passages": {style: len(rows) for style, rows in held.items()}, "samples": samples,
            "forms": kept, "verdicts": verdicts(bits, kept)}  # fmt: skip


def _bits(
    folder: Path, voices: Mapping[str, Path], held: Mapping[str, list[passages.Passage]], report: Report
) -> dict[str, dict[str, float]]:
    """Bits a character of every style, for the base and in every voice; the model is gone when it returns."""
    model, tokenizer = bases.load(folder)
    bits = dict[str, dict[str, float]]()
    for done, (voice, files) in enumerate({BASE: None, **voices}.items()):
        report(voice, done, len(voices) + 1)
        lora.remove(model)
        if files is not None:
            lora.load(model, files)
        bits[voice] = {style: bits_per_character(model, tokenizer, rows) for style, rows in held.items()}
    return bits


def _kept(
    generator: TextGenerator, voices: Mapping[str, str], samples: int, seed: int, report: Report
) -> dict[str, dict[str, float]]:
    """Form -> way of asking -> the share of samples that keep the form's rule."""
    kept = dict[str, dict[str, float]]()
    for form in (load()[name] for name in COUNTED if name in voices):
        ways = asked(form, voices[form.name])
        for done, (name, way) in enumerate(ways.items()):
            report(f"{form.name}, {name}", done, len(ways))
            pieces = drawn(generator, form, way.prompts, samples, seed, way.voice)
            if way.first:
                pieces = [piece.partition("\n")[2] for piece in pieces]
            kept.setdefault(form.name, {})[name] = sum(keeps(form, piece) for piece in pieces) / len(pieces)
    return kept


def asked(form: Form, voice: str) -> dict[str, Way]:
    """The ways of asking by name; a name begins with who is asked."""
    plain = [form.voice.asked.format(premise=premise) for premise in ASKED]
    ways = {BASE: Way("", plain), f"{BASE} with examples": Way("", _taught(form)), VOICE: Way(voice, plain)}
    if form.name in RHYMES_FIRST:
        first = [f"{prompt.strip()}\n{CUE}" for prompt in plain]
        ways |= {
            f"{BASE}, rhymes first": Way("", first, first=True),
            f"{BASE} with examples, rhymes first": Way("", _taught(form, first=True), first=True),
            f"{VOICE}, rhymes first": Way(voice, first, first=True),
        }
    return ways


def _taught(form: Form, first: bool = False) -> list[str]:
    """Prompts with the form's own examples, perhaps each with its rhymes first."""
    shown = form.plain.system
    for one in form.examples:
        answer = one.answer.strip()
        ends = " / ".join(rhyme.words(line)[-1] for line in lines_of(answer))
        answer = f"{CUE} {ends}\n\n{answer}" if first else answer
        shown += form.plain.example.format(ask=one.ask, answer=answer)
    return [shown + form.plain.asked.format(premise=premise) + CUE * first for premise in ASKED]


def drawn(
    generator: TextGenerator, form: Form, prompts: Sequence[str], samples: int, seed: int, voice: str = ""
) -> list[str]:
    """`samples` plain samples, as many of each prompt; what follows the prompt, up to the end or the form's length.

    Of the form's sampling only temperature and top-p hold. The same seed draws the same samples. EngineError if the
    generator cannot.
    """
    each = max(1, round(samples / len(prompts)))
    room = form.room if form.lines else form.tokens
    sampling = Sampling(form.sampling.temperature, form.sampling.top_p)
    drafts = [min(MOST_DRAFTS, each - at) for at in range(0, each, MOST_DRAFTS)]  # which read their prompt once
    asked = [(prompt, count) for prompt in prompts for count in drafts]
    requests = [
        TextRequest(prompt, room, sampling, seed * len(asked) + number, count, adapter=voice)
        for number, (prompt, count) in enumerate(asked)
    ]
    found = list[str]()
    for answer in write_all(generator, requests):
        if isinstance(answer, EngineError):
            raise answer
        found += [draft.text for draft in answer]
    return found


def keeps(form: Form, piece: str) -> bool:
    """Whether the first lines of a piece keep the form's rule; what follows them is forgiven, the base never stops."""
    lines = lines_of(piece)[: COUNTED[form.name]]
    measure = Measure(0, form.lines.syllables if form.lines else ())
    return CHECKERS[form.checker]("\n".join(lines), measure).holds


def verdicts(bits: Mapping[str, Mapping[str, float]], kept: Mapping[str, Mapping[str, float]]) -> list[dict[str, Any]]:
    """What was promised, and whether it holds: one sentence each."""
    found = list[dict[str, Any]]()
    for style in (voice for voice in bits if voice != BASE):
        best = min(bits, key=lambda voice: bits[voice][style])
        found.append({"kept": best == style, "says": f"On {style} the voice {best} is the best."})
        gain = 100 * (1 - bits[style][style] / bits[BASE][style])
        if style in LEAST_GAIN:
            says = f"On {style} the voice needs {gain:.1f} % fewer bits than the base (at least {LEAST_GAIN[style]:g})."
            found.append({"kept": gain >= LEAST_GAIN[style], "says": says})
    for form, shares in kept.items():
        own, other = (max(shares[way] for way in shares if way.startswith(who)) for who in (VOICE, BASE))
        says = f"The {form} voice keeps the form in {own:.1%} of plain samples, the base in {other:.1%}."
        found.append({"kept": own > 0 and own >= LEAST_TIMES * other, "says": says})
    return found


def tables(results: Results) -> list[Table]:
    """The matrix, each cell with its distance from the base, and the forms."""
    bits: Mapping[str, Mapping[str, float]] = results["bits"]
    matrix = Table("bits a character of", *bits[BASE], title="held-out passages", box=None, pad_edge=False)
    for voice, row in bits.items():
        shown = []
        for style, value in row.items():
            change = "" if voice == BASE else f" ({100 * (value / bits[BASE][style] - 1):+.1f} %)"
            bold = value == min(bits[other][style] for other in bits)
            shown.append(f"[bold]{value:.3f}{change}[/]" if bold else f"{value:.3f}{change}")
        matrix.add_row(voice, *shown)
    matrix.add_row("passages", *(str(count) for count in results["passages"].values()))
    forms = Table("form kept", *results["forms"], box=None, pad_edge=False)
    for way in dict.fromkeys(way for shares in results["forms"].values() for way in shares):
        forms.add_row(way, *(f"{shares[way]:.1%}" if way in shares else "" for shares in results["forms"].values()))
    return [matrix, forms] if results["forms"] else [matrix]


def draw(results: Results, folder: Path) -> None:
    """The matrix as a picture; ImportError without matplotlib."""
    from deploy.text_plots import matrix  # noqa: PLC0415  an extra

    matrix(results["bits"], folder / "text-matrix.png")


def _spread(rows: list[passages.Passage], most: int) -> list[passages.Passage]:
    return rows[:: max(1, len(rows) // most)][:most]
