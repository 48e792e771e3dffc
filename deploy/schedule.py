"""Learning beside serving: now and then a process of its own starts, and looks whether there is enough to learn.

A plain loop rather than a scheduler's package: what is due, and since when, is asked of the learner's own state on
disk, so a restart forgets nothing, and a systemd timer (deploy/systemd) may do the same instead.
"""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable

LOOK = 1800.0  # seconds; a look costs a few of processor time

log = logging.getLogger(__name__)


async def every(seconds: float, job: Callable[[], Awaitable[None]]) -> None:
    """Run `job` again and again, waiting before each time; a job that the machine refuses is tried again next time."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await job()
        except OSError as refused:
            log.warning("learning could not be started: %s", refused)


async def learn() -> None:
    """`ghostnote learn preferences --if-due`, then `learn taste --if-due`."""
    for what in ("preferences", "taste"):
        await child(sys.executable, "-m", "deploy", "learn", what, "--if-due")


async def child(*words: str) -> None:
    """Run a command to its end, what it says in the log; it is ended with us if we go first."""
    quiet = asyncio.subprocess.DEVNULL
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*words, stdin=quiet, stdout=pipe, stderr=pipe)
    try:
        said, trouble = await process.communicate()
    except asyncio.CancelledError:
        process.kill()  # it goes on from its last checkpoint another time
        await process.wait()
        raise
    for text, level in ((said, logging.INFO), (trouble if process.returncode else b"", logging.WARNING)):
        for line in text.decode(errors="replace").splitlines():
            if line.strip():
                log.log(level, "%s", line.strip())
