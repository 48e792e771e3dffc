"""Songs on the shipped network: a note for each syllable, stress on strong beats, choruses that return, files."""

import random
import re
from dataclasses import replace
from io import BytesIO
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree as ET

import mido  # type: ignore[import-untyped] # ships no types
import pytest
import symusic

from engine.errors import Impossible
from engine.music import perform
from engine.music.composer import Composer
from engine.music.engraving import write_musicxml
from engine.music.midi import read_midi
from engine.music.orders import Order, read_order
from engine.music.phrase import notes_of
from engine.music.score import Score, from_row, to_row
from engine.music.setting import UPBEAT, bars_for, counted, frame, is_strong, placed
from engine.text.rhyme import syllables
from engine.text.singing import STRONG, read_lyrics
from storage.unsung import unsung
from tests.engine.music.lyrics import LYRICS

SONG = "Lamps along the platform shake,\nRain comes down in lines.\n\n[Chorus]\nTake me home tonight."
WHOLE = f"{SONG}\n\nStrangers share a paper cup,\nFields go by like signs.\n\n[Chorus]\nTake me home tonight."


@pytest.fixture(scope="module")
def composer() -> Composer:
    return Composer.load()


@pytest.fixture(scope="module")
def made(composer: Composer) -> tuple[Score, bytes]:
    return perform.perform(composer, Order("song", words="ballad in D", text=WHOLE), None, None, 5, 1)[0]


def test_every_syllable_has_a_note_and_the_words_stand_in_order(made: tuple[Score, bytes]) -> None:
    score, data = made
    sung = re.sub(r"\[.*\]", "", WHOLE)
    assert len(notes_of(score.phrase.lanes[0])) == len(score.lyrics) == syllables(sung)
    file = mido.MidiFile(file=BytesIO(data))
    events, struck = dict[int, str](), set[int]()
    at = 0
    for message in file.tracks[1]:
        at += message.time
        if message.type == "lyrics":
            events[at] = message.text
        elif message.type == "note_on" and message.velocity:
            struck.add(at)
    assert file.type == 1
    assert set(events) == struck
    assert "".join(events.values()).replace("-", "").split() == sung.split()
    assert any(text == "plat-" for text in events.values())
    read: Any = symusic.Score.from_midi(data)
    assert [lyric.text for track in read.tracks for lyric in track.lyrics] == list(events.values())


def test_the_line_can_be_sung(made: tuple[Score, bytes]) -> None:
    score, _ = made
    pitches = [note.pitch for note in notes_of(score.phrase.lanes[0])]
    assert max(pitches) - min(pitches) <= 16
    assert max(abs(b - a) for a, b in pairwise(pitches)) <= 12
    assert pitches[-1] % 12 == score.phrase.key.tonic == 2
    assert {pitch % 12 for pitch in pitches} <= score.phrase.key.pitch_classes
    assert score.wish.instruments[0] == "voice"


def test_words_that_return_bring_their_melody(made: tuple[Score, bytes]) -> None:
    notes = notes_of(made[0].phrase.lanes[0])
    verse, chorus = 12, 5
    first, again = notes[verse : verse + chorus], notes[-chorus:]
    assert [note.pitch for note in first] == [note.pitch for note in again]
    assert {b.start - a.start for a, b in zip(first, again, strict=True)} == {again[0].start - first[0].start}


def test_the_score_has_its_words(made: tuple[Score, bytes]) -> None:
    score, _ = made
    root = ET.fromstring(write_musicxml(score.phrase, 80, score.lyrics))  # noqa: S314, written one line above
    words = [(lyric.findtext("syllabic"), lyric.findtext("text")) for lyric in root.iter("lyric")]
    assert len(words) == len(score.lyrics)
    assert words[:5] == [("single", "Lamps"), ("begin", "a"), ("end", "long"), ("single", "the"), ("begin", "plat")]
    assert from_row(to_row(score)) == score


def test_a_song_can_forget_its_words_and_keeps_every_note(made: tuple[Score, bytes]) -> None:
    data = unsung(made[1])
    left = mido.MidiFile(file=BytesIO(data))
    assert not any(message.type == "lyrics" for track in left.tracks for message in track)
    assert read_midi(data).tracks == read_midi(made[1]).tracks


def test_a_variation_keeps_the_words_and_a_thinned_one_lets_them_go(
    composer: Composer, made: tuple[Score, bytes]
) -> None:
    vary = perform.perform(composer, read_order("vary", "strong"), made, None, 1, 1)[0][0]
    assert vary.lyrics == made[0].lyrics
    assert vary.phrase.lanes != made[0].phrase.lanes
    assert perform.perform(composer, read_order("accompany", ""), made, None, 1, 1)[0][0].lyrics == made[0].lyrics
    sparse = perform.perform(composer, read_order("redraw", "2-3 sparser"), made, None, 1, 1)[0][0]
    assert bool(sparse.lyrics) != any(name == "song_words_lost" for name, _ in sparse.wish.remarks)


@pytest.mark.parametrize("metre", ["4/4", "3/4", "6/8"])
def test_stress_falls_on_strong_beats_far_more_often_than_by_chance(metre: str) -> None:
    lines = [line for text in LYRICS for stanza in read_lyrics(text) for line in stanza.lines]
    dice = random.Random(1)
    hits: dict[str, list[bool]] = {"placed": [], "random": []}
    for line in lines:
        window = frame(counted(metre), bars_for([line], counted(metre)), random.Random(3))
        thrown = sorted(dice.sample(range(-UPBEAT, window.last + 1, 2), len(line)))
        for name, cells in (("placed", placed(line, window)), ("random", thrown)):
            marks = zip(line, cells, strict=True)
            hits[name] += [is_strong(at, window.metre) for one, at in marks if one.stress == STRONG]
    shares = {name: sum(found) / len(found) for name, found in hits.items()}
    assert shares["placed"] > 2 * shares["random"]
    assert shares["placed"] > 0.5


@pytest.mark.parametrize("text", ["", " \n\t", "*** !!! 🎵", "[Chorus]", "\0\0"])
def test_without_words_nothing_is_sung(text: str) -> None:
    with pytest.raises(Impossible) as refusal:
        perform.check(Order("song", text=text), None, None)
    assert refusal.value.fields["why"] == "nothing_to_sing"


def test_what_is_too_long_is_refused() -> None:
    with pytest.raises(Impossible) as refusal:
        perform.check(Order("song", text="la " * 401), None, None)
    assert refusal.value.fields == {"why": "song_too_long", "syllables": 401, "most": 400}


@pytest.mark.parametrize(
    ("words", "about", "sung"),
    [
        ("slow waltz in D minor", "slow waltz in D minor", ""),
        ("waltz in D\nThe sun goes down,\nthe sea is gray", "waltz in D", "The sun goes down,\nthe sea is gray"),
        ("\nSlow bells are ringing\nover the sea", "", "Slow bells are ringing\nover the sea"),
        ("The sun goes down / the sea is gray", "", "The sun goes down\nthe sea is gray"),
        ("", "", ""),
    ],
)
def test_words_about_the_music_are_told_from_words_to_be_sung(words: str, about: str, sung: str) -> None:
    assert read_order("song", words) == replace(Order("song"), words=about, text=sung)
