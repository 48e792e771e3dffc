"""From a phrase to parts that instruments play: who plays what, accompaniment by rule, drums, loudness.

The network writes the melody or the four voices; nothing in the training music has drums or accompaniment, so those are
made here from the chord lane and the tables of `grooves`. Every instrument that was asked for plays, and no other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from engine.music.chords import chord_pitch_classes
from engine.music.grooves import BASS, CHORD_HITS, CRASH, DRUMS, FILLS, KICK, SECTION, bar_of
from engine.music.phrase import CELL, NO_CHORD, Note, Phrase, notes_of
from engine.music.styles import INSTRUMENTS, MOODS, Instrument
from engine.music.wishes import Wish


class Played(NamedTuple):
    """A note with its loudness: ticks (twelve a quarter), MIDI pitch, MIDI velocity.

    What the engine writes stands on whole ticks; what a person sent keeps its own timing, between them.
    """

    start: float
    length: float
    pitch: int
    velocity: int


class Control(NamedTuple):
    """A pedal, a wheel, a fader: ticks, MIDI controller number (BEND for the pitch wheel), its value."""

    at: float
    number: int
    value: int


BEND = -1


@dataclass(frozen=True, slots=True)
class Part:
    """What one instrument plays; `program` is a General MIDI program from 0, ignored for drums."""

    name: str
    program: int
    drums: bool
    notes: tuple[Played, ...]
    controls: tuple[Control, ...] = ()


def arrange(phrase: Phrase, wish: Wish) -> tuple[Part, ...]:
    """Parts for every instrument of the wish, in its order, drums last. The phrase is in its sounding key."""
    players = [INSTRUMENTS[name] for name in wish.instruments]
    if len(phrase.lanes) > 1:
        parts = _voices(phrase, players, loudness(wish))
    else:
        parts = _band(phrase, players, wish, _lead(players))
    return (*parts, *_drummed(phrase, wish))


def accompanied(phrase: Phrase, wish: Wish) -> list[Part]:
    """What the instruments of the wish play around a melody that somebody else plays."""
    players = [INSTRUMENTS[name] for name in wish.instruments]
    return [*_band(phrase, players, wish, None), *_drummed(phrase, wish)]


def played_by(phrase: Phrase, lane: int, name: str) -> Part:
    """One lane on one instrument, a little softer than a melody."""
    player = INSTRUMENTS[name]
    notes = _fitted(_shaped(notes_of(phrase.lanes[lane]), phrase, 74), player)
    return Part(player.name, player.program, False, _clean(notes))


def loudness(wish: Wish) -> int:
    """The MIDI velocity of a melody in this mood."""
    return MOODS[wish.mood].velocity if wish.mood else 84


def _drummed(phrase: Phrase, wish: Wish) -> list[Part]:
    return [Part("drums", 0, True, tuple(_drums(phrase, wish, loudness(wish))))] if wish.drums else []


def _voices(phrase: Phrase, players: Sequence[Instrument], loud: int) -> list[Part]:
    """Deal the lanes to the players: one plays all; two share melody and the rest; four have one each."""
    count, lanes = len(players), len(phrase.lanes)
    shares: list[list[int]] = [[] for _ in players]
    for lane in range(lanes):
        if lane == 0 or count == 1:
            shares[0].append(lane)
        elif lane == lanes - 1:
            shares[min(count, lanes) - 1].append(lane)
        else:
            shares[min(lane, max(1, min(count, lanes) - 2))].append(lane)
    for extra in range(lanes, count):
        shares[extra].append(extra % lanes)
    parts = []
    for player, share in zip(players, shares, strict=True):
        notes = [note for lane in share or [0] for note in _shaped(notes_of(phrase.lanes[lane]), phrase, loud - 4)]
        parts.append(Part(player.name, player.program, False, _clean(_fitted(notes, player))))
    return parts


def _band(phrase: Phrase, players: Sequence[Instrument], wish: Wish, lead: int | None) -> list[Part]:
    """The melody for the player `lead` (None: it is played elsewhere); chords, bass, pad, second voice for the rest."""
    # A chorale has no groove of its own: whoever joins the voices plays broken chords.
    loud, groove = loudness(wish), wish.style.groove or "arpeggio"
    others = [i for i in range(len(players)) if i != lead]
    has_bass = any(_is_bass(players[i]) for i in others)
    harmonist = next((i for i in others if players[i].kind in ("keys", "pluck")), None)
    if harmonist is None and lead is not None and players[lead].kind in ("keys", "pluck"):
        harmonist = lead
    parts, seconds = [], 0
    for i, player in enumerate(players):
        notes: list[Played] = []
        if i == lead:
            notes += _shaped(notes_of(phrase.lanes[0]), phrase, loud)
        if i == harmonist:
            notes += _breathing(_chords(phrase, groove, loud - 24), phrase)
            notes += [] if has_bass else _breathing(_bass(phrase, groove, loud - 16, 36), phrase)
        elif i != lead:
            seconds += _is_second(player)
            notes += _breathing(_other(player, phrase, wish, loud, has_bass, max(0, seconds - 1)), phrase)
        parts.append(Part(player.name, player.program, False, _clean(_fitted(notes, player))))
    return parts


def _is_bass(player: Instrument) -> bool:
    return player.kind == "bass" or (player.kind == "solo" and player.low <= 42)


def _clean(notes: Sequence[Played]) -> tuple[Played, ...]:
    """Sorted, and no key pressed twice at once: of a doubled note the longest stays, an earlier one ends in time."""
    kept: dict[tuple[float, int], Played] = {}
    for note in notes:
        at = (note.start, note.pitch)
        kept[at] = max(kept.get(at, note), note, key=lambda n: (n.length, n.velocity))
    open_notes: dict[int, tuple[float, int]] = {}
    for at in sorted(kept):
        before = open_notes.get(at[1])
        if before is not None and before[0] + kept[before].length > at[0]:
            kept[before] = kept[before]._replace(length=at[0] - before[0])
        open_notes[at[1]] = at
    return tuple(kept[at] for at in sorted(kept))


def _is_second(player: Instrument) -> bool:
    """Whether all that is left for a player is a second voice."""
    return player.kind == "solo" and not _is_bass(player)


def _other(player: Instrument, phrase: Phrase, wish: Wish, loud: int, has_bass: bool, below: int) -> list[Played]:
    """A bass line, a pad, a second accompaniment or a second voice, by what the instrument is good for.

    `below` counts the second voices there are already: each further one sings under the one before.
    """
    if _is_bass(player):
        return _bass(phrase, wish.style.groove or "arpeggio", loud - 8, max(player.low, 28))
    if player.kind == "pad":
        return _pad(phrase, loud - 26) + ([] if has_bass else _bass(phrase, "arpeggio", loud - 22, 40))
    if player.kind in ("keys", "pluck"):
        return _chords(phrase, "arpeggio", loud - 28)
    return _second_voice(phrase, loud - 14, below)


def _shaped(notes: Sequence[Note], phrase: Phrase, loud: int) -> list[Played]:
    """Loudness by place: downbeats lean, and every four bars rise and fall a little."""
    bar, arch = phrase.metre.bar * CELL, phrase.metre.bar * CELL * 4
    played = []
    for note in notes:
        lean = 8 if note.start % bar == 0 else 3 if note.start % (phrase.metre.pulse * CELL) == 0 else 0
        swell = round(10 * (1 - abs(2 * (note.start % arch) / arch - 1)))
        played.append(Played(note.start, note.length, note.pitch, _clipped(loud - 6 + lean + swell)))
    return played


def voicing(chord: int, near: int = 60, size: int = 4) -> list[int]:
    """A chord's notes around a pitch, low to high: the inversion whose lowest note is nearest below `near`."""
    classes = chord_pitch_classes(chord)
    pitches = [p for p in range(near - 5, near + 20) if p % 12 in classes]
    return pitches[:size]


