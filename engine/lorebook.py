"""Lore as people write it: one line that adds, changes, shows or deletes an entry. Pure.

    Mara, the keeper: She is ten and afraid of the sea.        either key shows it
    Mara + sea, harbour - dream: She cannot swim.              with one of these, too; never with that
    Mara; sticky 3; order 10: …                                stays three replies longer; goes before order 100
    always: Nobody in this village ever says a name.           in view without a key
    2 · 2: other words · 2 sticky 3 · delete 2                 by number; the same keys again are the same entry

Every mistake is refused with its reason before anything changes.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine import safety
from engine.errors import BadLore, NotFound
from engine.text.lore import folded
from storage.records import LoreRow

Rows = tuple[LoreRow, ...]
Keys = tuple[str, ...]

TEXT = 2_000
KEY = 80
KEYS = 50
HEAD = 5_000
ORDER = 100
ENTRIES = 300
MOST_ORDER = 999
MOST_STICKY = 50

_CJK = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WIDE = str.maketrans("，、；＋－−！：＃＝", ",,;+--!:#=")
_OPTION = re.compile(
    rf"(?:^|(?<=[\s,;(])|(?<=[{_CJK}]))\(?(?:(not\s+always|不常驻)|(always|常驻)|(sticky|持续|order|顺序)\s*(\d+))\)?\s*$",
    re.IGNORECASE,
)
_GROUP = re.compile(rf"(?:^|\s|(?<=[{_CJK},;]))([+!-])\s*(?=\S)")
_PARTS = re.compile(rf"([,;]|(?:\s|(?<=[{_CJK}]))[+!-](?=\s*\S))")
_NUMBER = re.compile(r"(#?)\s*(\d{1,6})(?=$|[\s;,+!-])\s*")
_DROP = re.compile(r"(?:delete|remove|删除)\s*(?:#\s*)?(.+)|#?\s*(\d+)\s*(?:delete|remove|删除)", re.IGNORECASE)
_QUOTES = "\"'“”‘’「」『』《》"
_NAMES = {"持续": "sticky", "顺序": "order"}


@dataclass(frozen=True, slots=True)
class Head:
    """What stands before the colon; None is what was not said."""

    number: int | None = None
    keys: Keys = ()
    also: tuple[Keys, ...] | None = None
    never: Keys | None = None
    always: bool | None = None
    order: int | None = None
    sticky: int | None = None

    @property
    def turns(self) -> bool:
        """Whether it says anything but keys."""
        return (self.also, self.never, self.always, self.order, self.sticky) != (None,) * 5


@dataclass(frozen=True, slots=True)
class Put:
    """Add an entry, or change the one of that number or of those keys. `text` None: it stays as it is."""

    head: Head
    text: str | None


@dataclass(frozen=True, slots=True)
class Drop:
    """Delete the entry of a number or a key."""

    name: str


@dataclass(frozen=True, slots=True)
class Show:
    """Show the entry of a number, or those of a key; all of them for ""."""

    name: str = ""


def read(words: str) -> Put | Drop | Show:
    """What a line asks for; raises BadLore, TextTooLong."""
    head, text = _parted(words.strip())
    if len(head) > HEAD:
        raise BadLore(why="keys", count=head.count(",") + 1, most=KEYS)
    if text is None:
        dropped = _DROP.fullmatch(head)
        if dropped:
            return Drop((dropped[1] or dropped[2]).strip())
        said = _head(head)
        return Put(said, None) if said.number is not None and (said.turns or said.keys) else Show(head)
    return Put(_head(head), safety.words(text, TEXT))


def _parted(words: str) -> tuple[str, str | None]:
    """The head and the text behind the first colon, or else behind the first line, or the first =."""
    line, _, rest = words.partition("\n")
    head = line.translate(_WIDE)
    for mark in (":", "="):
        at = head.find(mark)
        if at >= 0:
            return head[:at].strip(), words[at + 1 :].strip()
    return head.strip(), rest.strip() or None


def _head(words: str) -> Head:
    said, rest = _options(words)
    main, *others = _GROUP.split(rest)
    groups = [(mark, _keys(keys)) for mark, keys in zip(others[::2], others[1::2], strict=True)]
    also = tuple(keys for mark, keys in groups if mark == "+")
    never = tuple(key for mark, keys in groups if mark != "+" for key in keys)
    head = replace(said, also=also or None, never=never or None)
    number = _NUMBER.match(main)
    if number and (number[1] or not main[number.end() :].strip(" ,;")):
        return replace(head, number=int(number[2]), keys=_keys(main[number.end() :]))
    return replace(head, keys=_keys(main))


def _options(words: str) -> tuple[Head, str]:
    """The knobs at the end of any part of the head, and the head without them."""
    head, left = Head(), list[str]()
    for part in _PARTS.split(words):
        rest = part
        while found := _OPTION.search(rest):
            rest = rest[: found.start()].rstrip(" (")
            if found[1] or found[2]:
                head = replace(head, always=bool(found[2]))
            else:
                name = _NAMES.get(found[3], found[3].lower())
                most = MOST_STICKY if name == "sticky" else MOST_ORDER
                if len(found[4]) > 6 or int(found[4]) > most:
                    raise BadLore(why=name, value=found[4][:20], most=most)
                head = replace(head, sticky=int(found[4])) if name == "sticky" else replace(head, order=int(found[4]))
        left.append(rest)
    return head, "".join(left).replace(";", ",").strip(" ,")


def _keys(words: str) -> Keys:
    keys = [" ".join(safety.words(part, len(part)).split()).strip(_QUOTES).strip() for part in words.split(",")]
    found = tuple(dict.fromkeys(key for key in keys if key))
    if len(found) > KEYS:
        raise BadLore(why="keys", count=len(found), most=KEYS)
    for key in found:
        if len(key) > KEY:
            raise BadLore(why="key_long", word=key, most=KEY)
        if not any(character.isalnum() for character in key) or re.search(r"\S\*\S", key):
            raise BadLore(why="key_all", word=key)
    return found


# ── what becomes of the entries ─────────────────────────────────────────────────────────────────────────────────────


def put(rows: Rows, asked: Put) -> Rows:
    """The entries with this one added or changed; raises BadLore, NotFound."""
    head = asked.head
    old = _numbered(rows, head.number) if head.number is not None else _same(rows, head)
    if old is None and asked.text is None:
        raise BadLore(why="text")
    if old is None and not head.keys and not head.always:
        raise BadLore(why="no_keys")
    if old is None and len(rows) >= ENTRIES:
        raise BadLore(why="entries", most=ENTRIES)
    new = _written(old or LoreRow(max((row.number for row in rows), default=0) + 1, ""), asked)
    if not new.text:
        raise BadLore(why="text")
    if not new.keys and not new.always:
        raise BadLore(why="no_keys")
    named = len(new.keys) + len(new.never) + sum(map(len, new.also))
    if named > KEYS:
        raise BadLore(why="keys", count=named, most=KEYS)
    return tuple(sorted((*(row for row in rows if row.number != new.number), new), key=lambda row: row.number))


def drop(rows: Rows, asked: Drop) -> Rows:
    """The entries without that one; raises NotFound, BadLore."""
    gone = find(rows, asked.name)
    if len(gone) > 1:
        raise BadLore(why="several", count=len(gone))
    return tuple(row for row in rows if row not in gone)


def find(rows: Rows, name: str) -> Rows:
    """The entry of that number, those that have the key, or those with a key that begins so; raises NotFound."""
    number = re.fullmatch(r"#?\s*(\d{1,6})", name)
    if number:
        return (_numbered(rows, int(number[1])),)
    wanted = folded(name.strip(_QUOTES + " "))
    exact = tuple(row for row in rows if wanted in map(folded, row.keys))
    near = exact or tuple(row for row in rows if any(folded(key).startswith(wanted) for key in row.keys))
    if not near or not wanted:
        raise NotFound(what="lore", id=safety.title_from(safety.words(name[:200])))
    return near


def line(row: LoreRow) -> str:
    """An entry as it can be written again: its keys and knobs, without its text."""
    parts = [_said(row.keys), *("+ " + _said(group) for group in row.also)]
    parts += ["- " + _said(row.never)] if row.never else []
    knobs = ["always"] if row.always else []
    knobs += [f"order {row.rank}"] if row.rank != ORDER else []
    knobs += [f"sticky {row.sticky}"] if row.sticky else []
    return "; ".join(filter(None, [" ".join(filter(None, parts)), *knobs]))


def _said(keys: Keys) -> str:
    return ", ".join(key if _head(key).keys == (key,) else f"“{key}”" for key in keys)


def plain(row: LoreRow) -> dict[str, Any]:
    """An entry as JSON holds it."""
    return {
        "number": row.number,
        "keys": list(row.keys),
        "second": [list(group) for group in row.also],
        "never": list(row.never),
        "always": row.always,
        "order": row.rank,
        "sticky": row.sticky,
        "text": row.text,
    }


def brought(entries: Iterable[Mapping[str, Any]]) -> Rows:
    """The entries that `plain` wrote, held to what people may write; raises BadLore, TextTooLong.

    TypeError, ValueError, KeyError or AttributeError for what `plain` does not write.
    """
    rows: Rows = ()
    for one in entries:
        order, sticky = int(one["order"]), int(one["sticky"])
        for why, value, most in (("order", order, MOST_ORDER), ("sticky", sticky, MOST_STICKY)):
            if not 0 <= value <= most:
                raise BadLore(why=why, value=value, most=most)
        also, never = tuple(_keys(",".join(group)) for group in one["second"]), _keys(",".join(one["never"]))
        head = Head(None, _keys(",".join(one["keys"])), also, never, one["always"] is True, order, sticky)
        rows = put(rows, Put(head, safety.words(one["text"], TEXT)))
    return rows


def _written(row: LoreRow, asked: Put) -> LoreRow:
    head = asked.head
    if head.keys:  # whoever says the keys says all of them
        row = replace(row, also=(), never=())
    return LoreRow(
        row.number,
        row.text if asked.text is None else asked.text,
        head.keys or row.keys,
        row.also if head.also is None else head.also,
        row.never if head.never is None else head.never,
        row.always if head.always is None else head.always,
        row.rank if head.order is None else head.order,
        row.sticky if head.sticky is None else head.sticky,
    )


def _same(rows: Sequence[LoreRow], head: Head) -> LoreRow | None:
    """The entry with the same keys and second keys, so that saying it again changes it."""
    wanted = _signature(head.keys, head.also or (), head.never or ())
    found = (row for row in rows if _signature(row.keys, row.also, row.never) == wanted)
    return next(found, None) if head.keys else None


def _signature(keys: Keys, also: tuple[Keys, ...], never: Keys) -> object:
    return frozenset(map(folded, keys)), frozenset(frozenset(map(folded, group)) for group in also), frozenset(never)


def _numbered(rows: Sequence[LoreRow], number: int) -> LoreRow:
    for row in rows:
        if row.number == number:
            return row
    raise NotFound(what="lore", id=str(number))
