"""Music through the API: composed with the shipped weights, sent as a file, fetched in parts, changed, rated."""

import logging
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import httpx
import pretty_midi  # type: ignore[import-untyped] # ships no types
import pytest
import soundfile  # type: ignore[import-untyped] # ships no types
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from engine.books.reading import BYTES
from engine.messages import Person, SentFile, SessionKey, UserMessage
from engine.music.midi import MAX_BYTES
from tests.bot.studio import Events, Json, Studio, error_of, final, studio, tune

WALTZ = "/music 2 bars waltz in D minor, 90 bpm, piano"


@pytest.fixture
async def room(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Studio]:
    async with studio(tmp_path) as built:
        yield built
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def attachments(events: Events) -> list[Json]:
    return [data for name, data in events if name == "attachment"]


async def last(room: Studio, session: str) -> Json:
    turn: Json = (await room.piece(session))["turns"][-1]
    return turn


async def fetch(room: Studio, turn: Json, kind: str, **headers: str) -> httpx.Response:
    url = next(each["url"] for each in turn["files"] if each["url"].endswith(kind))
    return await room.client.get(url, headers=headers)


def notes(data: bytes) -> list[tuple[int, float]]:
    """Pitch and start of every pitched note, read with another library than the one that wrote them."""
    song = pretty_midi.PrettyMIDI(BytesIO(data))
    return sorted((n.pitch, round(n.start, 2)) for part in song.instruments if not part.is_drum for n in part.notes)


async def test_a_wish_becomes_a_passage_with_three_files(room: Studio) -> None:
    session = await room.create()
    events = await room.say(session, WALTZ)
    end, turn = final(events), await last(room, session)
    assert "D minor" in next(data["text"] for name, data in events if name == "draft")
    assert (turn["id"], turn["kind"], turn["form"], turn["text"]) == (end["turn"], "model", "music", end["text"])
    assert attachments(events) == turn["files"] == end["files"]
    assert [(each["turn"], each["mime"]) for each in turn["files"]] == [
        (turn["id"], "image/png"),
        (turn["id"], "audio/ogg"),
        (turn["id"], "audio/midi"),
    ]
    song = pretty_midi.PrettyMIDI(BytesIO((await fetch(room, turn, "mid")).content))
    assert song.get_tempo_changes()[1][0] == pytest.approx(90, abs=0.1)
    assert (song.time_signature_changes[0].numerator, song.time_signature_changes[0].denominator) == (3, 4)
    assert pretty_midi.key_number_to_key_name(song.key_signature_changes[0].key_number) == "D minor"
    sound = soundfile.info(BytesIO((await fetch(room, turn, "ogg")).content))
    assert sound.subtype == "OPUS"
    assert sound.duration > 2 * 3 * 60 / 90 - 0.5
    Image.open(BytesIO((await fetch(room, turn, "png")).content)).verify()


async def test_words_that_asked_for_music_have_no_files(room: Studio) -> None:
    session = await room.create()
    await room.say(session, WALTZ)
    asked, made = (await room.piece(session))["turns"]
    assert (asked["kind"], asked["form"], asked["files"]) == ("person", "music", [])
    assert made["files"]
    for url in (f"/api/turns/{asked['id']}/files/mid", f"/api/turns/{made['id']}/files/exe"):
        nothing = await room.client.get(url)
        assert (nothing.status_code, error_of(nothing)) == (404, "not_found")


