import pytest

from engine.music.arrange import Played
from engine.music.chords import chord_pitch_classes
from engine.music.composer import Composer
from engine.music.keys import SCALES, Key
from engine.music.styles import INSTRUMENTS, LOOPS, MOODS, STYLES
from engine.music.wishes import read_wish
from tests.engine.music.fakes import fake_desk


@pytest.mark.parametrize("mode", sorted(LOOPS))
def test_every_round_of_chords_is_in_its_scale_and_begins_at_home(mode: str) -> None:
    scale = Key(0, mode).pitch_classes
    for loop in LOOPS[mode]:
        assert len(loop) == 4
        assert {pc for chord in loop for pc in chord_pitch_classes(chord)} <= scale
        assert 0 in {chord % 12 for chord in loop}


@pytest.mark.parametrize("mode", sorted(SCALES.keys() - {"blues"}))
def test_popular_music_changes_its_chords_and_ends_at_home_in_every_mode(mode: str) -> None:
    (piece,) = Composer(fake_desk()).compose(read_wish(f"pop in E {mode}, 8 bars"), seed=3)
    bars = piece.phrase.chords[::16]
    assert len(set(bars[:4])) >= 3
    assert bars[:3] == bars[4:7]
    assert bars[-1] % 12 == 4


@pytest.mark.parametrize("style", sorted(STYLES))
@pytest.mark.parametrize("mood", ["", *sorted(MOODS)])
def test_every_style_in_every_mood_plays_within_its_instruments_and_breathes(style: str, mood: str) -> None:
    (piece,) = Composer(fake_desk()).compose(read_wish(f"{mood} {style} in A minor, 4 bars"), seed=4, candidates=1)
    for part in piece.parts():
        assert part.notes
        velocities = {note.velocity for note in part.notes}
        assert min(velocities) >= 20
        assert max(velocities) <= 120
        assert len(velocities) > 1
        assert all(note.start >= 0 and note.start + note.length <= piece.phrase.cells * 3 for note in part.notes)
        if not part.drums:
            player = INSTRUMENTS[part.name]
            assert all(player.low <= note.pitch <= player.high for note in part.notes)
            assert all(a.start + a.length <= b.start for a, b in overlaps(part.notes))


def overlaps(notes: tuple[Played, ...]) -> list[tuple[Played, Played]]:
    """Pairs of a note and the next one at the same pitch."""
    last, pairs = dict[int, Played](), list[tuple[Played, Played]]()
    for note in notes:
        if note.pitch in last:
            pairs.append((last[note.pitch], note))
        last[note.pitch] = note
    return pairs
