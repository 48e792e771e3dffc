"""The studio behind a real uvicorn on loopback: streaming, readers who leave, slow readers, stopping."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from bot.web_app import serve
from tests.bot.studio import Studio, conversation, error_of, final, parse

STORY = "/story A lighthouse keeper finds a letter addressed to no one"


@asynccontextmanager
async def house(home: Path, delay: float = 0.0) -> AsyncIterator[Studio]:
    async with (
        conversation(home, delay=delay) as talk,
        serve(talk, port=0) as url,
        httpx.AsyncClient(base_url=url, timeout=30) as client,
    ):
        yield Studio(client, talk)


async def drafts(answer: httpx.Response) -> AsyncIterator[str]:
    async for line in answer.aiter_lines():
        if line.startswith("data: ") and set(data := json.loads(line[6:])) == {"text"}:
            yield data["text"]


async def test_drafts_arrive_while_the_model_writes(tmp_path: Path) -> None:
    async with house(tmp_path, delay=0.02) as room:
        session = await room.create()
        seen: list[str] = []
        async with room.client.stream("POST", f"/api/sessions/{session}/messages", json={"text": STORY}) as answer:
            async for text in drafts(answer):
                seen.append(text)
                if len(seen) == 1:
                    turns = (await room.piece(session))["turns"]
        assert [turn["kind"] for turn in turns] == ["person"]  # the first draft came long before the end
        assert len(seen) > 3
        assert len((await room.piece(session))["turns"]) == 2


async def test_a_reader_who_leaves_keeps_the_words_and_frees_the_piece(tmp_path: Path) -> None:
    async with house(tmp_path, delay=0.02) as room:
        session = await room.create()
        async with room.client.stream("POST", f"/api/sessions/{session}/messages", json={"text": STORY}) as answer:
            async for _ in drafts(answer):
                break
        again = await asyncio.wait_for(room.say(session, "She opened it."), 20)
        assert final(again)["text"]
        turns = (await room.piece(session))["turns"]
        assert turns[0]["text"] == STORY.removeprefix("/story ")
        assert "She opened it." in [turn["text"] for turn in turns]


async def test_cancel_stops_a_reply_and_the_stream_says_so(tmp_path: Path) -> None:
    async with house(tmp_path, delay=0.02) as room:
        session = await room.create()

        async def cancel() -> None:
            while True:
                await asyncio.sleep(0.2)
                answer = await room.client.post(f"/api/sessions/{session}/messages", json={"text": "/cancel"})
                if answer.status_code == 200:
                    return

        path = f"/api/sessions/{session}/messages"
        answer, _ = await asyncio.gather(room.client.post(path, json={"text": STORY}), cancel())
        name, data = parse(answer.text)[-1]
        assert (data["finish"] if name == "final" else data["code"]) == "cancelled"


async def test_a_reader_who_never_reads_holds_up_nobody(tmp_path: Path) -> None:
    async with house(tmp_path) as room:
        session = await room.create()
        host, port = room.client.base_url.host, room.client.base_url.port
        assert port
        body = json.dumps({"text": STORY}).encode()
        head = (
            f"POST /api/sessions/{session}/messages HTTP/1.1\r\nHost: {host}:{port}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection((host, port)) as idle:
            idle.setblocking(False)
            await asyncio.get_running_loop().sock_sendall(idle, head.encode() + body)
            other = await room.create()
            assert final(await asyncio.wait_for(room.say(other, "Somebody else writes."), 10))["text"]
            assert final(await asyncio.wait_for(room.say(session, "And here too."), 10))["text"]


async def test_four_people_write_at_once(tmp_path: Path) -> None:
    async with house(tmp_path, delay=0.002) as room:
        sessions = [await room.create() for _ in range(4)]
        replies = await asyncio.gather(*(room.say(each, f"Person {each} begins.") for each in sessions))
        assert all(final(reply)["text"] for reply in replies)
        for each in sessions:
            texts = [turn["text"] for turn in (await room.piece(each))["turns"]]
            assert texts[0] == f"Person {each} begins."


async def test_stopping_ends_streams_quickly_and_keeps_the_words(tmp_path: Path) -> None:
    now = asyncio.get_running_loop().time
    async with conversation(tmp_path, delay=0.05) as talk, httpx.AsyncClient(timeout=30) as client:
        room = Studio(client, talk)
        async with serve(talk, port=0) as url:
            client.base_url = httpx.URL(url)
            session = await room.create()
            path = f"/api/sessions/{session}/messages"
            reading = asyncio.create_task(client.post(path, json={"text": STORY}))
            while not (await room.piece(session))["turns"]:  # noqa: ASYNC110 - another connection is what it waits for
                await asyncio.sleep(0.02)
            stopping = now()
        assert now() - stopping < 4
        name, data = parse((await reading).text)[-1]
        assert (name, data["code"]) == ("error", "stopping")
        async with serve(talk, port=0) as url:
            client.base_url = httpx.URL(url)
            assert (await room.piece(session))["turns"][0]["text"] == STORY.removeprefix("/story ")


async def test_a_taken_port_is_an_error_of_the_system(tmp_path: Path) -> None:
    async with house(tmp_path) as room:
        port = room.client.base_url.port
        assert port
        with pytest.raises(OSError, match="already in use"):
            async with serve(room.conversation, port=port):
                pass


@pytest.mark.parametrize("length", ["5000000", "99999999999999999999"])
async def test_a_body_that_says_it_is_too_large_is_not_read(tmp_path: Path, length: str) -> None:
    async with house(tmp_path) as room:
        session = await room.create()
        reader, writer = await asyncio.open_connection(room.client.base_url.host, room.client.base_url.port)
        writer.write(
            f"POST /api/sessions/{session}/messages HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n".encode()
        )
        status = await asyncio.wait_for(reader.readline(), 5)
        writer.close()
        assert b" 413 " in status


async def test_a_body_without_a_length_is_bounded_too(tmp_path: Path) -> None:
    async with house(tmp_path) as room:
        session = await room.create()

        async def endless() -> AsyncIterator[bytes]:
            for _ in range(40):
                yield b"x" * 65536

        answer = await room.client.post(
            f"/api/sessions/{session}/messages", content=endless(), headers={"Content-Type": "application/json"}
        )
        assert (answer.status_code, error_of(answer)) == (413, "body_too_large")


async def test_nonsense_on_the_wire_leaves_it_standing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with house(tmp_path) as room:
        host, port = room.client.base_url.host, room.client.base_url.port
        for junk in (
            b"\x00" * 100,
            b"GET / HTTP/9.9\r\n\r\n",
            b"POST /api/sessions HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        ):
            _, writer = await asyncio.open_connection(host, port)
            writer.write(junk)
            await writer.drain()
            writer.close()
        assert (await room.client.get("/healthz")).status_code == 200
        assert "Traceback" not in caplog.text
