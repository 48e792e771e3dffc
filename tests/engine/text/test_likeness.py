"""Shared runs of words: a long earlier text is kept in stretches, which must find what a plain look finds."""

from hypothesis import given
from hypothesis import strategies as st

from engine.text import likeness

WORDS = st.lists(st.sampled_from(["sea", "tide", "lamp", "Rain", "the", "雨", "it's", "of"]), max_size=900).map(
    " ".join
)


@given(WORDS, st.integers(2, 5), st.data())
def test_known_runs_are_those_of_the_whole_text_however_long_it_is(text: str, size: int, data: st.DataObject) -> None:
    known = likeness.known(text, size)
    runs = likeness.grams(text, size)
    assert all(any(run in each for each in known) for run in runs)
    other = data.draw(WORDS)
    share = len(likeness.grams(other, size) & runs) / max(1, len(likeness.grams(other, size)))
    assert likeness.likeness(other, [text], size) == share


def test_a_sentence_of_an_earlier_chapter_is_found_again() -> None:
    story = " ".join(f"In year {year} the keeper of the light wrote {year * 7} letters." for year in range(400))
    taken = "In year 123 the keeper of the light wrote 861 letters."
    assert likeness.copied_from(f"A gull cried twice over the harbour. {taken}", story) == len(
        "A gull cried twice over the harbour. "
    )
    assert likeness.copied_from("A gull cried twice over the harbour wall.", story) is None
