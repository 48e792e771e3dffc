"""Our own JSON read back: passages with who wrote them, branches, edits, recipes, memory and note. Pure."""

import base64
import binascii
import heapq
import json
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NoReturn

from engine import lorebook, motifbook, safety
from engine.art.sketch import from_row
from engine.books.brought import Brought, Change, Passing
from engine.books.record import VERSION
from engine.errors import BadFile, BadValue, TextTooLong
from engine.flavouring import DESCRIPTION, NAME, SAMPLE
from engine.messages import Flavour, Teller
from engine.story import LOOKS, WORDLESS
from engine.text import flavour
from storage.records import LoreRow, MotifRow

_FINISH = ("end", "stop", "length", "cancelled", "failed")
_LONG = 200_000  # characters of a prompt or a completion
_DEEP = 8  # levels of what a recipe holds


def read_json(text: str, forms: Collection[str]) -> Brought:
    """The piece of an exported file. Raises BadFile, TextTooLong."""
    content = _parsed(text)
    version = content.get("ghostnote")
    if type(version) is not int or version < 1:
        raise BadFile(why="foreign")
    if version > VERSION:
        raise BadFile(why="newer")
    live, others = _entries(content, "turns"), _entries(content, "others")
    known = [_passage(entry, forms) for entry in live + others]
    if version == 1:  # which had no parents, and the live branch alone
        before = [None, *(one.name for one in known)]
        known = [replace(one, parent=parent) for one, parent in zip(known, before, strict=False)]
    title, memory, note = (_text(content, name, limit) for name, limit in _ABOUT)
    head = known[len(live) - 1].name if live else None
    lore, motifs = _lore(_entries(content, "lore")), _motifs(_entries(content, "motifs"))
    return Brought(safety.title_from(title), _ordered(known), head, memory, note, lore, motifs, _flavour(content))


_ABOUT = (("title", 4 * safety.TITLE), ("memory", safety.MEMORY), ("note", safety.NOTE))


def _lore(entries: list[dict[str, Any]]) -> tuple[LoreRow, ...]:
    try:
        return lorebook.brought(entries)
    except (TypeError, ValueError, KeyError, AttributeError):
        return _broken("lore")


def _motifs(entries: list[dict[str, Any]]) -> tuple[MotifRow, ...]:
    try:
        return motifbook.brought(entries)
    except ValueError:
        return _broken("motifs")


def _flavour(content: dict[str, Any]) -> Flavour:
    genre, mood = (_text(content, name, safety.TITLE) for name in ("genre", "mood"))
    voice = content.get("voice", {})
    if not isinstance(voice, dict):
        _broken("voice")
    teller = {name: _text(voice, name, limit) for name, limit in _VOICE}
    if teller["kind"] not in ("", "first", "narrator", "persona", "like"):
        _broken("voice")
    try:
        return Flavour(
            flavour.read_genre(genre) if genre.strip() else "",
            flavour.read_mood(mood) if mood.strip() else "",
            Teller(**teller),  # type: ignore[arg-type]  # its kind was looked at above
        )
    except BadValue as wrong:
        return _broken(str(wrong.fields["name"]))


_VOICE = (("kind", 16), ("name", NAME), ("description", DESCRIPTION), ("sample", SAMPLE))


def _parsed(text: str) -> dict[str, Any]:
    def never(_: str) -> NoReturn:
        raise ValueError

    try:
        content = json.loads(text, parse_constant=never)
    except (ValueError, RecursionError):
        raise BadFile(why="json") from None
    if not isinstance(content, dict):
        raise BadFile(why="foreign")
    return content


