"""Branches drawn, laid side by side, and taken across: in one step, with their writers, and back again."""

from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from engine.drawing import MOST, ROW, WIDTH, draw_branches
from engine.errors import BadValue, Impossible, NotFound
from engine.messages import Turn
from tests.engine.desk import BEN, KEY, MARA, SAY, Desk, done, opened


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with opened(f"sqlite:///{tmp_path}/ghostnote.db") as ready:
        yield ready


async def forked(desk: Desk) -> Turn:
    """A fox that ran (branch 1, live), and one that sat and ate, in Ben's words (branch 2)."""
    first = await desk.say("A fox.", "story")
    await desk.say("It ran.")
    await desk.talk.branch(KEY, MARA, first.id)
    await done(desk.talk.reply(desk.message("It sat.", person=BEN)))
    await desk.say("It ate.")
    await desk.talk.edit(KEY, MARA, "It ate a lot.", (await desk.talk.piece(KEY)).turns[-2].id)
    await desk.talk.switch(KEY, MARA, 1)
    return first


async def test_the_stem_stays_and_what_parts_from_it_stands_aside(desk: Desk) -> None:
    first = await forked(desk)
    found = await desk.talk.branching.limbs(KEY)
    told = [(limb.aside, limb.passages, limb.opening, limb.number, limb.live, limb.ends_live) for limb in found]
    assert told == [
        (0, 2, "A fox.", 0, True, False),
        (1, 4, "It sat.", 2, False, False),
        (0, 2, "It ran.", 1, True, True),
    ]
    await desk.talk.branch(KEY, MARA, first.id)
    ends = [(limb.aside, limb.number, limb.ends_live) for limb in await desk.talk.branching.limbs(KEY)]
    assert ends == [(0, 1, True), (1, 2, False), (0, 3, False)]


async def test_a_hundred_retries_do_not_leave_the_phone(desk: Desk) -> None:
    await desk.say("A fox.", "story")
    for _ in range(12):
        await desk.proceed()
        await desk.retry()
    found = await desk.talk.branching.limbs(KEY)
    assert max(limb.aside for limb in found) == 1
    assert [limb.number for limb in found if limb.ends_live] == [len(await desk.talk.branches(KEY))]


async def test_two_branches_side_by_side(desk: Desk) -> None:
    await forked(desk)
    found = await desk.talk.branching.beside(KEY, 2)
    assert found.shared == 2
    assert [turn.text for turn in found.live if turn.kind == "person"] == ["It ran."]
    assert [turn.text for turn in found.other if turn.kind == "person"] == ["It sat.", "It ate a lot."]
    with pytest.raises(NotFound):
        await desk.talk.branching.beside(KEY, 3)
    with pytest.raises(Impossible, match="same_branch"):
        await desk.talk.branching.beside(KEY, 1)


async def test_what_is_taken_keeps_its_writers_and_can_be_given_back(desk: Desk) -> None:
    await forked(desk)
    before = await desk.talk.piece(KEY)
    piece = await desk.talk.branching.take(KEY, MARA, 2, delivery="u9")
    assert [turn.author for turn in piece.turns if turn.kind == "person"] == ["Mara", "Mara", "Ben", "Mara"]
    assert await desk.texts() == [turn.text for turn in piece.turns]
    assert (await desk.talk.branching.take(KEY, MARA, 2, delivery="u9")).turns == piece.turns
    ledger = (await desk.talk.carrying.export(KEY, "txt", SAY))[2].decode().splitlines()
    assert ledger[-2] == "7. Mara; edited by Mara"
    assert (await desk.talk.undo(KEY, MARA)).turns == before.turns
    assert (await desk.talk.redo(KEY, MARA)).turns == piece.turns
    assert (await desk.say("It slept.")).text
    assert len({turn.id for turn in (await desk.talk.piece(KEY)).turns}) == 10


async def test_single_passages_are_counted_from_the_first(desk: Desk) -> None:
    await forked(desk)
    piece = await desk.talk.branching.take(KEY, MARA, 2, 3)
    assert [turn.text for turn in piece.turns][-1] == "It sat."
    piece = await desk.talk.branching.take(KEY, MARA, 1, 3, 5)  # the other one ends first now
    assert [turn.text for turn in piece.turns][-3::2] == ["It sat.", "It ate a lot."]
    before = await desk.talk.piece(KEY)
    for first, last in ((9, 0), (3, 99), (4, 3)):
        with pytest.raises(BadValue):
            await desk.talk.branching.take(KEY, MARA, 1, first, last)
    assert await desk.talk.piece(KEY) == before


async def test_the_picture_shows_a_row_a_stretch_and_takes_any_words(desk: Desk) -> None:
    await forked(desk)
    await desk.talk.edit(KEY, MARA, "灯塔 <b> עברית 🏳️‍🌈 " * 40)
    found = await desk.talk.branching.limbs(KEY)
    with Image.open(BytesIO(draw_branches(found))) as image:
        assert image.size == (WIDTH, ROW * (len(found) + 1))
        assert len(image.getcolors(1 << 20) or ()) > 8
    with Image.open(BytesIO(draw_branches(found * 100))) as image:
        assert image.height == ROW * (MOST + 2)
