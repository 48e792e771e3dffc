"""From a task to what is asked of the model: which words are the wish, which are the piece, and in which manner.

Pure; the writer carries it out.
"""

import re
from dataclasses import dataclass

from engine.ports import TextGenerator
from engine.text import prompt, sentences
from engine.text.clean import Manners
from engine.text.forms.load import Form
from engine.text.lines import speakers
from engine.text.prompt import Material, Model, Prompt
from engine.text.task import Passage, Remark, Task

WINDOW = 1024
_PROSE = re.compile(r"\b(?:was|were|had|said|went|came|could|would|did|knew|felt|saw)\b|[\"“”]", re.IGNORECASE)
_WISH_WORDS = 40


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


def plan(task: Task, form: Form, generator: TextGenerator, window: int = WINDOW) -> Plan:
    """What to ask for, and what the result must fit."""
    adapter = voice(task, form, generator)
    premise, story = wish_and_piece(task.passages, form)
    model = Model(
        generator.count,
        generator.chat,
        min(generator.window, window),
        prompt.manner_for(form, generator.chat, adapter),
    )
    built = prompt.build(form, Material(story, premise, task.memory, task.note), model)
    people = frozenset(passage.author for passage in task.passages if passage.kind == "person" and passage.author)
    before = written(task.passages) if form.fresh else story
    return Plan(
        form,
        built,
        adapter,
        Manners(form.shape, before, people, fresh=form.fresh),
        task.avoid,
        _remarks(task, built, premise + story),
        leads(form, story, premise, people, task.seed),
        premise,
    )


def leads(form: Form, story: str, premise: str, people: frozenset[str], seed: int) -> tuple[str, ...]:
    """What each line begins with, for a form that is written line by line."""
    if not form.lines:
        return ()
    if not form.lines.cast:
        return form.lines.leads
    first, second = speakers(story, premise, form.lines.cast, people, seed)
    return tuple(lead.replace("{a}", first).replace("{b}", second) for lead in form.lines.leads)


def voice(task: Task, form: Form, generator: TextGenerator) -> str:
    """The adapter to speak with: the one that was asked for, else the form's own, if the generator has it."""
    return next((name for name in (task.adapter, form.adapter) if name in generator.voices), "")


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
    return wish, piece(passages)


def piece(passages: tuple[Passage, ...]) -> str:
    """The passages as one text."""
    text = ""
    for passage in passages:
        text = sentences.join(text, passage.text)
    return text


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


def _remarks(task: Task, built: Prompt, words: str) -> tuple[Remark, ...]:
    remarks: list[Remark] = [("shortened", {"section": name}) for name in built.shortened if name != "examples"]
    first = not any(passage.kind == "model" for passage in task.passages)
    if sentences.has_cjk(words) and first:
        remarks.append(("chinese_base", {}))
    return tuple(remarks)
