"""From a task to what is asked of the model: which words are the wish, which are the piece, and in which manner.

Pure; the writer carries it out.
"""

import re
from dataclasses import dataclass, field

from adapters.manifest import SHIPPED_VERSION
from engine.ports import Sampling, TextGenerator
from engine.text import flavour as flavours
from engine.text import prompt, sentences
from engine.text.clean import Manners
from engine.text.forms.load import Form
from engine.text.lines import speakers
from engine.text.prompt import Material, Model, Prompt
from engine.text.task import Passage, Remark, Task
from engine.text.tasting import Taste

WINDOW = 1024
_PROSE = re.compile(r"\b(?:was|were|had|said|went|came|could|would|did|knew|felt|saw)\b|[\"“”]", re.IGNORECASE)
_WISH_WORDS = 40
_CHINESE = "春天的花园里有一只猫，它在等月亮升起来。"


@dataclass(frozen=True, slots=True)
class Plan:
    """One task, ready to be drawn."""

    form: Form
    prompt: Prompt
    adapter: str
    manners: Manners
    avoid: tuple[str, ...]
    remarks: tuple[Remark, ...]
    leads: tuple[str, ...] = ()
    wish: str = ""
    owner: str = ""
    taste: Taste | None = None
    suits: Taste | None = None
    sampling: Sampling = field(default_factory=Sampling)


def plan(task: Task, form: Form, generator: TextGenerator, window: int = WINDOW) -> Plan:
    """What to ask for, and what the result must fit."""
    adapter = voice(task, generator)
    premise, story = wish_and_piece(task.passages, form)
    model = Model(
        generator.count,
        generator.chat,
        min(generator.window, window),
        prompt.manner_for(form, generator.chat, adapter),
    )
    asides = flavours.asides(task.flavour, task.seed)
    end = tail(task.passages, story, form)
    material = Material(story, premise, task.memory, task.note, end, asides, task.flavour.teller.sample)
    built = prompt.build(form, material, model)
    people = frozenset(passage.author for passage in task.passages if passage.kind == "person" and passage.author)
    before = written(task.passages) if form.fresh else story
    return Plan(
        form,
        built,
        adapter,
        Manners(form.shape, before, people, fresh=form.fresh),
        task.avoid,
        _remarks(task, built, premise + story, generator),
        leads(form, story, premise, people, task.seed),
        premise,
        task.owner,
        suits=flavours.suiting(task.flavour),
        sampling=flavours.feeling(form.sampling, task.flavour, premise + story),
    )


def leads(form: Form, story: str, premise: str, people: frozenset[str], seed: int) -> tuple[str, ...]:
    """What each line begins with, for a form that is written line by line."""
    if not form.lines:
        return ()
    if not form.lines.cast:
        return form.lines.leads
    first, second = speakers(story, premise, form.lines.cast, people, seed)
    return tuple(lead.replace("{a}", first).replace("{b}", second) for lead in form.lines.leads)


def voice(task: Task, generator: TextGenerator) -> str:
    """The adapter to speak with: the one that is live.

    The shipped voices learnt from English books alone; what is wished in Chinese, a chat model understands a little.
    """
    wish = next((passage.text for passage in reversed(task.passages) if passage.kind == "person"), "")
    english = task.adapter.endswith(f"@{SHIPPED_VERSION}")
    return "" if english and sentences.has_cjk(wish) and generator.chat("", "", "") is not None else task.adapter


def wish_and_piece(passages: tuple[Passage, ...], form: Form) -> tuple[str, str]:
    """What the piece is to be about, and the piece so far.

    A fresh form answers the last words of a person; the others go on from everything after the wish.
    """
    if form.fresh:
        asked = [passage.text.strip() for passage in passages if passage.kind == "person" and passage.text.strip()]
        return (asked[-1] if asked else "", "")
    wish = ""
    if passages and passages[0].kind == "person" and is_wish(passages[0].text, form):
        wish, passages = passages[0].text.strip().rstrip(".。"), passages[1:]
    return wish, piece(passages, form)


def piece(passages: tuple[Passage, ...], form: Form) -> str:
    """The passages as one text, as the form sets it."""
    if form.shape == "script":
        return "\n".join(passage.text.strip() for passage in passages)
    return sentences.join_all((passage.text for passage in passages), lines=form.shape == "verse")


def tail(passages: tuple[Passage, ...], story: str, form: Form) -> str:
    """What asks for the next line or stanza of verse, and, behind the model's own words, for the next paragraph.

    Without it a voice that learnt to stop at the end of a stanza or a tale would have nothing to say.
    """
    if form.shape == "verse" and not form.lines:
        return "\n\n" if sentences.finished(story) else "\n"
    last = passages[-1] if passages else None
    own = last is not None and last.kind == "model" and sentences.finished(last.text)
    return "\n\n" if own and form.shape == "prose" else ""


def written(passages: tuple[Passage, ...]) -> str:
    """What the model wrote of it."""
    return "\n\n".join(passage.text for passage in passages if passage.kind == "model")


def is_wish(text: str, form: Form) -> bool:
    """Whether a first passage says what the piece should be about, rather than being its first words.

    "A lighthouse keeper finds a letter addressed to no one" is a wish;
    "The rain had not stopped when Mara" is a beginning.
    """
    bare = text.strip()
    if len(bare.split()) > _WISH_WORDS or _PROSE.search(bare) or "\n" in bare:
        return False
    return form.shape != "prose" or not sentences.finished(bare) or len(sentences.ends(bare)) < 2


def _remarks(task: Task, built: Prompt, words: str, generator: TextGenerator) -> tuple[Remark, ...]:
    told = [name for name in built.shortened if name != "examples" and not (name == "story" and _told(task, built))]
    remarks: list[Remark] = [("shortened", {"section": name}) for name in told]
    first = not any(passage.kind == "model" for passage in task.passages)
    if sentences.has_cjk(words) and first:
        remarks += [("chinese_base", {})] * (not knows_chinese(generator))
        remarks += [("chinese_mood", {})] * bool(task.flavour.mood)
    return tuple(remarks)


def knows_chinese(generator: TextGenerator) -> bool:
    """Whether Chinese was among what the model's tokens were made for: to others each character is two or three."""
    return len(_CHINESE) * 0.3 < generator.count(_CHINESE) < len(_CHINESE) * 1.2


def _told(task: Task, built: Prompt) -> bool:
    """Whether the story was too long for the window at the turn before, so that the person has heard of it."""
    kept = sum(len(section.text) for section in built.sections if section.name == "story")
    return sum(len(passage.text) for passage in task.passages[:-2]) > kept
