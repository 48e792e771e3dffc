"""uvicorn inside a task, so that the studio shares one event loop and one exit stack with the other frontends."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp

PATIENCE = 5


class _Quiet(uvicorn.Server):
    """A server that leaves signals to whoever owns the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def bind(host: str, port: int) -> socket.socket:
    """A listening socket (port 0 picks a free one); OSError if the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=512)


def url(listener: socket.socket) -> str:
    """Where a browser on this machine finds it."""
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{port}"


@asynccontextmanager
async def running(
    app: ASGIApp, listener: socket.socket, before_end: Callable[[], Awaitable[None]]
) -> AsyncIterator[None]:
    """Serve `app` meanwhile. On leaving, `before_end` ends what would otherwise keep connections open."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        lifespan="on",
        timeout_keep_alive=15,
        timeout_graceful_shutdown=PATIENCE,
    )
    server = _Quiet(config)
    task = asyncio.create_task(server.serve(sockets=[listener]), name="studio")
    try:
        while not server.started:
            if task.done():
                await task
                raise OSError("the studio did not start")
            await asyncio.sleep(0.01)
        yield
    finally:
        await before_end()
        server.should_exit = True
        await task
        listener.close()
