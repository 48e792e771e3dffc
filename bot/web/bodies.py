"""What a request carries, read within bounds and checked: JSON objects, and forms with files.

Everything that can be wrong with a body ends in one `ApiError`. Unknown fields are ignored, so that a newer client can
talk to an older studio.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from bot.web.errors import ApiError

LONGEST = 1_000_000
LONGEST_UPLOAD = 8_000_000
SLOWEST = 60.0
AUTHOR_LENGTH = 64
_JSON_TYPES = ("", "application/json")


@dataclass(frozen=True)
class Body:
    """The fields of a request, each asked for with its type."""

    fields: Mapping[str, Any]
    files: tuple[str, ...] = field(default=())

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
    parser = MultiPartParser(request.headers, _bounded(request, LONGEST_UPLOAD), max_files=4, max_fields=32)
    try:
        form: FormData = await parser.parse()
    except (MultiPartException, KeyError, ValueError) as error:
        raise ApiError(400, "bad_form") from error
    files = []
    fields = {}
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            files.append(value.filename or name)
        else:
            fields[name] = value
    await form.close()
    return Body(fields, tuple(files))


async def _bounded(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    """The body in pieces, up to `limit` bytes and for as long as patience lasts."""
    length = request.headers.get("content-length", "0")
    if length.isascii() and length.isdigit() and int(length[:12]) > limit:
        raise ApiError(413, "body_too_large", limit=limit)
    read, pieces = 0, aiter(request.stream())
    try:
        while True:
            async with asyncio.timeout(SLOWEST):
                piece = await anext(pieces, None)
            if piece is None:
                return
            read += len(piece)
            if read > limit:
                raise ApiError(413, "body_too_large", limit=limit)
            yield piece
    except TimeoutError as error:
        raise ApiError(408, "too_slow") from error


def _unicode(name: str, value: str) -> str:
    """JSON can spell half a character; nothing further down could store it."""
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise ApiError(422, "not_a_text", name=name)
    return value
