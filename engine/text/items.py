"""What stands in a prompt beside the story, piece by piece, each with the reason why it is there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from engine.messages import Fact
from engine.text.lore import Fired, Hit, Withheld


@dataclass(frozen=True, slots=True)
class Item:
    """An entry of the lore (by its number), the summary, or an earlier passage that was called back."""

    name: Literal["lore", "summary", "recall"]
    text: str
    why: tuple[Fact, ...] = ()
    number: int = 0
    cut: Fact | None = None


def of_lore(fired: Sequence[Fired]) -> tuple[Item, ...]:
    """Entries that fired, each with what made it fire."""
    return tuple(Item("lore", one.entry.text, _fired(one), one.entry.number) for one in fired)


def of_withheld(held: Sequence[Withheld]) -> tuple[Fact, ...]:
    """Why entries that were named stay out."""
    return tuple(_withheld(one) for one in held)


def numbers(found: Sequence[int]) -> str:
    """Numbers in a line, runs of them as such: "2, 5-9"."""
    runs: list[list[int]] = []
    for number in sorted(found):
        if runs and runs[-1][-1] == number - 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    return ", ".join("-".join(map(str, run)) for run in runs)


def _fired(one: Fired) -> tuple[Fact, ...]:
    number = one.entry.number
    if one.entry.always:
        return (("why_always", {"number": number}),)
    facts = [_hit("why_key" if place == 0 else "why_second", number, hit) for place, hit in enumerate(one.hits)]
    sticky: tuple[Fact, ...] = (("why_sticky", {"number": number, "since": one.since}),) if one.since else ()
    return (*facts, *sticky)


def _withheld(one: Withheld) -> Fact:
    number = one.entry.number
    if one.by:
        return _hit("held_never", number, one.by)
    return "held_second", {"number": number, "word": one.hit.key if one.hit else "", "words": ", ".join(one.lacks)}


def _hit(name: str, number: int, hit: Hit) -> Fact:
    where = "_last" if hit.back == 0 else ""
    return name + where, {"number": number, "word": hit.key, "back": hit.back, "quote": hit.quote}
