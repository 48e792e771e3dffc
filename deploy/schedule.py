"""Learning beside serving: now and then a process of its own starts, and looks whether there is enough to learn.

A plain loop rather than a scheduler's package: what is due, and since when, is asked of the learner's own state on
disk, so a restart forgets nothing, and a systemd timer (deploy/systemd) may do the same instead.
"""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable

LOOK = 1800.0  # seconds; a look costs about one of processor time

log = logging.getLogger(__name__)


async def every(seconds: float, job: Callable[[], Awaitable[None]]) -> None:
    """Run `job` again and again, waiting before each time; a job that the machine refuses is tried again next time."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await job()
        except OSError as refused:
            log.warning("learning could not be started: %s", refused)


async def learn(*command: str) -> None:
    """`ghostnote learn preferences --if-due` as a child, to its end; ended with us if we go first."""
    words = command or (sys.executable, "-m", "deploy", "learn", "preferences", "--if-due")
    quiet = asyncio.subprocess.DEVNULL
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(*words, stdin=quiet, stdout=pipe, stderr=pipe)
    try:
        said, trouble = await child.communicate()
    except asyncio.CancelledError:
        child.kill()  # it goes on from its last checkpoint another time
        await child.wait()
        raise
    for text, level in ((said, logging.INFO), (trouble if child.returncode else b"", logging.WARNING)):
        for line in text.decode(errors="replace").splitlines():
            if line.strip():
                log.log(level, "%s", line.strip())
