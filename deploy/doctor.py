"""What works on this machine, what is missing, and what to do about it: `ghostnote doctor`.

Every check really tries the thing, changes nothing, and ends in a finding; none can stop the others.
"""

import asyncio
import importlib.metadata
import shutil
import socket
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx

from adapters.manifest import RegistryError
from adapters.registry import Registry
from bot.wording import error as sentence
from deploy import models
from deploy.problems import DATABASE_PROBLEMS, database_words
from deploy.settings import Settings
from engine.text.forms.load import load
from engine.text.forms.own import Shelf
from storage.db import open_database

NEEDED_BYTES = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. Broken: Ghostnote cannot run with it; `todo` says what to do, "" for nothing."""

    what: str
    found: str
    todo: str = ""
    broken: bool = False

    @property
    def mark(self) -> str:
        """A sign for the first column."""
        return "✗" if self.broken else "!" if self.todo else "✓"


async def findings(settings: Settings) -> list[Finding]:
    """All checks, in the order a person would ask."""
    checks: tuple[tuple[str, Callable[[Settings], Awaitable[Finding]]], ...] = (
        ("Python", _python),
        ("torch", _torch),
        ("home", _home),
        ("model", _model),
        ("voices", _voices),
        ("forms", _forms),
        ("music", _music),
        ("looks", _looks),
        ("sound", _sound),
        ("database", _database),
        ("studio", _studio),
        ("Telegram", _telegram),
        ("Discord", _discord),
    )
    found = []
    for what, check in checks:
        try:
            found.append(await check(settings))
        except Exception as error:  # noqa: BLE001  # a check that breaks is itself a finding
            found.append(Finding(what, f"the check failed: {error}", "please report this", broken=True))
    return found


async def _python(settings: Settings) -> Finding:
    version = sys.version.split()[0]
    return Finding("Python", version, "" if sys.version_info >= (3, 11) else "install Python 3.11 or newer")


async def _torch(settings: Settings) -> Finding:
    try:
        torch = await asyncio.to_thread(__import__, "torch")
    except ImportError:
        return Finding("torch", "missing", "pip install 'torch>=2.11'", broken=settings.text_model != "echo")
    gpu = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "no GPU"
    found = f"{importlib.metadata.version('torch')}, {gpu}, {torch.get_num_threads()} threads"
    if settings.device == "cuda" and not torch.cuda.is_available():
        return Finding("torch", found, "GHOSTNOTE_DEVICE is cuda but there is no GPU; set it to auto", broken=True)
    return Finding("torch", found)


async def _home(settings: Settings) -> Finding:
    folder = settings.home
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    found = f"{settings.home}, {free / 1e9:.1f} GB free"
    return Finding("home", found, "" if free > NEEDED_BYTES else "make room: a model needs about 1 GB")


async def _model(settings: Settings) -> Finding:
    name = settings.text_model
    if name == "echo":
        return Finding("model", "echo", "echo only repeats; set GHOSTNOTE_TEXT_MODEL=embedded to write")
    folder = settings.home / "models" / name.replace("/", "--")
    if models.whole(folder):
        wrong = await asyncio.to_thread(models.damaged, folder)
        todo = f"delete {folder} and run `ghostnote models pull {name}`" if wrong else ""
        return Finding("model", f"{name}, {'damaged' if wrong else 'whole'}", todo, broken=bool(wrong))
    if name == models.EMBEDDED or not name.startswith((".", "/", "~")):
        return Finding("model", f"{name} is not here yet", f"`ghostnote models pull {name}` (a start does so too)")
    try:
        await asyncio.to_thread(models.ensure, name, settings.home)
    except models.ModelError as error:
        return Finding("model", str(error), "set GHOSTNOTE_TEXT_MODEL to another one", broken=True)
    return Finding("model", name)


async def _voices(settings: Settings) -> Finding:
    """Whoever is live anywhere is read, every byte."""
    registry = Registry(settings.adapters)
    try:
        live = registry.scopes()
    except RegistryError as error:
        return Finding("voices", "the shipped ones alone speak", str(error))
    for scope, reference in live.items():
        try:
            await asyncio.to_thread(registry.show, reference)
        except RegistryError as error:
            return Finding("voices", str(error), f"`ghostnote adapters rollback --scope {scope}`")
    silent = sum(registry.show(reference).base != settings.text_model for reference in live.values())
    others = f", {silent} silent because made for another base" if silent else ""
    return Finding("voices", f"{len(live)} published{others}")


async def _forms(settings: Settings) -> Finding:
    """Files of one's own are read, every one."""
    shelf = Shelf(settings.home / "forms")
    own, wrong = len(shelf) - len(load()), shelf.mistakes()
    return Finding("forms", f"{own} of your own" if own else "those that ship", "; ".join(wrong))


