"""The table of PRODUCT.md, call by call, over a real conversation on SQLite."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.web_app import About
from tests.bot.studio import Studio, final, studio

STORY = "/story A lighthouse keeper finds a letter addressed to no one"


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Studio]:
    async with studio(tmp_path) as built:
        yield built


async def test_a_session_is_made_listed_and_shown(room: Studio) -> None:
    session = await room.create("The Letter")
    listed = (await room.client.get("/api/sessions")).json()
    assert [(each["id"], each["title"]) for each in listed] == [(session, "The Letter")]
    piece = await room.piece(session)
    assert {"title", "turns", "settings", "memory", "note", "lore"} <= piece.keys()
    assert (piece["title"], piece["turns"], piece["memory"], piece["note"], piece["lore"]) == (
        "The Letter",
        [],
        "",
        "",
        [],
    )


async def test_title_and_author_and_even_the_body_may_be_left_out(room: Studio) -> None:
    assert (await room.client.post("/api/sessions", json={})).status_code == 201
    assert (await room.client.post("/api/sessions")).status_code == 201


async def test_a_story_streams_drafts_and_ends_with_one_final(room: Studio) -> None:
    session = await room.create()
    events = await room.say(session, STORY)
    last = final(events)
    drafts = [data["text"] for name, data in events if name == "draft"]
    assert drafts
    assert last["text"]
    assert last["finish"] in ("end", "stop", "length")
    assert last["model"]
    assert isinstance(last["seed"], int)
    piece = await room.piece(session)
    assert piece["title"].startswith("A lighthouse keeper finds a letter")
    person, model = piece["turns"]
    assert (person["kind"], person["author"], person["text"]) == ("person", "me", STORY.removeprefix("/story "))
    assert (model["kind"], model["id"], model["text"], model["parent"]) == (
        "model",
        last["turn"],
        last["text"],
        person["id"],
    )


async def test_the_evening_of_the_issue_through_the_api(room: Studio) -> None:
    session = await room.create(author="ann")
    for text in (STORY, "The first line.", "The second line.", "The third line."):
        last = final(await room.say(session, text, "ann"))
    assert len((await room.piece(session))["turns"]) == 8
    again = final(await room.act(last["turn"], "retry", author="ann"))
    assert again["turn"] != last["turn"]
    assert (again["version"], again["versions"]) == (2, 2)
    more = final(await room.act(again["turn"], "alternatives", count=2))
    assert more["versions"] == 4
    undone = final(await room.act(more["turn"], "undo"))
    assert (undone["finish"], undone["turn"]) == ("command", again["turn"])
    final(await room.act(again["turn"], "edit", text="She burned it."))
    turn = (await room.piece(session))["turns"][-1]
    assert (turn["text"], turn["edited"]) == ("She burned it.", True)
    for author, value in (("ann", 1), ("ann", -1), ("bob", 1), ("bob", -1), ("ann", 0)):
        await room.vote(turn["id"], value, author)
    assert [(each["likes"], each["dislikes"]) for each in (await room.piece(session))["turns"][-1:]] == [(0, 1)]
    for kind, word in (("md", b"burned"), ("json", b"burned"), ("txt", b"burned")):
        file = await room.client.get(f"/api/sessions/{session}/export", params={"format": kind})
        assert file.status_code == 200
        assert "attachment" in file.headers["content-disposition"]
        assert word in file.content


async def test_votes_are_shown_to_the_one_who_asks(room: Studio) -> None:
    session = await room.create()
    turn = final(await room.say(session, STORY))["turn"]
    await room.vote(turn, 1, "ann")
    await room.vote(turn, -1, "bob")
    votes = {author: (await room.piece(session, author))["turns"][-1]["vote"] for author in ("ann", "bob", "cem")}
    assert votes == {"ann": 1, "bob": -1, "cem": 0}


async def test_previous_and_next_move_between_versions(room: Studio) -> None:
    session = await room.create()
    first = final(await room.say(session, STORY))
    second = final(await room.act(first["turn"], "retry"))
    back = final(await room.act(second["turn"], "previous"))
    assert (back["turn"], back["version"]) == (first["turn"], 1)
    forth = final(await room.act(back["turn"], "next"))
    assert forth["turn"] == second["turn"]
    answer = await room.client.post(f"/api/turns/{forth['turn']}/actions", json={"action": "next"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "impossible")


async def test_an_action_works_in_its_own_piece_whichever_is_open(room: Studio) -> None:
    one, two = await room.create(), await room.create()
    turn = final(await room.say(one, STORY))["turn"]
    await room.say(two, "Somewhere else entirely.")
    final(await room.act(turn, "continue"))
    final(await room.act(turn, "undo"))
    assert len((await room.piece(one))["turns"]) == 2
    assert len((await room.piece(two))["turns"]) == 2


async def test_a_branch_goes_on_from_an_earlier_passage(room: Studio) -> None:
    session = await room.create()
    first = final(await room.say(session, STORY))["turn"]
    await room.say(session, "This will be left behind.")
    final(await room.act(first, "branch"))
    assert (await room.piece(session))["turns"][-1]["id"] == first


async def test_a_command_ends_with_a_final_too(room: Studio) -> None:
    session = await room.create()
    events = await room.say(session, "/help")
    assert [name for name, _ in events] == ["notice", "final"]
    last = final(events)
    assert (last["turn"], last["finish"], last["text"]) == (None, "command", events[0][1]["text"])
    opened = final(await room.say(session, "/new Another"))
    assert opened["session"] != session
    assert (await room.piece(opened["session"]))["title"] == "Another"


async def test_deleting_by_command_names_no_turn(room: Studio) -> None:
    session = await room.create("Gone")
    last = final(await room.say(session, "/delete"))
    assert last["turn"] is None
    assert (await room.client.get(f"/api/sessions/{session}")).status_code == 404


async def test_an_exporting_command_says_where_its_file_is(room: Studio) -> None:
    session = await room.create()
    await room.say(session, STORY)
    events = await room.say(session, "/export md")
    attachment = dict(events)["attachment"]
    assert set(attachment) == {"turn", "name", "mime", "url"}
    file = await room.client.get(attachment["url"])
    assert file.status_code == 200
    assert b"lighthouse" in file.content
    assert (await room.client.get("/api/files/nothing")).status_code == 404


async def test_memory_note_and_title_can_be_changed_together(room: Studio) -> None:
    session = await room.create()
    changed = await room.client.patch(
        f"/api/sessions/{session}", json={"title": "New", "memory": "Mara is nine.", "note": "Slowly."}
    )
    assert changed.status_code == 200
    piece = await room.piece(session)
    assert (piece["title"], piece["memory"], piece["note"]) == ("New", "Mara is nine.", "Slowly.")
    assert piece == changed.json() | {"open": piece["open"]}


async def test_a_deleted_piece_is_gone_from_the_list(room: Studio) -> None:
    session = await room.create()
    assert (await room.client.delete(f"/api/sessions/{session}")).status_code == 204
    assert session not in [each["id"] for each in (await room.client.get("/api/sessions")).json()]
    assert (await room.client.delete(f"/api/sessions/{session}")).status_code == 404


async def test_the_context_adds_up(room: Studio) -> None:
    session = await room.create()
    turn = final(await room.say(session, STORY))["turn"]
    view = (await room.client.get(f"/api/turns/{turn}/context")).json()
    assert view["turn"] == turn
    assert view["prompt"]
    assert view["sections"]
    assert view["tokens"] + view["reserved"] <= view["window"]
    assert all(set(section) == {"name", "tokens", "text", "cut", "why"} for section in view["sections"])


async def test_the_same_idempotency_key_acts_once(room: Studio) -> None:
    session = await room.create()
    path, headers = f"/api/sessions/{session}/messages", {"Idempotency-Key": "k1"}
    for _ in range(2):
        answer = await room.client.post(path, json={"text": "Once upon a time."}, headers=headers)
        assert answer.status_code == 200
    assert len((await room.piece(session))["turns"]) == 2


async def test_health_says_whether_it_is_ready(tmp_path: Path) -> None:
    async def not_yet() -> bool:
        return False

    for about, status in ((About("embedded", "sqlite"), 200), (About("embedded", "sqlite", not_yet), 503)):
        async with studio(tmp_path / str(status), about=about) as built:
            answer = await built.client.get("/healthz")
        assert answer.status_code == status
        assert answer.json() == {
            "status": "ok" if status == 200 else "starting",
            "ready": status == 200,
            "model": "embedded",
            "database": "sqlite",
        }


async def test_metrics_count_what_happened(room: Studio) -> None:
    session = await room.create()
    turn = final(await room.say(session, STORY))["turn"]
    await room.vote(turn, 1)
    await room.client.get("/nowhere/at/all")
    text = (await room.client.get("/metrics")).text
    assert 'ghostnote_votes_total{value="1"} 1.0' in text
    assert "ghostnote_turns_total{" in text
    assert 'route="/api/sessions/{session}/messages",status="200"' in text
    assert session not in text
    assert "nowhere" not in text
    for name in ("ghostnote_queue_waiting", "ghostnote_tokens_total", "ghostnote_event_loop_delay_seconds_bucket"):
        assert name in text


async def test_the_page_comes_in_the_readers_language_with_nothing_from_outside(room: Studio) -> None:
    english = await room.client.get("/")
    chinese = await room.client.get("/", headers={"Accept-Language": "zh-CN,zh;q=0.9"})
    chosen = await room.client.get("/", headers={"Accept-Language": "zh-CN", "Cookie": "lang=en"})
    assert '<html lang="en">' in english.text
    assert '<html lang="zh-Hans">' in chinese.text
    assert '<html lang="en">' in chosen.text
    assert "[[" not in english.text + chinese.text
    assert "script-src 'self'" in english.headers["content-security-policy"]
    assert "http://" not in english.text
    assert "https://" not in english.text


async def test_a_language_once_chosen_stays(room: Studio) -> None:
    choice = await room.client.get("/", params={"lang": "zh"})
    assert (choice.status_code, choice.headers["location"]) == (303, "/")
    assert '<html lang="zh-Hans">' in (await room.client.get("/", headers={"Accept-Language": "en"})).text
    assert (await room.client.get("/", params={"lang": "klingon"})).status_code == 303
    assert '<html lang="en">' in (await room.client.get("/", headers={"Accept-Language": "zh"})).text


@pytest.mark.parametrize(
    "path", ["/", "/healthz", "/metrics", "/api/sessions", "/assets/app.js", "/assets/favicon.svg"]
)
async def test_head_answers_like_get_without_a_body(room: Studio, path: str) -> None:
    get, head = await room.client.get(path), await room.client.head(path)
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers["content-type"] == get.headers["content-type"]
    assert head.headers["x-content-type-options"] == "nosniff"
