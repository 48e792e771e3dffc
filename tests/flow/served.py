"""A whole `ghostnote run` in a process of its own, to be talked to over HTTP and killed."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]

Event = tuple[str, dict[str, object]]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class Served:
    """The process, and a client for its studio."""

    def __init__(
        self, process: asyncio.subprocess.Process, client: httpx.AsyncClient, log: Path, environment: dict[str, str]
    ) -> None:
        self.process, self.client, self.log, self.environment = process, client, log, environment

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        self.process.send_signal(number)

    async def ghostnote(self, *words: str) -> tuple[int, str]:
        """Another `ghostnote` command beside it, in the same home; its status and all that it said."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "deploy", *words, cwd=ROOT, env=self.environment | {"COLUMNS": "240"},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, said.decode()

    async def create(self, title: str = "") -> str:
        answer = await self.client.post("/api/sessions", json={"title": title})
        assert answer.status_code == 201, answer.text
        session: str = answer.json()["id"]
        return session

    async def say(self, session: str, text: str, author: str = "ann") -> list[Event]:
        """All events of a reply."""
        body: dict[str, object] = {"text": text, "author": author}
        return [event async for event in self.events(f"/api/sessions/{session}/messages", body)]

    async def act(self, turn: str, action: str, **body: object) -> list[Event]:
        return [event async for event in self.events(f"/api/turns/{turn}/actions", {"action": action, **body})]

    async def events(self, path: str, body: dict[str, object]) -> AsyncIterator[Event]:
        """(event, data) as they arrive; the first is ("accepted", {}) as soon as the status line says 200."""
        async with self.client.stream("POST", path, json=body) as answer:
            if answer.status_code != 200:
                await answer.aread()
                raise AssertionError(f"{answer.status_code} {answer.text}")
            yield "accepted", {}
            name = ""
            async for line in answer.aiter_lines():
                if line.startswith("event:"):
                    name = line.removeprefix("event:").strip()
                elif line.startswith("data:"):
                    yield name, json.loads(line.removeprefix("data:"))


@asynccontextmanager
async def served(home: Path, **settings: str) -> AsyncIterator[Served]:
    """Start, wait until healthy, and at the end stop it (or find it killed)."""
    port = free_port()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GHOSTNOTE_")}
    environment = clean | {"GHOSTNOTE_HOME": str(home), "GHOSTNOTE_PORT": str(port), "GHOSTNOTE_TEXT_MODEL": "echo"}
    environment |= {f"GHOSTNOTE_{name.upper()}": value for name, value in settings.items()}
    home.mkdir(parents=True, exist_ok=True)
    log = home / "log"
    with log.open("ab") as stderr:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "deploy", "run", cwd=ROOT, env=environment, stdout=stderr, stderr=stderr
        )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
            await _healthy(client, process, log)
            yield Served(process, client, log, environment)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _healthy(client: httpx.AsyncClient, process: asyncio.subprocess.Process, log: Path) -> None:
    async with asyncio.timeout(180):
        while True:
            assert process.returncode is None, log.read_text()
            try:
                if (await client.get("/healthz")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)
