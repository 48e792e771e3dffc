"""Plain words, English or Chinese, to one exact wish: key, metre, tempo, bars, style, mood, instruments, variants.

What is said (see `said`) is respected; what is not said follows from the style and the mood, or from an earlier wish
that the words change. `describe` gives the facts of a wish, which `bot/wording` puts into one line of the reader's
language, so that a person sees what was understood before judging the music.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypedDict

from engine.music.errors import UnclearWish
from engine.music.keynames import Keys
from engine.music.keys import Key
from engine.music.phrase import METRES
from engine.music.said import FASTEST, MAX_BARS, MAX_PLAYERS, SLOWEST, Remark, Said, read_said
from engine.music.styles import INSTRUMENTS, MOODS, STYLES, Style

__all__ = ["MAX_BARS", "Facts", "Remark", "Wish", "describe", "read_wish"]
_SINGERS = {"choir", "voice"}
_BLUES = (0, 0, 0, 0, 5, 5, 0, 0, 7, 5, 0, 0)  # semitones above the tonic, a bar each


@dataclass(frozen=True, slots=True)
class Wish:
    """A request without gaps. `tempo` counts quarters a minute in every metre, as MIDI does.

    `chords` are numbers of `chords`, one a bar, repeated as needed; `remarks` name sentences that the person should
    read (see bot/wording), with their fields.
    """

    key: Key
    metre: str
    bars: int
    tempo: int
    style: Style
    mood: str | None
    instruments: tuple[str, ...]
    drums: bool
    variants: int
    density: int = 0
    register: int = 0
    chords: tuple[int, ...] = ()
    remarks: tuple[Remark, ...] = ()


class Facts(TypedDict):
    """A wish as plain values, for words and for storage."""

    bars: int
    metre: str
    key: str
    tempo: int
    style: str
    mood: str | None
    instruments: list[str]
    drums: bool
    variants: int


def read_wish(text: str, base: Wish | None = None) -> Wish:
    """What a person asks for. With `base` only what is said changes. Raises UnclearWish.

    With a base, "with flute" means the flute alone, "add a flute" the flute too; "faster", "slower", "longer" and
    "shorter" are measured against it. What the base had from its style changes with the style.
    """
    said = read_said(text)
    mood = said.mood or (base.mood if base else None)
    is_blues = said.keys.blues and said.style is None
    style = STYLES["pop"] if is_blues else _style(said, base)
    key = _key(said, mood, base)
    metre = said.metre or (base.metre if base and base.metre in style.metres else style.metres[0])
    if metre not in style.metres:
        raise UnclearWish(why="style_metre", style=style.name, metre=metre, metres=", ".join(style.metres))
    tempo = _tempo(said, style, mood, base)
    instruments = _instruments(said, style, base)
    kept = base if base is not None and base.style == style and base.mood == mood else None
    feel = MOODS[mood] if mood else None
    return Wish(
        key,
        metre,
        _bars(said, metre, tempo, base),
        tempo,
        style,
        mood,
        instruments,
        _drums(said, style, base),
        said.variants or 1,
        said.density or (kept.density if kept else feel.density if feel else style.density),
        said.register or (kept.register if kept else feel.register if feel else 0),
        _chords(said, key, base),
        (*said.remarks, *((("style_stand_in", {"style": style.name, "word": "blues"}),) if is_blues else ())),
    )


def _chords(said: Said, key: Key, base: Wish | None) -> tuple[int, ...]:
    """The chords named, twelve bars for a blues, or the base's as long as nobody speaks of keys."""
    if said.chords:
        return said.chords
    if said.keys.blues:
        return tuple(12 * key.is_minor + (key.tonic + step) % 12 for step in _BLUES)
    return base.chords if base is not None and said.keys == Keys() else ()


def describe(wish: Wish) -> Facts:
    """The wish as facts, with our English names for key, style, mood and instruments."""
    return Facts(
        bars=wish.bars,
        metre=wish.metre,
        key=wish.key.name,
        tempo=wish.tempo,
        style=wish.style.name,
        mood=wish.mood,
        instruments=list(wish.instruments),
        drums=wish.drums,
        variants=wish.variants,
    )


