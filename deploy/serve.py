"""The composition root of serving: storage, generators, conversation and every frontend on one AsyncExitStack.

Whoever needs the whole house (the command line, a test) takes `conversation` and gets it built from plain settings;
closing happens in the reverse order, so the last reply is stored before the database goes.
"""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from adapters.registry import Registry
from adapters.runs import Runs
from adapters.taste import Lens
from bot import web_app, wording
from deploy import schedule
from deploy.preferences import assumed
from deploy.settings import Settings
from engine.art.painter import Painter
from engine.conversation import Conversation
from engine.makers import Makers
from engine.music.composer import Composer
from engine.music.musician import Musician
from engine.music.taste import FILE as TASTE
from engine.ports import TextGenerator
from engine.speaking import Speaking
from engine.tasting import Tasting
from engine.text.forms.own import Shelf
from engine.text.lens import load as load_lens
from engine.text.tasting import Tastes
from engine.text.writer import Writer
from engine.worker import Worker
from storage.db import Database, open_database
from storage.history import History
from storage.preferences import Preferences

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class House:
    """The engine, ready to be talked to, and what can be said of its health."""

    conversation: Conversation
    worker: Worker
    database: Database


@asynccontextmanager
async def house(settings: Settings, generator: TextGenerator | None = None) -> AsyncIterator[House]:
    """Storage, device and conversation; the model is loaded unless one is given."""
    settings.home.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(settings.database))
        model = generator if generator is not None else await asyncio.to_thread(text_generator, settings)
        worker = await stack.enter_async_context(Worker(model, inbox=settings.inbox))
        musician = composing(worker, tasting(settings))
        stack.push_async_callback(musician.close)
        painter = Painter(wording.describe_look)
        stack.push_async_callback(painter.close)
        writer = writing(settings, worker)
        voices = speaking(settings, worker)
        conversation = Conversation(
            History(database),
            Preferences(database),
            writer,
            Makers(musician, painter),
            voices,
            owners=settings.owner_accounts,
            assumed=assumed(settings),
        )
        stack.push_async_callback(conversation.close)
        yield House(conversation, worker, database)


def tastes(home: Path) -> Registry:
    """What was learnt of people's taste in music; none ships."""
    return Registry(home, shipped=home / "shipped", files=(TASTE,))


def tasting(settings: Settings) -> Tasting:
    """Whose taste in music counts where."""
    return Tasting(tastes(settings.tastes))


def composing(worker: Worker, liked: Tasting) -> Musician:
    """The musician on a device; close it before the device goes."""
    return Musician(worker, Composer.load, wording.describe, liked)


def text_generator(settings: Settings) -> TextGenerator:
    """The language model that the settings name; it finds its voices in the registry. Blocks for seconds."""
    if settings.text_model == "echo":
        from engine.text.echo import EchoGenerator  # noqa: PLC0415  # neither needs the other's libraries

        return EchoGenerator()
    from deploy import models  # noqa: PLC0415
    from engine.text.gpt import Gpt  # noqa: PLC0415  # torch takes seconds to import

    folder = models.ensure(settings.text_model, settings.home)
    try:
        return Gpt(folder, name=settings.text_model, device=settings.device, shelf=Registry(settings.adapters).whole)
    except (OSError, ValueError, RuntimeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise models.ModelError(f"The model in {folder} cannot be loaded: {reason}") from error


def shelf(settings: Settings) -> Shelf:
    """The forms that ship, and those that the owner of the machine put into the folder `forms`."""
    return Shelf(settings.home / "forms")


def writing(settings: Settings, worker: Worker) -> Writer:
    """The writer on a device; where a voice was published with a taste, that chooses among its drafts."""

    def lens() -> Lens:
        from deploy import models  # noqa: PLC0415

        return load_lens(models.ensure(settings.text_model, settings.home))

    return Writer(worker, shelf(settings), tastes=Tastes(Registry(settings.adapters).whole, lens))


def speaking(settings: Settings, worker: Worker) -> Speaking:
    """Who speaks when: what the registry says, and where it is silent the voice that a form names."""
    return Speaking(
        worker,
        Registry(settings.adapters),
        {name: form.adapter for name, form in shelf(settings).items() if form.adapter},
        Runs(settings.learning / "reports"),
    )


async def run(settings: Settings) -> None:
    """Serve every frontend until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        built = await stack.enter_async_context(house(settings))
        about = web_app.About(
            model=settings.text_model,
            database=built.database.dialect,
            ready=built.database.answers,
            waiting=lambda: built.worker.waiting,
            running=lambda: built.worker.running,
            count=built.worker.generator.count,
        )
        token = settings.token.get_secret_value()
        studio = web_app.serve(built.conversation, settings.host, settings.port, token, about)
        address = await stack.enter_async_context(studio)
        log.info("the studio is at %s", address)
        if settings.learn_every and settings.text_model != "echo":
            stack.push_async_callback(_stopped, asyncio.create_task(schedule.every(schedule.LOOK, schedule.learn)))
        if settings.telegram_token.get_secret_value():
            await _telegram(stack, settings, built.conversation)
        if settings.discord_token.get_secret_value():
            await _discord(stack, settings, built.conversation)
        await stop.wait()
        log.info("stopping")


async def _stopped(task: asyncio.Task[None]) -> None:
    """End a task that never ends by itself."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _telegram(stack: AsyncExitStack, settings: Settings, talk: Conversation) -> None:
    """Add Telegram; a refused token is said and leaves the other frontends alone."""
    from bot import telegram_app  # noqa: PLC0415  # half a second that a machine without a token need not wait

    webhook = None
    if settings.telegram_webhook_url:
        webhook = telegram_app.WebhookSettings(
            listen=settings.telegram_webhook_listen,
            port=settings.telegram_webhook_port,
            url=settings.telegram_webhook_url,
            secret=settings.telegram_webhook_secret.get_secret_value(),
        )
    token = settings.telegram_token.get_secret_value()
    try:
        await stack.enter_async_context(
            telegram_app.serve(talk, token=token, api=settings.telegram_api, webhook=webhook)
        )
    except telegram_app.TelegramUnavailable as problem:
        log.error("%s", problem)  # noqa: TRY400  # one sentence for the owner; there is nothing to trace


async def _discord(stack: AsyncExitStack, settings: Settings, talk: Conversation) -> None:
    """Add Discord; a refused token is said and leaves the other frontends alone."""
    from bot import discord_app  # noqa: PLC0415  # half a second that a machine without a token need not wait

    token = settings.discord_token.get_secret_value()
    try:
        await stack.enter_async_context(
            discord_app.serve(talk, token=token, api=settings.discord_api, gateway=settings.discord_gateway)
        )
    except discord_app.DiscordUnavailable as problem:
        log.error("%s", problem)  # noqa: TRY400  # one sentence for the owner; there is nothing to trace
