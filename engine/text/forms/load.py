"""What a creative form is, and how its data file is read.

A form is one TOML file: what to ask the model for, in each of the three ways a model can be asked (its voice, its chat
template, plain continuation), how long, how to sample, what to check. A file with a mistake is refused with its name
and the reason, so that a person can write a form without reading this code.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from engine.ports import Sampling
from engine.text.forms import check

FOLDER = Path(__file__).parent


class FormMistake(Exception):
    """A form's data file cannot be used; the message names the file and the reason."""


@dataclass(frozen=True, slots=True)
class Example:
    """One request with its answer, shown to the model before the real one."""

    ask: str
    answer: str


@dataclass(frozen=True, slots=True)
class Way:
    """How a model is asked. `asked` holds {premise}; `begun` is used when there is none.

    For a chat model these are the user's words, `system` the system's, and `lead` begins the assistant's; otherwise
    they come before the piece itself, with `system` before everything and `lead` behind.
    """

    asked: str
    begun: str
    system: str = ""
    lead: str = ""
    example: str = ""


@dataclass(frozen=True, slots=True)
class Lines:
    """A form that is written line by line: what each line begins with, and its syllables, or fewest and most words.

    {a} and {b} in `leads` are the speakers of a scene, taken from `cast` where the scene has none yet. A line may have
    `slack` syllables more or fewer. Lines with the same letter in `rhymes` rhyme ("-" rhymes with none); a word of
    `schemes` in the wish asks for another scheme. `heads` stand on lines of their own before the line; a line whose
    number in `again` is not 0 is that earlier line, word for word. `given` are lines that stand already ("": to be
    written); no file has it, a song that goes on brings its chorus.
    """

    leads: tuple[str, ...]
    syllables: tuple[int, ...] = ()
    words: tuple[int, ...] = (1, 40)
    cast: tuple[str, ...] = ()
    slack: int = 0
    rhymes: str = ""
    schemes: Mapping[str, str] = field(default_factory=dict, hash=False)
    heads: tuple[str, ...] = ()
    again: tuple[int, ...] = ()
    given: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Form:
    """One creative form. `tokens` is the longest answer (or line), `least` the fewest words that are worth keeping."""

    name: str
    titles: Mapping[str, str]
    voice: Way
    chat: Way
    plain: Way
    tokens: int
    least: int
    drafts: int = 1
    adapter: str = ""
    checker: str = "prose"
    shape: str = "prose"
    prefer: str = "chat"
    fresh: bool = False
    lines: Lines | None = None
    sampling: Sampling = field(default_factory=Sampling)
    stop: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()

    @property
    def room(self) -> int:
        """Tokens of the longest answer."""
        return self.tokens * (len(self.lines.leads) + 1 if self.lines else 1)

    @property
    def measure(self) -> check.Measure:
        """What its checker is told about size."""
        if not self.lines:
            return check.Measure(self.least)
        lines = self.lines
        again = lines.again or (0,) * len(lines.rhymes)
        scheme = "".join("-" if earlier else mark for mark, earlier in zip(lines.rhymes, again, strict=False))
        return check.Measure(self.least, lines.syllables, lines.slack, scheme, lines.leads)

    def title(self, language: str) -> str:
        """Its name for people, in English where there is no other."""
        return self.titles.get(language) or self.titles["en"]


def load(folder: Path = FOLDER) -> Mapping[str, Form]:
    """Every form of a folder by name, in order of name; raises FormMistake for the first file that is wrong."""
    found = (read(path) for path in sorted(folder.glob("*.toml")))
    return MappingProxyType({form.name: form for form in found})