def _style(said: Said, base: Wish | None) -> Style:
    """The style named, the base's, or what fits: singers and quartets have four parts, all else is a folk tune."""
    if said.style:
        return STYLES[said.style]
    if base is not None:
        return base.style
    players = set(said.players)
    sung = players & _SINGERS and not players - _SINGERS - {"organ"}
    quartet = (
        len(said.players) >= 4 and not said.drums and all(INSTRUMENTS[n].kind in ("solo", "bass") for n in players)
    )
    chorale = STYLES["chorale"]
    return chorale if (sung or quartet) and (said.metre or "4/4") in chorale.metres else STYLES["folk"]


def _tempo(said: Said, style: Style, mood: str | None, base: Wish | None) -> int:
    if said.tempo is not None:
        return said.tempo
    usual = usual_tempo(style, mood)
    if base is not None and base.tempo != usual_tempo(base.style, base.mood):
        usual = base.tempo
    return max(SLOWEST, min(FASTEST, round(usual * said.pace)))


def usual_tempo(style: Style, mood: str | None) -> int:
    """Quarters a minute when nobody says how fast."""
    return round(style.tempo * (MOODS[mood].tempo if mood else 1.0))


def _bars(said: Said, metre: str, tempo: int, base: Wish | None) -> int:
    """As many as said, or as fit a length in seconds; a blues has twelve, anything else eight."""
    if said.bars is not None:
        return said.bars
    if said.seconds is not None:
        bars = max(1, round(said.seconds * tempo / 60 * 4 / METRES[metre].bar))
        if bars > MAX_BARS:
            raise UnclearWish(why="seconds", bars=bars, most=MAX_BARS)
        return bars
    usual = base.bars if base is not None else 12 if said.keys.blues else 8
    return max(1, min(MAX_BARS, round(usual * said.lengthen)))


def _key(said: Said, mood: str | None, base: Wish | None) -> Key:
    """The key named, or the tonic or mode named with the rest from the base, or C major and A minor by the mood."""
    keys = said.keys
    if keys.key is not None:
        return keys.key
    if base is not None and said.mood is None:
        home = base.key if keys.tonic is None else Key(keys.tonic, flat=keys.flat)
        return Key(home.tonic, keys.mode or base.key.mode, home.flat)
    minor = bool(mood and MOODS[mood].minor)
    mode = keys.mode or ("minor" if minor else "major")
    if keys.tonic is not None:
        return Key(keys.tonic, mode, keys.flat)
    if base is not None:
        return Key(base.key.tonic, mode, base.key.flat)
    plain = ("major", "major pentatonic", "minor", "minor pentatonic", "harmonic minor", "melodic minor")
    return Key(2 if mode not in plain else 0 if "major" in mode else 9, mode)


def _instruments(said: Said, style: Style, base: Wish | None) -> tuple[str, ...]:
    start: Sequence[str] = said.players
    if not start:
        usual = base is None or base.instruments == base.style.instruments
        start = style.instruments if usual or base is None else base.instruments
    if not said.players and base is None and said.more:
        start = ()
    basses = tuple(name for name in start if name.endswith("bass")) if "bass" in said.fewer else ()
    kept = [name for name in start if name not in (*said.fewer, *basses)]
    kept += [name for name in said.more if name not in kept]
    if not kept:
        raise UnclearWish(why="nobody_plays")
    if len(kept) > MAX_PLAYERS:
        raise UnclearWish(why="players", most=MAX_PLAYERS, value=len(kept))
    return tuple(kept)


def _drums(said: Said, style: Style, base: Wish | None) -> bool:
    if said.drums is not None:
        return said.drums
    if base is not None and (said.style is None or said.style == base.style.name):
        return base.drums
    return bool(style.drums) and not said.players


def without_remarks(wish: Wish) -> Wish:
    """The wish as a base for the next one: what was said once need not be said again."""
    return replace(wish, remarks=(), variants=1)
