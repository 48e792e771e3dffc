"""What a person sent stays as they sent it: an edited phrase written back into the tracks of the file it came from.

A phrase is a reading of the file on a grid, so it must never replace the file. The old and the new phrase are compared
lane by lane and note by note. Kept exactly, in timing, length and loudness, are all notes that both have, all notes
that no lane has (the inner notes of thick chords, doublings), drums, programs, names, pedals and bends, tempo changes,
and the file's own resolution. A note that only ends elsewhere keeps its start and loudness. What is new is played by
the track that plays that lane, as loud as that track is around it; lanes that the file does not have, and instruments
that were added to the wish, become tracks of their own after the person's, and go on when the piece is made longer.
The person's drums go on as well, repeating a bar; whatever else they sent ends where it ended.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace

from engine.music.arrange import Part, Played, accompanied, arrange, played_by
from engine.music.colophon import Known, write_colophon
from engine.music.hearing import Heard, instrument_of
from engine.music.midi import Frame, Words, parse, write_file
from engine.music.phrase import CELL, Note, Phrase, notes_of
from engine.music.wishes import Wish

_SLIP = 4  # ticks by which a note of the phrase may stand beside the one that was played


def arranged(phrase: Phrase, wish: Wish, heard: Heard | None = None) -> tuple[Part, ...]:
    """What each track plays: by rule for a piece of our own, else the tracks of `heard` with what changed in them.

    Lanes beyond those of `heard`, and instruments and drums that `wish` has and its file has not, are added at the end.
    """
    if heard is None or heard.by_rule:
        return arrange(phrase, wish)
    tracks = [list(track.notes) for track in heard.sheet.tracks]
    for old, new, index in zip(heard.phrase.lanes, phrase.lanes, heard.tracks_of, strict=False):
        if old != new:
            tracks[index] = _changed(tracks[index], notes_of(old), notes_of(new))
    _go_on(tracks, phrase, wish, heard)
    _drum_on(tracks, phrase, heard)
    kept = [replace(track, notes=tuple(notes)) for track, notes in zip(heard.sheet.tracks, tracks, strict=True)]
    return (*kept, *_added(phrase, wish, heard))


def saved(
    parts: Sequence[Part], phrase: Phrase, wish: Wish, heard: Heard | None = None, lyrics: Sequence[str] = ()
) -> bytes:
    """The parts as a MIDI file that `hear` reads back as this phrase and wish; with `heard`, in that file's own frame.

    `lyrics` stand where the first notes of the first lane begin, in the track that plays it. The tempo is that of the
    file unless the wish asks for another one than it was heard with.
    """
    frame = Frame(phrase.key, phrase.metre.name, wish.tempo)
    if heard is not None and not heard.by_rule and wish.tempo == heard.wish.tempo:
        sheet = heard.sheet
        frame = Frame(phrase.key, phrase.metre.name, sheet.tempo, sheet.tempi, sheet.resolution)
    elif heard is not None and not heard.by_rule:
        frame = replace(frame, resolution=heard.sheet.resolution)
    parts = [part for part in parts if part.notes]
    known = Known(phrase, wish, heard is None or heard.by_rule, _ruled(parts, phrase, heard))
    words = Words(_singer(parts, heard), sung(phrase, lyrics))
    return write_file(parts, frame, write_colophon(parse(write_file(parts, frame)), known), words)


def sung(phrase: Phrase, lyrics: Sequence[str]) -> tuple[tuple[int, str], ...]:
    """Each lyric event with the tick of its note."""
    return tuple((note.start, text) for note, text in zip(notes_of(phrase.lanes[0]), lyrics, strict=False))


def _singer(parts: Sequence[Part], heard: Heard | None) -> int:
    """Which of the parts plays the first lane."""
    if heard is None or heard.by_rule or not heard.tracks_of:
        return 0
    name = heard.sheet.tracks[heard.tracks_of[0]]
    return next((i for i, part in enumerate(parts) if (part.name, part.program) == (name.name, name.program)), 0)


def _ruled(parts: Sequence[Part], phrase: Phrase, heard: Heard | None) -> tuple[int, ...]:
    """Which of the parts accompany by rule: those that did before, and those added now, unless these are voices."""
    if heard is None or heard.by_rule:
        return ()
    sent = len(heard.sheet.tracks)
    voices = max(0, len(phrase.lanes) - len(heard.phrase.lanes))
    before = tuple(i for i in heard.ruled if i < len(parts))
    return (*before, *range(sent, len(parts))) if not voices else before


def _go_on(tracks: list[list[Played]], phrase: Phrase, wish: Wish, heard: Heard) -> None:
    """Let the engine's own accompaniment go on under new bars; the close it had made before them is made anew."""
    if not heard.ruled or phrase.cells <= heard.phrase.cells or not phrase.chords:
        return
    ruled = [heard.sheet.tracks[i] for i in heard.ruled]
    names = tuple(instrument_of(track.program) for track in ruled if not track.drums)
    drummed = [i for i in heard.ruled if heard.sheet.tracks[i].drums]
    made = accompanied(phrase, replace(wish, instruments=names, drums=bool(drummed)))
    since = (heard.phrase.bars - 1) * phrase.metre.bar * CELL
    for index, part in zip([*(i for i in heard.ruled if i not in drummed), *drummed], made, strict=False):
        tracks[index] = [n for n in tracks[index] if n.start < since] + [n for n in part.notes if n.start >= since]


