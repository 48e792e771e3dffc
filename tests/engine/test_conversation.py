import asyncio
from collections.abc import AsyncIterator

import pytest

from engine.errors import (
    BadValue,
    Busy,
    EmptyText,
    GeneratorFailed,
    Impossible,
    NotFound,
    RequestCancelled,
    TextTooLong,
    UnknownForm,
)
from engine.messages import Accepted, MessageRef, Person, Reaction, SessionKey, UserMessage
from storage import schema
from tests.engine.desk import BEN, KEY, MARA, SAY, Desk, collect, done, events, opened, other


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    async with opened(database_url) as ready:
        yield ready


async def test_a_reply_stores_the_words_and_the_passage_with_all_it_takes_to_make_it_again(desk: Desk) -> None:
    turn = await desk.say("A lighthouse keeper finds a letter addressed to no one", "story")
    piece = await desk.talk.piece(KEY)
    assert piece.title == "A lighthouse keeper finds a letter addressed to no one"
    assert [(one.kind, one.author, one.form) for one in piece.turns] == [
        ("person", "Mara", "story"),
        ("model", "", "story"),
    ]
    assert piece.turns[1] == turn
    assert (piece.passages, piece.is_open, turn.model, turn.finish) == (2, True, "echo", "end")
    seen = await desk.talk.context(KEY)
    assert seen.prompt == "A lighthouse keeper finds a letter addressed to no one"
    assert [section.name for section in seen.sections] == ["story"]
    assert (seen.turn, seen.window, seen.reserved) == (turn.id, 1024, 200)
    row = (await desk.rows(schema.turns))[1]
    assert (row["completion"], row["seed"], row["sampling"]["top_p"]) == (turn.text, turn.seed, 0.95)
    assert desk.writer.tasks[0].seed == turn.seed


async def test_the_writer_gets_the_section_and_what_to_remember(desk: Desk) -> None:
    await desk.say("A story.", "story")
    await desk.talk.remember(KEY, MARA, "The sea is dry.")
    await desk.talk.annotate(KEY, MARA, "Slowly.")
    poem = await desk.say("Rain", "poem")
    await desk.say("and more rain")
    task = desk.writer.tasks[-1]
    assert [(one.kind, one.author, one.text) for one in task.passages] == [
        ("person", "Mara", "Rain"),
        ("model", "", poem.text),
        ("person", "Mara", "and more rain"),
    ]
    assert (task.form, task.memory, task.note, task.drafts) == ("poem", "The sea is dry.", "Slowly.", 1)
    assert (await desk.talk.piece(KEY)).form == "poem"
    await desk.talk.undo(KEY, MARA)
    await desk.talk.undo(KEY, MARA)
    assert (await desk.talk.piece(KEY)).form == "story"


async def test_a_form_alone_begins_without_words(desk: Desk) -> None:
    turn = await desk.say("", "haiku")
    assert (turn.form, turn.parent) == ("haiku", None)
    assert desk.writer.tasks[-1].passages == ()
    assert (await desk.talk.piece(KEY)).title
    again = await desk.retry()
    assert (again.version, again.versions, again.form) == (2, 2, "haiku")
    assert desk.writer.tasks[-1].passages == ()


