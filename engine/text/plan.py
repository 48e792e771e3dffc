"""From a task to what is asked of the model: which words are the wish, which are the piece, and in which manner.

Pure; the writer carries it out.
"""

import re
from dataclasses import dataclass, field, replace

from adapters.manifest import SHIPPED_VERSION
from engine.ports import Sampling, TextGenerator
from engine.text import flavour as flavours
from engine.text import items, lore, prompt, sentences
from engine.text.clean import Manners
from engine.text.forms.load import Form
from engine.text.lines import speakers
from engine.text.prompt import Material, Model, Prompt
from engine.text.task import Passage, Remark, Task
from engine.text.tasting import Taste

WINDOW = 1024
_PROSE = re.compile(r"\b(?:was|were|had|said|went|came|could|would|did|knew|felt|saw)\b|[\"“”]", re.IGNORECASE)
_WISH_WORDS = 40
_CHORUS = re.compile(r"^\[Chorus\]\n((?:[^\[\n]+\n?)+)", re.MULTILINE)
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
    form, premise = in_scheme(form, premise)
    form = with_refrain(form, story)
    model = Model(
        generator.count,
        generator.chat,
        min(generator.window, window),
        prompt.manner_for(form, generator.chat, adapter),
    )
    built = prompt.build(form, material(task, form, premise, story), model)
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


def material(task: Task, form: Form, premise: str, story: str) -> Material:
    """All that may go into the prompt, with the lore that was named."""
    fired, held = lore.scan(task.lore, task.passages)
    return Material(
        story,
        premise,
        task.memory,
        task.note,
        tail(task.passages, story, form),
        items.of_lore(fired),
        items.of_withheld(held),
        tuple(passage.text for passage in task.passages),
        asides=flavours.asides(task.flavour, task.seed),
        sample=task.flavour.teller.sample,
    )


def leads(form: Form, story: str, premise: str, people: frozenset[str], seed: int) -> tuple[str, ...]:
    """What each line begins with, for a form that is written line by line."""
    if not form.lines:
        return ()
    if not form.lines.cast:
        return form.lines.leads
    first, second = speakers(story, premise, form.lines.cast, people, seed)
    return tuple(lead.replace("{a}", first).replace("{b}", second) for lead in form.lines.leads)


def in_scheme(form: Form, wish: str) -> tuple[Form, str]:
    """The form in the rhyme scheme that a word of the wish names, and the wish without that word."""
    for word, scheme in form.lines.schemes.items() if form.lines else ():
        asked = re.compile(rf"[,(]?\s*(?<![a-z]){re.escape(word)}(?![a-z])\s*[:,)：，]?", re.IGNORECASE)
        if form.lines and asked.search(wish):
            return replace(form, lines=replace(form.lines, rhymes=scheme)), asked.sub("", wish).strip()
    return form, wish


def with_refrain(form: Form, story: str) -> Form:
    """A song that goes on: after its next verse the chorus that it has comes back."""
    had = _CHORUS.findall(story)
    lines = form.lines
    if not lines or not lines.again or not had:
        return form
    chorus = tuple(line.strip() for line in had[-1].strip().split("\n"))
    verse = next(at for at, head in enumerate(lines.heads) if "[Chorus]" in head)
    heads = (*lines.heads[: verse + 1], *("" for _ in chorus[1:]))
    more = len(chorus)
    going_on = replace(
        lines,
        leads=("",) * (verse + more),
        syllables=(*lines.syllables[:verse], *(8 for _ in chorus)),
        rhymes=lines.rhymes[:verse] + "-" * more,
        heads=heads,
        again=(),
        given=(*("" for _ in range(verse)), *chorus),
    )
    return replace(form, lines=going_on, checker="verse", least=0)


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
    shown = [section for section in built.sections if section.name == "story"]
    tokens, letters = sum(section.tokens for section in shown), sum(len(section.text) for section in shown)
    free = built.window - built.reserved - built.tokens
    free += sum(section.tokens for section in built.sections if section.name in ("summary", "recall"))
    room = letters * (tokens + free) // max(1, tokens)  # what there would be if nothing came back of what is cut
    return sum(len(passage.text) for passage in task.passages[:-2]) > room