def read(path: Path) -> Form:
    """One form from its file; raises FormMistake with the file's name, the line where it is known, and the reason."""
    text = ""
    try:
        text = path.read_text(encoding="utf-8")
        return _form(path.stem, tomllib.loads(text))
    except OSError as error:
        raise FormMistake(f"{path.name}: it cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise FormMistake(f"{path.name}: it is not UTF-8 text") from error
    except tomllib.TOMLDecodeError as error:
        reason, _, place = str(error).partition(" (at ")
        found = re.match(r"line \d+", place)
        raise FormMistake(f"{path.name}, {found[0] if found else 'at its end'}: {reason}") from error
    except _Wrong as error:
        raise FormMistake(f"{path.name}, line {_line_of(str(error), text)}: {error}") from error


def _line_of(reason: str, text: str) -> int:
    """The line that a reason is about: the setting it names, else that setting's table, else the first."""
    named = re.search(r"\[+(\w+)\]+", reason)
    table = named[1] if named else ""
    bare = re.sub(r"\[+\w+\]+ ?", "", reason)
    found = re.search(r"unknown setting '([^']+)'", bare) or re.match(r"(\w+)", bare)
    setting = found[1] if found else ""
    here, place = "", 1
    for number, line in enumerate(text.splitlines(), 1):
        head = re.match(r"\s*\[+\s*(\w+)", line)
        if head:
            here = head[1]
        at = head[1] if head else line.partition("=")[0].strip().strip('"')
        if at == setting and (here == table or (not table and (head or not here))):
            return number
        if head and here == table and place == 1:
            place = number
    return place


class _Wrong(Exception):
    """A mistake inside a file whose name is not known here."""


_TABLES = {"titles", "voice", "chat", "plain", "length", "sampling", "examples", "lines"}
_PLAIN: dict[str, type] = {
    "adapter": str,
    "checker": str,
    "shape": str,
    "prefer": str,
    "drafts": int,
    "fresh": bool,
    "stop": list,
    "stale": list,
}


def _form(name: str, data: dict[str, object]) -> Form:
    unknown = set(data) - _TABLES - set(_PLAIN)
    if unknown:
        raise _Wrong(f"unknown setting {sorted(unknown)[0]!r}")
    titles = _strings(data, "titles")
    if "en" not in titles:
        raise _Wrong("[titles] needs an English title, en = ...")
    length = _table(data, "length")
    form = Form(
        name=name,
        titles=MappingProxyType(titles),
        voice=_way(data, "voice"),
        chat=_way(data, "chat"),
        plain=_way(data, "plain"),
        tokens=_whole(length, "tokens", 8, 2048),
        least=_whole(length, "least", 0, 500),
        sampling=_sampling(data),
        examples=_examples(data),
        lines=_lines(data),
        **{key: _plain(data, key) for key in _PLAIN if key in data},  # type: ignore[arg-type]  # _plain checked them
    )
    _agrees(form)
    return form


def _agrees(form: Form) -> None:
    for setting, value, allowed in (
        ("checker", form.checker, sorted(check.CHECKERS)),
        ("shape", form.shape, ["list", "prose", "script", "verse"]),
        ("prefer", form.prefer, ["chat", "plain"]),
    ):
        if value not in allowed:
            raise _Wrong(f"{setting} = {value!r} is not one of {', '.join(allowed)}")
    for name in ("voice", "chat", "plain"):
        way: Way = getattr(form, name)
        if "{premise}" not in way.asked:
            raise _Wrong(f"[{name}] asked has no {{premise}} in it")
    for phrase in form.stale:
        try:
            re.compile(phrase)
        except re.error as error:
            raise _Wrong(f"stale has a pattern that cannot be read, {phrase!r}: {error}") from error
    if not 1 <= form.drafts <= 16:
        raise _Wrong("drafts must be from 1 to 16")
    if form.examples and not (form.plain.example and form.chat.example):
        raise _Wrong("[[examples]] need an `example` in [plain] and [chat] with {ask} and {answer}")


def _plain(data: dict[str, object], key: str) -> object:
    value, wanted = data[key], _PLAIN[key]
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        raise _Wrong(f"{key} must be {_WORDS[wanted]}")
    if not isinstance(value, list):
        return value
    return _all(value, key, str)


def _all(value: object, key: str, inside: type) -> tuple[Any, ...]:
    if not isinstance(value, list) or not all(type(one) is inside for one in value):
        raise _Wrong(f"{key} must be a list of {'whole numbers' if inside is int else 'texts'}")
    return tuple(value)


_WORDS = {str: "a text in quotes", int: "a whole number", bool: "true or false", list: "a list"}


def _table(data: dict[str, object], key: str) -> dict[str, object]:
    value = data.get(key)
    if not isinstance(value, dict):
        raise _Wrong(f"it needs a table [{key}]")
    return value


def _strings(data: dict[str, object], key: str) -> dict[str, str]:
    table = _table(data, key)
    for name, value in table.items():
        if not isinstance(value, str):
            raise _Wrong(f"[{key}] {name} must be a text in quotes")
    return {name: str(value) for name, value in table.items()}


def _way(data: dict[str, object], key: str) -> Way:
    texts = _strings(data, key)
    names = {one.name for one in fields(Way)}
    unknown, missing = set(texts) - names, {"asked", "begun"} - set(texts)
    if unknown:
        raise _Wrong(f"[{key}] has an unknown setting {sorted(unknown)[0]!r}")
    if missing:
        raise _Wrong(f"[{key}] needs {sorted(missing)[0]}")
    return Way(**texts)


def _whole(table: dict[str, object], key: str, low: int, high: int) -> int:
    value = table.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise _Wrong(f"[length] {key} must be a whole number from {low} to {high}")
    return value


def _sampling(data: dict[str, object]) -> Sampling:
    table = _table(data, "sampling")
    known = {one.name: one.type for one in fields(Sampling)}
    for name, value in table.items():
        if name not in known:
            raise _Wrong(f"[sampling] has an unknown setting {name!r}")
        if isinstance(value, bool) or not isinstance(value, int if known[name] is int else int | float):
            raise _Wrong(f"[sampling] {name} must be a {'whole ' if known[name] is int else ''}number")
        if not 0 <= value <= 1000:
            raise _Wrong(f"[sampling] {name} is out of range")
    return Sampling(**table)  # type: ignore[arg-type]  # the loop above checked them


def _lines(data: dict[str, object]) -> Lines | None:
    if "lines" not in data:
        return None
    table = _table(data, "lines")
    kinds = {"leads": str, "syllables": int, "words": int, "cast": str, "heads": str, "again": int}
    if unknown := set(table) - set(kinds) - {"slack", "rhymes", "schemes"}:
        raise _Wrong(f"[lines] has an unknown setting {sorted(unknown)[0]!r}")
    lists = {key: _all(value, f"[lines] {key}", kinds[key]) for key, value in table.items() if key in kinds}
    slack, rhymes = table.get("slack", 0), table.get("rhymes", "")
    if type(slack) is not int or not 0 <= slack <= 4:
        raise _Wrong("[lines] slack must be a whole number from 0 to 4")
    if not isinstance(rhymes, str):
        raise _Wrong("[lines] rhymes must be a text in quotes")
    schemes = _strings(table, "schemes") if "schemes" in table else {}
    lists.setdefault("leads", tuple("" for _ in lists.get("syllables", ())))
    lines = Lines(**lists, slack=slack, rhymes=_letters(rhymes), schemes={k: _letters(v) for k, v in schemes.items()})
    _lines_agree(lines)
    return lines


def _letters(scheme: str) -> str:
    return "".join(scheme.split()).upper()


def _lines_agree(lines: Lines) -> None:
    count = len(lines.leads)
    if not lines.leads or (lines.syllables and len(lines.syllables) != count):
        raise _Wrong("[lines] leads must name the beginning of every line, and syllables as many numbers")
    if any(not 1 <= one <= 30 for one in lines.syllables):
        raise _Wrong("[lines] syllables must be numbers from 1 to 30")
    for scheme in (lines.rhymes, *lines.schemes.values()):
        if scheme and (len(scheme) != count or not lines.syllables):
            raise _Wrong(f"[lines] rhymes needs a letter for each of the {count} lines, and [lines] syllables")
    for name, listed in (("heads", lines.heads), ("again", lines.again)):
        if listed and len(listed) != count:
            raise _Wrong(f"[lines] {name} needs one for each of the {count} lines")
    if any(not 0 <= earlier <= at for at, earlier in enumerate(lines.again)):
        raise _Wrong("[lines] again may only name earlier lines, counted from 1, or 0")
    if len(lines.words) != 2 or not 0 <= lines.words[0] <= lines.words[1]:
        raise _Wrong("[lines] words must be the fewest and the most")
    if any("{a}" in lead for lead in lines.leads) and len(set(lines.cast)) < 2:
        raise _Wrong("[lines] cast needs two names for {a} and {b}")


def _examples(data: dict[str, object]) -> tuple[Example, ...]:
    listed = data.get("examples", [])
    if not isinstance(listed, list):
        raise _Wrong("examples must be written as [[examples]]")
    found = []
    for one in listed:
        if (
            not isinstance(one, dict)
            or set(one) != {"ask", "answer"}
            or not all(isinstance(v, str) for v in one.values())
        ):
            raise _Wrong("every [[examples]] needs ask and answer, both texts")
        found.append(Example(one["ask"], one["answer"]))
    return tuple(found)
