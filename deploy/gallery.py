"""`python -m deploy.gallery`: writes docs/gallery.md, ten pieces exactly as the writer gives them, none of them chosen.

Wishes and seeds are fixed here; who runs it with the same base and voices gets the same texts.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bot import wording
from deploy.serve import speaking, text_generator, writing
from deploy.settings import Settings
from engine.ports import Sampling
from engine.text.task import Composition, Passage, Task, Written
from engine.text.writer import Writer
from engine.worker import Worker

TARGET = Path("docs/gallery.md")
HEAD = """# Gallery

Ten pieces by {model} on a machine without a GPU, written by `python -m deploy.gallery`. They are typical, not the best:
the wishes and seeds stand in that file, and every first answer is shown as it came. A line that begins with `>` is the
writer's own; the rest is Ghostnote's. The base has 135 million parameters, so expect a voice and a mood rather than a
plot.
"""


@dataclass(frozen=True, slots=True)
class Sitting:
    """One piece: what the writer sends, message by message, each answered before the next."""

    form: str
    messages: tuple[str, ...]
    seed: int


SITTINGS = (
    Sitting("story", ("A lighthouse keeper finds a letter addressed to no one", ""), 1),
    Sitting("story", ("The rain had not stopped for three days when Mara opened the door and",), 2),
    Sitting("story", ("My grandmother kept a key on a red thread. She never told us what it opened.", "One night"), 3),
    Sitting("poem", ("the harbour at night",), 4),
    Sitting("poem", ("The snow came down the whole of the day,\nand nobody came to the door,",), 5),
    Sitting("haiku", ("first snow",), 6),
    Sitting("haiku", ("rain in the city",), 7),
    Sitting("ideas", ("a ghost story set in a library",), 8),
    Sitting("scene", ("Clara tells Ben that she is leaving",), 9),
    Sitting("scene", ("Two brothers meet at their father's funeral",), 10),
)


async def sit(writer: Writer, sitting: Sitting, voice: str) -> tuple[list[Passage], list[Composition]]:
    """The passages of one piece, and how each of the model's was made."""
    passages: list[Passage] = []
    made: list[Composition] = []
    for number, words in enumerate(sitting.messages):
        passages += [Passage("person", "", words)] if words else []
        task = Task(sitting.form, tuple(passages), sitting.seed + 100 * number, adapter=voice)
        async for event in writer.write(task):
            if isinstance(event, Written):
                made.append(event.compositions[0])
                passages.append(Passage("model", "", made[-1].text))
    return passages, made


def page(sitting: Sitting, passages: Sequence[Passage], made: Sequence[Composition], seconds: float) -> str:
    """One piece as Markdown, with its recipe."""
    lines = [f"## {sitting.form}, seed {sitting.seed}", ""]
    for passage in passages:
        mark = "> " if passage.kind == "person" else ""
        lines += [*(f"{mark}{line}  ".rstrip() + "  " if line else mark for line in passage.text.split("\n")), ""]
    first = made[0]
    told = [wording.say(name, "en", **fields) for one in made for name, fields in one.remarks]
    voice = f"the voice `{first.adapter}`" if first.adapter else "no voice"
    lines.append(f"*{voice}; {_sampling(first.sampling)}; {seconds:.0f} s.{' ' if told else ''}{' '.join(told)}*")
    return "\n".join(lines)


def _sampling(sampling: Sampling) -> str:
    return ", ".join(f"{name} {value}" for name, value in asdict(sampling).items() if value)


async def gallery(settings: Settings) -> str:
    """The whole page."""
    generator = text_generator(settings)
    parts = [HEAD.format(model=f"`{generator.name}`")]
    async with Worker(generator) as worker:
        writer, voices = writing(settings, worker), speaking(settings, worker)
        for sitting in SITTINGS:
            begun = time.monotonic()
            passages, made = await sit(writer, sitting, await voices.voice(sitting.form))
            parts.append(page(sitting, passages, made, time.monotonic() - begun))
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Write the page where the documentation is."""
    TARGET.write_text(asyncio.run(gallery(Settings())), encoding="utf-8")


if __name__ == "__main__":
    main()
