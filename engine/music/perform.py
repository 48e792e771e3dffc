"""Carry out an order: the one place where orders, composer and files of music meet. Pure but for the network.

What an edit does not touch stays: the notes in the phrase, and where a person sent a file, the file's own notes.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from engine.errors import Impossible
from engine.music.arrange import Part, arrange
from engine.music.composer import Composer
from engine.music.midi import write_midi
from engine.music.orders import Order
from engine.music.phrase import METRES, Phrase
from engine.music.render import draw_roll, render_audio
from engine.music.score import Score
from engine.music.styles import INSTRUMENTS, STYLES
from engine.music.wishes import Wish, read_wish

USUAL_EXTENSION, USUAL_MORPH = 8, 8


def check(order: Order, source: Score | None, other: Score | None) -> None:
    """Raises Impossible or another Refused if the order cannot be carried out; cheap."""
    if order.verb != "compose" and source is None:
        raise Impossible(why="no_music_yet")
    if order.verb == "morph" and other is None:
        raise Impossible(why="one_music_only")
    if order.verb == "accompany" and source is not None:
        read_wish(order.words, source.wish)


def perform(
    composer: Composer, order: Order, source: Score | None, other: Score | None, seed: int, drafts: int
) -> list[Score]:
    """As many scores as drafts were asked for, best first; the same order, music and seed give the same scores."""
    if order.verb == "compose":
        wish = replace(read_wish(order.words, source.wish if source else None), variants=drafts)
        return [
            Score(made.phrase, replace(made.wish, variants=1), made.seed, made.form)
            for made in composer.compose(wish, seed)
        ]
    if source is None:
        raise Impossible(why="no_music_yet")
    scores = []
    for number in range(drafts):
        phrase = _changed(composer, order, source, other, seed + number)
        scores.append(Score(phrase, _wish(order, source, phrase), seed + number, source.form, source.sent))
    return scores


def parts(score: Score) -> tuple[Part, ...]:
    """What each instrument plays."""
    return arrange(score.phrase, score.wish)


def midi(score: Score) -> bytes:
    """The score as a standard MIDI file."""
    return write_midi(parts(score), score.phrase.key, score.phrase.metre, score.wish.tempo)


def sound(score: Score, data: bytes) -> bytes:
    """The file's sound as OGG/Opus."""
    return render_audio(data)


def roll(score: Score, data: bytes) -> bytes:
    """The piano roll as PNG."""
    return draw_roll(parts(score), METRES[score.wish.metre], score.phrase.bars)


RENDER: Mapping[str, Callable[[Score, bytes], bytes]] = {"ogg": sound, "png": roll}


def _changed(composer: Composer, order: Order, source: Score, other: Score | None, seed: int) -> Phrase:
    phrase = source.phrase
    match order.verb:
        case "extend":
            return composer.extend(phrase, order.bars or min(phrase.bars, USUAL_EXTENSION), seed)
        case "vary":
            return composer.vary(phrase, order.strength, seed, _lanes(order, phrase))
        case "redraw":
            keep = _lanes(order, phrase)
            return composer.redraw(phrase, order.first, order.last, order.change, seed, keep)
        case "harmonize":
            return composer.harmonize(phrase, seed)
        case "accompany":
            return composer.accompany(phrase)
        case _:
            if other is None:
                raise Impossible(why="one_music_only")
            return composer.morph(phrase, other.phrase, order.bars or USUAL_MORPH, seed)


def _lanes(order: Order, phrase: Phrase) -> tuple[int, ...]:
    """The kept lanes as this phrase counts them."""
    return tuple(lane % len(phrase.lanes) if lane < 0 else lane for lane in order.keep)


def _wish(order: Order, source: Score, phrase: Phrase) -> Wish:
    """The wish that the changed music answers."""
    wish = replace(source.wish, bars=phrase.bars, metre=phrase.metre.name, key=phrase.key, variants=1)
    lead = wish.instruments[0]
    if order.verb == "harmonize":
        alone = INSTRUMENTS[lead].kind in ("keys", "pad")
        return replace(wish, style=STYLES["chorale"], instruments=(lead,) if alone else (lead, "strings"))
    if order.verb == "accompany":
        if order.words:
            asked = read_wish(order.words, wish)
            others = tuple(name for name in asked.instruments if name != lead)
            return replace(wish, instruments=(lead, *others), drums=asked.drums, style=asked.style)
        if len(wish.instruments) == 1:
            usual = tuple(name for name in wish.style.instruments[1:] if name != lead)
            return replace(wish, instruments=(lead, *(usual or ("piano", "bass"))))
    return wish