def _entries(content: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = content.get(name, [])
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise BadFile(why="broken", at=name)
    return found


def _passage(entry: dict[str, Any], forms: Collection[str]) -> Passing:
    kind, form, parent = entry.get("kind"), entry.get("form"), entry.get("parent")
    if kind not in ("person", "model") or not isinstance(parent, str | None):
        raise BadFile(why="broken", at="turns")
    recipe = entry.get("recipe") if kind == "model" else None
    told = _recipe(recipe) if isinstance(recipe, dict) else {}
    named = form if isinstance(form, str) and (form in forms or form in WORDLESS) else "story"
    if kind == "model" and named in LOOKS and not _is_sketch(told):
        named = "story"
    return Passing(
        _text(entry, "id", 64) or _broken("id"),
        parent,
        kind,
        _text(entry, "text", safety.MESSAGE),
        " ".join(_text(entry, "author", 400).split())[: safety.NAME] if kind == "person" else None,
        named,
        entry.get("starts") is True,
        _moment(entry.get("created")),
        told,
        tuple(_change(edit) for edit in _entries(entry, "edits")),
        _midi(entry.get("midi", "")),
    )


def _is_sketch(recipe: dict[str, Any]) -> bool:
    """Whether a recipe is one of a picture that can be painted."""
    try:
        from_row(recipe.get("sampling", {}))
    except ValueError:
        return False
    return True


def _change(edit: dict[str, Any]) -> Change:
    by = " ".join(_text(edit, "by", 400).split())[: safety.NAME]
    return Change(by, _text(edit, "before", safety.MESSAGE), _text(edit, "after", safety.MESSAGE))


def _recipe(found: dict[str, Any]) -> dict[str, Any]:
    """What a recipe says, with nothing in it that a database could not hold."""
    seed, finish = found.get("seed"), found.get("finish")
    texts = {name: _text(found, name, 200) for name in ("model", "adapter")}
    texts |= {name: _text(found, name, _LONG) for name in ("prompt", "completion")}
    plain = {name: value for name in ("sampling", "drawn") if isinstance(value := _plain(found.get(name)), dict)}
    return {
        **texts,
        **plain,
        "seed": seed if type(seed) is int and 0 <= seed < 2**63 else 0,
        "finish": finish if finish in _FINISH else None,
    }


def _plain(value: Any, deep: int = 0) -> Any:
    """Values as JSON has them, within bounds and without signs that cannot be stored."""
    if isinstance(value, str):
        return _clean(value, _LONG)
    if isinstance(value, bool | float | None):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**63 else 0
    if deep > _DEEP:
        raise BadFile(why="broken", at="recipe")
    if isinstance(value, list):
        return [_plain(one, deep + 1) for one in value]
    return {_clean(name, _LONG): _plain(one, deep + 1) for name, one in value.items()}


def _midi(found: Any) -> bytes:
    try:
        return base64.b64decode(found, validate=True) if isinstance(found, str) else _broken("midi")
    except (binascii.Error, ValueError):
        return _broken("midi")


def _moment(found: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(found) if isinstance(found, str) else None
        return moment.astimezone(UTC) if moment else None
    except (ValueError, OverflowError):
        return None


def _text(entry: dict[str, Any], name: str, limit: int) -> str:
    value = entry.get(name, "")
    return _clean(value, limit) if isinstance(value, str) else _broken(name)


def _clean(value: str, limit: int) -> str:
    """Text as it may be stored; a space at its end, which a prompt may have, stays."""
    if len(value) > limit:
        raise TextTooLong(limit=limit, length=len(value))
    return safety.storable(value)


def _broken(at: str) -> NoReturn:
    raise BadFile(why="broken", at=at)


def _ordered(found: list[Passing]) -> tuple[Passing, ...]:
    """As they were written, each behind the one it stands under. BadFile if one stands under itself or nothing."""
    early = datetime.min.replace(tzinfo=UTC)
    below: dict[str | None, list[tuple[datetime, int, Passing]]] = {}
    for number, one in enumerate(found):
        below.setdefault(one.parent, []).append((one.created or early, number, one))
    if len({one.name for one in found}) < len(found):
        raise BadFile(why="broken", at="id")
    ready, done = below.pop(None, []), list[Passing]()
    heapq.heapify(ready)
    while ready:
        done.append(heapq.heappop(ready)[2])
        for each in below.pop(done[-1].name, ()):
            heapq.heappush(ready, each)
    if below:
        raise BadFile(why="broken", at="parent")
    return tuple(done)
