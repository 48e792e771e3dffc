from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from storage import schema
from storage.db import Database, Duplicate, Stale, now, open_database
from storage.history import History
from storage.preferences import Preferences
from storage.records import Account, Arrival, Ballot, NewTurn, Outcome, PieceRow, Place, Recipe, ScoreRow, Shift

HERE, ELSEWHERE = Place("telegram", "1"), Place("telegram", "1", "topic")
MARA = Account("telegram", "7", "Mara")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with open_database(database_url) as opened:
        yield opened


@pytest.fixture
def history(database: Database) -> History:
    return History(database)


async def _now(history: History, piece: PieceRow) -> PieceRow:
    found = await history.find(piece.place, piece.id)
    assert found is not None
    return found


async def _say(history: History, piece: PieceRow, text: str, delivery: str = "") -> PieceRow:
    person = await history.person(MARA)
    words = NewTurn(piece.head, piece.passages + 1, "person", text, "story", starts=piece.head is None)
    await history.accept(piece, person, words, Arrival("reply", text, delivery))
    return await _now(history, piece)


def _reply(piece: PieceRow, *texts: str) -> tuple[NewTurn, ...]:
    recipe = Recipe("raw", "prompt", {"top_p": 0.9}, ({"name": "story"},), 3, 1024, 100)
    return tuple(
        NewTurn(piece.head, piece.passages + 1, "model", text, "story", False, "gpt2", "tales", 2**62, "stop", recipe)
        for text in texts
    )


async def test_a_place_gets_one_piece_even_if_two_ask_at_once(history: History) -> None:
    first, second = await history.ensure(HERE), await history.ensure(HERE)
    assert first.id == second.id
    assert first.is_open
    assert (await history.ensure(ELSEWHERE)).id != first.id


async def test_a_piece_is_only_found_in_its_own_place(history: History) -> None:
    piece = await history.create(HERE, "Mine")
    assert await history.find(HERE, piece.id) == piece
    for place in (ELSEWHERE, Place("telegram", "2"), Place("discord", "1")):
        assert await history.find(place, piece.id) is None
        assert await history.load(place, piece.id) is None
        assert await history.listing(place) == ()


async def test_words_then_reply_are_one_move(history: History) -> None:
    piece = await _say(history, await history.create(HERE, ""), "Once", "u1")
    person = await history.person(MARA)
    received = await history.received(HERE, "u1")
    assert received is not None
    assert (received.turn, received.reply, received.move) == (piece.head, None, piece.step)
    rows = await history.finish(
        piece, Outcome(person, "reply", _reply(piece, "upon", "a time"), move=piece.step, delivery="u1")
    )
    now = await _now(history, piece)
    assert (now.head, now.step, now.title, now.passages) == (rows[0].id, piece.step, "Once", 2)
    found = await history.move(piece.id, now.step)
    assert found is not None
    assert (found[0].before, found[0].after, found[1]) == (None, rows[0].id, None)
    received = await history.received(HERE, "u1")
    assert received is not None
    assert received.reply == rows[0].id
    loaded = await history.load(HERE, piece.id)
    assert loaded is not None
    assert loaded[1][1:] == rows
    recipe = (await history.recipes(piece.id, rows[0].id))[rows[0].id]
    assert recipe == _reply(piece, "")[0].recipe
    assert rows[0].seed == 2**62


async def test_a_delivery_is_stored_once_and_its_words_with_it(history: History) -> None:
    piece = await _say(history, await history.create(HERE, ""), "Once", "u1")
    with pytest.raises(Duplicate):
        await _say(history, piece, "Once", "u1")
    assert await _now(history, piece) == piece
    other = await history.create(ELSEWHERE, "")
    assert (await _say(history, other, "Once", "u1")).passages == 1


async def test_who_read_an_older_tree_is_told_and_stores_nothing(history: History, database: Database) -> None:
    old = await history.create(HERE, "")
    await _say(history, old, "first")
    with pytest.raises(Stale):
        await _say(history, old, "second", "u2")
    with pytest.raises(Stale):
        await history.shift(old, await history.person(MARA), Shift(None, "branch", delivery="u3"))
    assert await history.received(HERE, "u2") is None
    assert await history.received(HERE, "u3") is None

    def count(connection: sa.Connection) -> object:
        return connection.scalar(sa.select(sa.func.count()).select_from(schema.turns))

    assert await database.read(count) == 1


