from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped] # ships no types
from PIL import Image

from engine.music import render
from engine.music.composer import Composer, Composition
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
    assert 7.0 < len(samples) / rate < 14.0
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
