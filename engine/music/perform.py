"""Carry out an order: the one place where orders, composer and files of music meet. Pure but for the network.

What an edit does not touch stays: the notes in the phrase, and where a person sent a file, the file's own notes.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from engine.errors import Impossible
from engine.music.composer import Composer
from engine.music.engraving import can_engrave, draw_score
from engine.music.feeling import mood_of
from engine.music.hearing import hear
from engine.music.keeping import arranged, saved
from engine.music.midi import read_midi
from engine.music.notation import read_notes, write_abc
from engine.music.orders import Order
from engine.music.phrase import Phrase, notes_of
from engine.music.render import draw_roll, render_audio
from engine.music.returning import Placed, told
from engine.music.said import MAX_PLAYERS, read_said
from engine.music.score import Score
from engine.music.setting import counted
from engine.music.song import Song, laid_out, read_song, resung, sing
from engine.music.styles import INSTRUMENTS, STYLES
from engine.music.wishes import Wish, read_wish, usual_tempo

Piece = tuple[Score, bytes]  # and its MIDI file
USUAL_EXTENSION, USUAL_MORPH = 8, 8
SINGER = "voice"


def check(order: Order, source: Score | None, other: Score | None) -> int:
    """How many versions the order's words ask for. Raises a Refused if it cannot be carried out; cheap."""
    if order.verb == "song":
        read_song(order.text)
    elif order.verb != "compose" and source is None:
        raise Impossible(why="no_music_yet")
    if order.verb == "morph" and other is None:
        raise Impossible(why="one_music_only")
    if order.verb in ("compose", "song", "accompany"):
        return read_wish(order.words, source.wish if source else None).variants
    return 1


def perform(
    composer: Composer, order: Order, source: Piece | None, other: Score | None, seed: int, drafts: int
) -> list[Piece]:
    """As many pieces as drafts were asked for, best first; the same order, music and seed give the same pieces.

    What an edit does not touch stays as it is in the source's file: see `engine.music.keeping`.
    """
    if order.verb == "compose":
        wish = replace(read_wish(order.words, source[0].wish if source else None), variants=drafts)
        made = composer.compose(wish, seed, motifs=order.motifs)
        return [_own(Score(one.phrase, _answered(one.wish, one.motifs, one.phrase), one.seed, one.form))
                for one in made]  # fmt: skip
    if order.verb == "song":
        wish = replace(sung_wish(order, source[0].wish if source else None), variants=drafts)
        return [_own(Score(one.phrase, _as_long(wish, one), seed, lyrics=one.lyrics))
                for one in sing(composer.desk, order.text, wish, seed, motifs=order.motifs)]  # fmt: skip
    if source is None:
        raise Impossible(why="no_music_yet")
    score, data = source
    heard = None if order.verb == "morph" else hear(data)
    pieces = []
    for number in range(drafts):
        phrase = _changed(composer, order, score, other, seed + number)
        changed = _with_words(Score(phrase, _wish(order, score, phrase), seed + number, score.form), score)
        parts = arranged(phrase, changed.wish, heard)
        pieces.append((changed, saved(parts, phrase, changed.wish, heard, changed.lyrics)))
    return pieces


def sung_wish(order: Order, base: Wish | None) -> Wish:
    """The wish of a song: in the mood of its words unless another is asked for, one voice and whoever accompanies it.

    Raises UnclearWish.
    """
    said = read_said(order.words)
    mood = mood_of(order.text) if base is None and said.mood is None else None
    wish = read_wish(f"{order.words} {mood or ''}", base)
    if wish.style.lanes > 1:
        usual = STYLES["ballad"]
        remarks = (*wish.remarks, ("song_one_voice", dict[str, str | int]()))
        wish = replace(wish, style=usual, tempo=usual_tempo(usual, wish.mood), remarks=remarks)
        players = usual.instruments
    else:
        # What would play the tune leaves it to the voice, unless it can play chords as well.
        first, *others = wish.style.instruments
        alone = INSTRUMENTS[first].kind == "solo" and not (base or said.players or said.more)
        players = tuple(others) if alone else wish.instruments
    band = tuple(name for name in players if name not in ("voice", "choir"))[: MAX_PLAYERS - 1]
    return replace(wish, instruments=(SINGER, *(band or ("piano",))))


def bars_of(order: Order, wish: Wish) -> int:
    """How many bars the words of a song need."""
    places = laid_out(read_song(order.text), counted(wish.metre))
    return (places[-1].first + places[-1].bars) * (2 if wish.metre == "2/4" else 1)


def _as_long(wish: Wish, song: Song) -> Wish:
    """The wish with the length that the words gave the song."""
    return replace(_answered(wish, song.motifs, song.phrase), bars=song.phrase.bars)


def _answered(wish: Wish, motifs: Placed, phrase: Phrase) -> Wish:
    """The wish of one finished piece, with what is to be said of the motifs in it."""
    return replace(wish, variants=1, remarks=(*wish.remarks, *told(motifs, phrase)))


def _with_words(changed: Score, source: Score) -> Score:
    """The changed music with the words it had, as long as every one of them still has its note."""
    if not source.lyrics:
        return changed
    before, after = (notes_of(score.phrase.lanes[0])[: len(source.lyrics)] for score in (source, changed))
    if [note.start for note in before] == [note.start for note in after]:
        return replace(changed, lyrics=source.lyrics)
    lost = replace(changed.wish, remarks=(*changed.wish.remarks, ("song_words_lost", {})))
    return replace(changed, wish=lost)


def heard(data: bytes) -> Piece:
    """The music of a MIDI file, or of text (ABC, note names), which then gets a MIDI file. Raises BadMidi, BadNotes."""
    text = _text(data)
    if text is None:
        found = hear(data)
        return Score(found.phrase, found.wish), data
    phrase = read_notes(text)
    style = STYLES["chorale" if len(phrase.lanes) > 1 and phrase.metre.name in STYLES["chorale"].metres else "folk"]
    usual = read_wish("piano")
    wish = replace(usual, style=style, key=phrase.key, metre=phrase.metre.name, bars=phrase.bars, tempo=style.tempo)
    return _own(Score(phrase, wish))


def _text(data: bytes) -> str | None:
    """The bytes as words, None if they are no words; a MIDI file never is, because zero bytes stand in its head."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return text if text.strip() and not text.startswith("MThd") and "\0" not in text else None


def sound(_score: Score, data: bytes) -> bytes:
    """The file's sound as OGG/Opus."""
    return render_audio(data)


def roll(score: Score, data: bytes) -> bytes:
    """The file's piano roll as PNG."""
    return draw_roll(read_midi(data).tracks, score.phrase.metre, score.phrase.bars)


def abc(score: Score, _data: bytes) -> bytes:
    """The melody or the voices as ABC 2.1."""
    return write_abc(score.phrase, tempo=score.wish.tempo).encode()


def written(score: Score, _data: bytes) -> bytes:
    """The score as PNG."""
    return draw_score(score.phrase, score.wish.tempo, score.lyrics)


Render = Callable[[Score, bytes], bytes]
RENDER: Mapping[str, Render] = {"ogg": sound, "png": roll, "abc": abc, **({"score": written} if can_engrave() else {})}


def _own(score: Score) -> Piece:
    return score, saved(arranged(score.phrase, score.wish), score.phrase, score.wish, lyrics=score.lyrics)


def _changed(composer: Composer, order: Order, source: Score, other: Score | None, seed: int) -> Phrase:
    phrase = source.phrase
    if source.lyrics and order.verb in ("vary", "redraw") and order.change in ("", "other"):
        return resung(composer.desk, phrase, order, seed)
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
