"""The tree of a piece and what was changed in a passage, over the studio's API."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.web import views
from tests.bot.studio import Studio, error_of, final, studio


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Studio]:
    async with studio(tmp_path) as built:
        yield built


async def get(room: Studio, path: str) -> Any:
    answer = await room.client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_branches_are_listed_and_set_side_by_side(room: Studio) -> None:
    session = await room.create()
    first = final(await room.say(session, "/story A lamp."))
    second = final(await room.say(session, "It went out."))
    await room.act(first["turn"], "branch")
    await room.say(session, "It burned on.")
    limbs = await get(room, f"/api/sessions/{session}/branches")
    assert [(limb["number"], limb["live"], limb["ends_live"], limb["aside"]) for limb in limbs] == [
        (0, True, False, 0), (1, False, False, 1), (2, True, True, 0),
    ]  # fmt: skip
    assert limbs[1]["opening"] == "It went out."
    beside = await get(room, f"/api/sessions/{session}/branches/1")
    assert (beside["number"], beside["shared"]) == (1, 2)
    assert [turn["text"] for turn in beside["other"]] == ["It went out.", second["text"]]
    assert beside["live"][0]["text"] == "It burned on."
    for number, status in ((2, 409), (9, 404), (10**9, 404)):
        refused = await room.client.get(f"/api/sessions/{session}/branches/{number}")
        assert refused.status_code == status
        assert error_of(refused)
    assert (await room.client.get("/api/sessions/0123456789abcdef/branches")).status_code == 404


async def test_an_edit_is_shown_with_what_went_and_what_came(room: Studio) -> None:
    session = await room.create()
    turn = final(await room.say(session, "/story A lamp."))["turn"]
    await room.act(turn, "edit", text="The lamp burned all night.", author="ann")
    await room.act(turn, "edit", text="The lamp burned out.", author="ben")
    assert [each["author"] for each in await get(room, f"/api/turns/{turn}/edits")] == ["ann", "ben"]
    last = (await get(room, f"/api/turns/{turn}/edits"))[1]
    assert (last["before"], last["after"]) == ("The lamp burned all night.", "The lamp burned out.")
    assert last["parts"] == [[0, "The lamp burned "], [-1, "all night"], [1, "out"], [0, "."]]
    await room.say(session, "/undo")
    assert [each["author"] for each in await get(room, f"/api/turns/{turn}/edits")] == ["ann"]
    assert (await room.client.get("/api/turns/0123456789abcdef/edits")).status_code == 404


@pytest.mark.parametrize(
    ("before", "after", "parts"),
    [
        ("她读了信。", "她烧了信。", [(0, "她"), (-1, "读"), (1, "烧"), (0, "了信。")]),
        ("", "New.", [(1, "New.")]),
        ("a " * 3000, "b " * 3000, [(-1, "a " * 3000), (1, "b " * 3000)]),
    ],
)
def test_words_are_compared_one_by_one(before: str, after: str, parts: list[tuple[int, str]]) -> None:
    assert views.compared(before, after) == parts


async def test_what_was_chosen_is_said_in_the_readers_language(room: Studio) -> None:
    session = await room.create()
    for text in ("/genre horror", "/mood tense", "/voice first person"):
        await room.say(session, text)
    assert (await room.piece(session))["chosen"] == ["horror", "tense", "in the first person"]
    answer = await room.client.get(f"/api/sessions/{session}", headers={"Accept-Language": "zh-CN"})
    assert answer.json()["chosen"] == ["恐怖", "紧张", "用第一人称"]