async def test_a_reply_that_comes_too_late_is_kept_beside_the_live_branch(history: History) -> None:
    piece = await _say(history, await history.create(HERE, ""), "first")
    later = await _say(history, piece, "second")
    rows = await history.finish(piece, Outcome(await history.person(MARA), "reply", _reply(piece, "late"), move=1))
    now = await _now(history, piece)
    assert (now.head, now.step) == (later.head, later.step)
    loaded = await history.load(HERE, piece.id)
    assert loaded is not None
    assert rows[0] in loaded[1]
    assert rows[0].parent == piece.head


async def test_a_name_given_meanwhile_is_not_overwritten_by_the_first_words(history: History) -> None:
    piece = await history.create(HERE, "")
    await history.change(piece.id, title="Given")
    assert (await _say(history, piece, "Once upon")).title == "Given"


async def test_the_remembered_tree_follows_every_change_of_another_process(
    history: History, database: Database
) -> None:
    other = History(database)
    piece = await _say(history, await history.create(HERE, ""), "first")
    assert await history.load(HERE, piece.id) == await other.load(HERE, piece.id)
    piece = await _say(other, piece, "second")
    edit = Shift(piece.head, "edit", turn=str(piece.head), text="changed", before="second")
    await other.shift(piece, await other.person(MARA), edit)
    loaded = await history.load(HERE, piece.id)
    assert loaded is not None
    assert [(turn.text, turn.edited) for turn in loaded[1]] == [("first", False), ("changed", True)]
    assert loaded == await History(database).load(HERE, piece.id)


async def test_a_message_shows_the_turn_it_was_last_said_to_show(history: History) -> None:
    piece = await _say(history, await history.create(HERE, ""), "one")
    first, piece = str(piece.head), await _say(history, piece, "two")
    await history.delivered(first, [("telegram", "1", "5"), ("telegram", "1", "6")])
    await history.delivered(str(piece.head), [("telegram", "1", "6")])
    assert await history.shown(HERE, "5") == (HERE, piece.id, first)
    assert await history.shown(ELSEWHERE, "6") == (HERE, piece.id, piece.head)
    assert await history.shown(Place("telegram", "2"), "5") is None


async def test_deleting_keeps_every_row_and_opens_the_piece_used_last(history: History, database: Database) -> None:
    first = await _say(history, await history.create(HERE, "first"), "words")
    second = await history.create(HERE, "second")
    await history.delete(HERE, second.id, "u1")
    found = await history.find(HERE)
    assert found is not None
    assert found.id == first.id
    with pytest.raises(Duplicate):
        await history.delete(HERE, first.id, "u1")
    await history.delete(HERE, first.id)
    assert await history.find(HERE) is None
    assert await history.find(HERE, first.id) is None
    assert await history.home(HERE, str(first.head)) is None

    def count(connection: sa.Connection) -> object:
        return connection.scalar(sa.select(sa.func.count()).select_from(schema.pieces))

    assert await database.read(count) == 2


async def test_people_keep_their_id_and_may_change_their_name(history: History, database: Database) -> None:
    first = await history.person(MARA)
    fresh = History(database)
    assert await fresh.person(Account("telegram", "7", "")) == first
    assert await fresh.person(Account("telegram", "7", "Mara M.")) == first
    assert await fresh.person(Account("discord", "7", "Mara")) != first


async def test_the_last_vote_wins_and_can_be_taken_back(history: History, database: Database) -> None:
    piece = await _say(history, await history.create(HERE, ""), "one")
    turn, votes = str(piece.head), Preferences(database)
    mara, ben = await history.person(MARA), await history.person(Account("telegram", "8", "Ben"))
    for person, value in ((mara, 1), (ben, 1), (mara, -1), (mara, -1)):
        await votes.vote(Ballot(turn, person, value, "", HERE, piece.id))
    assert await votes.counts(piece.id) == {turn: (1, 1)}
    assert await votes.votes(piece.id, "telegram", "7") == {turn: -1}
    for _ in range(2):
        await votes.vote(Ballot(turn, mara, 0, "", HERE, piece.id))
    assert await votes.counts(piece.id) == {turn: (1, 0)}
    assert await votes.votes(piece.id, "telegram", "7") == {}


