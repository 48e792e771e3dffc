"""The studio's page as it leaves the house: one HTML file with its sentences filled in, in the reader's language.

`[[key]]` in the HTML stands for a sentence of bot/words, escaped; all of them together travel as a JSON data block,
which no content security policy takes for a script. There is no template language and no build step.
"""

import html
import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from bot import commands, wording
from bot.web.errors import language
from engine.books.formats import FORMATS
from engine.books.reading import BYTES
from engine.music.engraving import can_engrave
from engine.music.midi import MAX_BYTES
from engine.music.styles import INSTRUMENTS

HOME = Path(str(files("bot").joinpath("studio")))
_FRESH = {"Cache-Control": "no-store", "Vary": "Accept-Language, Cookie"}
_YEAR = 365 * 24 * 3600
_WORD = re.compile(r"\[\[(\w+)\]\]")


async def page(request: Request) -> Response:
    """The studio; `?lang=` chooses its language for good.

    The choice travels in the answer: a script's own cookie can still be on its way when the page it reloads is asked
    for, and then the old language comes back.
    """
    if chosen := request.query_params.get("lang"):
        answer = RedirectResponse("/", 303)
        answer.set_cookie("lang", wording.language_of(chosen), max_age=_YEAR, samesite="lax")
        return answer
    tongue = language(request)
    # "</" would end the data block.
    data = json.dumps(_data(tongue), ensure_ascii=False).replace("</", "<\\/")
    return HTMLResponse(_filled("index.html", tongue).replace("<!--data-->", data), headers=_FRESH)


def door(request: Request) -> HTMLResponse:
    """What somebody without the token sees: a field for it."""
    return HTMLResponse(_filled("door.html", language(request)), 401, headers=_FRESH)


def assets() -> StaticFiles:
    """Styles, scripts, fonts and the icon."""
    return StaticFiles(directory=HOME / "assets")


def _filled(name: str, tongue: str) -> str:
    words = wording.page(tongue) | {"language": "zh-Hans" if tongue == "zh" else "en"}
    return _WORD.sub(lambda match: html.escape(words[match[1]]), (HOME / name).read_text("utf-8"))


def _data(tongue: str) -> dict[str, Any]:
    return {
        "language": tongue,
        "words": wording.page(tongue),
        "forms": [{"name": name, "title": wording.form(name, tongue)} for name in commands.FORMS],
        "exports": FORMATS,
        "file_limit": MAX_BYTES,
        "piece_limit": BYTES,
        "score": can_engrave(),
        "instruments": _instruments(tongue),
        "commands": [
            {"name": each.name, "takes": each.takes.value, "help": wording.say(f"command_{each.name}", tongue)}
            for each in commands.TABLE
        ],
    }


def _instruments(tongue: str) -> dict[str, str]:
    """What the tracks of our files are called, as the reader calls it."""
    names = {name: str(wording.named("instrument", name, tongue)) for name in INSTRUMENTS}
    return names | {"drums": wording.say("music_drums", tongue)}
