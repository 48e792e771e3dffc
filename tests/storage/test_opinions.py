"""What the whole conversation leaves in the database is read back as opinions, on both kinds of database."""

from collections.abc import AsyncIterator

import pytest

from adapters.dataset import Rules, build
from engine.messages import Person, Reaction, Turn, Vote
from storage.opinions import Opinions
from tests.engine.desk import BEN, KEY, MARA, Desk, collect, done, opened, other

AGREED = Rules(assumed=frozenset({"telegram"}), reader=1.0)


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    async with opened(database_url) as one:
        yield one


async def _opinions(desk: Desk) -> Opinions:
    return await desk.preferences.opinions()


async def _vote(desk: Desk, turn: Turn, value: Vote, person: Person = MARA) -> None:
    await desk.talk.react(Reaction(KEY, person, value, turn.id))


async def test_a_vote_comes_with_all_that_the_model_saw(desk: Desk) -> None:
    turn = await desk.say("The lamp went out.", form="story")
    await _vote(desk, turn, -1)
    await _vote(desk, turn, 1)
    found = await _opinions(desk)
    mara = next(one for one in found.people.values() if one.account == "7")
    assert [(one.turn, one.person, one.value) for one in found.votes] == [(turn.id, mara.id, 1)]
    passage = found.passages[turn.id]
    assert (passage.prompt, passage.text, passage.written) == ("The lamp went out.", turn.text, turn.text)
    assert (passage.form, passage.model, passage.adapter) == ("story", "echo", "")
    assert (passage.platform, passage.chat, passage.thread) == ("telegram", "1", "")
    assert passage.seen == found.writers[passage.piece] == {mara.id}
    assert (mara.platform, mara.consent, passage.went_on) == ("telegram", None, False)


async def test_a_vote_that_was_taken_back_is_no_opinion(desk: Desk) -> None:
    turn = await desk.say("The lamp went out.")
    await _vote(desk, turn, 1)
    await _vote(desk, turn, 0)
    assert not (await _opinions(desk)).votes


async def test_picks_retries_edits_and_undos_become_pairs(desk: Desk) -> None:
    first = await desk.say("The lamp went out.", form="story")
    second = await desk.retry()
    await _vote(desk, second, 1)
    pairs = build(await _opinions(desk), AGREED).examples.pairs
    assert [(one.chosen, one.rejected, one.source) for one in pairs] == [(second.text, first.text, "retry")]
    await desk.talk.swipe(KEY, MARA, -1)
    pairs = build(await _opinions(desk), AGREED).examples.pairs
    assert [(one.chosen, one.rejected, one.source) for one in pairs] == [(first.text, second.text, "pick")]
    edited = await desk.talk.edit(KEY, MARA, "Nobody came.")
    pairs = build(await _opinions(desk), AGREED).examples.pairs
    assert (edited.id, "edit", "Nobody came.", first.text) in {
        (first.id, one.source, one.chosen, one.rejected) for one in pairs
    }
    gone = await desk.proceed()
    await desk.talk.undo(KEY, MARA)
    stayed = await desk.proceed()
    assert build(await _opinions(desk), AGREED).left["undecided"] == 1  # nobody wrote on yet
    await desk.proceed()
    pairs = build(await _opinions(desk), AGREED).examples.pairs
    assert (stayed.text, gone.text, "undo", 0.5) in {
        (one.chosen, one.rejected, one.source, one.weight) for one in pairs
    }


async def test_an_edit_that_was_taken_back_says_nothing(desk: Desk) -> None:
    await desk.say("The lamp went out.")
    await desk.talk.edit(KEY, MARA, "Nobody came.")
    await desk.talk.undo(KEY, MARA)
    found = build(await _opinions(desk), AGREED)
    assert (found.examples.pairs, found.left) == ((), {"undone": 1})


async def test_everybody_whose_words_the_model_saw_is_known(desk: Desk) -> None:
    await desk.say("The lamp went out.", form="story")
    await desk.talk.edit(KEY, BEN, "Ben writes this instead.")
    turn = await desk.proceed()
    await _vote(desk, turn, 1)
    fresh = await desk.say("A fox.", form="story")  # a section of its own: nothing before it is seen
    await _vote(desk, fresh, 1)
    found = await _opinions(desk)
    names = {one.id: one.account for one in found.people.values()}
    assert {names[who] for who in found.passages[turn.id].seen} == {"7", "8"}
    assert {names[who] for who in found.passages[fresh.id].seen} == {"7"}


async def test_consent_is_the_last_word_and_decides_what_is_learnt(desk: Desk) -> None:
    turn = await desk.say("The lamp went out.")
    await _vote(desk, turn, 1)
    mara = next(iter((await _opinions(desk)).people))
    counts = []
    for given in (None, True, False, True):
        if given is not None:
            await desk.preferences.agree(mara, given=given)
        assert await desk.preferences.consent("telegram", "7") is given
        counts.append(len(build(await _opinions(desk)).examples))
    assert counts == [0, 1, 0, 1]


async def test_a_piece_that_was_deleted_is_not_learnt_from(desk: Desk) -> None:
    turn = await desk.say("The lamp went out.")
    await _vote(desk, turn, 1)
    await desk.talk.delete(KEY, MARA)
    found = await _opinions(desk)
    assert (found.votes, found.passages) == ((), {})


async def test_other_chats_are_other_pieces(desk: Desk) -> None:
    here = await desk.say("The lamp went out.")
    there = await desk.say("The lamp went out.", key=other(chat="2"))
    await _vote(desk, here, 1)
    await desk.talk.react(Reaction(other(chat="2"), BEN, -1, there.id))
    found = await _opinions(desk)
    assert {(one.chat, one.piece) for one in found.passages.values()} == {("1", here.session), ("2", there.session)}


async def test_alternatives_are_versions_of_one_place(desk: Desk) -> None:
    await desk.say("The lamp went out.")
    await collect(desk.talk.alternatives(desk.message(), 3))
    live = await done(desk.talk.alternatives(desk.message(), 2))
    await _vote(desk, live, -1)
    best = await desk.talk.swipe(KEY, MARA, -1)
    await _vote(desk, best, 1)
    (pair,) = build(await _opinions(desk), AGREED).examples.pairs
    assert (pair.chosen, pair.rejected, pair.source) == (best.text, live.text, "vote")
