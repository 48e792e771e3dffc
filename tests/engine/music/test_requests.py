"""Thirty requests, each read back with mido, which did not write the file's notes, key or metre."""

from io import BytesIO

import mido  # type: ignore[import-untyped] # ships no types
import pytest

from engine.music.composer import Composer
from engine.music.keys import Key
from engine.music.styles import INSTRUMENTS
from engine.music.wishes import read_wish
from tests.engine.music.fakes import fake_desk

# words -> key signature, metre, bars, bpm, instruments, drums
REQUESTS = [
    ("8 bars melancholy waltz in D minor, 90 bpm, piano and strings", "Dm", (3, 4), 8, 90, "piano strings", False),
    ("16 bars reel in G, 110 bpm, fiddle", "G", (4, 4), 16, 110, "fiddle", False),
    ("chorale in F major, 12 bars, 70 bpm, organ", "F", (4, 4), 12, 70, "organ", False),
    ("a jig in A major, 8 bars, flute and bass, 160 bpm", "A", (6, 8), 8, 160, "flute bass", False),
    ("march in Bb, 2/4, 16 bars, 112 bpm, trumpet and tuba and drums", "Bb", (2, 4), 16, 112, "trumpet tuba", True),
    ("pop song in C, 8 bars, 120 bpm, piano, electric bass, drums", "C", (4, 4), 8, 120, "piano,electric bass", True),
    ("electronic, F minor, 128 bpm, 8 bars", "Fm", (4, 4), 8, 128, "lead,pad,synth bass", True),
    ("tender ballad in Eb major for piano, 64 bpm, 8 bars", "Eb", (4, 4), 8, 64, "piano", False),
    ("folk tune in E minor, 6/8, 8 bars, 90 bpm, violin and guitar",
     "Em", (6, 8), 8, 90, "violin,acoustic guitar", False),
    ("hornpipe in D, 8 bars, 96 bpm, accordion", "D", (4, 4), 8, 96, "accordion", False),
    ("chorale in B minor 3/4, 8 bars, 80 bpm, choir", "Bm", (3, 4), 8, 80, "choir", False),
    ("4 bars in F# major, harp, 60 bpm", "F#", (4, 4), 4, 60, "harp", False),
    ("32 bars waltz in G minor, 140 bpm, violin, piano, cello", "Gm", (3, 4), 32, 140, "violin,piano,cello", False),
    ("one bar in C, piano, 100 bpm", "C", (4, 4), 1, 100, "piano", False),
    ("7 bars march in C minor, 100 bpm, brass", "Cm", (4, 4), 7, 100, "brass", False),
    ("8小节 圆舞曲 D小调 每分钟90拍 钢琴和弦乐", "Dm", (3, 4), 8, 90, "piano strings", False),
    ("十六小节 进行曲 C大调 速度120 小号和大号", "C", (4, 4), 16, 120, "trumpet tuba", False),
    ("降B大调 流行 八小节 每分钟116拍 吉他、贝斯、鼓", "Bb", (4, 4), 8, 116, "acoustic guitar,electric bass", True),
    ("四部合唱 G大调 12小节 每分钟72拍 管风琴", "G", (4, 4), 12, 72, "organ", False),
    ("民谣 A小调 四三拍 8小节 每分钟100拍 长笛", "Am", (3, 4), 8, 100, "flute", False),
    ("a reel in E dorian, 8 bars, 104 bpm, banjo and fiddle", "Em", (4, 4), 8, 104, "banjo fiddle", False),
    ("strathspey in A mixolydian, 8 bars, 92 bpm, fiddle", "A", (4, 4), 8, 92, "fiddle", False),
    ("ballad in D major pentatonic, koto and flute, 60 bpm, 8 bars", "D", (4, 4), 8, 60, "koto flute", False),
    ("dark folk in C# minor, cello, 72 bpm, 6 bars", "C#m", (4, 4), 6, 72, "cello", False),
    ("joyful waltz in Ab major, accordion and clarinet, 150 bpm, 12 bars",
     "Ab", (3, 4), 12, 150, "accordion clarinet", False),
    ("chorale for violin, viola and cello in D minor, 8 bars, 66 bpm",
     "Dm", (4, 4), 8, 66, "violin viola cello", False),
    ("20 bars jig in E minor, whistle, 170 bpm", "Em", (6, 8), 20, 170, "whistle", False),
    ("24 bars pop in A, synth, piano, bass, drums, 118 bpm", "A", (4, 4), 24, 118, "lead piano bass", True),
    ("5 bars 2/4 march in G, piccolo, 108 bpm", "G", (2, 4), 5, 108, "piccolo", False),
    ("harmonic minor tune in A, oboe, 84 bpm, 8 bars, chords Am Dm E Am", "Am", (4, 4), 8, 84, "oboe", False),
]  # fmt: skip


@pytest.mark.parametrize(("text", "key", "metre", "bars", "bpm", "players", "drums"), REQUESTS)
def test_the_file_is_what_was_asked_for(
    text: str, key: str, metre: tuple[int, int], bars: int, bpm: int, players: str, drums: bool
) -> None:
    wish = read_wish(text)
    (piece, *_) = Composer(fake_desk()).compose(wish, seed=5, candidates=2)
    file = mido.MidiFile(file=BytesIO(piece.midi()))
    metas = {message.type: message for track in file.tracks for message in track if message.is_meta}
    assert metas["key_signature"].key == key
    assert (metas["time_signature"].numerator, metas["time_signature"].denominator) == metre
    assert round(mido.tempo2bpm(metas["set_tempo"].tempo)) == bpm
    messages = [(message, track) for track in file.tracks for message in track if not message.is_meta]
    channels = {m.channel for m, _ in messages if m.type == "note_on" and m.velocity}
    programs = {m.program for m, _ in messages if m.type == "program_change" and m.channel != 9}
    names = players.split(",") if "," in players else [players] if players in INSTRUMENTS else players.split()
    assert programs == {INSTRUMENTS[name].program for name in names}
    assert (9 in channels) == drums
    bar = file.ticks_per_beat * 4 * metre[0] // metre[1]
    ends, notes = [], []
    for track in file.tracks:
        at = 0
        for message in track:
            at += message.time
            if message.type == "note_off" or (message.type == "note_on" and not message.velocity):
                ends.append(at)
            elif message.type == "note_on" and message.channel != 9:
                notes.append(message.note % 12)
    assert (bars - 1) * bar < max(ends) <= bars * bar
    allowed = Key(wish.key.tonic, wish.key.mode).pitch_classes
    assert sum(note in allowed for note in notes) >= 0.8 * len(notes)


def test_the_same_wish_and_seed_give_the_same_file_and_another_seed_another() -> None:
    wish = read_wish("reel in G, 3 variants")
    first, again, other = (Composer(fake_desk()).compose(wish, seed) for seed in (1, 1, 2))
    assert [p.midi() for p in first] == [p.midi() for p in again]
    assert len({p.midi() for p in first}) == 3
    assert first[0].midi() != other[0].midi()


def test_a_returning_section_returns() -> None:
    (piece,) = Composer(fake_desk()).compose(read_wish("waltz, 16 bars"), seed=3)
    bar = piece.phrase.metre.bar
    first, again = piece.phrase.lanes[0][:bar], piece.phrase.lanes[0][4 * bar : 5 * bar]
    assert piece.form == "AABA"
    assert sum(a == b for a, b in zip(first, again, strict=True)) >= bar // 2
