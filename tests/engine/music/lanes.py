"""Random lanes and phrases for property tests: straight beats and triplets, rests, held notes."""

from hypothesis import strategies as st

from engine.music.keys import Key
from engine.music.phrase import HOLD, METRES, REST, TRIPLET, Phrase, canonical

pitches = st.integers(36, 96)
_straight = st.lists(st.one_of(pitches, st.just(HOLD), st.just(REST)), min_size=4, max_size=4)
_triplet = st.lists(st.one_of(pitches, st.just(HOLD), st.just(REST)), min_size=3, max_size=3).map(
    lambda beat: [*beat, TRIPLET]
)


@st.composite
def lanes(draw: st.DrawFn, cells: int = 0) -> tuple[int, ...]:
    """A lane of so many cells (a multiple of four), of 16 to 48 without a number."""
    least, most = (cells // 4, cells // 4) if cells else (4, 12)
    beats = draw(st.lists(st.one_of(_straight, _triplet), min_size=least, max_size=most))
    return canonical([cell for beat in beats for cell in beat])


@st.composite
def phrases(draw: st.DrawFn, most: int = 4) -> Phrase:
    """One to `most` lanes of one to three bars, each with a note, in any plain key."""
    metre = METRES[draw(st.sampled_from(sorted(METRES)))]
    cells = metre.bar * draw(st.integers(1, 3))
    rows = [draw(lanes(cells).filter(lambda row: any(c >= 0 for c in row))) for _ in range(draw(st.integers(1, most)))]
    mode = draw(st.sampled_from(["major", "minor", "dorian", "mixolydian"]))
    return Phrase(metre, Key(draw(st.integers(0, 11)), mode), tuple(rows))
