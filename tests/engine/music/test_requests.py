"""Sixty-one requests, composed with the shipped weights, written, and read back with symusic, not their writer."""

from functools import cache
from typing import Any

import numpy as np
import pytest
import symusic  # dev only: an independent reader of MIDI files
import torch

from bot import wording
from engine.music.composer import Composer, Composition
from engine.music.keys import Key
from engine.music.styles import INSTRUMENTS
from engine.music.wishes import Wish, read_wish
from tests.engine.music.fakes import fake_desk
from tests.engine.music.requests import CHANGES, CHINESE, ENGLISH, Request

MAJOR = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#")
MINOR = ("Abm", "Ebm", "Bbm", "Fm", "Cm", "Gm", "Dm", "Am", "Em", "Bm", "F#m", "C#m", "G#m", "D#m", "A#m")


@cache
def composer() -> Composer:
    torch.set_num_threads(1)
    return Composer.load()


def check(midi: bytes, wish: Wish, asked: Request) -> None:
    """Everything the file says, against what was asked for."""
    score: Any = symusic.Score.from_midi(midi)
    (signature,) = score.key_signatures
    assert (MINOR if signature.tonality else MAJOR)[signature.key + 7] == asked.key
    (metre,) = score.time_signatures
    assert f"{metre.numerator}/{metre.denominator}" == asked.metre
    assert [round(tempo.qpm) for tempo in score.tempos] == [asked.bpm]
    names = asked.players.split(",")
    assert {track.program for track in score.tracks if not track.is_drum} == {
        INSTRUMENTS[name].program for name in names if name != "drums"
    }
    assert any(track.is_drum for track in score.tracks) == ("drums" in names)
    bar = score.ticks_per_quarter * 4 * metre.numerator // metre.denominator
    end = max(int(track.end()) for track in score.tracks)
    assert (asked.bars - 1) * bar < end <= asked.bars * bar
    allowed = Key(wish.key.tonic, wish.key.mode).pitch_classes
    pitches = np.concatenate([track.notes.numpy()["pitch"] for track in score.tracks if not track.is_drum])
    assert np.isin(pitches % 12, list(allowed)).mean() >= 0.8
    assert all(len(track.notes) for track in score.tracks)


def composed(wish: Wish, seed: int) -> Composition:
    return composer().compose(wish, seed, candidates=1)[0]


@pytest.mark.parametrize("asked", [*ENGLISH, *CHINESE], ids=lambda asked: asked.words)
def test_the_file_is_what_was_asked_for(asked: Request) -> None:
    wish = read_wish(asked.words)
    check(composed(wish, seed=5).midi(), wish, asked)


@pytest.mark.parametrize(("words", "different"), CHANGES)
def test_words_about_an_earlier_piece_change_only_what_they_say(words: str, different: dict[str, object]) -> None:
    first = ENGLISH[0]
    wish = read_wish(words, read_wish(first.words))
    asked = Request(**{**first._asdict(), **different})
    check(composed(wish, seed=6).midi(), wish, asked)


@pytest.mark.parametrize("asked", [*ENGLISH, *CHINESE], ids=lambda asked: asked.words)
def test_what_was_understood_is_said_in_both_languages(asked: Request) -> None:
    wish = read_wish(asked.words)
    english, chinese = (wording.describe(wish, language) for language in ("en", "zh"))
    assert english.startswith("1 bar," if asked.bars == 1 else f"{asked.bars} bars, {asked.metre}, ")
    assert f"{asked.bpm} bpm" in english
    assert f"♩={asked.bpm}" in chinese
    for name, fields in wish.remarks:
        assert wording.say(name, "en", **fields).endswith(".")
        assert wording.say(name, "zh", **fields).endswith("。")


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
