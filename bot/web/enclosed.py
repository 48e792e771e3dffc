"""The files of a passage, of music or a picture, at addresses that last: how they are listed, and how one is sent.

What a passage was made of never changes, so a browser may keep its files for good; and sound can be asked for in parts,
without which Safari neither plays nor seeks.
"""

import re
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from bot.enclosing import FILES
from bot.enclosing import kinds as own
from engine.composing import KINDS
from engine.messages import Turn
from engine.story import MUSIC, SENT_MUSIC

Json = dict[str, Any]
LONGEST_NAME = 48
FOREVER = "private, max-age=31536000, immutable"
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})", re.ASCII)


def kinds(turn: Turn) -> tuple[str, ...]:
    """The files of a passage: Ghostnote's own, and those of music that a person sent."""
    return FILES[MUSIC] if turn.form == SENT_MUSIC else own(turn)


def files(turn: Turn) -> list[Json]:
    """The files of a passage as an `attachment` event names them; none for a passage of words."""
    return [file(turn, kind) for kind in kinds(turn)]


def file(turn: Turn, kind: str) -> Json:
    """One of them. Its name says what the passage says of itself, so that it can be told apart on somebody's disk."""
    words = re.sub(r"\W+", "-", turn.text[: 4 * LONGEST_NAME]).strip("-").lower()
    if len(words) > LONGEST_NAME:
        words = words[: LONGEST_NAME + 1].rpartition("-")[0] or words[:LONGEST_NAME]
    name = "-".join(part for part in (words, turn.id[:4]) if part)
    return {"turn": turn.id, "name": f"{name}.{kind}", "mime": KINDS[kind], "url": f"/api/turns/{turn.id}/files/{kind}"}


def etag(turn: Turn, kind: str) -> str:
    """What names this very content."""
    return f'"{turn.id}-{kind}"'


def answer(request: Request, turn: Turn, kind: str, data: bytes) -> Response:
    """The file, or the part of it that was asked for."""
    tag = etag(turn, kind)
    headers = heading(turn, kind)
    wanted = request.headers.get("range", "") if request.headers.get("if-range", tag) == tag else ""
    found = _part(wanted, len(data))
    if found is None:
        return Response(data, 200, headers, KINDS[kind])
    if not found:
        return Response(status_code=416, headers=headers | {"Content-Range": f"bytes */{len(data)}"})
    headers["Content-Range"] = f"bytes {found.start}-{found.stop - 1}/{len(data)}"
    return Response(data[found.start : found.stop], 206, headers, KINDS[kind])


def heading(turn: Turn, kind: str) -> dict[str, str]:
    """The headers every answer about the file has. Pictures and sound are shown in place, notes are saved."""
    place = "inline" if kind in ("ogg", "png") else "attachment"
    return {
        "Accept-Ranges": "bytes",
        "Cache-Control": FOREVER,
        "Content-Disposition": f"{place}; filename*=utf-8''{quote(file(turn, kind)['name'], safe='')}",
        "ETag": etag(turn, kind),
    }


def is_known(request: Request, turn: Turn, kind: str) -> bool:
    """Whether the browser has this content already."""
    tags = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    return etag(turn, kind) in tags or "*" in tags


def _part(header: str, size: int) -> range | None:
    """The bytes a Range header asks for: None for all of them, empty where there are none.

    Several ranges at once, and anything that is no range of bytes, may be answered with the whole file (RFC 9110).
    """
    asked = _RANGE.fullmatch(header.strip())
    if asked is None or not (asked[1] or asked[2]):
        return None
    if not asked[1]:
        return range(max(0, size - int(asked[2])), size)
    first, last = int(asked[1]), int(asked[2] or size)
    if last < first:
        return None
    return range(first, min(last + 1, size)) if first < size else range(0)
