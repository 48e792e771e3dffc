"""`ghostnote eval mood`: whether the mood that was asked for is the mood that is measured (T).

Pieces are written as for people, with and without a mood, of the same premises and seeds. A mood is steered by one half
of the rated words and measured by the other, which steering never saw; so the numbers are lower than what people get,
who have the whole list. A piece is on the right side of a mood if it lies nearer to it than plain narration does, which
chance brings about in half of the cases. How readable it stays is seen by what the base, without a voice, makes of it.
"""

import asyncio
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from rich.table import Table
from transformers import AutoModelForCausalLM, AutoTokenizer

from adapters import passages
from adapters.loss import bits_per_character
from deploy.models import ensure
from deploy.serve import speaking, text_generator, writing
from deploy.settings import Settings
from engine.messages import Flavour
from engine.text import mood
from engine.text.task import Passage, Task, Written
from engine.text.writer import Writer
from engine.worker import Worker

MOODS = ("joyful", "tender", "calm", "melancholy", "dark", "tense")
PREMISES = (
    "a lighthouse keeper finds a letter", "two brothers cross the hills", "an old dog comes to the village",
    "a girl opens a shop", "a train stops in the night", "a teacher goes home", "the last house by the sea",
    "a boy and his grandmother", "a stranger at the market", "three sisters and a boat", "a painter in the city",
    "the road through the forest",
)  # fmt: skip
LEAST, MOST_PLAIN = 0.70, 0.55
PLAIN = ""
SAMPLES = 12

Report = Callable[[int, int], None]
Results = dict[str, Any]
Texts = dict[str, list[str]]


def measure(settings: Settings, form: str, pieces: int, length: int, threads: int, report: Report) -> Results:
    """`right`: mood -> share of pieces on its side, with steering and without; see `tables`. ModelError without a base.

    `pieces` are written in each mood, each of `length` passages.
    """
    torch.set_num_threads(threads)
    texts = asyncio.run(_written(settings, form, pieces, length, report))
    right = {name: _shares(name, texts[name], texts[PLAIN]) for name in MOODS}
    rows = {name: [passages.Passage("", text, False, "", "", "test") for text in some] for name, some in texts.items()}
    bits = _bits(settings, {"steered": [row for name in MOODS for row in rows[name]], "plain": rows[PLAIN]})
    shown = {name or "plain": some[:SAMPLES] for name, some in texts.items()}
    return {"eval": "mood", "model": settings.text_model, "form": form, "pieces": pieces, "passages": length,
            "right": right, "bits": bits, "samples": shown, "verdicts": verdicts(right)}  # fmt: skip


async def _written(settings: Settings, form: str, pieces: int, length: int, report: Report) -> Texts:
    """The pieces of each mood, and those of none."""
    done, of = 0, pieces * (len(MOODS) + 1)
    async with Worker(text_generator(settings), inbox=of + 1) as worker:
        writer, voice = writing(settings, worker), await speaking(settings, worker).voice(form)

        async def one(name: str, number: int) -> str:
            nonlocal done
            text = await _piece(writer, form, voice, name, number, length)
            done += 1
            report(done, of)
            return text

        texts = Texts()
        for name in (PLAIN, *MOODS):
            texts[name] = list(await asyncio.gather(*(one(name, number) for number in range(pieces))))
        return texts


async def _piece(writer: Writer, form: str, voice: str, name: str, number: int, length: int) -> str:
    """One piece without its premise."""
    flavour = Flavour(mood=f"{name}:steer") if name else Flavour()
    way: tuple[Passage, ...] = (Passage("person", "", PREMISES[number % len(PREMISES)]),)
    for turn in range(length):
        seed = 1000 * number + turn
        async for step in writer.write(Task(form, way, seed, adapter=voice, owner=f"{number}", flavour=flavour)):
            if isinstance(step, Written):
                way = (*way, Passage("model", "", step.compositions[0].text))
    return "\n\n".join(passage.text for passage in way[1:])


def _shares(name: str, steered: Sequence[str], plain: Sequence[str]) -> dict[str, float]:
    """How many lie on the mood's side, by the words that were kept back and by all; `further`: than the piece of the
    same premise and seed that was written without a mood, where chance would give a half.
    """

    def towards(texts: Sequence[str], half: mood.Half) -> list[float]:
        return [mood.towards(name, mood.measure(text, half).mood) for text in texts]

    held, unasked = towards(steered, "measure"), towards(plain, "measure")
    moved = [(one > other) + (one == other) / 2 for one, other in zip(held, unasked, strict=True)]
    return {
        "steered": statistics.mean(one > 0 for one in held),
        "plain": statistics.mean(one > 0 for one in unasked),
        "further": statistics.mean(moved),
        "steered by all words": statistics.mean(one > 0 for one in towards(steered, "")),
        "plain by all words": statistics.mean(one > 0 for one in towards(plain, "")),
    }


def _bits(settings: Settings, rows: Mapping[str, Sequence[passages.Passage]]) -> dict[str, float]:
    folder = ensure(settings.text_model, settings.home)
    kinds: Any = AutoModelForCausalLM
    model, tokenizer = kinds.from_pretrained(folder, dtype="auto").eval(), AutoTokenizer.from_pretrained(folder)
    return {name: bits_per_character(model, tokenizer, list(some)) for name, some in rows.items()}


def verdicts(right: Mapping[str, Mapping[str, float]]) -> list[dict[str, Any]]:
    """What was promised, and whether it holds: one sentence each."""
    found = [
        {
            "kept": shares["steered"] >= LEAST,
            "says": f"Asked for {name}, {shares['steered']:.0%} of pieces are on its side (at least {LEAST:.0%}); "
            f"without asking {shares['plain']:.0%}.",
        }
        for name, shares in right.items()
    ]
    plain = statistics.mean(shares["plain"] for shares in right.values())
    says = f"Without asking, {plain:.0%} are on the side of a mood on average (at most {MOST_PLAIN:.0%})."
    return [*found, {"kept": plain <= MOST_PLAIN, "says": says}]


def tables(results: Results) -> list[Table]:
    """Each mood with its shares, and how readable it all is."""
    heads = ("on its side", "without asking", "further than without", "by all words", "without asking")
    table = Table("mood", *heads, box=None, pad_edge=False)
    for name, shares in results["right"].items():
        kinds = ("steered", "plain", "further", "steered by all words", "plain by all words")
        table.add_row(name, *(f"{shares[kind]:.0%}" for kind in kinds))
    bits = Table("bits a character, by the base", "with a mood", "without", box=None, pad_edge=False)
    bits.add_row("", f"{results['bits']['steered']:.3f}", f"{results['bits']['plain']:.3f}")
    return [table, bits]
