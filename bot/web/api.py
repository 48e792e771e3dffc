"""The routes of PRODUCT.md's table over one conversation.

Everything the studio holds is in the place `studio/local`; pieces of other platforms are not found here. A reply's HTTP
status waits for its first event, because what is refused is refused before that and what is accepted is stored by then.
"""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route

from bot import commands, streaming, wording
from bot.replies import Attachment, ReplyEvent
from bot.web import bodies, enclosed, page, sse, views
from bot.web.errors import ApiError, language, sentence
from bot.web.files import Files
from bot.web.metrics import Metrics
from bot.web.newsstand import Newsstand
from engine.composing import KINDS
from engine.conversation import Conversation
from engine.errors import NotFound, RequestCancelled
from engine.messages import Person, Reaction, SessionKey, Turn, UserMessage, Vote

log = logging.getLogger(__name__)

PLACE = SessionKey("studio", "local")
_ID = re.compile(r"[\w-]{1,64}", re.ASCII)
_SHOWN = ("image/", "audio/")
_VOTES: dict[int, Vote] = {-1: -1, 0: 0, 1: 1}


async def _always() -> bool:
    return True


def _none() -> int:
    return 0


def _characters(text: str) -> int:
    return len(text)


@dataclass(frozen=True, slots=True)
class About:
    """What the studio can say about the house it stands in; `count` is the model's own count of tokens."""

    model: str = ""
    database: str = ""
    ready: Callable[[], Awaitable[bool]] = _always
    waiting: Callable[[], int] = _none
    running: Callable[[], int] = _none
    count: Callable[[str], int] = _characters


