"""What a request carries, read within bounds and checked: JSON objects, and forms with files.

Everything that can be wrong with a body ends in one `ApiError`. Unknown fields are ignored, so that a newer client can
talk to an older studio.
"""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from bot.carrying import READS
from bot.chats.refs import command_in
from bot.flavours import ENDING as PERSONA
from bot.web.errors import ApiError
from engine.books.reading import BYTES
from engine.messages import SentFile
from engine.music.midi import MAX_BYTES

LONGEST = 1_000_000
LONGEST_UPLOAD = BYTES + 128 * 1024  # the longest message, as UTF-8, and what a form puts around it
SLOWEST = 60.0
AUTHOR_LENGTH = 64
_JSON_TYPES = ("", "application/json")
_NAMES = (".mid", ".midi", ".kar", ".smf", ".rmi", ".abc", PERSONA)
_TYPES = frozenset(
    {
        *("audio/midi", "audio/mid", "audio/x-midi", "audio/x-mid", "audio/sp-midi", "application/x-midi"),
        "text/vnd.abc",
    }
)
_HEAD = re.compile(rb"MThd|RIFF....RMID", re.DOTALL)


@dataclass(frozen=True)
class Body:
    """The fields of a request, each asked for with its type."""

    fields: Mapping[str, Any]
    file: SentFile | None = None

    def text(self, name: str, default: str | None = None) -> str:
        """A string; without it (or with null) the default, and 422 if there is none."""
        value = self.fields.get(name)
        if value is None:
            if default is None:
                raise ApiError(422, "missing_field", name=name)
            return default
        if not isinstance(value, str):
            raise ApiError(422, "not_a_text", name=name)
        return _unicode(name, value)

    def number(self, name: str, default: int | None = None) -> int:
        """A whole number (true and 1.0 are none)."""
        value = self.fields.get(name)
        if value is None and default is not None:
            return default
        if value is None:
            raise ApiError(422, "missing_field", name=name)
        if type(value) is not int or abs(value) > 1_000_000_000:
            raise ApiError(422, "not_a_number", name=name)
        return value

    def author(self) -> str:
        """Who is writing; "me" unless it says otherwise."""
        return checked_author(self.text("author", ""))


def checked_author(name: str) -> str:
    """A name fit to be stored and shown, "me" for an empty one; ApiError 422 otherwise."""
    name = name.strip()
    if len(name) > AUTHOR_LENGTH or not (name or "me").isprintable():
        raise ApiError(422, "bad_author", limit=AUTHOR_LENGTH)
    return name or "me"


async def read(request: Request) -> Body:
    """The body as JSON, or as a form with files; no body at all is an empty object."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return await _form(request)
    if kind not in _JSON_TYPES and not kind.endswith("+json"):
        raise ApiError(415, "wrong_type")
    raw = b"".join([chunk async for chunk in _bounded(request, LONGEST)])
    return Body(_object(raw) if raw.strip() else {})


def _object(raw: bytes) -> dict[str, Any]:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "bad_json") from error
    if not isinstance(value, dict):
        raise ApiError(422, "not_an_object")
    return value


async def _form(request: Request) -> Body:
    parser = MultiPartParser(
        request.headers,
        _bounded(request, LONGEST_UPLOAD, BYTES),
        max_files=4,
        max_fields=32,
        max_part_size=LONGEST,
    )
    try:
        form: FormData = await parser.parse()
    except (MultiPartException, KeyError, ValueError) as error:
        raise ApiError(400, "bad_form") from error
    try:
        uploads = [value for value in form.values() if isinstance(value, UploadFile)]
        if len(uploads) > 1 or len(form.getlist("file")) > 1:
            raise ApiError(422, "one_file")
        fields = {name: value for name, value in form.multi_items() if isinstance(value, str)}
        take = _piece if command_in(fields.get("text", "")) in READS else _music
        return Body(fields, await take(uploads[0]) if uploads else None)
    finally:
        await form.close()


async def _music(upload: UploadFile) -> SentFile:
    """An upload that its name, type or first bytes call MIDI, ABC or a persona; the engine finds out whether it is."""
    name = _name(upload)
    head = await upload.read(12)
    kind = (upload.content_type or "").partition(";")[0].strip().lower()
    if not (_HEAD.match(head) or kind in _TYPES or name.lower().endswith(_NAMES)):
        raise ApiError(415, "unsupported_file", name=name[:60])
    if (upload.size or 0) > MAX_BYTES:
        raise ApiError(413, "file_too_large", kilobytes=MAX_BYTES // 1024)
    return SentFile(name, head + await upload.read())


async def _piece(upload: UploadFile) -> SentFile:
    """An upload that a piece is to be made of; whether one can be, the engine finds out."""
    if (upload.size or 0) > BYTES:
        raise ApiError(413, "file_too_large", kilobytes=BYTES // 1024)
    return SentFile(_name(upload), await upload.read())


def _name(upload: UploadFile) -> str:
    return _unicode("file", upload.filename or "").replace("\\", "/").rpartition("/")[2][-200:]


async def _bounded(request: Request, limit: int, file: int = 0) -> AsyncGenerator[bytes, None]:
    """The body in pieces, up to `limit` bytes and for as long as patience lasts.

    `file` is what a person is told of the limit, where the body is a form around a file.
    """
    too_large = (
        ApiError(413, "file_too_large", kilobytes=file // 1024)
        if file
        else ApiError(413, "body_too_large", limit=limit)
    )
    length = request.headers.get("content-length", "0")
    if length.isascii() and length.isdigit() and int(length[:12]) > limit:
        raise too_large
    read, pieces = 0, aiter(request.stream())
    try:
        while True:
            async with asyncio.timeout(SLOWEST):
                piece = await anext(pieces, None)
            if piece is None:
                return
            read += len(piece)
            if read > limit:
                raise too_large
            yield piece
    except TimeoutError as error:
        raise ApiError(408, "too_slow") from error


def _unicode(name: str, value: str) -> str:
    """JSON can spell half a character; nothing further down could store it."""
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise ApiError(422, "not_a_text", name=name)
    return value