def _chords(phrase: Phrase, groove: str, loud: int) -> list[Played]:
    played = []
    for start, length, voice, chord in _hits(phrase, bar_of(CHORD_HITS, groove, phrase.metre.name)):
        pitches = voicing(chord, 57)
        for pitch in pitches[:3] if voice < 0 else pitches[voice : voice + 1]:
            played.append(Played(start, length, pitch, _clipped(loud)))
    return played


def _bass(phrase: Phrase, groove: str, loud: int, low: int) -> list[Played]:
    """Roots and fifths in the octave above `low`."""
    played = []
    for start, length, step, chord in _hits(phrase, bar_of(BASS, groove, phrase.metre.name) or ((0, 8, 0),)):
        root, _, fifth = chord_pitch_classes(chord)
        pitch = low + ((root if step == 0 else fifth) - low) % 12
        played.append(Played(start, length, pitch, _clipped(loud)))
    return played


def _pad(phrase: Phrase, loud: int) -> list[Played]:
    """The chord held until it changes, a bar at most, three notes."""
    played, first = [], 0
    for cell in range(1, phrase.cells + 1):
        over = cell == phrase.cells or cell % phrase.metre.bar == 0 or phrase.chords[cell] != phrase.chords[first]
        if over:
            chord = phrase.chords[first]
            pitches = voicing(chord, 55)[:3] if chord != NO_CHORD else []
            played += [Played(first * CELL, (cell - first) * CELL, p, _clipped(loud)) for p in pitches]
            first = cell
    return played


