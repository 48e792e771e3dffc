"""The local studio: its page, the JSON and SSE API of PRODUCT.md, health and metrics.

`app` is the application for tests and for servers of one's own, `serve` runs it beside the other frontends.
"""

import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware

from bot.web import errors, server
from bot.web.api import About, Api
from bot.web.guard import Guard
from bot.web.metrics import Counting
from engine.conversation import Conversation

__all__ = ["About", "TokenNeededError", "app", "serve"]


class TokenNeededError(ValueError):
    """Whoever can reach this machine could write in its owner's pieces: off loopback there must be a token."""


def app(conversation: Conversation, token: str = "", about: About | None = None) -> Starlette:
    """The studio as an ASGI application; with a token, every request must bring it."""
    return _build(Api(conversation, about or About()), token)


@asynccontextmanager
async def serve(
    conversation: Conversation, host: str = "127.0.0.1", port: int = 8420, token: str = "", about: About | None = None
) -> AsyncIterator[str]:
    """Serve the studio meanwhile; yields its address.

    Raises TokenNeededError for an address other machines can reach without a token, OSError if it cannot be had.
    """
    if not token and not _is_loopback(host):
        raise TokenNeededError(host)
    api = Api(conversation, about or About())
    listener = server.bind(host, port)
    async with server.running(_build(api, token), listener, api.close):
        yield server.url(listener)


def _build(api: Api, token: str) -> Starlette:
    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with api.metrics.watching():
            yield

    built = Starlette(
        routes=api.routes(),
        middleware=[Middleware(Counting, api.metrics), Middleware(Guard, token)],
        exception_handlers=errors.HANDLERS,
        lifespan=lifespan,
    )
    built.router.redirect_slashes = False
    return built


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
