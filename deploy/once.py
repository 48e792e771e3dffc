"""One text without a chat: `ghostnote write`."""

import secrets

from rich.console import Console
from rich.text import Text

from bot import wording
from deploy.serve import speaking, text_generator, writing
from deploy.settings import Settings
from engine.text.task import Passage, Task, Written
from engine.worker import Worker


async def write(
    settings: Settings, form: str, text: str, seed: int | None, language: str, out: Console, err: Console
) -> None:
    """Print one text in `form` that begins from `text`; the seed that made it goes to stderr."""
    seed = secrets.randbits(31) if seed is None else seed
    async with Worker(text_generator(settings), inbox=settings.inbox) as worker:
        writer = writing(settings, worker)
        writer.check_form(form)
        voice = await speaking(settings, worker).voice(form)
        task = Task(form, (Passage("person", "", text),), seed, language=language, adapter=voice)
        async for event in writer.write(task):
            if isinstance(event, Written):
                best = event.compositions[0]
                out.print(Text(best.text))
                for name, fields in best.remarks:
                    err.print(wording.say(name, language, **fields), style="dim")
    err.print(f"seed {seed}", style="dim")
