"""Rehearsal: the live voice writes again, the taste picks, and what people said themselves stays as it was."""

from collections.abc import Sequence
from pathlib import Path

from adapters import rehearsal, taste
from adapters.asks import Ask
from adapters.examples import Examples, Pair, Thumb
from adapters.rehearsal import extremes, rehearse

SHORT = ["He came. He saw.", "It rained. We ran.", "She sat. She sang.", "They left. It snowed."]
LONG = [
    "He came to the house by the river and saw that nobody had lit a fire there for many days",
    "It rained upon the hill where we had put the sheep and we ran as fast as anybody could run",
    "She sat down beside the window that looked on the sea and sang what her mother had sung",
    "They left the town by the old road over the bridge and it snowed until the next morning",
]


def votes() -> Examples:
    """Short sentences over long ones, eight pairs in eight conversations, and one thumb."""
    pairs = [
        Pair(
            f"{at}\n\n", SHORT[at % 4], LONG[(at + at // 4) % 4], 2.0, f"c{at}", ("ann", "ben"), "story", "pick", "a@1"
        )
        for at in range(8)
    ]
    return Examples(tuple(pairs), (Thumb("0\n\n", SHORT[0], True, 0.5, "c0", ("cem",), "story", "a@1"),))


def test_best_and_worst_are_paired_then_those_next_to_them() -> None:
    guess = taste.fit(votes())
    found = extremes(guess, [*LONG[:2], " ", *SHORT[:2], SHORT[0], ""])
    assert [{good, bad} for good, bad in found] == [{found[0][0], found[0][1]}, {found[1][0], found[1][1]}]
    assert {good for good, _ in found} == set(SHORT[:2])
    assert {bad for _, bad in found} == set(LONG[:2])
    assert guess.score(found[0][0]) >= guess.score(found[1][0])
    assert extremes(guess, ["One."]) == extremes(guess, ["", " "]) == extremes(guess, []) == []
    assert len(extremes(guess, ["One.", "Two men came by."])) == 1


def test_the_live_voice_writes_and_provenance_is_kept(tmp_path: Path) -> None:
    asked = list[tuple[int, Path | None, int]]()

    def write(asks: Sequence[Ask], folder: Path | None, texts: int) -> list[list[str]]:
        asked.append((len(asks), folder, texts))
        return [[SHORT[0], LONG[1], SHORT[2], LONG[3]] if at else [] for at in range(len(asks))]

    training = votes()
    more = rehearse(training, taste.fit(training), write, tmp_path, "a@1", most=3)
    assert asked == [(3, tmp_path, rehearsal.TEXTS[0])]
    assert more.thumbs == training.thumbs
    assert more.pairs[:8] == training.pairs
    new = more.pairs[8:]
    assert len(new) == 4  # two prompts; for one nothing could be written
    rehearse(training, taste.fit(training), write, tmp_path, "a@1", most=16)
    assert asked[-1] == (8, tmp_path, 2 * rehearsal.TEXTS[0])  # few prompts are written for the more often
    assert {one.source for one in new} == {"taste"}
    assert {one.people for one in new} == {("ann", "ben", "cem")}
    assert {one.conversation for one in new} == {"c1", "c2"}
    assert all(one.adapter == "a@1" and one.form == "story" for one in new)
    assert all(abs(one.weight - 16.5 / 9) < 1e-9 for one in new)
