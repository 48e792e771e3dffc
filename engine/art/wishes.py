"""What somebody wants drawn, read from plain words: style, tints, colours, sights, mood, genre. Pure.

What the words leave open is the piece's: its genre and mood, or those that its text has. A look is stored with what was
drawn, so it can be asked for again and told to whoever takes the piece home.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, TypeVar

from engine.art.vocabulary import (
    BARE_WORDS,
    COLOUR_WORDS,
    COLOURS,
    GENRES,
    MOODS,
    SIGHT_WORDS,
    STYLE_WORDS,
    STYLES,
    TINT_WORDS,
    VERBS,
)
from engine.errors import TextTooLong
from engine.messages import Flavour
from engine.music.vocabulary import MOOD_WORDS
from engine.text import mood as moods
from engine.text.flavour import GENRES as GENRE_WORDS
from engine.words import Words

T = TypeVar("T")
Kind = Literal["palette", "cover"]
LONGEST = 300
TITLE = 90
MOST_COLOURS, MOST_TINTS = 5, 2
_OFTEN = 2  # times that a story names a sight
_CLEAR, _TELLING = 0.25, 3  # how far a text lies on a mood's side to be called that, and by how many words at least


@dataclass(frozen=True, slots=True)
class Look:
    """A wish for a palette or a cover. Names are those of `vocabulary` and `engine.text.mood`; "" says nothing.

    `colours` must be in it, `hints` are colours that would suit it. `text` is what is lettered on a cover, `bare` that
    nothing shall be. `heard`: the words, if there are any, said something that is known here.
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
    bare: bool = False
    heard: bool = True


def read_look(
    kind: Kind, words: str, flavour: Flavour, story: str = "", title: str = "", base: Look | None = None
) -> Look:
    """The look behind a command's words, for a piece of that flavour, text and title. Raises TextTooLong.

    With a `base` they change that one: what they do not speak of stays, all but its words, which are somebody's own.
    """
    said = " ".join(words.split())
    if len(said) > LONGEST:
        raise TextTooLong(length=len(said), limit=LONGEST)
    found = [word for _, word in Words(said).find(_KNOWN)]  # "dark blue" is no "dark", "黑暗" no "黑"

    def meant(table: Mapping[str, T]) -> tuple[T, ...]:
        return tuple(dict.fromkeys(table[word] for word in found if word in table))

    before = base or Look(kind, style="")
    genres, asked = meant(_GENRES), meant(MOOD_WORDS)
    genre = next(filter(None, (*genres, before.genre, flavour.genre)), "")
    mood = next(filter(None, (*asked, before.mood, flavour.mood, _felt(f"{said}\n{story}"))), "")
    kept = () if genres or asked else before.hints
    look = Look(
        kind,
        said,
        (*meant(STYLE_WORDS), before.style or STYLES[0])[0],
        mood if mood in moods.MOODS else "",
        genre if genre in GENRES else "",
        meant(TINT_WORDS)[:MOST_TINTS] or before.tints,
        meant(COLOUR_WORDS)[:MOST_COLOURS] or before.colours,
        _mixed(meant(SIGHT_WORDS)) or kept or _seen(story) or GENRES.get(genre) or MOODS.get(mood, ()),
        bare=(*meant(BARE_WORDS), before.bare)[0],
        heard=not said or bool(found),
    )
    return titled(look, title)


def titled(look: Look, title: str) -> Look:
    """The look under a title, where one is to be lettered."""
    shown = look.kind == "cover" and not look.bare
    return replace(look, text=" ".join(title.split())[:TITLE] if shown else "")


def stored(look: Look) -> dict[str, Any]:
    """A look as `loaded` reads it again."""
    return asdict(look)


def loaded(fields: Mapping[str, Any]) -> Look:
    """A look as it was stored, perhaps by another version, or in a file that somebody changed: what is unknown here is
    left out.
    """

    def names(name: str, known: Collection[str]) -> tuple[str, ...]:
        found = fields.get(name)
        listed = found if isinstance(found, list | tuple) else ()
        return tuple(one for one in listed if isinstance(one, str) and one in known)

    def name(name: str, known: Collection[str]) -> str:
        found = fields.get(name)
        return found if isinstance(found, str) and found in known else ""

    look = Look(
        "cover" if fields.get("kind") == "cover" else "palette",
        str(fields.get("words", ""))[:LONGEST],
        name("style", STYLES) or STYLES[0],
        name("mood", moods.MOODS),
        name("genre", GENRES),
        names("tints", TINT_WORDS.values())[:MOST_TINTS],
        names("colours", COLOURS)[:MOST_COLOURS],
        names("hints", COLOURS)[:MOST_COLOURS],
        bare=fields.get("bare") is True,
        heard=fields.get("heard") is not False,
    )
    return titled(look, str(fields.get("text", "")))


def _mixed(sights: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The colours of one sight, or of the first two some."""
    few = 3 if len(sights) == 1 else 2
    return tuple(dict.fromkeys(colour for colours in sights[:2] for colour in colours[:few]))


def _seen(story: str) -> tuple[str, ...]:
    """The colours of the sights that a story names most, if it does so more than once."""
    counts = Counter(SIGHT_WORDS[word] for _, word in Words(story).find(_TOLD))
    return _mixed([colours for colours, count in counts.most_common(2) if count >= _OFTEN])


def _felt(text: str) -> str:
    """The mood of a text, "" for one that is plain narration, or whose words nobody rated."""
    found = moods.measure(text)
    name = moods.nearest(found.mood)
    return name if found.glad + found.lively >= _TELLING and moods.towards(name, found.mood) > _CLEAR else ""


_GENRES = {
    word: name
    for name, others in GENRE_WORDS.items()
    for word in (name, *others)
    if word.removesuffix("色") not in COLOUR_WORDS
}  # "黑色" is noir only in a library
_TOLD = tuple(word for word in SIGHT_WORDS if word not in VERBS)
_KNOWN = (*STYLE_WORDS, *TINT_WORDS, *COLOUR_WORDS, *SIGHT_WORDS, *BARE_WORDS, *_GENRES, *MOOD_WORDS)
