"""What the model sees: passages, memory, note and form as one text within a budget of tokens.

Everything is counted with the model's own tokenizer. The answer's room is taken off first; memory and note share at
most 45 % of the window; the newest story keeps 512 tokens where there is so much; what does not fit is cut at
sentences, old story from its start, the rest from its end. The sections are slices of the real prompt: joined they are
the prompt, and their token counts add up to the prompt's.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from engine.messages import Section
from engine.text import sentences
from engine.text.forms.load import Form, Way

Count = Callable[[str], int]
Chat = Callable[[str, str, str], str | None]
Manner = Literal["voice", "chat", "plain"]

EXTRAS_SHARE = 45
STORY_FLOOR = 512
NOTE_DEPTH = 3
LONG_SENTENCE = 120  # tokens; a longer one is cut at words
LETTERS = 16  # more than any token of ordinary text has
NOTE = "[Note: {}]\n\n"
MEMORY = "{}\n\n"
MEMORY_CHAT = "\nKeep in mind: {}"
SAMPLE = "{}\n\n"
SAMPLE_CHAT = "\nWrite like this: {}"

_MARKUP = re.compile(r"<\|[^<>]{0,40}\|>|</?s>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|[\x00\r]")
_WORDS = re.compile(r"\s*\S+|\s+$")


@dataclass(frozen=True, slots=True)
class Material:
    """What goes in: the piece so far, what it is about, and what must be kept in view.

    `tail` follows the piece: the line breaks that ask for a new line or paragraph ("": go on in the same one).
    `asides`, a name and a text each, stand beside the premise; `sample` is a text to write like.
    """

    story: str = ""
    premise: str = ""
    memory: str = ""
    note: str = ""
    tail: str = ""
    asides: tuple[tuple[str, str], ...] = ()
    sample: str = ""


@dataclass(frozen=True, slots=True)
class Model:
    """What of the model is needed here: how it counts, its chat template, the window, and how it is to be asked."""

    count: Count
    chat: Chat
    window: int
    manner: Manner = "chat"


@dataclass(frozen=True, slots=True)
class Prompt:
    """The exact prompt. `tokens` is its count; `reserved` tokens of the window are left for the answer."""

    text: str
    sections: tuple[Section, ...]
    tokens: int
    window: int
    reserved: int

    @property
    def shortened(self) -> tuple[str, ...]:
        """Names of the sections of which something was left out."""
        return tuple(dict.fromkeys(section.name for section in self.sections if section.cut))


def build(form: Form, material: Material, model: Model) -> Prompt:
    """The prompt for the next passage; its tokens and the reserved ones never exceed the window."""
    return _Builder(form, _disarmed(material, model.window * LETTERS), model).build()


def manner_for(form: Form, chat: Chat, adapter: str) -> Manner:
    """How to ask: a voice was trained on its own plain format; else the chat template, if there is one and it suits."""
    if adapter:
        return "voice"
    if form.prefer == "chat" and chat("", "", "") is not None:
        return "chat"
    return "plain"


def fit_head(text: str, budget: int, count: Count) -> str:
    """The beginning of the text in at most `budget` tokens: whole sentences, or words if not even one fits."""
    return _fit(text, budget, count, newest=False)


def fit_tail(text: str, budget: int, count: Count) -> str:
    """The end of the text in at most `budget` tokens: whole sentences, or words if not even one fits."""
    return _fit(text, budget, count, newest=True)


def _fit(text: str, budget: int, count: Count, newest: bool) -> str:
    for pieces in (sentences.pieces(text), _WORDS.findall(text), list(text)):
        kept = _most(pieces[::-1] if newest else pieces, budget, count, newest)
        if kept:
            return text[len(text) - kept :] if newest else text[:kept]
    return ""


def _most(pieces: list[str], budget: int, count: Count, newest: bool) -> int:
    """Characters of the first pieces that fit together.

    The counts of single pieces add up to a little more than the count of the whole, so after each round the whole is
    counted and what room it leaves is filled.
    """
    empty, kept, left = count(""), 0, budget
    while kept < len(pieces) and (more := _take(pieces[kept:], left, count, empty)):
        chosen = pieces[: kept + more]
        left = budget - (count("".join(chosen[::-1] if newest else chosen)) - empty)
        if left < 0:
            break
        kept += more
    return sum(map(len, pieces[:kept]))


def _take(pieces: list[str], budget: int, count: Count, empty: int) -> int:
    """How many of the pieces fit, counted one by one."""
    for taken, piece in enumerate(pieces):
        # a piece of so many characters cannot fit, and counting it would take long
        budget -= count(piece) - empty if len(piece) <= 64 * max(16, budget) else len(piece)
        if budget < 0:
            return taken
    return len(pieces)


def _disarmed(material: Material, near: int) -> Material:
    """Nobody's words may act as the model's own markup. Story older than `near` characters is never shown."""

    def plain(text: str) -> str:
        while _MARKUP.search(text):
            text = _MARKUP.sub("", text)
        return text.strip()

    story = material.story.strip()
    return Material(
        story[:-near] + plain(story[-near:]),
        plain(material.premise),
        plain(material.memory),
        plain(material.note),
        material.tail,
        tuple((name, text) for name, aside in material.asides if (text := plain(aside))),
        plain(material.sample),
    )


@dataclass(frozen=True, slots=True)
class _Span:
    name: str
    text: str


class _Builder:
    """One prompt on its way: the material as far as it fits, and how much each cut took."""

    def __init__(self, form: Form, material: Material, model: Model) -> None:
        self._form, self._wanted, self._model = form, material, model
        self._way: Way = getattr(form, model.manner)
        self._examples = len(form.examples)
        self._system = True
        self._reserved = max(1, min(form.room, model.window // 2))
        self._room = model.window - self._reserved

    def build(self) -> Prompt:
        kept = self._cut()
        spans = self._spans(kept)
        while self._tokens(spans) > self._room:
            smaller = self._smaller(kept)
            if smaller is None:
                break
            kept = smaller
            spans = self._spans(kept)
        sections = self._measured(spans, kept)
        text = "".join(span.text for span in spans)
        return Prompt(text, sections, self._model.count(text), self._model.window, self._reserved)

    def _tokens(self, spans: list[_Span]) -> int:
        return self._model.count("".join(span.text for span in spans))

    # ── deciding ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _cut(self) -> Material:
        count, wanted, empty = self._model.count, self._wanted, self._model.count("")
        # a novel need not be split into sentences to find the last thousand tokens of it
        near = wanted.story[-self._room * LETTERS :]
        premise = fit_head(wanted.premise[: self._room * LETTERS], self._room // 4, count)
        sample = fit_head(wanted.sample[: self._room * LETTERS], self._room // 6, count).rstrip()
        bare = Material(premise=premise, asides=wanted.asides, sample=sample)
        while self._tokens(self._spans(bare)) > self._room // 2 and self._examples:
            self._examples -= 1
        self._system = self._tokens(self._spans(bare)) <= self._room // 2
        free = self._room - self._tokens(self._spans(bare))
        newest = fit_tail(near, self._floor(free, near), count)
        budget = min(self._model.window * EXTRAS_SHARE // 100, free - (count(newest) - empty)) - 2
        note = self._extra(
            NOTE, wanted.note[: self._room * LETTERS], max(budget // 2, budget - self._cost(wanted.memory, budget))
        )
        budget -= self._cost(NOTE.format(note), budget) if note else 0
        memory = self._extra(MEMORY_CHAT, wanted.memory[: self._room * LETTERS], budget)
        kept = replace(bare, memory=memory, note=note)
        story = fit_tail(near, self._room - self._tokens(self._spans(kept)), count)
        return replace(kept, story=max(story, newest, key=len))

    def _floor(self, free: int, story: str) -> int:
        """What the newest story may take before memory and note: 512 tokens and the sentence they begin in."""
        floor = min(STORY_FLOOR, self._model.window // 2, free)
        shortest = fit_tail(story, floor, self._model.count)
        rest = story[: len(story) - len(shortest)]
        begun = self._model.count(sentences.pieces(rest)[-1][-800:]) if rest.strip() else 0
        return min(floor + begun, free) if begun < LONG_SENTENCE else floor

    def _cost(self, text: str, limit: int) -> int:
        """Tokens of a text, counted no further than matters."""
        return self._model.count(text[: limit * 16]) - self._model.count("") + 8

    def _extra(self, frame: str, text: str, budget: int) -> str:
        room = budget - (self._model.count(frame.format("")) - self._model.count(""))
        return fit_head(text, room, self._model.count).rstrip() if room > 0 else ""

    def _smaller(self, kept: Material) -> Material | None:
        """A little less: a sentence of old story, then of memory, note and premise."""
        if kept.story:
            pieces = sentences.pieces(kept.story)
            rest = "".join(pieces[1:]) if len(pieces) > 1 else kept.story[len(kept.story) // 8 + 1 :]
            return replace(kept, story=rest)
        for name in ("sample", "memory", "note", "premise"):
            text: str = getattr(kept, name)
            if text:
                shorter: dict[str, Any] = {name: text[: len(text) * 7 // 8]}
                return replace(kept, **shorter)
        if self._examples:
            self._examples -= 1
        elif self._system:
            self._system = False
        else:
            return None
        return kept

    # ── laying out ───────────────────────────────────────────────────────────────────────────────────────────────

    def _spans(self, kept: Material) -> list[_Span]:
        spans = self._chat(kept) if self._model.manner == "chat" else self._continuation(kept)
        return [span for span in spans if span.text]

    def _head(self, kept: Material) -> list[_Span]:
        if not kept.premise and not kept.asides:
            return [_Span("instruction", self._way.begun)]
        before, _, after = self._way.asked.partition("{premise}")
        asides = [_Span(name, f"; {text}") for name, text in kept.asides]
        if not kept.premise and asides:
            asides[0] = replace(asides[0], text=kept.asides[0][1])
        return [_Span("instruction", before), _Span("premise", kept.premise), *asides, _Span("instruction", after)]

    def _shown(self) -> list[_Span]:
        return [
            _Span("examples", self._way.example.replace("{ask}", one.ask).replace("{answer}", one.answer))
            for one in self._form.examples[: self._examples]
        ]

    def _begun(self, kept: Material) -> list[_Span]:
        """The piece so far, the note three paragraphs from its end."""
        note = _Span("note", NOTE.format(kept.note) if kept.note else "")
        if not kept.story:
            return [note, _Span("instruction", "" if self._form.lines else self._way.lead)]
        place = note_place(kept.story) if kept.note else 0
        newest = kept.story[place:] + self._wanted.tail
        return [_Span("story", kept.story[:place]), note, _Span("story", newest)]

    def _continuation(self, kept: Material) -> list[_Span]:
        memory = _Span("memory", MEMORY.format(kept.memory) if kept.memory else "")
        # what a story must remember reads best as its first paragraph; between a wish and its list it would disturb
        head = [memory, *self._head(kept)] if self._form.fresh else [*self._head(kept), memory]
        system = _Span("instruction", self._way.system if self._system else "")
        sample = _Span("teller", SAMPLE.format(kept.sample) if kept.sample else "")
        return [system, *self._shown(), sample, *head, *self._begun(kept)]

    def _chat(self, kept: Material) -> list[_Span]:
        system = [
            _Span("instruction", self._way.system if self._system else ""),
            _Span("memory", MEMORY_CHAT.format(kept.memory) if kept.memory else ""),
            _Span("teller", SAMPLE_CHAT.format(kept.sample) if kept.sample else ""),
        ]
        user = [*self._shown(), *self._head(kept)]
        begun = self._begun(kept)
        roles = [system, user, begun]
        texts = ["".join(span.text for span in role) for role in roles]
        whole = self._model.chat(*texts) or "".join(texts)
        spans, place = [], 0
        for role, text in zip(roles, texts, strict=True):
            found = whole.find(text, place) if text else -1
            if found >= 0:
                spans += [_Span("template", whole[place:found]), *role]
                place = found + len(text)
        return [*spans, _Span("template", whole[place:])]

    # ── accounting ───────────────────────────────────────────────────────────────────────────────────────────────

    def _measured(self, spans: list[_Span], kept: Material) -> tuple[Section, ...]:
        """Each span's tokens are what it adds to the text before it, so that they add up exactly."""
        sections: list[Section] = []
        before, total, told = "", 0, set[str]()
        cuts = self._cuts(kept)
        for span in spans:
            before += span.text
            so_far = self._model.count(before)
            cut = "" if span.name in told else cuts.pop(span.name, "")
            told.add(span.name)
            sections.append(Section(span.name, so_far - total, span.text, cut))
            total = so_far
        # a section of which nothing was kept has no span, but its loss is told all the same
        return (*sections, *(Section(name, 0, "", cut) for name, cut in cuts.items()))

    def _cuts(self, kept: Material) -> dict[str, str]:
        cuts = {}
        for name, side in (("story", "first"), ("memory", "last"), ("note", "last"), ("premise", "last")):
            lost = len(getattr(self._wanted, name)) - len(getattr(kept, name))
            if lost > 0:
                cuts[name] = f"the {side} {lost} characters: {self._why(name)}"
        lost = len(self._form.examples) - self._examples
        if lost:
            cuts["examples"] = f"the last {lost}: the window is too small for them"
        if not self._system and self._way.system:
            cuts["instruction"] = "the opening: the window is too small for it"
        return cuts

    def _why(self, name: str) -> str:
        if name in {"memory", "note"}:
            return f"memory and note may take {EXTRAS_SHARE} % of {self._model.window} tokens, and the story goes first"
        return f"{self._model.window} tokens of window, {self._reserved} of them for the answer"


def note_place(story: str) -> int:
    """Where the third paragraph from the end begins (0 if there are no more than three)."""
    breaks = [found.end() for found in re.finditer(r"\n\s*\n", story)]
    return breaks[-NOTE_DEPTH] if len(breaks) >= NOTE_DEPTH else 0