async def test_a_reaction_takes_back_its_own_vote_and_a_delivery_votes_once(
    history: History, database: Database
) -> None:
    piece = await _say(history, await history.create(HERE, ""), "one")
    turn, votes = str(piece.head), Preferences(database)
    mara, ben = await history.person(MARA), await history.person(Account("telegram", "8", "Ben"))

    async def vote(person: str, value: int, sign: str = "", delivery: str = "") -> tuple[int, int]:
        await votes.vote(Ballot(turn, person, value, sign, HERE, piece.id, delivery))
        return (await votes.counts(piece.id)).get(turn, (0, 0))

    assert await vote(mara, 1, "👍") == (1, 0)
    assert await vote(mara, 1, delivery="one") == (1, 0)
    assert await vote(mara, 0, "👍") == (1, 0)
    with pytest.raises(Duplicate):
        await vote(mara, 0, delivery="one")
    assert await vote(mara, -1, "👎") == (0, 1)
    assert await vote(mara, 0, "❤") == (0, 1)
    assert await vote(ben, 1, "👍") == (1, 1)
    await votes.clear(turn, "👍")
    assert await votes.counts(piece.id) == {turn: (0, 1)}
    assert await vote(ben, 1) == (1, 1)
    await votes.clear(turn)
    assert await votes.counts(piece.id) == {turn: (1, 0)}


async def test_the_music_of_a_passage_is_kept_with_it(history: History) -> None:
    piece = await history.ensure(HERE)
    person = await history.person(MARA)
    sent = NewTurn(None, 1, "person", "tune.mid", "midi", score=ScoreRow({"bars": 2}, b"MThd\x00sent"))
    delivery = await history.accept(piece, person, sent, Arrival("hear", "tune", "u1"))
    piece = await _now(history, piece)
    made = NewTurn(piece.head, 2, "model", "2 bars", "music", score=ScoreRow({"bars": 4}, b"MThd\x00made"))
    plain = NewTurn(piece.head, 2, "model", "no music", "music")
    rows = await history.finish(piece, Outcome(person, "music", (made, plain)))
    assert delivery.turn is not None
    assert await history.score(delivery.turn) == sent.score
    assert [await history.score(row.id) for row in rows] == [made.score, None]


async def test_words_are_unanswered_until_they_are_answered_stopped_or_passed(history: History) -> None:
    since = now() - timedelta(days=1)

    async def owed() -> list[str]:
        return [row.delivery for row in await history.unanswered("telegram", since)]

    pieces = {}
    for name in ("answered", "stopped", "passed", "deleted", "owed"):
        place = Place("telegram", name)
        pieces[name] = await _say(history, await history.create(place, name), f"It rained: {name}.", name)
    assert await owed() == list(pieces)
    piece = pieces["answered"]
    person = await history.person(MARA)
    outcome = Outcome(person, "reply", _reply(piece, "Then."), move=piece.step, delivery="answered")
    (answer,) = await history.finish(piece, outcome)
    assert await owed() == list(pieces)  # it is written, but nobody saw it
    await history.delivered(answer.id, [("telegram", "answered", "7")])
    await history.give_up(Place("telegram", "stopped"), "stopped")
    await history.shift(pieces["passed"], person, Shift(None, "branch"))
    await history.delete(Place("telegram", "deleted"), pieces["deleted"].id)
    (row,) = await history.unanswered("telegram", since)
    assert (row.place, row.account, row.delivery) == (Place("telegram", "owed"), MARA, "owed")
    assert (row.text, row.form) == ("It rained: owed.", "story")
    assert await history.unanswered("discord", since) == ()
    assert await history.unanswered("telegram", now() + timedelta(seconds=1)) == ()
