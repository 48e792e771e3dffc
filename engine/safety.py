"""What may go in: every text a person sends passes here first, and comes out storable, bounded and free of tricks.

Letters, marks and emoji of every script stay as they are. Control characters go (a zero byte cannot even be stored in
PostgreSQL), half characters become the replacement character, every kind of line end becomes one.
"""

import re
import unicodedata

from engine.errors import BadValue, EmptyText, NotFound, TextTooLong
from engine.messages import Person, SessionKey

MESSAGE = 16_000
TITLE = 120
TITLE_FROM_WORDS = 60
MEMORY = 4_000
NOTE = 2_000
NAME = 80
ADDRESS = 200

_LINE_ENDS = re.compile("\r\n|[\r\u0085\u2028\u2029]")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_HALVES = re.compile("[\ud800-\udfff]")
_NOT_IN_NAMES = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_ID = re.compile(r"[0-9a-f]{16}")


def words(text: str, limit: int = MESSAGE) -> str:
    """The text as it may be stored, "" if nothing of it can be seen; raises TextTooLong (limits are in characters)."""
    if len(text) > limit:
        raise TextTooLong(limit=limit, length=len(text))
    clean = storable(text).strip("\n").rstrip()
    return clean if any(unicodedata.category(character)[0] not in "CZ" for character in clean) else ""


def storable(text: str) -> str:
    """The text without control characters and half characters, which a database cannot hold."""
    return _HALVES.sub("\ufffd", _CONTROLS.sub("", _LINE_ENDS.sub("\n", text)))


def passage(text: str) -> str:
    """Like `words`, but there must be some; raises EmptyText."""
    clean = words(text)
    if not clean:
        raise EmptyText
    return clean


def title(text: str) -> str:
    """A title on one line, without characters that turn the text around it; raises TextTooLong."""
    line = "".join(c for c in " ".join(words(text).split()) if unicodedata.category(c) != "Cf" or c == "\u200d")
    if len(line) > TITLE:
        raise TextTooLong(limit=TITLE, length=len(line))
    return line


def title_from(text: str) -> str:
    """A title made of the first words of a passage: at most 60 characters, whole words where there are any."""
    line = " ".join(text.split())[: TITLE_FROM_WORDS * 4]
    line = "".join(c for c in line if unicodedata.category(c) != "Cf" or c == "\u200d")
    if len(line) <= TITLE_FROM_WORDS:
        return line
    whole = line[: TITLE_FROM_WORDS + 1].rpartition(" ")[0]
    return (whole or line[:TITLE_FROM_WORDS]).rstrip(" ,;:-–—")


def person(who: Person) -> Person:
    """The same person with a name that can be shown; raises BadValue for an identity that cannot be stored."""
    _check("person", who.platform, who.id)
    name = " ".join(words(who.name[: NAME * 4]).split())[:NAME]
    return Person(who.platform, who.id, name, who.language if who.language.isascii() else "en")


def place(key: SessionKey) -> None:
    """Raises BadValue for a chat that cannot be stored."""
    _check("chat", key.platform, key.chat, key.thread)


def delivery(name: str) -> str:
    """The platform's name for an update; raises BadValue if it cannot be stored."""
    _check("delivery", name)
    return name


def known_id(name: str, what: str) -> str:
    """The id as it is; raises NotFound if no id ever looks like that."""
    if not _ID.fullmatch(name):
        raise NotFound(what=what, id="".join(c for c in name[:40] if c.isprintable()))
    return name


def _check(name: str, *values: str) -> None:
    for value in values:
        if len(value) > ADDRESS or _NOT_IN_NAMES.search(value):
            raise BadValue(
                name=name, value=value[:20].encode("ascii", "replace").decode(), allowed=f"text, 1-{ADDRESS}"
            )