async def test_a_file_is_named_kept_and_known(room: Studio) -> None:
    session = await room.create()
    await room.send(session, tune())
    turn = await last(room, session)
    got = await fetch(room, turn, "mid")
    name = turn["files"][2]["name"]
    assert (got.status_code, got.headers["content-type"]) == (200, "audio/midi")
    assert got.headers["content-disposition"] == f"attachment; filename*=utf-8''{name}"
    assert name.endswith(f"-{turn['id'][:4]}.mid")
    assert "immutable" in got.headers["cache-control"]
    assert "private" in got.headers["cache-control"]
    again = await fetch(room, turn, "mid", **{"If-None-Match": got.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert (await fetch(room, turn, "mid", **{"If-None-Match": '"another"'})).status_code == 200
    head = await room.client.head(turn["files"][2]["url"])
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == got.headers["content-length"]


async def test_sound_can_be_fetched_in_parts(room: Studio) -> None:
    session = await room.create()
    await room.send(session, tune())
    turn = await last(room, session)
    whole = await fetch(room, turn, "ogg")
    size = len(whole.content)
    assert whole.headers["accept-ranges"] == "bytes"
    parts = {
        "bytes=0-99": (206, 0, 100),
        "bytes=0-": (206, 0, size),
        "bytes=100-": (206, 100, size),
        "bytes=-50": (206, size - 50, size),
        f"bytes=10-{size * 9}": (206, 10, size),
    }
    for asked, (status, first, end) in parts.items():
        part = await fetch(room, turn, "ogg", Range=asked)
        assert (part.status_code, part.content) == (status, whole.content[first:end]), asked
        assert part.headers["content-range"] == f"bytes {first}-{end - 1}/{size}"
    beyond = await fetch(room, turn, "ogg", Range=f"bytes={size}-")
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")
    for odd in ("bytes=5-2", "bytes=-", "bytes=a-b", "lines=0-5", "bytes=0-1,5-6", "bytes=" + "9" * 99 + "-"):
        assert (await fetch(room, turn, "ogg", Range=odd)).status_code == 200, odd
    stale = await fetch(room, turn, "ogg", Range="bytes=0-9", **{"If-Range": '"old"'})
    assert (stale.status_code, len(stale.content)) == (200, size)


async def test_a_sent_file_comes_back_as_it_was_and_can_be_worked_on(room: Studio) -> None:
    session = await room.create()
    sent = tune()
    events = await room.send(session, sent, name="my tune.mid")
    assert [name for name, _ in events] == ["notice", "final"]
    turn = await last(room, session)
    assert (turn["kind"], turn["form"], final(events)["turn"]) == ("person", "midi", turn["id"])
    assert (await fetch(room, turn, "mid")).content == sent
    longer = final(await room.act(turn["id"], "extend", text="2"))
    made = (await fetch(room, longer, "mid")).content
    assert set(notes(sent)) <= set(notes(made))
    assert max(start for _, start in notes(made)) > max(start for _, start in notes(sent))
    assert [each["kind"] for each in (await room.piece(session))["turns"]] == ["person", "model"]


async def test_a_caption_is_done_to_the_file(room: Studio) -> None:
    session = await room.create()
    end = final(await room.send(session, tune(), "/extend 2"))
    turns = (await room.piece(session))["turns"]
    assert [(each["kind"], each["form"]) for each in turns] == [("person", "midi"), ("model", "music")]
    assert end["turn"] == turns[-1]["id"]


@pytest.mark.parametrize(
    ("action", "text"),
    [
        ("vary", "strong"),
        ("accompany", ""),
        ("harmonize", ""),
        ("bars", "2 sparser"),
        ("music", "in E minor, faster"),
    ],
)
async def test_what_can_be_done_with_music(room: Studio, action: str, text: str) -> None:
    session = await room.create()
    await room.send(session, tune())
    turn = await last(room, session)
    events = await room.act(turn["id"], action, text=text)
    made = await last(room, session)
    assert (final(events)["turn"], len(attachments(events))) == (made["id"], 3)
    assert made["form"] == "music"
    if action == "music":
        assert "E minor" in made["text"]
    assert notes((await fetch(room, made, "mid")).content)


async def test_music_can_be_had_as_written_notes(room: Studio) -> None:
    session = await room.create()
    await room.send(session, tune())
    turn = await last(room, session)
    written = await room.client.get(f"/api/turns/{turn['id']}/files/abc")
    assert (written.status_code, written.headers["content-type"].partition(";")[0]) == (200, "text/vnd.abc")
    assert "K:C" in written.text
    assert written.headers["content-disposition"].startswith("attachment")
    *pictures, by_command = attachments(await room.say(session, "/score"))
    assert (await room.client.get(by_command["url"])).text == written.text
    for picture in pictures:  # only where verovio is installed
        shown = await room.client.get(picture["url"])
        assert (shown.headers["content-type"], shown.content[:4]) == ("image/png", b"\x89PNG")


async def test_music_is_rated_retried_and_turned_like_text(room: Studio) -> None:
    session = await room.create()
    first = final(await room.say(session, WALTZ))
    await room.vote(first["turn"], 1)
    assert (await last(room, session))["vote"] == 1
    second = final(await room.act(first["turn"], "retry"))
    assert (second["version"], second["versions"]) == (2, 2)
    back = final(await room.act(second["turn"], "previous"))
    assert (back["turn"], back["files"]) == (first["turn"], first["files"])
    refused = await room.client.post(f"/api/turns/{first['turn']}/actions", json={"action": "edit", "text": "No."})
    assert (refused.status_code, error_of(refused)) == (409, "impossible")


async def refusal(room: Studio, name: str, data: bytes, mime: str, **fields: str) -> tuple[int, str]:
    session = await room.create()
    before = await room.everything()
    path = f"/api/sessions/{session}/messages"
    got = await room.client.post(path, data=fields, files={"file": (name, data, mime)})
    assert await room.everything() == before
    return got.status_code, error_of(got)


@pytest.mark.parametrize(
    ("name", "data", "mime", "expected"),
    [
        ("a.png", b"\x89PNG", "image/png", (415, "unsupported_file")),
        ("a.wav", b"RIFF\0\0\0\0WAVE", "audio/wav", (415, "unsupported_file")),
        ("notes.txt", b"C D E", "text/plain", (415, "unsupported_file")),
        ("", b"C D E", "", (415, "unsupported_file")),
        ("a.mid", b"", "audio/midi", (400, "bad_midi")),
        ("a.mid", b"\0\1\2\xff", "text/plain", (400, "bad_midi")),
        ("a", b"\0\1\2\xff", "audio/midi", (400, "bad_midi")),
        ("a", b"MThd", "", (400, "bad_midi")),
        ("a.mid", b"MThd" + b"\0" * MAX_BYTES, "audio/midi", (413, "file_too_large")),
        ("a.mid", b"MThd" + b"\0" * 4_000_000, "audio/midi", (413, "file_too_large")),
    ],
    ids=["png", "wav", "txt", "no name", "empty", "named midi", "called midi", "looks like midi", "large", "huge"],
)
async def test_what_is_no_midi_file_gets_one_sentence(
    room: Studio, name: str, data: bytes, mime: str, expected: tuple[int, str]
) -> None:
    if not name:  # httpx leaves out an empty name
        name = " "
    assert await refusal(room, name, data, mime) == expected


async def test_written_notes_are_music_too(room: Studio) -> None:
    session = await room.create()
    await room.send(session, b"X:1\nM:3/4\nL:1/4\nK:G\nG A B|d B G|\n", name="tune.abc")
    turn = await last(room, session)
    assert "G major" in turn["text"]
    assert [pitch for pitch, _ in notes((await fetch(room, turn, "mid")).content)] != []


async def test_a_song_is_sung_and_a_motif_returns_in_it(room: Studio) -> None:
    session = await room.create()
    await room.say(session, "/notes C4 E4 G4 C5 B4 G4")
    events = await room.say(session, "/motif Mara")
    assert [data["name"] for name, data in events if name == "notice"] == ["motif_tied"]
    assert [data["mime"] for data in attachments(events)] == ["audio/ogg"]
    events = await room.say(session, "/song\nThe lamp is lit along the bay\nAnd Mara counts the boats at sea")
    (said,) = [data for name, data in events if name == "notice"]
    assert said["name"].startswith("motif_in")
    assert "to the rhythm of the words" in said["text"]
    turn = await last(room, session)
    assert b"counts " in (await fetch(room, turn, "mid")).content
    body = {"text": f"/motif {'a' * 10_000}", "author": "me"}
    refused = await room.client.post(f"/api/sessions/{session}/messages", json=body)
    assert (refused.status_code, error_of(refused)) == (413, "text_too_long")


async def test_a_large_body_without_a_length_is_not_read_to_its_end(room: Studio) -> None:
    session = await room.create()
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.mid"\r\n\r\nMThd'
        while sent < 100_000_000:
            sent += 65_536
            yield bytes(65_536)

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    got = await room.client.post(f"/api/sessions/{session}/messages", content=endless(), headers=headers)
    assert (got.status_code, error_of(got)) == (413, "file_too_large")
    assert sent < 2 * BYTES  # the largest file that anything takes


async def test_music_of_another_platform_is_not_here(room: Studio) -> None:
    key, stranger = SessionKey("telegram", "77"), Person("telegram", "77", "Tess")
    turn = (await room.conversation.hear(UserMessage(key, stranger, file=SentFile("a.mid", tune())))).turn
    for kind in ("mid", "ogg", "png"):
        headers = {"If-None-Match": f'"{turn.id}-{kind}"'}
        got = await room.client.get(f"/api/turns/{turn.id}/files/{kind}", headers=headers)
        assert (got.status_code, error_of(got)) == (404, "not_found")
    got = await room.client.post(f"/api/turns/{turn.id}/actions", json={"action": "extend"})
    assert (got.status_code, error_of(got)) == (404, "not_found")


async def test_only_one_file_at_a_time(room: Studio) -> None:
    session = await room.create()
    files = [("file", ("a.mid", tune(), "audio/midi")), ("file", ("b.mid", tune(), "audio/midi"))]
    got = await room.client.post(f"/api/sessions/{session}/messages", files=files)
    assert (got.status_code, error_of(got)) == (422, "one_file")


async def test_a_form_without_text_or_file_is_refused(room: Studio) -> None:
    session = await room.create()
    body = b'--x\r\nContent-Disposition: form-data; name="author"\r\n\r\nann\r\n--x--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    got = await room.client.post(f"/api/sessions/{session}/messages", content=body, headers=headers)
    assert (got.status_code, error_of(got)) == (422, "missing_field")


async def test_the_same_idempotency_key_hears_a_file_once(room: Studio) -> None:
    session = await room.create()
    for _ in range(2):
        got = await room.client.post(
            f"/api/sessions/{session}/messages",
            files={"file": ("a.mid", tune(), "audio/midi")},
            headers={"Idempotency-Key": "k1"},
        )
        assert got.status_code == 200
    assert len((await room.piece(session))["turns"]) == 1


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200), head=st.sampled_from([b"", b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk\0\0\0\x20", tune()]))
async def test_no_bytes_as_a_file_break_the_studio(room: Studio, data: bytes, head: bytes) -> None:
    session = await room.create()
    got = await room.client.post(
        f"/api/sessions/{session}/messages", files={"file": ("a.mid", head + data, "audio/midi")}
    )
    assert got.status_code < 500, got.text
    if got.status_code >= 400:
        error_of(got)