def _drum_on(tracks: list[list[Played]], phrase: Phrase, heard: Heard) -> None:
    """Let the person's drums go on under new bars: of their last four bars the fullest, and one stroke at the end."""
    bar, old, new = phrase.metre.bar * CELL, heard.phrase.bars, phrase.bars
    for index, part in enumerate(heard.sheet.tracks):
        if not part.drums or index in heard.ruled or new <= old:
            continue
        bars = [[n for n in part.notes if b * bar <= n.start < (b + 1) * bar] for b in range(max(0, old - 4), old)]
        fullest = max(reversed(bars), key=len)
        for b in range(old, new):
            moved = [n._replace(start=n.start % bar + b * bar) for n in fullest]
            tracks[index] += moved if b < new - 1 else moved[:1]


def _changed(track: list[Played], old: Sequence[Note], new: Sequence[Note]) -> list[Played]:
    """One track after a lane of it changed from the old notes to the new ones."""
    gone = set(old) - set(new)
    sources = {(note.start, note.pitch): _source(track, note) for note in gone}
    taken = {id(source) for source in sources.values() if source is not None}
    kept = [note for note in track if id(note) not in taken]
    for note in sorted(set(new) - set(old)):
        source = sources.get((note.start, note.pitch))
        if source is None:
            loud = _loudness(track, note.start)
            kept.append(Played(note.start, note.length, note.pitch, loud))
        else:
            kept.append(source._replace(length=max(1.0, note.start + note.length - source.start)))
    return sorted(kept)


def _source(track: Sequence[Played], note: Note) -> Played | None:
    """The note as it was played, nearest in time."""
    near = [p for p in track if p.pitch == note.pitch and abs(p.start - note.start) <= _SLIP]
    return min(near, key=lambda p: abs(p.start - note.start), default=None)


def _loudness(track: Sequence[Played], at: float) -> int:
    """The mean velocity of the eight notes around a time; the track is sorted."""
    place = bisect_left(track, at, key=lambda note: note.start)
    around = track[max(0, place - 4) : place + 4] or track[-8:]
    return round(sum(note.velocity for note in around) / len(around)) if around else 80


def _added(phrase: Phrase, wish: Wish, heard: Heard) -> list[Part]:
    """Tracks beside the person's: further voices, or a band under the melody."""
    names = [name for name in wish.instruments if name not in heard.wish.instruments]
    drums = wish.drums and not heard.wish.drums
    parts = []
    extra = range(len(heard.phrase.lanes), len(phrase.lanes))
    for place, lane in enumerate(extra):
        name = names[min(place, len(names) - 1)] if names else wish.instruments[0]
        parts.append(played_by(phrase, lane, name))
    if not extra and (names or drums) and phrase.chords:
        parts += accompanied(phrase, replace(wish, instruments=tuple(names), drums=drums))
    return parts
