"""The gallery of music is written from wishes, and what is heard in a recording is counted rightly."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]

from deploy.gallery_music import HEAD, WISHES, listen, write
from engine.music.wishes import read_wish


def recording(samples: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bytes:
    out = BytesIO()
    soundfile.write(out, samples, 48000, format="WAV", subtype="FLOAT")
    return out.getvalue()


def test_loudness_clipping_silence_and_spectrum_are_heard() -> None:
    time = np.arange(48000 * 2) / 48000
    tone = 0.5 * np.sin(2 * np.pi * 440 * time)
    tone[48000:72000] = 0
    heard = listen(recording(tone))
    assert heard.peak == pytest.approx(-6.02, abs=0.05)
    assert heard.loudness == pytest.approx(-10.28, abs=0.05)
    assert heard.middle == pytest.approx(440, abs=2)
    assert heard.silence == pytest.approx(0.5, abs=0.06)
    assert heard.clipped == 0
    assert listen(recording(np.clip(4 * tone, -1, 1))).clipped > 1000


def test_the_pages_pieces_are_written_with_sound_and_picture(tmp_path: Path) -> None:
    page = write(tmp_path, WISHES[5:7], kept=1)
    assert page.startswith(HEAD)
    assert page.count("\n| ") == HEAD.count("\n| ") + 2
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "01-ballad.mid",
        "01-ballad.ogg",
        "01-ballad.png",
        "README.md",
    ]
    assert listen((tmp_path / "01-ballad.ogg").read_bytes()).loudness > -40
    assert len(WISHES) == 20
    assert all(read_wish(words).bars for _, words in WISHES)
