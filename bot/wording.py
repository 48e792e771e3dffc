"""Every sentence a person can read, by language; the sentences themselves stand in bot/words/*.toml.

A table [command] with a key `story` is asked for as `command_story`; the tables [say], [error] and [page] as in the
functions below. A language nobody has written for is answered in English.
"""

import tomllib
from functools import cache
from importlib import resources

from engine.errors import EngineError

LANGUAGES = ("en", "zh")


def language_of(tag: str | None) -> str:
    """The language to answer in, for a BCP 47 tag or an Accept-Language header ("zh-Hans-CN", "de;q=0.8, en")."""
    for part in (tag or "").lower().replace("_", "-").split(","):
        primary = part.split(";")[0].strip().split("-")[0]
        if primary in LANGUAGES:
            return primary
    return "en"


def say(key: str, language: str, **fields: object) -> str:
    """The sentence `key`, filled with `fields`; KeyError if nobody wrote it."""
    sentences = _words(language_of(language))
    table, _, rest = key.partition("_")
    sentence = sentences["command"][rest] if table == "command" else sentences["say"][key]
    return sentence.format(**fields)


def error(failure: EngineError, language: str) -> str:
    """The one sentence for an engine error: by code, and by its field `why` or `what` where those make a difference."""
    sentences = _words(language_of(language))["error"]
    detail = failure.fields.get("why") or failure.fields.get("what") or ""
    sentence = sentences.get(f"{failure.code}_{detail}") or sentences[failure.code]
    return sentence.format(**{name: _short(value) for name, value in failure.fields.items()})


def page(language: str) -> dict[str, str]:
    """All sentences of the studio's page."""
    return dict(_words(language_of(language))["page"])


def form(name: str, language: str) -> str:
    """What a form is called."""
    forms = _words(language_of(language))["form"]
    return forms.get(name, name)


def _short(value: str | int) -> str | int:
    """A person's own wrong value is quoted back, but never at length."""
    return value if isinstance(value, int) or len(value) <= 60 else value[:59] + "…"


@cache
def _words(language: str) -> dict[str, dict[str, str]]:
    return tomllib.loads(resources.files("bot").joinpath("words", f"{language}.toml").read_text("utf-8"))
