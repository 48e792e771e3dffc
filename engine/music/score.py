"""A piece of music as it is stored and handed about: notes, the wish it answers, and what it came from.

`to_row` and `from_row` turn it into plain JSON and back. What is stored must open in every later version: names are
written, never positions in a table, and a name nobody knows any more raises ValueError instead of meaning another.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.music.keys import Key
from engine.music.phrase import METRES, Phrase
from engine.music.styles import STYLES
from engine.music.wishes import Wish

VERSION = 1
_PLAIN = ("metre", "bars", "tempo", "mood", "drums", "variants", "density", "register")
_LISTS = ("instruments", "chords")


@dataclass(frozen=True, slots=True)
class Score:
    """Notes, the wish they answer, the seed that made them, and the plan of what returns ("ABA", "" for none).

    `lyrics` are sung to the first notes of the first lane, one event a note (see `engine.text.singing`).
    """

    phrase: Phrase
    wish: Wish
    seed: int = 0
    form: str = ""
    lyrics: tuple[str, ...] = ()


def to_row(score: Score) -> dict[str, Any]:
    """The score as JSON."""
    phrase, wish = score.phrase, score.wish
    return {
        "ghostnote_score": VERSION,
        "metre": phrase.metre.name,
        "key": [phrase.key.tonic, phrase.key.mode, phrase.key.flat],
        "lanes": [list(lane) for lane in phrase.lanes],
        "chords": list(phrase.chords),
        "wish": {
            "key": [wish.key.tonic, wish.key.mode, wish.key.flat],
            "style": wish.style.name,
            **{name: getattr(wish, name) for name in _PLAIN},
            **{name: list(getattr(wish, name)) for name in _LISTS},
        },
        "seed": score.seed,
        "form": score.form,
        **({"lyrics": list(score.lyrics)} if score.lyrics else {}),
    }


def from_row(row: Mapping[str, Any]) -> Score:
    """The score a row holds. Raises ValueError if this version cannot read it."""
    try:
        if row["ghostnote_score"] > VERSION:
            raise ValueError("the score was written by a newer version")
        phrase = Phrase(
            METRES[row["metre"]],
            Key(*row["key"]),
            tuple(tuple(lane) for lane in row["lanes"]),
            tuple(row["chords"]),
        )
        wished = row["wish"]
        fields: dict[str, Any] = {name: wished[name] for name in _PLAIN}
        fields |= {name: tuple(wished[name]) for name in _LISTS}
        wish = Wish(key=Key(*wished["key"]), style=STYLES[wished["style"]], **fields)
        return Score(phrase, wish, row["seed"], row["form"], tuple(row.get("lyrics", ())))
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a score this version can read: {error}") from error