async def _music(settings: Settings) -> Finding:
    """A bar is composed with the shipped weights."""
    from engine.errors import EngineError  # noqa: PLC0415
    from engine.music.composer import Composer  # noqa: PLC0415  # torch takes seconds to import
    from engine.music.wishes import read_wish  # noqa: PLC0415

    try:
        made = await asyncio.to_thread(lambda: Composer.load().compose(read_wish("1 bar"), seed=1, candidates=1))
    except EngineError as error:
        return Finding("music", sentence(error, "en"), "reinstall Ghostnote, or `ghostnote learn music`", broken=True)
    return Finding("music", f"composes ({len(made[0].midi())} bytes of MIDI)")


async def _looks(settings: Settings) -> Finding:
    """A cover is painted with the shipped weights."""
    from engine.art.picture import png  # noqa: PLC0415
    from engine.art.sketch import sketched  # noqa: PLC0415
    from engine.art.wishes import Look  # noqa: PLC0415
    from engine.errors import EngineError  # noqa: PLC0415

    try:
        made = await asyncio.to_thread(lambda: png(sketched(Look("cover", style="stripes"), seed=1)))
    except EngineError as error:
        return Finding("looks", sentence(error, "en"), "reinstall Ghostnote, or `ghostnote learn looks`", broken=True)
    return Finding("looks", f"draws ({len(made)} bytes of PNG)")


async def _sound(settings: Settings) -> Finding:
    """A note is rendered."""
    from engine.music.perform import heard  # noqa: PLC0415
    from engine.music.render import find_soundfont, render_audio  # noqa: PLC0415

    _, midi = heard(b"C4")
    ogg = await asyncio.to_thread(render_audio, midi)
    font = find_soundfont()
    if font is None:
        return Finding("sound", "sine waves only", "install a General MIDI soundfont (Debian: fluid-soundfont-gm)")
    return Finding("sound", f"renders with {font.name} ({len(ogg)} bytes of OGG)")


async def _database(settings: Settings) -> Finding:
    address = settings.database.split("@")[-1]
    if settings.database.startswith("sqlite") and not (settings.home / "ghostnote.db").exists():
        return Finding("database", f"{address} is made at the first start")
    try:
        async with open_database(settings.database):
            return Finding("database", address)
    except DATABASE_PROBLEMS as error:
        return Finding("database", database_words(error), "check GHOSTNOTE_DATABASE_URL", broken=True)


async def _studio(settings: Settings) -> Finding:
    address = f"http://{settings.host}:{settings.port}"
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            return Finding("studio", f"{address}: {error.strerror}", "is it running already? else set GHOSTNOTE_PORT")
    return Finding("studio", address)


async def _telegram(settings: Settings) -> Finding:
    token = settings.telegram_token.get_secret_value()
    if not token:
        return Finding("Telegram", "no token; set GHOSTNOTE_TELEGRAM_TOKEN to use it")
    try:
        async with httpx.AsyncClient(timeout=10) as client:
            answer = (await client.get(f"{settings.telegram_api}/bot{token}/getMe")).json()
    except (httpx.HTTPError, ValueError) as error:
        return Finding(
            "Telegram", f"no answer ({type(error).__name__})", "check the network and GHOSTNOTE_TELEGRAM_API"
        )
    if not answer.get("ok"):
        return Finding("Telegram", "the token is refused", "ask @BotFather for a new one", broken=True)
    return Finding("Telegram", f"@{answer['result'].get('username', '?')}")


async def _discord(settings: Settings) -> Finding:
    token = settings.discord_token.get_secret_value()
    if not token:
        return Finding("Discord", "no token; set GHOSTNOTE_DISCORD_TOKEN to use it")
    try:
        async with httpx.AsyncClient(timeout=10, headers={"Authorization": f"Bot {token}"}) as client:
            answer = await client.get(f"{settings.discord_api}/users/@me")
            name = answer.json().get("username", "?")
    except (httpx.HTTPError, ValueError) as error:
        return Finding("Discord", f"no answer ({type(error).__name__})", "check the network and GHOSTNOTE_DISCORD_API")
    if answer.status_code == 401:
        return Finding("Discord", "the token is refused", "reset it in the developer portal", broken=True)
    if not answer.is_success:
        return Finding("Discord", f"it answers {answer.status_code}", "check GHOSTNOTE_DISCORD_API")
    return Finding("Discord", f"@{name}")
