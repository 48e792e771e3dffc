"""A persona as a file that people can send each other: a table [persona] in TOML with name, description and sample."""

import json
import re
import tomllib

from engine.errors import Refused

LARGEST = 20_000
_KEYS = ("name", "description", "sample")


class BadPersona(Refused):
    """A file is none of a persona. Field: `why` ("bytes" | "syntax" | "table" | "name" | "unknown" | "text"), and for
    some of them `line`, `setting`, `limit`."""

    code = "bad_persona"


def write(name: str, description: str, sample: str) -> tuple[str, str, bytes]:
    """The file: its name, MIME type and content. What JSON writes in quotes, TOML reads."""
    values = zip(_KEYS, (name, description, sample), strict=True)
    lines = ["[persona]", *(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values if value)]
    stem = re.sub(r"[^\w-]+", "-", name.lower()).strip("-") or "persona"
    return f"{stem}.toml", "application/toml", ("\n".join(lines) + "\n").encode()


def read(data: bytes) -> tuple[str, str, str]:
    """Name, description and sample; raises BadPersona, which says what is wrong."""
    if len(data) > LARGEST:
        raise BadPersona(why="large", limit=LARGEST // 1000)
    try:
        whole = tomllib.loads(data.decode("utf-8-sig").replace("\r\n", "\n"))
    except UnicodeDecodeError:
        raise BadPersona(why="bytes") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        line = re.search(r"line (\d+)", str(error))
        raise BadPersona(why="syntax", line=int(line[1]) if line else 1) from None
    table = whole.get("persona")
    if not isinstance(table, dict):
        raise BadPersona(why="table")
    for key, value in table.items():
        if key not in _KEYS:
            raise BadPersona(why="unknown", setting=key[:40])
        if not isinstance(value, str):
            raise BadPersona(why="text", setting=key)
    if not table.get("name", "").strip():
        raise BadPersona(why="name")
    name, description, sample = (str(table.get(key, "")) for key in _KEYS)
    return name, description, sample
