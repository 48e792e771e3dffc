"""The score is checked by its engraver: verovio reads our MusicXML and plays it back as MIDI."""

import base64
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import numpy as np
import pytest
import verovio  # type: ignore[import-not-found, unused-ignore]
from hypothesis import HealthCheck, Phase, given, settings
from PIL import Image

from engine.music import engraving
from engine.music.keys import Key
from engine.music.midi import read_midi
from engine.music.notation import read_notes
from engine.music.phrase import Note, Phrase, notes_of
from tests.engine.music.lanes import phrases


@settings(
    max_examples=25,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(phrases())
def test_what_is_engraved_is_what_the_phrase_says(phrase: Phrase) -> None:
    toolkit = verovio.toolkit()
    assert toolkit.loadData(engraving.write_musicxml(phrase, tempo=100))
    sheet = read_midi(base64.b64decode(toolkit.renderToMIDI()))
    played = sorted({(note.start, note.pitch) for voice in sheet.voices for note in voice})
    assert played == sorted({(note.start, note.pitch) for lane in phrase.lanes for note in notes_of(lane)})


def test_ties_dots_and_triplets_last_as_long_as_the_notes() -> None:
    phrase = read_notes("4/4 C: C4/3 D4/3 E4/3 F4:2/3 G4/3 A4:2.5 R/2 B4:1.5 C5:3 R C5:0.75 D5/4 E5:4")
    toolkit = verovio.toolkit()
    toolkit.loadData(engraving.write_musicxml(phrase))
    (voice,) = read_midi(base64.b64decode(toolkit.renderToMIDI())).voices
    assert voice == notes_of(phrase.lanes[0])


def test_the_picture_has_ink_on_white_paper_and_grows_with_the_piece() -> None:
    heights, widths = list[int](), list[int]()
    for bars in (2, 24):
        image = Image.open(BytesIO(engraving.draw_score(read_notes("C4 E4 G4 C5 " * bars), tempo=90)))
        pixels = np.asarray(image.convert("L"))
        assert image.width <= engraving.WIDTH
        assert pixels[0, 0] == 255
        assert 0.002 < (pixels < 100).mean() < 0.2
        heights.append(image.height)
        widths.append(image.width)
    assert heights[1] > 1.5 * heights[0]
    assert widths[0] < 0.6 * widths[1]


def test_flat_keys_are_spelt_with_flats_and_sharp_keys_with_sharps() -> None:
    flat, sharp = (Phrase(read_notes("C4").metre, Key(tonic), ((63, *(-1,) * 15),)) for tonic in (3, 4))
    assert "<step>E</step><alter>-1</alter>" in engraving.write_musicxml(flat)
    assert "<step>D</step><alter>1</alter>" in engraving.write_musicxml(sharp)


def test_in_six_eight_a_dotted_quarter_is_one_note() -> None:
    xml = engraving.write_musicxml(read_notes("6/8 D: D4:1.5 A4:1.5"))
    assert xml.count("<note>") == 2
    assert xml.count("<dot />") == 2


def test_without_the_packages_no_score_is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    assert engraving.can_engrave()
    monkeypatch.setattr(engraving, "find_spec", lambda name: None)
    assert not engraving.can_engrave()


def test_a_lane_of_four_voices_takes_two_staves() -> None:
    voices = "X:1\nM:4/4\nL:1/4\nK:G\nV:1\nG4|\nV:2\nD4|\nV:3\nB,4|\nV:4\nG,,4|\n"
    xml = engraving.write_musicxml(read_notes(voices))
    assert "<staves>2</staves>" in xml
    assert "<sign>F</sign>" in xml
    assert notes_of(read_notes(voices).lanes[3]) == [Note(0, 48, 43)]


def test_a_score_can_be_drawn_in_any_thread() -> None:
    """Verovio's fonts belong to a thread: whichever imported it first must not be the only one that can draw."""
    phrase = read_notes("C4 E4 G4 C5")
    here = engraving.draw_score(phrase)
    with ThreadPoolExecutor(2) as threads:
        assert set(threads.map(engraving.draw_score, [phrase] * 4)) == {here}
