"""`ghostnote replay`: a passage written again from its recipe, beside what is stored."""

import difflib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from rich.console import Console
from rich.text import Text

from bot import wording
from deploy.serve import composing, speaking, tasting, text_generator, writing
from deploy.settings import Settings
from engine.finding import Finding
from engine.ports import TextGenerator
from engine.replaying import Replayed, Replaying
from engine.worker import Worker
from storage.db import open_database
from storage.history import History
from storage.preferences import Preferences


@asynccontextmanager
async def replaying(settings: Settings, generator: TextGenerator | None = None) -> AsyncIterator[Replaying]:
    """Storage and device, without frontends; the model is loaded unless one is given."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(settings.database))
        model = generator if generator is not None else text_generator(settings)
        worker = await stack.enter_async_context(Worker(model, inbox=settings.inbox))
        history = History(database)
        writer, voices, liked = writing(settings, worker), speaking(settings, worker), tasting(settings)
        musician = composing(worker, liked)
        stack.push_async_callback(musician.close)
        yield Replaying(history, Finding(history, Preferences(database)), writer, voices, model.name, musician, liked)


async def replay(settings: Settings, recipes: list[str], language: str, out: Console) -> bool:
    """Replay these and print what came of each; whether all came out as they were written."""
    settings.home.mkdir(parents=True, exist_ok=True)
    same = True
    async with replaying(settings) as again:
        for recipe in recipes:
            found = await again.replay(recipe)
            say(found, language, out, whole=len(recipes) == 1)
            same = same and found.same
    return same


def say(found: Replayed, language: str, out: Console, *, whole: bool) -> None:
    """What came of one: the sentence, and with `whole` the text, or where it differs."""
    about = {
        "recipe": found.recipe,
        "number": found.number,
        "title": found.title or wording.say("untitled", language),
        "model": found.model if not found.adapter else f"{found.model} + {found.adapter}",
        "seed": found.seed,
    }
    out.print(Text(wording.say("replay_about", language, **about)))
    if found.edited:
        out.print(Text(wording.say("replay_edited", language)))
    key = "replay_same" if found.same else "replay_other" if found.same_prompt else "replay_prompt"
    out.print(Text(wording.say(key, language)), style="green" if found.same else "yellow")
    if found.same and whole:
        out.print(Text(found.after))
    elif not found.same:
        before, after = found.before.splitlines(), found.after.splitlines()
        out.print(Text("\n".join(difflib.unified_diff(before, after, "stored", "replayed", lineterm=""))))
