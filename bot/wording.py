"""Every sentence a person can read, by language; the sentences themselves stand in bot/words/*.toml.

A table [command] with a key `story` is asked for as `command_story`; the tables [say], [error] and [page] as in the
functions below. A language nobody has written for is answered in English.

The engine has English names for styles, moods, modes, instruments and keys. A field of a sentence that is called so (a
digit may follow: `style2`) is said in the reader's language.
"""

import tomllib
from collections.abc import Sequence
from functools import cache
from importlib import resources

from engine.art.wishes import Look
from engine.books.book import Says
from engine.errors import EngineError
from engine.music.wishes import Wish
from engine.music.wishes import describe as facts_of

LANGUAGES = ("en", "zh")
_SIGNS = {
    "en": {"#": "♯", "b": "♭", "##": "♯♯", "bb": "♭♭"},
    "zh": {"#": "升", "b": "降", "##": "重升", "bb": "重降"},
}


def language_of(tag: str | None) -> str:
    """The language to answer in, for a BCP 47 tag or an Accept-Language header ("zh-Hans-CN", "de;q=0.8, en")."""
    for part in (tag or "").lower().replace("_", "-").split(","):
        primary = part.split(";")[0].strip().split("-")[0]
        if primary in LANGUAGES:
            return primary
    return "en"


def say(key: str, language: str, /, **fields: object) -> str:
    """The sentence `key`, filled with `fields`; KeyError if nobody wrote it."""
    sentences = _words(language_of(language))
    table, _, rest = key.partition("_")
    sentence = sentences["command"][rest] if table == "command" else sentences["say"][key]
    return sentence.format(**{name: named(name, value, language) for name, value in fields.items()})


def error(failure: EngineError, language: str) -> str:
    """The one sentence for an engine error: by code, and by its field `why` or `what` where those make a difference."""
    sentences = _words(language_of(language))["error"]
    detail = failure.fields.get("why") or failure.fields.get("what") or ""
    sentence = sentences.get(f"{failure.code}_{detail}") or sentences[failure.code]
    fields = {name: named(name, value, language) for name, value in failure.fields.items()}
    return sentence.format(**{name: value if name in OURS else _short(value) for name, value in fields.items()})


OURS = ("forms", "reason")  # fields that hold our own words, and so are told in full
# fields whose values have names of their own
NAMED = (
    *("style", "mood", "mode", "instrument", "frontend", "section", "genre", "interval", "variation"),
    *("colour", "manner", "tint"),
)


def named(name: str, value: object, language: str) -> object:
    """A field's value as the reader says it: the name of a key, style, mood, mode or instrument, else the value."""
    kind = name.rstrip("0123456789")
    if not isinstance(value, str):
        return value
    if kind == "key":
        return key(value, language)
    table = _words(language_of(language))[kind] if kind in NAMED else {}
    return table.get(value, value)


def key(name: str, language: str) -> str:
    """ "Bb major" as "B♭ major" or "降B 大调"; a minor key is written small in Chinese, as musicians there do."""
    language = language_of(language)
    letter, _, mode = name.partition(" ")
    sign = _SIGNS[language].get(letter[1:], "")
    if language == "zh":
        small = "minor" in mode or mode in ("dorian", "phrygian", "locrian", "blues")
        letter = sign + (letter[:1].lower() if small else letter[:1])
    else:
        letter = letter[:1] + sign
    return say("music_key", language, letter=letter, mode=mode)


def describe(wish: Wish, language: str) -> str:
    """A wish in one line: "8 bars, 3/4, D minor, 90 bpm, waltz, melancholy, piano and strings"."""
    facts = facts_of(wish)
    bars = facts["bars"]
    players = [str(named("instrument", name, language)) for name in facts["instruments"]]
    parts = [
        say("music_bars_one" if bars == 1 else "music_bars", language, bars=bars),
        facts["metre"],
        key(facts["key"], language),
        say("music_tempo", language, tempo=facts["tempo"]),
        str(named("style", facts["style"], language)),
        *([str(named("mood", facts["mood"], language))] if facts["mood"] else []),
        _listed(players + ([say("music_drums", language)] if facts["drums"] else []), language),
        *([say("music_variants", language, variants=facts["variants"])] if facts["variants"] > 1 else []),
    ]
    return say("music_join", language).join(parts)


def describe_look(look: Look, codes: Sequence[str], names: Sequence[str], language: str) -> str:
    """A look and its colours: "A cover: cubist, dark, in black, wine and grey."; under a palette a line a colour."""
    said = [("mood", look.mood), ("genre", look.genre), *(("tint", tint) for tint in look.tints)]
    about = [str(named(kind, name, language)) for kind, name in said if name]
    colours = [str(named("colour", name, language)) for name in names]
    if look.kind == "palette":
        told = say("look_for", language, names=say("music_join", language).join(about)) if about else ""
        lines = [say("look_colour", language, code=code, colour=name) for code, name in zip(codes, names, strict=True)]
        return "\n".join([say("look_palette", language, about=told), *lines])
    told = "".join(say("look_about", language, names=each) for each in about)
    return say("look_cover", language, manner=look.style, about=told, colours=_listed(colours, language))


def _listed(names: Sequence[str], language: str) -> str:
    last = say("music_and", language).join(names[-2:])
    return say("music_comma", language).join([*names[:-2], last])


def sayer(language: str) -> Says:
    """`say` in one language, for what must not know of languages."""
    return lambda key, /, **fields: say(key, language, **fields)


def page(language: str) -> dict[str, str]:
    """All sentences of the studio's page, and the names of a prompt's sections."""
    words = _words(language_of(language))
    return words["page"] | {f"section_{name}": called for name, called in words["section"].items()}


def form(name: str, language: str) -> str:
    """What a form is called."""
    forms = _words(language_of(language))["form"]
    return forms.get(name, name)


def _short(value: object) -> object:
    """A person's own wrong value is quoted back, but never at length."""
    return value[:59] + "…" if isinstance(value, str) and len(value) > 60 else value


@cache
def _words(language: str) -> dict[str, dict[str, str]]:
    return tomllib.loads(resources.files("bot").joinpath("words", f"{language}.toml").read_text("utf-8"))
