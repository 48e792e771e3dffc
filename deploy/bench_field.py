"""The field that `ghostnote bench crowd` is run against: `deploy/peers` in processes of their own (T).

A peer that is not installed, or cannot serve this model, is left out and says why: what is measured is what is there.
"""

import asyncio
import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import torch

from deploy.peers import Job, Result

SECONDS_TO_GO = 30.0


class PeerFailed(Exception):
    """What a peer said last."""


@dataclass(frozen=True, slots=True)
class Field:
    """The peers that are there, and a sentence for each that is not."""

    peers: dict[str, "_Process"] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    async def run(self, name: str, job: Job) -> Result | None:
        """What a peer needed for a job; None if it is not there, from now on if it fails."""
        peer = self.peers.get(name)
        if peer is None:
            return None
        try:
            return await asyncio.to_thread(peer.ask, job)
        except PeerFailed as failure:
            self.missing.append(f"{name} failed and is left out: {failure}")
            del self.peers[name]
            return None


@dataclass(frozen=True, slots=True)
class _Process:
    process: "subprocess.Popen[str]"
    said: IO[str]

    def ask(self, job: Job | None) -> Result:
        """Hand in a job, or None to hear that it is ready; blocks."""
        into, out = self.process.stdin, self.process.stdout
        try:
            if into and job is not None:
                into.write(json.dumps(job) + "\n")
                into.flush()
            line = out.readline() if out else ""
        except BrokenPipeError:
            line = ""
        if not line:
            self.process.wait(SECONDS_TO_GO)
            self.said.seek(0)
            raise PeerFailed((self.said.read().strip() or "nothing was said").splitlines()[-1])
        found: Result = json.loads(line)
        return found


@contextmanager
def field_of(names: Iterable[str], folder: Path, device: str) -> Iterator[Field]:
    """The peers of these names on this device, idle, with as many threads as torch has here; blocks until they are."""
    found = Field()
    with ExitStack() as stack:
        for name in names:
            if name == "ctranslate2" and importlib.util.find_spec(name) is None:
                found.missing.append("ctranslate2 is not installed and is left out (it comes with the extra `bench`).")
                continue
            try:
                at = _converted(folder, stack) if name == "ctranslate2" else folder
                found.peers[name] = stack.enter_context(_peer(name, at, device))
            except PeerFailed as failure:
                found.missing.append(f"{name} cannot serve this model and is left out: {failure}")
        for name, peer in list(found.peers.items()):  # they load side by side
            try:
                peer.ask(None)
            except PeerFailed as failure:
                found.missing.append(f"{name} did not start and is left out: {failure}")
                del found.peers[name]
        yield found


@contextmanager
def _peer(name: str, folder: Path, device: str) -> Iterator[_Process]:
    with tempfile.TemporaryFile("w+") as said, _started(said, name, folder, torch.get_num_threads(), device) as process:
        try:
            yield _Process(process, said)
        finally:
            if process.stdin:
                process.stdin.close()
            try:
                process.wait(SECONDS_TO_GO)
            except subprocess.TimeoutExpired:
                process.kill()


def _converted(folder: Path, stack: ExitStack) -> Path:
    into = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "converted"
    with tempfile.TemporaryFile("w+") as said, _started(said, "convert", folder, into) as process:
        if process.wait():
            said.seek(0)
            raise PeerFailed((said.read().strip() or "nothing was said").splitlines()[-1])
    return into


def _started(said: IO[str], *arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "deploy.peers", *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True)  # noqa: S603
