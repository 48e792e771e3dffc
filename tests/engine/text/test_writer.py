"""The writer over generators whose every word is known: what it draws, shows, drops, redraws and says."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field

import pytest

from engine.errors import GeneratorFailed, UnknownForm
from engine.messages import Queued, Snapshot, TurnKind
from engine.ports import Draft, TextRequest
from engine.text import rhyme
from engine.text.echo import EchoGenerator
from engine.text.forms.load import load
from engine.text.task import Begun, Composition, Passage, Task, Written
from engine.text.tasting import Tastes
from engine.text.writer import ATTEMPTS, Step, Writer

LONG = (
    "The keeper turned the letter over in his hands and set it down beside the lamp. Nobody had ever written to the "
    "rock before. Outside, the wind pulled at the shutters, and far below him the sea went on with its work."
)
OTHER = (
    "Morning came grey over the water. He climbed down to the landing, where a gull stood on one leg, and read aloud "
    "to it. Her name was at the bottom of the page. After that, he slept badly for a week."
)


@dataclass
class Scripted(EchoGenerator):
    """Answers request after request with the drafts that a script holds; it has the template it is given."""

    script: Callable[[TextRequest, int], list[str]]
    template: bool = False
    asked: list[TextRequest] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def chat(self, system: str, user: str, assistant: str) -> str | None:
        return f"<S>{system}<U>{user}<A>{assistant}" if self.template else None


@dataclass
class Device:
    """A worker without a thread: word by word, closed when the stream is."""

    generator: Scripted
    closed: int = 0
    steps: int = 0

    def check_room(self) -> None:
        """There is always room."""

    async def stream(self, request: TextRequest) -> AsyncGenerator[Queued | tuple[Draft, ...], None]:
        yield Queued(1)
        texts = self.generator.script(request, len(self.generator.asked))
        self.generator.asked.append(request)
        texts = [texts[at % len(texts)] for at in range(request.drafts)]
        ends = [min([text.find(stop) for stop in request.stop if stop in text], default=len(text)) for text in texts]
        texts = [text[:end] for text, end in zip(texts, ends, strict=True)]
        try:
            for size in range(1, max(map(len, texts)) + 1, 7):
                self.steps += 1
                yield tuple(Draft(text[:size], size, -1.5 - at / 10) for at, text in enumerate(texts))
                await asyncio.sleep(0)
            yield tuple(Draft(text, len(text), -1.5 - at / 10, "stop") for at, text in enumerate(texts))
        finally:
            self.closed += 1


def task(form: str, *texts: str, drafts: int = 1, seed: int = 5, **more: object) -> Task:
    kinds: list[TurnKind] = ["model" if text.startswith("@") else "person" for text in texts]
    passages = tuple(
        Passage(kind, "Ana" if kind == "person" else "Ghostnote", text.lstrip("@"))
        for kind, text in zip(kinds, texts, strict=True)
    )
    return Task(form, passages, seed, drafts=drafts, **more)  # type: ignore[arg-type]  # keywords of Task


async def run(
    generator: Scripted, wanted: Task, tastes: Tastes | None = None
) -> tuple[list[Step], tuple[Composition, ...]]:
    steps = [step async for step in Writer(Device(generator), tastes=tastes).write(wanted)]
    assert isinstance(steps[0], Begun)
    assert isinstance(steps[-1], Written)
    return steps, steps[-1].compositions


async def test_writes_streams_and_tells_the_recipe() -> None:
    generator = Scripted(lambda request, number: [LONG + " And the"])
    steps, (made,) = await run(generator, task("story", "A keeper finds a letter", memory="The keeper is Tom."))
    snapshots = [step.text for step in steps if isinstance(step, Snapshot)]
    assert made.text == LONG
    assert made.completion == LONG + " And the"
    assert made.prompt == generator.asked[0].prompt
    assert made.tokens == generator.count(made.prompt) == sum(section.tokens for section in made.sections)
    assert made.seed == 5
    assert made.remarks == ()
    assert len(snapshots) > 3
    assert all(LONG.startswith(shown) or shown == LONG for shown in snapshots)
    assert any(isinstance(step, Queued) for step in steps)


async def test_the_recipe_is_told_before_the_first_word() -> None:
    steps, (made,) = await run(Scripted(lambda request, number: [LONG]), task("story", "A keeper finds a letter"))
    begun = steps[0]
    assert isinstance(begun, Begun)
    assert (begun.composition.prompt, begun.composition.model) == (made.prompt, "echo")
    assert begun.composition.text == ""


async def test_redraws_what_does_not_stand_and_then_says_so() -> None:
    generator = Scripted(lambda request, number: ["As an AI, I cannot write this."] if number < 2 else [LONG])
    _, (made,) = await run(generator, task("story", "A keeper finds a letter"))
    assert (made.text, len(generator.asked), made.remarks) == (LONG, 3, ())
    assert len({request.seed for request in generator.asked}) == 3

    generator = Scripted(lambda request, number: ["He left. As an AI, I cannot go on."])
    _, (made,) = await run(generator, task("story", "A keeper finds a letter"))
    assert (made.text, len(generator.asked)) == ("He left.", ATTEMPTS)
    assert made.remarks == (("rule_missed", {"form": "story", "rule": "length"}),)


async def test_nothing_usable_is_an_error_not_an_empty_passage() -> None:
    with pytest.raises(GeneratorFailed):
        await run(Scripted(lambda request, number: ["<|im_end|>"]), task("story", "A keeper"))


async def test_a_copy_of_an_earlier_passage_is_never_taken() -> None:
    generator = Scripted(lambda request, number: [LONG, OTHER])
    _, (made,) = await run(generator, task("story", "A keeper finds a letter", "@" + LONG, "He waited."))
    assert made.text == OTHER


async def test_a_version_unlike_its_siblings_is_taken() -> None:
    generator = Scripted(lambda request, number: [LONG, OTHER])
    _, (made,) = await run(generator, task("story", "A keeper finds a letter", avoid=(LONG,)))
    assert made.text == OTHER


async def test_several_versions_come_best_first() -> None:
    generator = Scripted(lambda request, number: [["Too short.", OTHER], [OTHER, LONG]][number % 2])
    _, made = await run(generator, task("story", "A keeper finds a letter", drafts=2))
    assert {one.text for one in made} == {LONG, OTHER}


async def test_a_haiku_is_held_to_its_syllables_line_by_line() -> None:
    def script(request: TextRequest, number: int) -> list[str]:
        line = ["still pond before the dawn", "one frog breaks the sleeping moon in two", "into silver rings"]
        return ["something that is much too long for any line", line[number % 3] + "\nand more", "the"]

    generator = Scripted(script)
    steps, (made,) = await run(generator, task("haiku", "the pond at night"))
    assert [rhyme.syllables(line) for line in made.text.split("\n")] == [5, 7, 5]
    assert made.remarks == ()
    assert [step.text.count("\n") for step in steps if isinstance(step, Snapshot)] == [0, 1, 2]
    assert generator.asked[1].prompt == made.prompt + made.text.split("\n")[0] + "\n"


async def test_a_haiku_that_cannot_be_held_says_so() -> None:
    generator = Scripted(lambda request, number: ["extraordinarily uncharacteristic"])
    _, (made,) = await run(generator, task("haiku", "the pond"))
    assert made.remarks == (("rule_missed", {"form": "haiku", "rule": "5-7-5"}),)
    assert len(generator.asked) == 3 * ATTEMPTS


async def test_a_scene_has_two_speakers_in_turn_and_goes_on_with_its_own() -> None:
    speeches = ["I never liked this house.", "You were born in it.", "That was not my idea.", "Close the door.", "Why?"]
    generator = Scripted(lambda request, number: [f" {speeches[number % 5]} So it goes, {number}.", " x"])
    _, (made,) = await run(generator, task("scene", "Clara tells Ben that she is leaving"))
    assert [line.split(":")[0] for line in made.text.split("\n")] == ["CLARA", "BEN"] * 3
    _, (made,) = await run(generator, task("scene", "A house", "@IDA: Come in.\nSAM: No."))
    assert made.text.startswith("IDA: ")


async def test_ideas_are_a_list_about_the_last_wish() -> None:
    generator = Scripted(lambda request, number: [f" A bee {word} the clock at noon." for word in WINDERS])
    _, (made,) = await run(generator, task("ideas", "bees", "@1. A bee.", "more about clocks"))
    lines = made.text.split("\n")
    assert [line[:2] for line in lines] == ["1.", "2.", "3.", "4.", "5."]
    assert "Ideas: more about clocks" in made.prompt


WINDERS = ["winds", "eats", "sells", "dreams of", "marries", "forgets"]


@pytest.mark.parametrize(
    ("template", "voice", "begins"),
    [
        (True, "story@shipped", "A story: A keeper finds a letter"),
        (True, "", "<S>You are a novelist"),
        (False, "", "A keeper finds a letter\n\n"),
    ],
)
async def test_asks_a_model_as_it_wants_to_be_asked(template: bool, voice: str, begins: str) -> None:
    generator = Scripted(lambda request, number: [LONG], template=template)
    _, (made,) = await run(generator, task("story", "A keeper finds a letter", adapter=voice))
    assert made.prompt.startswith(begins)
    assert made.adapter == generator.asked[0].adapter == voice


async def test_the_writers_own_words_are_the_last_thing_the_model_sees() -> None:
    generator = Scripted(lambda request, number: [" opened the door. " + LONG])
    words = "The rain had not stopped for three days when Mara"
    _, (made,) = await run(generator, task("story", words))
    assert made.prompt.endswith(words)
    assert made.text.startswith("opened the door.")


async def test_closing_the_iterator_stops_the_device() -> None:
    device = Device(Scripted(lambda request, number: [LONG]))
    async with aclosing(Writer(device).write(task("story", "A keeper finds a letter"))) as steps:
        async for step in steps:
            if isinstance(step, Snapshot):
                break
    assert device.closed == 1
    assert device.steps < len(LONG) // 7


async def test_what_cannot_become_anything_is_not_waited_for() -> None:
    device = Device(Scripted(lambda request, number: [LONG + "\n\nUser: more\n\n" + LONG * 20]))
    steps = [step async for step in Writer(device).write(task("story", "A keeper finds a letter"))]
    assert isinstance(steps[-1], Written)
    assert device.steps < len(LONG * 3) // 7


async def test_the_same_task_gives_the_same_text() -> None:
    def script(request: TextRequest, number: int) -> list[str]:
        return [f"{LONG} {request.seed % 97} gulls."]

    made = [(await run(Scripted(script), task("story", "A keeper", seed=11)))[1][0].text for _ in range(2)]
    assert made[0] == made[1]


async def test_chinese_does_not_crash_and_is_owned_up_to() -> None:
    for form in load():
        generator = EchoDevice()
        steps = [step async for step in Writer(generator).write(task(form, "从前有一只猫，它住在海边的灯塔里"))]
        assert isinstance(steps[-1], Written)
        assert ("chinese_base", {}) in steps[-1].compositions[0].remarks


@dataclass
class EchoDevice:
    """The generator that ships for tests, without a worker."""

    generator: EchoGenerator = field(default_factory=EchoGenerator)

    def check_room(self) -> None:
        """There is always room."""

    async def stream(self, request: TextRequest) -> AsyncGenerator[Queued | tuple[Draft, ...], None]:
        generation = self.generator.start(request)
        while not generation.over:
            self.generator.step([(generation, 0)])
            yield generation.drafts()


async def test_an_unknown_form_is_refused() -> None:
    with pytest.raises(UnknownForm):
        await run(Scripted(lambda request, number: [LONG]), task("opera", "A keeper"))
