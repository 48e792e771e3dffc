import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.examples import PAIRS, THUMBS, Examples, Pair, Thumb, read

NAMES = st.sampled_from([f"piece{number}" for number in range(12)])
PEOPLE = st.lists(st.text(max_size=5), max_size=3).map(tuple)
WEIGHTS = st.floats(0.001, 10)
PAIR = st.builds(
    Pair,
    st.text(),
    st.text(),
    st.text(),
    WEIGHTS,
    NAMES,
    PEOPLE,
    st.text(),
    st.sampled_from(["pick", "vote"]),
    st.text(),
)
THUMB = st.builds(Thumb, st.text(), st.text(), st.booleans(), WEIGHTS, NAMES, PEOPLE, st.text(), st.text())
EXAMPLES = st.builds(Examples, st.lists(PAIR).map(tuple), st.lists(THUMB).map(tuple))


@given(EXAMPLES, st.floats(0, 1), st.integers())
def test_no_conversation_is_on_both_sides_and_nothing_is_lost(examples: Examples, share: float, seed: int) -> None:
    training, held = examples.split(share, seed)
    assert not set(training.conversations) & set(held.conversations)
    assert len(training) + len(held) == len(examples)
    assert sorted(map(str, (*training.pairs, *held.pairs))) == sorted(map(str, examples.pairs))
    assert examples.split(share, seed) == (training, held)


@given(EXAMPLES, st.floats(0.01, 0.99), st.integers())
def test_with_two_conversations_neither_side_is_empty(examples: Examples, share: float, seed: int) -> None:
    training, held = examples.split(share, seed)
    assert bool(held) == (len(examples.conversations) > 1)
    assert bool(training) == bool(examples.conversations)


def _thumb(conversation: str) -> Thumb:
    return Thumb("p", "c", label=True, weight=1.0, conversation=conversation, people=(), form="story", adapter="")


def test_a_conversation_stays_on_its_side_when_others_come() -> None:
    names = [f"{random.Random(number).getrandbits(64):016x}" for number in range(1000)]  # as pieces are named
    few = Examples(thumbs=tuple(map(_thumb, names[:200]))).split(0.2, 7)[1].conversations
    all_held = Examples(thumbs=tuple(map(_thumb, names))).split(0.2, 7)[1].conversations
    assert set(few) == set(all_held) & set(names[:200])
    assert 150 < len(all_held) < 250


@given(EXAMPLES)
def test_any_text_comes_back_from_the_files(tmp_path_factory: pytest.TempPathFactory, examples: Examples) -> None:
    folder = tmp_path_factory.mktemp("export")
    (folder / THUMBS).write_text("of an earlier export")
    written = examples.write(folder)
    assert [path.name for path in written] == [PAIRS] * bool(examples.pairs) + [THUMBS] * bool(examples.thumbs)
    assert read(folder) == examples
    assert set(folder.iterdir()) == set(written)


def test_trls_columns_come_first(tmp_path: Path) -> None:
    pair = Pair("p", " yes", " no", 1.0, "c", ("a", "b"), "story", "pick", "")
    pairs, thumbs = Examples((pair,), (_thumb("c"),)).write(tmp_path)
    assert pairs.read_text("utf-8").startswith('{"prompt": "p", "chosen": " yes", "rejected": " no", "weight": 1.0')
    assert thumbs.read_text("utf-8").startswith('{"prompt": "p", "completion": "c", "label": true')


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / PAIRS).write_text("{not json\n")
    with pytest.raises(ValueError, match="Expecting"):
        read(tmp_path)