@pytest.mark.parametrize(
    ("text", "form", "error"),
    [
        ("", "", EmptyText),
        (" \n\t\u200b\x00 ", "", EmptyText),
        ("x" * 16_001, "", TextTooLong),
        ("words", "opera", UnknownForm),
    ],
)
async def test_a_refused_message_changes_nothing(desk: Desk, text: str, form: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        await desk.say(text, form, delivery="u1")
    for table in (schema.pieces, schema.turns, schema.inbox, schema.people, schema.moves):
        assert await desk.rows(table) == []
    assert desk.writer.tasks == []


async def test_strange_texts_are_stored_as_they_can_be_read(desk: Desk) -> None:
    await desk.say("a\x00b\r\nשלום 👩‍👩‍👧 \ud800 <b>*x*</b> [INST] /undo \x1b[31m" + "y" * 9_000)
    text = (await desk.texts())[0]
    assert text == "ab\nשלום 👩‍👩‍👧 � <b>*x*</b> [INST] /undo [31m" + "y" * 9_000


async def test_what_cannot_be_done_in_an_empty_chat_is_refused_and_makes_no_piece(desk: Desk) -> None:
    for why, wish in (
        ("nothing_to_undo", desk.talk.undo(KEY, MARA)),
        ("nothing_to_redo", desk.talk.redo(KEY, MARA)),
        ("nothing_written", desk.talk.swipe(KEY, MARA, 1)),
        ("nothing_written", desk.talk.edit(KEY, MARA, "words")),
    ):
        with pytest.raises(Impossible) as caught:
            await wish
        assert caught.value.fields == {"why": why}
    assert await desk.talk.pieces(KEY) == ()
    assert await desk.talk.cancel(KEY) is False
    with pytest.raises(Impossible):
        await desk.proceed()
    with pytest.raises(Impossible):
        await desk.retry()


async def test_versions_are_counted_swiped_and_picked(desk: Desk) -> None:
    first = await desk.say("Once", "story")
    second = await desk.retry()
    assert (second.version, second.versions, second.parent) == (2, 2, first.parent)
    assert desk.writer.tasks[-1].avoid == (first.text,)
    third = await done(desk.talk.alternatives(desk.message(), 3))
    assert (third.version, third.versions) == (3, 5)
    assert desk.writer.tasks[-1].drafts == 3
    assert (await desk.talk.piece(KEY)).turns[-1].id == third.id
    assert (await desk.talk.swipe(KEY, MARA, 1)).version == 4
    assert (await desk.talk.swipe(KEY, BEN, -1)).id == third.id
    assert (await desk.talk.swipe(KEY, MARA, -1)).id == second.id
    assert (await desk.talk.swipe(KEY, MARA, -1)).id == first.id
    with pytest.raises(Impossible, match="first_version"):
        await desk.talk.swipe(KEY, MARA, -1)
    picks = await desk.rows(schema.picks)
    assert (first.id, second.id) in {(row["turn"], row["over"]) for row in picks}
    assert len(picks) == 4
    assert [(row["turn"], row["reply"]) for row in await desk.rows(schema.retries)] == [(first.id, second.id)]


@pytest.mark.parametrize("count", [0, 7, -1, 10**6])
async def test_a_number_of_versions_out_of_range_is_refused(desk: Desk, count: int) -> None:
    await desk.say("Once")
    with pytest.raises(BadValue):
        await done(desk.talk.alternatives(desk.message(), count))


async def test_coming_back_to_a_version_finds_what_followed_it(desk: Desk) -> None:
    first = await desk.say("Once")
    await desk.say("and then")
    whole = await desk.texts()
    second = await desk.retry(first.id)
    assert await desk.texts() == ["Once", second.text]
    assert (await desk.talk.swipe(KEY, MARA, -1)).id == first.id
    assert await desk.texts() == whole


async def test_undo_and_redo_go_whole_steps(desk: Desk) -> None:
    states = [await desk.texts()]
    await desk.say("Once")
    states.append(await desk.texts())
    await desk.proceed()
    states.append(await desk.texts())
    await desk.retry()
    states.append(await desk.texts())
    await desk.talk.swipe(KEY, MARA, -1)
    states.append(await desk.texts())
    await desk.talk.edit(KEY, MARA, "My own words.")
    states.append(await desk.texts())
    turn = (await desk.talk.piece(KEY)).turns[1].id
    await desk.talk.branch(KEY, MARA, turn)
    states.append(await desk.texts())
    for state in reversed(states[:-1]):
        await desk.talk.undo(KEY, MARA)
        assert await desk.texts() == state
    with pytest.raises(Impossible, match="nothing_to_undo"):
        await desk.talk.undo(KEY, MARA)
    for state in states[1:]:
        await desk.talk.redo(KEY, BEN)
        assert await desk.texts() == state
    with pytest.raises(Impossible, match="nothing_to_redo"):
        await desk.talk.redo(KEY, MARA)


async def test_something_new_after_undo_ends_redo_but_destroys_nothing(desk: Desk) -> None:
    first = await desk.say("Once")
    await desk.talk.undo(KEY, MARA)
    await desk.say("Twice")
    with pytest.raises(Impossible):
        await desk.talk.redo(KEY, MARA)
    assert (await desk.talk.turn(KEY, first.id)).text == first.text
    branches = await desk.talk.branches(KEY)
    assert [(branch.number, branch.passages, branch.live) for branch in branches] == [(1, 2, False), (2, 2, True)]
    await desk.talk.switch(KEY, MARA, 1)
    assert await desk.texts() == ["Once", first.text]
    with pytest.raises(NotFound):
        await desk.talk.switch(KEY, MARA, 3)


async def test_an_edit_keeps_before_after_and_what_the_model_wrote(desk: Desk) -> None:
    turn = await desk.say("Once")
    edited = await desk.talk.edit(KEY, BEN, "First.")
    assert (edited.id, edited.text, edited.edited) == (turn.id, "First.", True)
    await desk.talk.edit(KEY, MARA, "Second.")
    await desk.talk.edit(KEY, MARA, "Second.")
    rows = await desk.rows(schema.edits)
    assert [(row["before"], row["after"], row["first"]) for row in rows] == [
        (turn.text, "First.", True),
        ("First.", "Second.", False),
    ]
    assert (await desk.rows(schema.turns))[1]["completion"] == turn.text
    await desk.talk.undo(KEY, MARA)
    assert (await desk.talk.turn(KEY, turn.id)).edited
    await desk.talk.undo(KEY, MARA)
    assert await desk.talk.turn(KEY, turn.id) == turn
    own = (await desk.talk.piece(KEY)).turns[0]
    assert (await desk.talk.edit(KEY, MARA, "Twice", own.id)).text == "Twice"
    await desk.retry()
    assert desk.writer.tasks[-1].passages[0].text == "Twice"


async def test_only_the_models_passages_have_versions_context_and_votes(desk: Desk) -> None:
    await desk.say("Once")
    own = (await desk.talk.piece(KEY)).turns[0].id
    with pytest.raises(Impossible, match="not_a_model_passage"):
        await desk.retry(own)
    with pytest.raises(Impossible, match="not_a_model_passage"):
        await desk.talk.swipe(KEY, MARA, 1, own)
    with pytest.raises(Impossible, match="not_a_model_passage"):
        await desk.talk.context(KEY, own)
    with pytest.raises(Impossible, match="not_a_model_passage"):
        await desk.talk.react(Reaction(KEY, MARA, 1, own))


async def test_votes_of_two_people_the_last_word_wins(desk: Desk) -> None:
    turn = await desk.say("Once")
    await desk.talk.react(Reaction(KEY, MARA, 1, turn.id))
    seen = await desk.talk.react(Reaction(KEY, BEN, -1, turn.id))
    assert (seen.likes, seen.dislikes) == (1, 1)
    await desk.talk.react(Reaction(KEY, MARA, -1, turn.id))
    assert await desk.talk.votes(KEY, MARA) == {turn.id: -1}
    seen = await desk.talk.react(Reaction(KEY, MARA, 0, turn.id))
    assert (seen.likes, seen.dislikes) == (0, 1)
    assert (await desk.talk.piece(KEY)).turns[1].dislikes == 1
    assert len(await desk.rows(schema.preferences)) == 1


async def test_a_reaction_finds_its_passage_by_the_message_that_shows_it(desk: Desk) -> None:
    topic = other(thread="topic")
    turn = await desk.say("Once", key=topic)
    ref = MessageRef("telegram", "1", "55")
    await desk.talk.delivered(turn.id, (ref,))
    assert (await desk.talk.react(Reaction(KEY, MARA, 1, ref=ref))).likes == 1
    assert await desk.talk.turn_at(ref, KEY) == await desk.talk.turn(topic, turn.id)
    for chat in ("2", "3"):
        with pytest.raises(NotFound):
            await desk.talk.react(Reaction(other(chat=chat), MARA, 1, ref=ref))
        assert await desk.talk.turn_at(MessageRef("telegram", chat, "55"), other(chat=chat)) is None
    with pytest.raises(NotFound):
        await desk.talk.react(Reaction(KEY, MARA, 1, ref=MessageRef("telegram", "1", "56")))


async def test_the_message_a_person_sent_shows_their_words(desk: Desk) -> None:
    ref = MessageRef("telegram", "1", "54")
    await done(desk.talk.reply(UserMessage(KEY, MARA, "Once", ref)))
    found = await desk.talk.turn_at(ref, KEY)
    assert found is not None
    assert (found.kind, found.text) == ("person", "Once")


@pytest.mark.parametrize("key", [other(chat="2"), other(thread="topic"), other(platform="discord")])
async def test_nobody_reaches_a_piece_of_another_place(desk: Desk, key: SessionKey) -> None:
    turn = await desk.say("Private words", "story")
    piece = (await desk.talk.piece(KEY)).id
    inside = other(key, piece=piece)
    wishes = [
        desk.talk.piece(inside),
        desk.talk.turn(key, turn.id),
        desk.talk.context(key, turn.id),
        desk.talk.context(inside),
        desk.talk.react(Reaction(key, BEN, 1, turn.id)),
        desk.talk.votes(inside, BEN),
        desk.talk.swipe(key, BEN, -1, turn.id),
        desk.talk.edit(key, BEN, "Mine now.", turn.id),
        desk.talk.branch(key, BEN, turn.id),
        desk.talk.branches(inside),
        desk.talk.switch(inside, BEN, 1),
        desk.talk.undo(inside, BEN),
        desk.talk.redo(inside, BEN),
        desk.talk.rename(inside, BEN, "Mine"),
        desk.talk.remember(inside, BEN, "Mine"),
        desk.talk.annotate(inside, BEN, "Mine"),
        desk.talk.open(key, BEN, piece),
        desk.talk.open(key, BEN, "Private words"),
        desk.talk.delete(key, BEN, piece),
        desk.talk.delete(inside, BEN),
        desk.talk.carrying.export(inside, "md", SAY),
        done(desk.talk.reply(desk.message("more", key=inside, person=BEN))),
        done(desk.talk.proceed(desk.message(key=inside, person=BEN))),
        done(desk.talk.retry(desk.message(key=key, person=BEN), turn.id)),
        done(desk.talk.alternatives(desk.message(key=key, person=BEN), 2, turn.id)),
    ]
    before = await desk.talk.piece(KEY)
    answers = await asyncio.gather(*wishes, return_exceptions=True)
    assert [type(answer) for answer in answers] == [NotFound] * len(wishes)
    assert await desk.talk.cancel(inside) is False
    assert await desk.talk.piece(KEY) == before
    assert all(piece.id != before.id for piece in await desk.talk.pieces(key))
    assert len(await desk.rows(schema.turns)) == 2


@pytest.mark.parametrize("name", ["", "x", "../../etc", "0" * 16, "\x00" * 16, "é" * 40_000, "DROP TABLE turns;"])
async def test_wrong_ids_are_not_found(desk: Desk, name: str) -> None:
    await desk.say("Once")
    name = name or "-"
    answers = await asyncio.gather(
        desk.talk.turn(KEY, name),
        desk.talk.context(KEY, name),
        desk.talk.branch(KEY, MARA, name),
        desk.talk.piece(other(piece=name)),
        desk.talk.open(KEY, MARA, name),
        desk.talk.react(Reaction(KEY, MARA, 1, name)),
        done(desk.talk.retry(desk.message(), name)),
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers] == [NotFound] * 7


async def test_pieces_are_listed_opened_renamed_and_deleted(desk: Desk) -> None:
    first = await desk.talk.create(KEY, MARA, "  The   Sea ")
    await desk.say("Waves")
    second = await desk.talk.create(KEY, MARA)
    assert (first.title, second.title, second.is_open) == ("The Sea", "", True)
    await desk.say("In the mountains there was snow, and under the snow there was a house, and in it")
    titles = [(piece.title, piece.is_open, piece.passages) for piece in await desk.talk.pieces(KEY)]
    assert titles == [("The Sea", False, 2), ("In the mountains there was snow, and under the snow there", True, 2)]
    for name in ("1", "the sea", "The S", first.id):
        assert (await desk.talk.open(KEY, MARA, name)).id == first.id
        await desk.talk.open(KEY, MARA, "2")
    assert (await desk.talk.rename(KEY, MARA, "Snow\n\u202eand ice")).title == "Snow and ice"
    with pytest.raises(EmptyText):
        await desk.talk.rename(KEY, MARA, " \u200b ")
    with pytest.raises(TextTooLong):
        await desk.talk.rename(KEY, MARA, "x" * 121)
    assert (await desk.talk.delete(KEY, MARA)).title == "Snow and ice"
    assert (await desk.talk.piece(KEY)).id == first.id
    with pytest.raises(NotFound):
        await desk.talk.open(KEY, MARA, "2")
    assert len(await desk.rows(schema.turns)) == 4


async def test_memory_and_note_are_bounded_and_can_be_cleared(desk: Desk) -> None:
    assert (await desk.talk.remember(KEY, MARA, "x" * 4_000)).memory == "x" * 4_000
    for wish in (desk.talk.remember(KEY, MARA, "x" * 4_001), desk.talk.annotate(KEY, MARA, "x" * 2_001)):
        with pytest.raises(TextTooLong):
            await wish
    assert (await desk.talk.remember(KEY, MARA, "")).memory == ""


@pytest.mark.parametrize("person", [Person("telegram", "\x00"), Person("telegram", "9" * 201), Person("a\nb", "1")])
async def test_a_person_who_cannot_be_stored_is_refused(desk: Desk, person: Person) -> None:
    with pytest.raises(BadValue):
        await done(desk.talk.reply(desk.message("Once", person=person)))
    assert await desk.rows(schema.people) == []


async def test_a_failure_keeps_the_words_and_retry_writes_the_missing_answer(desk: Desk) -> None:
    desk.writer.error = GeneratorFailed()
    reply = desk.talk.reply(desk.message("Once"))
    assert isinstance(await anext(reply), Accepted)
    with pytest.raises(GeneratorFailed):
        await collect(reply)
    assert await desk.texts() == ["Once"]
    desk.writer.error = None
    turn = await desk.retry()
    assert await desk.texts() == ["Once", turn.text]
    assert (turn.version, turn.versions) == (1, 1)
    await desk.talk.undo(KEY, MARA)
    assert await desk.texts() == ["Once"]


async def test_a_full_inbox_says_whether_the_words_are_kept(desk: Desk) -> None:
    desk.writer.error = Busy(waiting=64)
    with pytest.raises(Busy) as caught:
        await desk.say("Once", delivery="u1")
    assert caught.value.fields == {"waiting": 64, "why": "kept"}
    with pytest.raises(Busy) as caught:
        await desk.proceed()
    assert caught.value.fields == {"waiting": 64}
    desk.writer.error = None
    turn = await desk.say("Once", delivery="u1")
    assert await desk.texts() == ["Once", turn.text]


async def test_a_broken_writer_breaks_only_its_own_reply(desk: Desk) -> None:
    desk.writer.error = RuntimeError("a bug")
    with pytest.raises(RuntimeError, match="a bug"):
        await desk.say("Once")
    desk.writer.error = None
    await desk.say("Twice")
    assert len(await desk.texts()) == 3


async def test_the_same_update_twice_acts_once(desk: Desk) -> None:
    first = await desk.say("Once", delivery="u1")
    again = await events(desk.talk.reply(desk.message("Once", "u1")))
    assert [type(event).__name__ for event in again] == ["Accepted", "Done"]
    liked = await desk.talk.react(Reaction(KEY, BEN, 1, first.id))
    assert await desk.say("Once", delivery="u1") == liked
    await desk.retry(delivery="u2")
    await desk.retry(delivery="u2")
    await desk.proceed(delivery="u3")
    await desk.proceed(delivery="u3")
    await desk.talk.swipe(KEY, MARA, 1, first.id, delivery="u4")
    await desk.talk.swipe(KEY, MARA, 1, first.id, delivery="u4")
    await desk.talk.undo(KEY, MARA, delivery="u5")
    await desk.talk.undo(KEY, MARA, delivery="u5")
    assert len(desk.writer.tasks) == 3
    assert len(await desk.rows(schema.turns)) == 4
    await desk.talk.create(KEY, MARA, "New", delivery="u6")
    await desk.talk.create(KEY, MARA, "New", delivery="u6")
    assert len(await desk.talk.pieces(KEY)) == 2


async def test_the_same_update_at_the_same_moment_acts_once(desk: Desk) -> None:
    turns = await asyncio.gather(*(desk.say("Once", delivery="u1") for _ in range(5)))
    assert len({turn.id for turn in turns}) == 1
    assert len(await desk.rows(schema.turns)) == 2
    assert len(await desk.talk.pieces(KEY)) == 1
    assert len(desk.writer.tasks) == 1


async def test_an_update_whose_reply_is_missing_is_answered_when_it_comes_again(desk: Desk) -> None:
    desk.writer.error = GeneratorFailed()
    with pytest.raises(GeneratorFailed):
        await desk.say("Once", delivery="u1")
    desk.writer.error = None
    turn = await desk.say("Once", delivery="u1")
    assert await desk.texts() == ["Once", turn.text]
    await desk.talk.undo(KEY, MARA)
    assert await desk.texts() == []


async def test_an_update_the_piece_went_on_without_is_not_answered_any_more(desk: Desk) -> None:
    desk.writer.error = GeneratorFailed()
    with pytest.raises(GeneratorFailed):
        await desk.say("Once", delivery="u1")
    desk.writer.error = None
    await desk.say("Twice", delivery="u2")
    with pytest.raises(RequestCancelled):
        await desk.say("Once", delivery="u1")
    assert len(await desk.texts()) == 3