class Api:
    """The endpoints, and the little they share: running replies, files kept for a while, counters."""

    def __init__(self, conversation: Conversation, about: About) -> None:
        self._conversation = conversation
        self._about = about
        self._files = Files()
        self._news = Newsstand(conversation, PLACE.platform)
        self._carriers: set[asyncio.Task[None]] = set()
        self.metrics = Metrics(about.waiting, about.running)

    def routes(self) -> list[BaseRoute]:
        """Every route of the studio."""
        piece, turn = "/api/sessions/{session}", "/api/turns/{turn}"
        return [
            Route("/", page.page),
            Route("/favicon.ico", _icon),
            Route("/healthz", self.health),
            Route("/metrics", self.numbers),
            Route("/api/news", self.news),
            Route("/api/sessions", self.sessions),
            Route("/api/sessions", self.create, methods=["POST"]),
            Route(piece, self.session),
            Route(piece, self.change, methods=["PATCH"]),
            Route(piece, self.delete, methods=["DELETE"]),
            Route(f"{piece}/messages", self.messages, methods=["POST"]),
            Route(f"{piece}/export", self.export),
            Route(f"{piece}/branches", self.branches),
            Route(f"{piece}/branches/{{number:int}}", self.beside),
            Route(f"{turn}/reactions", self.reactions, methods=["POST"]),
            Route(f"{turn}/actions", self.actions, methods=["POST"]),
            Route(f"{turn}/context", self.context),
            Route(f"{turn}/edits", self.edits),
            Route(f"{turn}/files/{{kind}}", self.enclosure),
            Route("/api/files/{file}", self.file),
            Mount("/assets", page.assets()),
        ]

    async def close(self) -> None:
        """End every reply that is still being streamed; what it wrote so far is kept."""
        await self._news.close()
        for carrier in tuple(self._carriers):
            await sse.stop(carrier)

    # ── pieces ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def sessions(self, _request: Request) -> Response:
        """The pieces of the studio."""
        return JSONResponse([views.line(piece) for piece in await self._conversation.pieces(PLACE)])

    async def create(self, request: Request) -> Response:
        """A new piece."""
        body = await bodies.read(request)
        title = body.text("title", "")
        piece = await self._conversation.create(PLACE, _person(request, body.author()), title)
        return JSONResponse({"id": piece.id}, 201, {"Location": f"/api/sessions/{piece.id}"})

    async def session(self, request: Request) -> Response:
        """A piece, with the votes of `?author=`."""
        author = bodies.checked_author(request.query_params.get("author", ""))
        return await self._piece(request, _key(request), author)

    async def change(self, request: Request) -> Response:
        """Another title, memory or note."""
        body, key = await bodies.read(request), _key(request)
        author = body.author()
        person = _person(request, author)
        wishes = {name: body.text(name) for name in ("title", "memory", "note") if name in body.fields}
        await self._conversation.piece(key)
        verbs = {
            "title": self._conversation.rename,
            "memory": self._conversation.remember,
            "note": self._conversation.annotate,
        }
        for name, text in wishes.items():
            await verbs[name](key, person, text)
        return await self._piece(request, key, author)

    async def delete(self, request: Request) -> Response:
        """Put a piece away."""
        author = bodies.checked_author(request.query_params.get("author", ""))
        await self._conversation.delete(_key(request), _person(request, author))
        return Response(status_code=204)

    async def export(self, request: Request) -> Response:
        """The piece as a file."""
        kind = request.query_params.get("format", "md")
        say = wording.sayer(language(request))
        return _download(Attachment(*await self._conversation.carrying.export(_key(request), kind, say)))

    async def branches(self, request: Request) -> Response:
        """The tree of the piece, stretch by stretch."""
        limbs = await self._conversation.branching.limbs(_key(request))
        return JSONResponse([asdict(limb) for limb in limbs])

    async def beside(self, request: Request) -> Response:
        """A branch beside the live one, from where they part."""
        found = await self._conversation.branching.beside(_key(request), request.path_params["number"])
        return JSONResponse(views.beside(found))

    async def _piece(self, request: Request, key: SessionKey, author: str) -> Response:
        piece = await self._conversation.piece(key)
        votes = await self._conversation.votes(key, _person(request, author))
        return JSONResponse(views.piece(piece, votes, language(request)))

    # ── replies ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def messages(self, request: Request) -> Response:
        """Words, a command, a MIDI file with or without either; the reply as an event stream."""
        body, key = await bodies.read(request), _key(request)
        words = body.text("text", "" if body.file else None)
        message = replace(self._message(request, key, body, words), file=body.file)
        await self._conversation.piece(key)
        return await self._stream(request, commands.run(self._conversation, message), key)

    async def actions(self, request: Request) -> Response:
        """A button under a passage; the reply as an event stream."""
        body, turn = await bodies.read(request), await self._turn(request)
        key = replace(PLACE, piece=turn.session)
        action, text, count = body.text("action"), body.text("text", ""), body.number("count", 0)
        message = self._message(request, key, body, text)
        events = commands.act(self._conversation, message, action, turn.id, text, count)
        return await self._stream(request, events, key)

    async def reactions(self, request: Request) -> Response:
        """A vote, or taking it back."""
        body, turn = await bodies.read(request), _id(request, "turn", "passage")
        value = _VOTES.get(body.number("value"))
        if value is None:
            raise ApiError(422, "bad_vote")
        await self._conversation.react(Reaction(PLACE, _person(request, body.author()), value, turn))
        self.metrics.votes.labels(str(value)).inc()
        return Response(status_code=204)

    async def context(self, request: Request) -> Response:
        """What the model saw for a passage."""
        turn = await self._turn(request)
        view = await self._conversation.context(replace(PLACE, piece=turn.session), turn.id)
        return JSONResponse(views.context(view, language(request)))

    async def edits(self, request: Request) -> Response:
        """What people changed in a passage."""
        turn = await self._turn(request)
        changes = await self._conversation.carrying.changes(replace(PLACE, piece=turn.session), turn.id)
        return JSONResponse([views.edit(change) for change in changes])

    async def enclosure(self, request: Request) -> Response:
        """The notes, the sound or the picture of a passage."""
        turn, kind = await self._turn(request), str(request.path_params["kind"])
        if kind in KINDS and enclosed.kinds(turn) and enclosed.is_known(request, turn, kind):
            return Response(status_code=304, headers=enclosed.heading(turn, kind))
        _, _, data = await self._conversation.file(replace(PLACE, piece=turn.session), turn.id, kind)
        return enclosed.answer(request, turn, kind, data)

    async def _turn(self, request: Request) -> Turn:
        return await self._conversation.turn(PLACE, _id(request, "turn", "passage"))

    def _message(self, request: Request, key: SessionKey, body: bodies.Body, text: str) -> UserMessage:
        """`Idempotency-Key` makes a repeated request act once."""
        again = request.headers.get("idempotency-key", "")
        delivery = f"studio:{key.piece}:{again[:200]}" if again else ""
        return UserMessage(key, _person(request, body.author()), text, delivery=delivery, alone=True)

    async def _stream(self, request: Request, events: AsyncIterator[ReplyEvent], key: SessionKey) -> Response:
        outlet = sse.EventStream(self._address)
        begun = asyncio.get_running_loop().create_future()
        carrier = asyncio.create_task(self._carry(events, begun, outlet, key, language(request)), name="studio reply")
        self._carriers.add(carrier)
        carrier.add_done_callback(self._carriers.discard)
        try:
            await begun
        except BaseException:
            await sse.stop(carrier)
            raise
        return sse.StreamedReply(outlet, carrier)

    def _address(self, file: Attachment, turn: Turn | None) -> sse.Json:
        """What an `attachment` event says: a passage's file is found there for good, anything else for a while."""
        kind = file.name.rpartition(".")[2]
        if turn and file.turn == turn.id and kind in enclosed.kinds(turn):
            return enclosed.file(turn, kind)
        url = f"/api/files/{self._files.keep(file)}"
        return {"turn": file.turn or None, "name": file.name, "mime": file.mime, "url": url}

    async def _carry(
        self,
        events: AsyncIterator[ReplyEvent],
        begun: asyncio.Future[None],
        outlet: sse.EventStream,
        key: SessionKey,
        tongue: str,
    ) -> None:
        """Carry one reply to its last event, whatever happens."""
        last = ("error", {"code": "stopping", "message": sentence("stopping", tongue)})
        try:
            with self.metrics.streams.track_inprogress():
                await streaming.stream(sse.announced(events, begun), outlet, self._conversation, tongue)
                last = await self._last_event(outlet, key)
        except Exception:
            log.exception("a reply could not be ended")
            last = ("error", {"code": "internal", "message": sentence("internal", tongue)})
        finally:
            if not begun.done():
                begun.set_exception(RequestCancelled())
            outlet.end(*last)

    async def _last_event(self, outlet: sse.EventStream, key: SessionKey) -> tuple[str, sse.Json]:
        if outlet.error:
            return "error", outlet.error
        if outlet.turn:
            self._count(outlet.turn)
            return "final", views.final(outlet.turn, key.piece)
        notice = outlet.notices[-1] if outlet.notices else None
        try:
            turns = (await self._conversation.piece(key)).turns
        except NotFound:
            turns = ()
        session = notice.session if notice and notice.session else key.piece
        return "final", views.command(notice.text if notice else "", turns[-1] if turns else None, session)

    def _count(self, turn: Turn) -> None:
        self.metrics.turns.labels(turn.finish or "none").inc()
        self.metrics.tokens.inc(self._about.count(turn.text))

    # ── the house ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def news(self, request: Request) -> Response:
        """What happens without anybody having asked, and around the piece `?session=`; a stream that does not end."""
        session = request.query_params.get("session", "")
        if session and not _ID.fullmatch(session):
            raise NotFound(what="piece", id=session)
        events = self._news.read(language(request), replace(PLACE, piece=session) if session else None)
        return StreamingResponse(events, media_type="text/event-stream", headers=sse.HEADERS)

    async def file(self, request: Request) -> Response:
        """A file that a reply brought along."""
        found = self._files.find(request.path_params["file"])
        if found is None:
            raise ApiError(404, "no_file")
        return _download(found)

    async def health(self, _request: Request) -> Response:
        """Alive, and ready to write or not yet."""
        ready = await self._about.ready()
        state = {
            "status": "ok" if ready else "starting",
            "ready": ready,
            "model": self._about.model,
            "database": self._about.database,
        }
        return JSONResponse(state, 200 if ready else 503, {"Cache-Control": "no-store"})

    async def numbers(self, _request: Request) -> Response:
        """Prometheus' text format."""
        return Response(self.metrics.text(), media_type="text/plain; version=0.0.4")


def _key(request: Request) -> SessionKey:
    return replace(PLACE, piece=_id(request, "session", "piece"))


def _id(request: Request, name: str, what: str) -> str:
    value: str = request.path_params[name]
    if not _ID.fullmatch(value):
        raise NotFound(what=what, id=value)
    return value


def _person(request: Request, author: str) -> Person:
    return Person("studio", author, author, language(request))


def _download(file: Attachment) -> Response:
    """Pictures and sound may be shown in place, everything else is only ever saved."""
    place = "inline" if file.mime.startswith(_SHOWN) else "attachment"
    disposition = f"{place}; filename*=utf-8''{quote(file.name, safe='')}"
    return Response(file.data, media_type=file.mime, headers={"Content-Disposition": disposition})


async def _icon(_request: Request) -> Response:
    return RedirectResponse("/assets/favicon.svg", 308)
