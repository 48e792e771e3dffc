"""Lines one by one: which are kept, which come again, and several pieces beside each other."""

from dataclasses import replace

from engine.ports import Draft, Line
from engine.text import beam, rhyme
from engine.text.forms.load import Lines
from engine.text.lines import Piece, fit_verse

COUPLET = Lines(("", ""), (5, 5), rhymes="AA")
NIGHT, MOON = "the river at night", "the pond and the moon"


def draft(text: str, logprob: float = -1.5) -> Draft:
    return Draft(text, 6, logprob, "stop")


def grown(piece: Piece, *texts: str) -> Piece:
    return piece.with_lines([draft(text) for text in texts])[0]


def test_a_line_says_what_the_next_one_must_be() -> None:
    piece = Piece(COUPLET, COUPLET.leads)
    first = piece.verse
    assert first
    assert (first.least, first.most, first.rhymes, first.partners > 0) == (5, 5, (), True)
    assert grown(piece, NIGHT).verse == Line(5, 5, ("night",), ("night",))


def test_only_a_rhyme_is_taken_and_after_three_drawings_the_best_of_the_rest() -> None:
    piece = grown(Piece(COUPLET, COUPLET.leads), NIGHT)
    assert grown(piece, MOON, "a candle for light").text == f"{NIGHT}\na candle for light."
    for _ in range(2):
        piece = grown(piece, MOON, "a word for the night")
        assert not piece.complete
    assert grown(piece, MOON).complete


def test_rhymed_verse_keeps_its_commas_and_ends_with_a_stop() -> None:
    piece = grown(Piece(COUPLET, COUPLET.leads), f"{NIGHT},")
    assert grown(piece, "a candle for light,").text == f"{NIGHT},\na candle for light."
    bare = Lines(("", ""), (5, 5))
    assert grown(Piece(bare, bare.leads), f"{NIGHT},").text == NIGHT


def test_a_refrain_is_written_once_and_comes_back_under_its_head() -> None:
    song = Lines(("",) * 4, (5,) * 4, heads=("[Chorus]", "[Verse]", "\n[Chorus]", ""), again=(0, 0, 1, 0))
    piece = grown(grown(Piece(song, song.leads), NIGHT), MOON)
    assert piece.text == f"[Chorus]\n{NIGHT}\n[Verse]\n{MOON}\n\n[Chorus]\n{NIGHT}"
    assert not piece.complete
    assert piece.opening == piece.text + "\n"


def test_lines_that_are_given_stand_as_they_are() -> None:
    song = Lines(("",) * 3, (5,) * 3, given=("", "Take me home,", "home."))
    assert grown(Piece(song, song.leads), NIGHT).text == f"{NIGHT}\nTake me home,\nhome."


def test_several_pieces_grow_and_what_they_share_is_settled() -> None:
    start = Piece(COUPLET, COUPLET.leads)
    firsts = beam.grown((start,), [[draft(NIGHT, -1.4), draft(MOON, -2.0), draft("a man and his dog", -3.0)]])
    assert [one.text for one in firsts] == [NIGHT, MOON, "a man and his dog"]
    assert beam.settled(firsts) == 0
    seconds = beam.grown(firsts, [[draft("a word")], [draft("it will be here soon", -1.4)], [draft("nothing")]])
    assert [one.lines[0] for one in seconds] == [MOON]
    assert beam.settled(seconds) == 2
    assert beam.drafts(16, firsts) * len(firsts) <= beam.ROWS
    assert beam.drafts(16, seconds) == 16


def test_a_draft_that_runs_on_is_used_as_far_as_the_count_goes() -> None:
    assert fit_verse("the river at night is a thing", Line(5, 5)) == NIGHT
    assert fit_verse("the river at night", Line(7, 7)) == ""
    assert fit_verse("7 rivers at the night", Line(5, 9)) == ""


def test_the_last_line_is_rather_one_that_ends_something() -> None:
    piece = grown(Piece(COUPLET, COUPLET.leads), NIGHT)
    open_end, whole = draft("a candle for light", -1.5), draft("a lamp and its light.", -1.9)
    assert piece.with_lines([open_end, whole])[0].lines[1] == "a lamp and its light."


def test_a_rhyme_that_was_forced_and_a_stub_behind_a_full_stop_are_rather_not_taken() -> None:
    piece = grown(Piece(COUPLET, COUPLET.leads), NIGHT)
    forced, stub = replace(draft("a candle for light."), lowest=-12.0), draft("a candle. For light.")
    free = replace(draft("a lamp and its light.", -1.9), lowest=-5.0)
    for worse in (forced, stub):
        assert piece.with_lines([worse, free])[0].lines[1] == "a lamp and its light."


def test_a_rhyme_is_one_as_the_words_are_mostly_said() -> None:
    piece = grown(Piece(COUPLET, COUPLET.leads), "a thing that he hid")
    assert not grown(piece, "the cake was so good").complete
    assert rhyme.rhymes("hid", "good"), "as people may rhyme it"