def _second_voice(phrase: Phrase, loud: int, lower: int) -> list[Played]:
    """A line below the melody: on each pulse the chord's note a third to an octave under what the melody holds.

    `lower` takes the next chord notes further down, for a third and a fourth voice.
    """
    played: list[Played] = []
    pulse = phrase.metre.pulse * CELL
    for note in notes_of(phrase.lanes[0]):
        if note.start % pulse == 0:
            chord = phrase.chords[min(note.start // CELL, phrase.cells - 1)] if phrase.chords else NO_CHORD
            classes = chord_pitch_classes(chord) if chord != NO_CHORD else (note.pitch % 12,)
            below = [p for p in range(note.pitch - 24, note.pitch - 2) if p % 12 in classes]
            if below:
                if played:
                    last = played[-1]
                    played[-1] = last._replace(length=max(CELL, min(last.length, note.start - last.start)))
                played.append(
                    Played(note.start, max(pulse, note.length), below[-1 - min(lower, len(below) - 1)], _clipped(loud))
                )
    end = phrase.cells * CELL
    return [n._replace(length=min(n.length, end - n.start)) for n in played]


def _drums(phrase: Phrase, wish: Wish, loud: int) -> list[Played]:
    """The style's pattern in every bar (the soft one for styles without), and one stroke on the last downbeat.

    Loud styles announce a section of eight bars with a fill, and open it and close the piece with a cymbal.
    """
    name = wish.style.drums or ("waltz" if phrase.metre.name == "3/4" else "soft")
    pattern = bar_of(DRUMS, name, phrase.metre.name) or ((0, KICK, 70),)
    hits: list[tuple[int, int, int]] = []
    for bar in range(phrase.bars):
        at, last = bar * phrase.metre.bar, bar == phrase.bars - 1 and bar > 0
        fills = name in FILLS and bar % SECTION == SECTION - 1 and not last
        until = 1 if last else phrase.metre.bar - (phrase.metre.pulse if fills else 0)
        hits += [(at + cell, key, velocity) for cell, key, velocity in pattern if cell < until]
        if fills:
            hits += [(at + until + i, FILLS[name], 64 + 8 * i) for i in range(phrase.metre.pulse)]
        if name in FILLS and (last or (bar and bar % SECTION == 0)):
            hits.append((at, CRASH, 92))
    swing = (loud - 84) // 2
    return sorted({Played(cell * CELL, CELL, key, _clipped(velocity + swing)) for cell, key, velocity in hits})


def _hits(phrase: Phrase, pattern: Sequence[tuple[int, int, int]]) -> list[tuple[int, int, int, int]]:
    """Every (start, length, step, chord) of a pattern over the phrase; the last bar is one held downbeat."""
    hits = []
    for bar in range(phrase.bars):
        at = bar * phrase.metre.bar
        last = bar == phrase.bars - 1 and bar > 0
        chosen = [(0, phrase.metre.bar, step) for _, _, step in pattern if step <= 0][:1] if last else pattern
        for cell, length, step in chosen or pattern[:1]:
            where = min(at + cell, phrase.cells - 1)
            chord = phrase.chords[where] if phrase.chords else NO_CHORD
            if at + cell < phrase.cells and chord != NO_CHORD:
                hits.append((where * CELL, min(length, phrase.cells - where) * CELL, step, chord))
    return hits


def _breathing(notes: Sequence[Played], phrase: Phrase) -> list[Played]:
    """Loudness of an accompaniment: beats lean, four bars rise and fall, and no two touches are quite alike."""
    bar, arch = phrase.metre.bar * CELL, phrase.metre.bar * CELL * 4
    played = []
    for note in notes:
        lean = 5 if note.start % bar == 0 else 0 if note.start % (phrase.metre.pulse * CELL) == 0 else -4
        swell = round(6 * (1 - abs(2 * (note.start % arch) / arch - 1))) - 3
        touch = int(note.start * 7 + note.pitch * 13) % 5 - 2
        played.append(note._replace(velocity=_clipped(note.velocity + lean + swell + touch)))
    return played


def settled(phrase: Phrase, wish: Wish) -> Phrase:
    """A new melody moved by octaves to where the instrument that leads sounds best.

    Done once, when it is composed: were it part of `arrange`, new bars could move the old ones.
    """
    if len(phrase.lanes) > 1:
        return phrase
    players = [INSTRUMENTS[name] for name in wish.instruments]
    player = players[_lead(players)]
    pitches = [cell for cell in phrase.lanes[0] if cell >= 0]
    return phrase.transposed(_towards(pitches, player, _sweet(player, wish.register))) if pitches else phrase


def _lead(players: Sequence[Instrument]) -> int:
    """Who plays the melody: the first who can."""
    return next((i for i, player in enumerate(players) if player.kind not in ("bass", "pad")), 0)


def _sweet(player: Instrument, register: int) -> int:
    """The pitch around which a tune sounds best on an instrument: its middle, of high and wide ones not above D5."""
    middle = (player.low + player.high) // 2
    middle = min(middle, 74) if player.high >= 84 else middle
    wide = player.high - player.low > 60
    return (72 if wide else middle) + {1: -7, 5: 7}.get(register, 0)


def _towards(pitches: Sequence[int], player: Instrument, sweet: int) -> int:
    """Semitones, whole octaves, that bring a melody near `sweet` and inside the instrument's range."""
    mean, shift = sum(pitches) / len(pitches), 0
    # Deep instruments lose their voice sooner when they are played high than high ones when they are.
    above = 6 if player.high < 80 else 9
    while sweet - mean - shift > 6:
        shift += 12
    while mean + shift - sweet > above:
        shift -= 12
    low, high = min(pitches) + shift, max(pitches) + shift
    shift += 12 if low < player.low and high + 12 <= player.high else 0
    shift -= 12 if high > player.high and low - 12 >= player.low else 0
    return shift


def _fitted(notes: Sequence[Played], player: Instrument) -> list[Played]:
    """Notes that lie outside an instrument's range moved into it by octaves."""
    return [n._replace(pitch=_folded(n.pitch, player)) for n in notes]


def _folded(pitch: int, player: Instrument) -> int:
    while pitch < player.low:
        pitch += 12
    while pitch > player.high:
        pitch -= 12
    return max(0, min(127, pitch))


def _clipped(velocity: int) -> int:
    return max(20, min(120, velocity))
