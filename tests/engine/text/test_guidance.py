"""Lines held to their syllables and rhymes while a real, small model writes them."""

import pytest
import torch

from engine.ports import Line, Sampling, TextRequest
from engine.text import rhyme
from engine.text.guidance import Guidance
from engine.text.lines import fit_verse
from tests.engine.text.tiny import gpt2, write

PROMPT = "The sea was dark and deep at night,\n"
WARM = Sampling(temperature=0.9, top_p=0.95)
PIECES = [
    " the",
    " night",
    " light",
    " delight",
    " sea",
    " tree",
    " a",
    "The",
    "ing",
    ",",
    ".",
    "\n",
    "7",
    "<end>",
    " moon",
]
ENDS = frozenset({13})


def allowed(text: str, line: Line) -> set[str]:
    row = Guidance(PIECES, ENDS, torch.device("cpu")).row(text, line)
    return {piece for piece, added in zip(PIECES, row.tolist(), strict=True) if added > -1e9}


def test_a_line_opens_with_a_word_and_never_with_a_number() -> None:
    assert allowed("", Line(4, 6)) >= {" the", " night", "The"}
    assert not allowed("", Line(4, 6)) & {"\n", "7", "<end>", ","}


def test_where_only_one_word_has_room_it_must_end_the_line() -> None:
    assert allowed("the dark and quiet", Line(6, 6)) & {" the", " a"} == set()
    assert allowed("the dark and quiet", Line(6, 6)) >= {" night", " sea", " moon"}
    assert "\n" not in allowed("the dark and quiet", Line(6, 6))


def test_a_rhyme_does_not_stand_alone_behind_a_mark() -> None:
    line = Line(5, 7, rhymes=("night",), avoid=("night",))
    guidance = Guidance(PIECES, ENDS, torch.device("cpu"))
    row = dict(zip(PIECES, guidance.row("the dark and quiet,", line).tolist(), strict=True))
    assert row[" light"] == row[" moon"] == 0.0  # it may go on, but nothing draws it to the end
    assert "\n" not in allowed("the dark and quiet, light", line)
    assert "\n" in allowed("the dark and quiet, a light", line)
    assert "," in allowed("the dark and quiet", line)
    assert "," not in allowed("the dark and quiet old", line)  # one syllable is left, and it must be the rhyme
    assert "\n" in allowed("the dark and quiet, moon", Line(5, 7))


def test_a_rhyme_comes_nearer_and_nothing_else_may_end_the_line() -> None:
    line = Line(5, 7, rhymes=("night",), avoid=("night",))
    guidance = Guidance(PIECES, ENDS, torch.device("cpu"))
    row = dict(zip(PIECES, guidance.row("the dark and quiet", line).tolist(), strict=True))
    assert row[" light"] > 0.0
    assert row[" delight"] > 0.0
    assert row[" moon"] == 0.0
    forced = allowed("the dark and quiet old", line)
    assert forced & {" night", " moon", " the", " sea"} == set()
    assert " light" in forced
    assert allowed("the dark and quiet light", line) == {",", ".", "\n", "<end>"}


def test_what_two_lines_shall_rhyme_with_has_rhymes_enough() -> None:
    assert allowed("the dark and quiet", Line(6, 6, partners=2)) & {" night", " sea", " moon"} == {" night", " sea"}


@pytest.mark.parametrize(
    "line",
    [Line(7, 9, rhymes=("night",), avoid=("night",)), Line(5, 5), Line(9, 11, partners=8)],
    ids=["rhymed", "counted", "to be rhymed with"],
)
def test_a_real_model_writes_such_lines_and_nearly_none_besides(line: Line) -> None:
    request = TextRequest(PROMPT, 24, WARM, 3, 8, ("\n",), line=line)
    drafts = write(gpt2(), request)
    fits = [text for draft in drafts if (text := fit_verse(draft.text, line))]
    assert len(set(fits)) >= 4
    if line.rhymes:
        assert all(rhyme.rhymes(text, "night") for text in fits)
    free = [draft.text for draft in write(gpt2(), TextRequest(PROMPT, 24, WARM, 3, 8, ("\n",)))]
    assert sum(bool(fit_verse(text, line)) for text in free) < len(fits)


def test_a_line_is_the_same_in_any_company() -> None:
    line = Line(7, 9, rhymes=("night",))
    request = TextRequest(PROMPT, 30, WARM, 8, 4, ("\n",), line=line)
    assert write(gpt2(), request) == write(gpt2(), request)
