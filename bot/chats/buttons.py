"""The buttons under a passage in a chat, and what it means when one is pressed.

Everything a button needs stands in its own data (a letter and the passage's id, 17 bytes; Telegram allows 64, Discord
100), so that one that was sent years and many restarts ago still works. A letter is never given another meaning.
"""

import re
from dataclasses import dataclass

from bot import wording
from engine.messages import Turn, Vote
from engine.story import LOOKS, MUSIC

ACTIONS = {
    "r": "retry", "c": "continue", "p": "previous", "n": "next", "u": "undo", "x": "cancel",
    "e": "extend", "v": "vary", "a": "accompany", "h": "harmonize", "w": "choose",
}  # fmt: skip
VOTES: dict[str, Vote] = {"+": 1, "-": -1, "0": 0}
STILL = "="  # the button that only shows "2/3"

WRITTEN = (("🔁", "retry", "r"), ("➡", "continue", "c"), ("↩", "undo", "u"))
MUSICAL = (("🔁", "another", "r"), ("➕", "extend", "e"), ("🎲", "vary", "v"))
DRAWN = (MUSICAL[0], *WRITTEN[1:])
HEARD = (MUSICAL[1:], (("🎹", "accompany", "a"), ("🎼", "harmonize", "h")))
"""Rows of buttons: the sign, the name of its words, the letter."""

_DATA = re.compile(r"([-+0=a-z])([0-9a-f]{16})?")


@dataclass(frozen=True, slots=True)
class Button:
    """What stands on a button, and what comes back when it is pressed."""

    label: str
    data: str


Rows = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True)
class Press:
    """What a button asks for: a vote (when `vote` is not None), an action, or neither; and on which passage."""

    turn: str
    action: str = ""
    vote: Vote | None = None


def read(data: str | None) -> Press | None:
    """What a pressed button means; None for anything that is not one of ours."""
    match = _DATA.fullmatch(data or "")
    if match is None:
        return None
    letter, turn = match[1], match[2] or ""
    if letter in VOTES and turn:
        return Press(turn, vote=VOTES[letter])
    if letter in ACTIONS and (turn or letter == "x"):
        return Press(turn, ACTIONS[letter])
    return Press(turn) if letter == STILL else None


def under(turn: Turn, language: str, *, private: bool) -> Rows:
    """The buttons under a finished passage.

    In a private chat the counts are one person's own vote, so pressing the same thumb again takes it back.
    """
    votes = (
        _button(_counted("👍", turn.likes), "0" if private and turn.likes else "+", turn.id),
        _button(_counted("👎", turn.dislikes), "0" if private and turn.dislikes else "-", turn.id),
    )
    versions = (
        _button("◀", "p", turn.id),
        _button(f"{turn.version}/{turn.versions}", STILL, turn.id),
        _button("▶", "n", turn.id),
    )
    named = MUSICAL if turn.form == MUSIC else DRAWN if turn.form in LOOKS else WRITTEN
    return (
        votes + (versions if turn.versions > 1 else ()),
        tuple(_named(*each, turn.id, language) for each in named),
    )


def under_heard(turn: Turn, language: str) -> Rows:
    """The buttons under what is said of a MIDI file that somebody sent."""
    return tuple(tuple(_named(*each, turn.id, language) for each in row) for row in HEARD)


def stop(language: str) -> Rows:
    """The button under a passage that is still being written."""
    return ((_named("⏹", "stop", "x", "", language),),)


def choices(offered: tuple[tuple[str, str], ...]) -> Rows:
    """The buttons under several passages of which one is to be chosen: what stands on each, and its passage."""
    return (tuple(_button(label, "w", turn) for label, turn in offered),) if offered else ()


def rerun(turn: str, language: str) -> Rows:
    """The button that offers to answer changed words anew."""
    return ((_named("🔁", "rerun", "r", turn, language),),)


def _counted(sign: str, count: int) -> str:
    return f"{sign} {count}" if count else sign


def _named(sign: str, name: str, letter: str, turn: str, language: str) -> Button:
    return _button(f"{sign} {wording.say(f'button_{name}', language)}", letter, turn)


def _button(label: str, letter: str, turn: str) -> Button:
    return Button(label, letter + turn)
