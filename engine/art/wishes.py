"""What somebody wants drawn, read from plain words: style, tints, colours, sights, mood, genre. Pure.

What the words leave open is the piece's: its genre and mood, or those that its text has. A look is stored with what was
drawn, so it can be asked for again and told to whoever takes the piece home.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from engine.art.vocabulary import BARE, COLOUR_WORDS, COLOURS, GENRES, MOODS, SIGHTS, STYLE_WORDS, STYLES, TINT_WORDS
from engine.errors import TextTooLong
from engine.messages import Flavour
from engine.music.vocabulary import MOOD_WORDS
from engine.text import mood as moods
from engine.text.flavour import GENRES as GENRE_WORDS

Kind = Literal["palette", "cover"]
LONGEST = 300
TITLE = 90
MOST_COLOURS, MOST_TINTS = 5, 2
_CLEAR, _TELLING = 0.25, 3  # how far a text lies on a mood's side to be called that, and by how many words at least


@dataclass(frozen=True, slots=True)
class Look:
    """A wish for a palette or a cover. Names are those of `vocabulary` and `engine.text.mood`; "" says nothing.

    `colours` must be in it, `hints` are colours that would suit it. `text` is what is lettered on a cover, "" for
    nothing. `heard`: the words, if there are any, said something that is known here.
    """

    kind: Kind
    words: str = ""
    style: str = "abstract"
    mood: str = ""
    genre: str = ""
    tints: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    text: str = ""
    heard: bool = True


def read_look(kind: Kind, words: str, flavour: Flavour, story: str = "", title: str = "") -> Look:
    """The look behind a command's words, for a piece of that flavour, text and title. Raises TextTooLong."""
    said = " ".join(words.split())
    if len(said) > LONGEST:
        raise TextTooLong(length=len(said), limit=LONGEST)
    colours, rest = _taken(said.casefold(), COLOUR_WORDS)  # "dark blue" is a colour before "dark" is a mood
    tints, _ = _taken(rest, TINT_WORDS)
    bare = any(phrase in rest for phrase in BARE)
    style, genre, mood = (_first(rest, table) for table in (STYLE_WORDS, _GENRES, MOOD_WORDS))
    seen = _seen(rest, 1)
    heard = any((not said, colours, tints, bare, style, genre, mood, seen))
    genre = genre or flavour.genre
    mood = mood or flavour.mood or _felt(f"{said}\n{story}")
    return Look(
        kind,
        said,
        style or "abstract",
        mood if mood in moods.MOODS else "",
        genre if genre in GENRES else "",
        tints[:MOST_TINTS],
        colours[:MOST_COLOURS],
        seen or _seen(story.casefold(), 2) or GENRES.get(genre) or MOODS.get(mood, ()),
        "" if bare or kind == "palette" else lettered(title),
        heard,
    )


def lettered(title: str) -> str:
    """A title as it stands on a cover."""
    return " ".join(title.split())[:TITLE]


def stored(look: Look) -> dict[str, Any]:
    """A look as `loaded` reads it again."""
    return asdict(look)


def loaded(fields: Mapping[str, Any]) -> Look:
    """A look as it was stored, perhaps by another version, or in a file that somebody changed: what is unknown here is
    left out.
    """

    def names(name: str, known: Mapping[str, Any] | Collection[str]) -> tuple[str, ...]:
        found = fields.get(name, ())
        return tuple(one for one in found if one in known)[:LONGEST] if isinstance(found, list | tuple) else ()

    def name(name: str, known: Mapping[str, Any] | Collection[str]) -> str:
        found = fields.get(name)
        return found if isinstance(found, str) and found in known else ""

    words, text = (str(fields.get(name, "")) for name in ("words", "text"))
    return Look(
        "cover" if fields.get("kind") == "cover" else "palette",
        words[:LONGEST],
        name("style", STYLES) or "abstract",
        name("mood", moods.MOODS),
        name("genre", GENRES),
        names("tints", TINT_WORDS.values())[:MOST_TINTS],
        names("colours", COLOURS)[:MOST_COLOURS],
        names("hints", COLOURS)[:MOST_COLOURS],
        lettered(text),
        fields.get("heard") is not False,
    )


def _first(text: str, table: Mapping[str, str]) -> str:
    """What the first word of a table that a text has means, "" for none."""
    return next(iter(_taken(text, table)[0]), "")


def _taken(text: str, table: Mapping[str, str]) -> tuple[tuple[str, ...], str]:
    """What the words of a table that a text has mean, as they stand in it, longest first; and the text without them."""
    found: list[tuple[int, str]] = []
    for word in sorted(table, key=len, reverse=True):
        pattern = rf"\b{re.escape(word)}\b" if word.isascii() else re.escape(word)
        for match in re.finditer(pattern, text):
            found.append((match.start(), table[word]))
            text = text[: match.start()] + " " * len(match[0]) + text[match.end() :]
    return tuple(dict.fromkeys(name for _, name in sorted(found))), text


def _seen(text: str, times: int) -> tuple[str, ...]:
    """The colours of the two sights that a text names most, if it does so often enough."""
    counts = Counter({colours: sum(len(find.findall(text)) for find in finds) for finds, colours in _SIGHTS})
    most = [colours for colours, count in counts.most_common(2) if count >= times]
    return tuple(colour for colours in most for colour in colours[: 3 if len(most) == 1 else 2])


def _felt(text: str) -> str:
    """The mood of a text, "" for one that is plain narration, or whose words nobody rated."""
    found = moods.measure(text)
    name = moods.nearest(found.mood)
    return name if found.glad + found.lively >= _TELLING and moods.towards(name, found.mood) > _CLEAR else ""


_GENRES = {word: name for name, others in GENRE_WORDS.items() for word in (name, *others)}
_SIGHTS = [
    ([re.compile(rf"\b{word}\b" if word.isascii() else word) for word in names.split()], colours)
    for names, colours in SIGHTS.items()
]
