from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped] # ships no types
from PIL import Image

from engine.music import render
from engine.music.arrange import Part, Played
from engine.music.composer import Composer, Composition
from engine.music.keys import Key
from engine.music.midi import Frame, write_file
from engine.music.phrase import METRES
from engine.music.wishes import read_wish
from tests.engine.music.fakes import fake_desk


@pytest.fixture(scope="module")
def piece() -> Composition:
    return Composer(fake_desk()).compose(read_wish("4 bars pop in C, 120 bpm"), seed=1)[0]


@pytest.mark.parametrize("with_font", [True, False])
def test_the_preview_sounds_as_long_as_the_piece_and_does_not_clip(
    piece: Composition, with_font: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not with_font:
        monkeypatch.setattr(render, "_soundfont", lambda: None)
    data = render.render_audio(piece.midi())
    assert data.startswith(b"OggS")
    samples, rate = soundfile.read(BytesIO(data))
    assert 7.0 < len(samples) / rate < 11.0
    assert 0.3 < np.abs(samples).max() < 1.0
    assert float(np.sqrt((samples[: 4 * rate] ** 2).mean())) > 0.02


def test_the_soundfont_is_used_where_it_lies() -> None:
    found = render.find_soundfont()
    assert found is None or not found.is_relative_to(Path(render.__file__).parents[2] / "engine")


def test_the_roll_is_a_picture_with_ink_where_notes_are(piece: Composition) -> None:
    image = Image.open(BytesIO(render.draw_roll(piece.parts(), METRES["4/4"], 4, "C major")))
    assert image.format == "PNG"
    pixels = np.asarray(image.convert("L"))
    assert 300 < image.width < 3000
    assert (pixels < 200).mean() > 0.005


def test_a_roll_of_nothing_is_still_a_picture() -> None:
    assert Image.open(BytesIO(render.draw_roll((), METRES["3/4"], 1))).width > 40


@pytest.mark.parametrize(
    "words", ["folk for solo cello, 2 bars", "march with drums, 2 bars", "chorale for organ, 2 bars"]
)
def test_every_preview_is_about_as_loud_as_another_and_ends_in_silence_without_a_click(words: str) -> None:
    data = render.render_audio(Composer(fake_desk()).compose(read_wish(words), seed=2)[0].midi(), "vorbis")
    samples, rate = soundfile.read(BytesIO(data))
    heard = samples[np.abs(samples) > 0.02 * np.abs(samples).max()]
    assert 0.1 < float(np.sqrt((heard**2).mean())) < 0.17
    assert np.abs(samples).max() < 0.95
    assert np.abs(samples[-rate // 100 :]).max() < 0.01
    assert np.abs(samples[: rate // 1000]).max() < 0.05
    fading = [float(np.abs(samples[-n * rate // 10 : len(samples) - (n - 1) * rate // 10]).max()) for n in (5, 3, 1)]
    assert fading[0] > fading[1] > fading[2]


def test_of_a_long_piece_the_preview_has_the_beginning() -> None:
    notes = tuple(Played(12 * i, 12, 60 + i % 12, 80) for i in range(200))
    slow = write_file([Part("", 0, False, notes)], Frame(Key(), "4/4", 240, [(480.0, 20.0)]))
    samples, rate = soundfile.read(BytesIO(render.render_audio(slow)))
    # Ten seconds at 240 bpm, then three a note.
    assert render.LONGEST - 2 < len(samples) / rate < render.LONGEST + 1


def test_a_silent_file_is_silence_and_no_error() -> None:
    quiet = write_file([Part("", 0, False, (Played(0, 12, 60, 1),))], Frame(Key(), "4/4", 100))
    assert render.render_audio(quiet).startswith(b"OggS")
