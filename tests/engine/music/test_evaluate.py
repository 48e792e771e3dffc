import random

from engine.music.composer import Composer
from engine.music.corpus import Piece, split_by_family, windows_of
from engine.music.evaluate import chorale_table, copying, folk_table
from engine.music.keys import Key
from engine.music.limits import Effort
from engine.music.phrase import HOLD, METRES, Phrase
from tests.engine.music.fakes import fake_desk


def piece(seed: int, lanes: int, style: str) -> Piece:
    dice = random.Random(seed)
    rows = [[c for _ in range(32) for c in (dice.choice((60, 62, 64, 65, 67, 69)) - 7 * i, HOLD, HOLD, HOLD)]
            for i in range(lanes)]  # fmt: skip
    return Piece(f"{style} {seed}", style, Phrase(METRES["4/4"], Key(), tuple(map(tuple, rows))), (8,))


def test_the_tables_have_rows_for_real_control_and_made_music() -> None:
    held = [piece(seed, 4, "chorale") for seed in range(3)]
    rows = chorale_table(fake_desk(), held, 4, 1, Effort(), 2)
    assert set(rows) == {"held-out", "shuffled", "made", "harmonised"}
    assert rows["held-out"]["interval_jsd"] == 0
    assert rows["made"]["interval_jsd"] > 0
    folk = folk_table(Composer(fake_desk()), [piece(seed, 1, "reel") for seed in range(3)], 2, 1)
    assert folk["bars mixed"]["motif_repetition"] <= 100
    assert folk["made"]["notes_a_bar"] > 0


def test_a_copy_is_called_a_copy_and_a_stranger_is_not() -> None:
    train = [piece(seed, 1, "reel") for seed in range(3)]
    copied = copying([train[0].phrase.transposed(3)], train)
    assert copied.longest_run > 8
    assert copied.largest_share == 1
    assert copied.over_limit == 100
    assert copying([piece(99, 1, "reel").phrase], train).longest_run < 9


def test_a_family_stands_on_one_side_of_the_split() -> None:
    pieces = [piece(seed // 2, 1, "reel") for seed in range(60)]
    train, held = split_by_family(pieces, held_out=0.2)
    assert held
    assert not {p.title for p in train} & {p.title for p in held}
    assert len(windows_of(held)) == 5 * len(held)
