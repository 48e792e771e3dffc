"""What the model sees: passages, memory, lore, note and form as one text within a budget of tokens.

Everything is counted with the model's own tokenizer. The answer's room is taken off first; memory, lore and note share
at most 45 % of the window, of which lore takes at most 25; the newest story keeps 512 tokens where there is so much;
what does not fit is cut at sentences, old story from its start, the rest from its end. Of old story that was cut a
summary and what the newest passages recall come back, in a fifth of the window and never in the newest story's room.
The sections are slices of the real prompt: joined they are the prompt, and their token counts add up to the prompt's.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from engine.messages import Fact, Section
from engine.text import earlier, sentences
from engine.text.fitting import Count, fit_head, fit_tail
from engine.text.forms.load import Form, Way
from engine.text.items import Item, numbers

Chat = Callable[[str, str, str], str | None]
Manner = Literal["voice", "chat", "plain"]

EXTRAS_SHARE = 45
LORE_SHARE = 25
EARLIER_SHARE = 20
STORY_FLOOR = 512
NOTE_DEPTH = 3
LONG_SENTENCE = 120  # tokens; a longer one is cut at words
LETTERS = 16  # more than any token of ordinary text has
NOTE = "[Note: {}]\n\n"
MEMORY = "{}\n\n"
MEMORY_CHAT = "\nKeep in mind: {}"
ITEM = "{}\n\n"
ITEM_CHAT = {"lore": "\n{}", "summary": "\nWhat came before: {}", "recall": "\nFrom before: {}"}
TOLD_SHAPES = ("prose", "script")  # verse is not told again in sentences
SAMPLE = "{}\n\n"
SAMPLE_CHAT = "\nWrite like this: {}"

_MARKUP = re.compile(r"<\|[^<>]{0,40}\|>|</?s>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|[\x00\r]")


@dataclass(frozen=True, slots=True)
class Material:
    """What goes in: the piece so far, what it is about, and what must be kept in view.

    `tail` follows the piece: the line breaks that ask for a new line or paragraph ("": go on in the same one). Of
    `lore` what comes first matters most; `held` tells of entries that stay out. `passages` are what the story is made
    of; `told` is what comes back of those that do not fit. `asides`, a name and a text each, stand beside the premise;
    `sample` is a text to write like.
    """

    story: str = ""
    premise: str = ""
    memory: str = ""
    note: str = ""
    tail: str = ""
    lore: tuple[Item, ...] = ()
    held: tuple[Fact, ...] = ()
    passages: tuple[str, ...] = ()
    told: tuple[Item, ...] = ()
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
    return _Builder(form, _disarmed(material), model).build()


def manner_for(form: Form, chat: Chat, adapter: str) -> Manner:
    """How to ask: a voice was trained on its own plain format; else the chat template, if there is one and it suits."""
    if adapter:
        return "voice"
    if form.prefer == "chat" and chat("", "", "") is not None:
        return "chat"
    return "plain"


def _disarmed(material: Material) -> Material:
    """Nobody's words may act as the model's own markup."""
    return replace(
        material,
        story=_plain(material.story),
        premise=_plain(material.premise),
        memory=_plain(material.memory),
        note=_plain(material.note),
        lore=_plain_items(material.lore),
        asides=tuple((name, text) for name, aside in material.asides if (text := _plain(aside))),
        sample=_plain(material.sample),
        passages=tuple(map(_plain, material.passages)),
    )


def _plain(text: str) -> str:
    while _MARKUP.search(text):
        text = _MARKUP.sub("", text)
    return text.strip()


def _plain_items(items: tuple[Item, ...]) -> tuple[Item, ...]:
    return tuple(replace(item, text=_plain(item.text)) for item in items)


@dataclass(frozen=True, slots=True)
class _Span:
    name: str
    text: str
    why: tuple[Fact, ...] = ()
    cut: Fact | None = None


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
        kept = self._with_extras(bare, budget)
        story = fit_tail(near, self._room - self._tokens(self._spans(kept)), count)
        told, shown = self._told(kept, near, newest, story)
        return replace(kept, story=max(shown, newest, key=len), told=told)

    def _with_extras(self, kept: Material, budget: int) -> Material:
        """Note, lore and memory, each with its share if the others want theirs, or with what they leave."""
        wanted, most = self._wanted, self._model.window * LORE_SHARE // 100
        memory = self._cost(wanted.memory, budget)
        lore = min(most, self._cost("".join(self._framed(item) for item in wanted.lore), most)) if wanted.lore else 0
        share = budget // (3 if lore else 2)
        note = self._extra(NOTE, wanted.note[: self._room * LETTERS], max(share, budget - memory - lore))
        budget -= self._cost(NOTE.format(note), budget) if note else 0
        entries = self._entries(min(most, max(budget // 2, budget - memory)))
        budget -= self._cost("".join(map(self._framed, entries)), budget) if entries else 0
        text = self._extra(MEMORY_CHAT, wanted.memory[: self._room * LETTERS], budget)
        return replace(kept, memory=text, note=note, lore=entries)

    def _entries(self, budget: int) -> tuple[Item, ...]:
        """Lore in its order. The first entry that does not fit is cut, and none comes after it: what is always in view
        never gives way to what was only named.
        """
        kept, count = list[Item](), self._model.count
        for item in self._wanted.lore:
            before = "".join(map(self._framed, kept))
            left = budget - (count(before + self._framed(item)[: (budget + 1) * LETTERS]) - count(""))
            if left < 0:
                room = budget - (count(before + self._framed(replace(item, text=""))) - count("")) - 1
                text = fit_head(item.text[: budget * LETTERS], room, count).rstrip() if room > 0 else ""
                lost: Fact = ("cut_lore", {"number": item.number, "lost": len(item.text) - len(text), **self._shares()})
                return (*kept, replace(item, text=text, cut=lost)) if text else tuple(kept)
            kept.append(item)
        return tuple(kept)

    def _told(self, kept: Material, near: str, newest: str, story: str) -> tuple[tuple[Item, ...], str]:
        """What comes back of the story that does not fit, and how much of it is shown then."""
        count, wanted = self._model.count, self._wanted
        room = self._room - self._tokens(self._spans(kept))
        spare = room - (count(newest) - count(""))
        share = min(self._model.window * EARLIER_SHARE // 100, spare)
        if len(story) >= len(wanted.story) or share < earlier.LEAST or self._form.shape not in TOLD_SHAPES:
            return (), story
        frames = sum(count(self._framed(Item(name, ""))) - count("") + 1 for name in ("summary", "recall", "recall"))
        found: tuple[tuple[Item, ...], str] = ((), story)
        for _ in range(2):  # what the first finding leaves of its share, the story has; then there is less to find
            shown = max(fit_tail(near, room - share, count), newest, key=len)
            lost = len(wanted.story) - len(shown)
            most = self._model.window * EARLIER_SHARE // 100
            told = earlier.find(wanted.story, wanted.passages, lost, min(most, spare) - frames, count)
            share = self._tokens(self._spans(replace(kept, told=told))) - self._room + room
            if not told or share + count(shown) - count("") > room:
                break
            found = told, shown
        return found

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
        """A little less: what came back, a sentence of old story, then of memory, note and premise, and lore."""
        if kept.told:
            return replace(kept, told=kept.told[:-1])
        if kept.story:
            pieces = sentences.pieces(kept.story)
            rest = "".join(pieces[1:]) if len(pieces) > 1 else kept.story[len(kept.story) // 8 + 1 :]
            return replace(kept, story=rest)
        for name in ("sample", "memory", "note", "premise"):
            text: str = getattr(kept, name)
            if text:
                shorter: dict[str, Any] = {name: text[: len(text) * 7 // 8]}
                return replace(kept, **shorter)
        if kept.lore:
            return replace(kept, lore=kept.lore[:-1])
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

    def _framed(self, item: Item) -> str:
        return (ITEM_CHAT[item.name] if self._model.manner == "chat" else ITEM).format(item.text)

    def _items(self, items: tuple[Item, ...]) -> list[_Span]:
        return [_Span(item.name, self._framed(item), item.why, item.cut) for item in items]

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
        memory = [_Span("memory", MEMORY.format(kept.memory) if kept.memory else ""), *self._items(kept.lore)]
        # what a story must remember reads best as its first paragraph; between a wish and its list it would disturb
        head = [*memory, *self._head(kept)] if self._form.fresh else [*self._head(kept), *memory]
        system = _Span("instruction", self._way.system if self._system else "")
        sample = _Span("teller", SAMPLE.format(kept.sample) if kept.sample else "")
        return [system, *self._shown(), sample, *head, *self._items(kept.told), *self._begun(kept)]

    def _chat(self, kept: Material) -> list[_Span]:
        system = [
            _Span("instruction", self._way.system if self._system else ""),
            _Span("memory", MEMORY_CHAT.format(kept.memory) if kept.memory else ""),
            *self._items((*kept.lore, *kept.told)),
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
            cut = span.cut or (None if span.name in told else cuts.pop(span.name, None))
            told.add(span.name)
            sections.append(Section(span.name, so_far - total, span.text, cut, span.why))
            total = so_far
        held = [Section("lore", 0, "", None, self._wanted.held)] if self._wanted.held else []
        # a section of which nothing was kept has no span, but its loss is told all the same
        return (*sections, *(Section(name.partition(" ")[0], 0, "", cut) for name, cut in cuts.items()), *held)

    def _cuts(self, kept: Material) -> dict[str, Fact]:
        cuts = dict[str, Fact]()
        window: dict[str, str | int] = {"window": self._model.window, "reserved": self._reserved}
        sentences_of = {"story": "cut_first", "memory": "cut_extra", "note": "cut_extra", "premise": "cut_last"}
        for name, sentence in sentences_of.items():
            lost = len(getattr(self._wanted, name)) - len(getattr(kept, name))
            if lost > 0:
                cuts[name] = (sentence, {"lost": lost, **(self._shares() if sentence == "cut_extra" else window)})
        shown = {item.number for item in kept.lore}
        out = [item.number for item in self._wanted.lore if item.number not in shown]
        if out:  # not "lore": the entries that are there have losses of their own
            cuts["lore out"] = ("cut_entries", {"entries": numbers(out), **self._shares()})
        lost = len(self._form.examples) - self._examples
        if lost:
            cuts["examples"] = ("cut_examples", {"lost": lost})
        if not self._system and self._way.system:
            cuts["instruction"] = ("cut_opening", {})
        return cuts

    def _shares(self) -> dict[str, str | int]:
        return {"share": EXTRAS_SHARE, "most": LORE_SHARE, "window": self._model.window}


def note_place(story: str) -> int:
    """Where the third paragraph from the end begins (0 if there are no more than three)."""
    breaks = [found.end() for found in re.finditer(r"\n\s*\n", story)]
    return breaks[-NOTE_DEPTH] if len(breaks) >= NOTE_DEPTH else 0
