"""A chat in the terminal, also from a pipe: one line in, one passage out.

On a terminal the passage grows while it is written; into a pipe only finished text is printed, so that
`printf 'a\\nb\\n' | ghostnote chat` can be read by another program. A line may begin with the path of a MIDI file.
"""

import asyncio
import re
import shlex
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from bot import carrying, commands, wording
from bot.flavours import ENDING as PERSONA
from bot.replies import Attachment, Notice
from bot.streaming import stream
from bot.telling import tell
from engine.books.reading import BYTES
from engine.conversation import Conversation
from engine.errors import EngineError
from engine.messages import MessageRef, Person, SentFile, SessionKey, Turn, UserMessage

KEY = SessionKey("terminal", "local")
ENDINGS = (".mid", ".midi", ".abc", PERSONA)
MUCH = 1 << 20  # more than the engine takes, so that it can say so


async def chat(conversation: Conversation, source: TextIO, console: Console, language: str) -> None:
    """Answer every line of `source` until it ends or says /quit."""
    person = Person("terminal", "me", "me", language)
    if source.isatty():
        console.print(wording.say("hello", language), style="dim", highlight=False)
    telling = asyncio.create_task(_tell(conversation, console, language), name="terminal news")
    try:
        await _answer(conversation, source, console, person)
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)


async def _answer(conversation: Conversation, source: TextIO, console: Console, person: Person) -> None:
    async for line in _lines(source, console):
        if line == "/quit":
            return
        if line:
            text, file = await asyncio.to_thread(_with_file, line)
            message = UserMessage(KEY, person, text, file=file, alone=True)
            await stream(commands.run(conversation, message), _Screen(console), conversation, person.language)


async def _tell(conversation: Conversation, console: Console, language: str) -> None:
    """Print what answers no line."""
    async with aclosing(conversation.news(KEY.platform)) as news:
        async for each in news:
            await tell(each, _Screen(console), conversation, language)


async def _lines(source: TextIO, console: Console) -> AsyncIterator[str]:
    """Lines as they come, read in a thread so that the event loop stays free; control-D ends them."""
    while True:
        if source.isatty():
            console.print()
            line = await asyncio.to_thread(_ask)
        else:
            line = await asyncio.to_thread(source.readline)
        if not line:
            return
        yield line.strip()


def _ask() -> str:
    try:
        return input("› ") + "\n"
    except EOFError:
        return ""


class _Screen:
    """An outlet on a terminal or a pipe."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None

    async def draft(self, text: str) -> None:
        """Redraw the growing passage; a pipe waits for the final one."""
        if not self._console.is_terminal:
            return
        if self._live is None:
            self._live = Live(console=self._console, transient=True, auto_refresh=False)
            self._live.start()
        self._live.update(Text(text, style="italic"), refresh=True)

    async def notice(self, notice: Notice) -> tuple[MessageRef, ...]:
        """Print a sentence, set off from the piece."""
        self._clear()
        self._console.print(Text(notice.text, style="dim"), soft_wrap=True)
        return ()

    async def attach(self, attachment: Attachment) -> tuple[MessageRef, ...]:
        """Write the file into the current folder, never over another one."""
        self._clear()
        path = await asyncio.to_thread(_write, attachment)
        self._console.print(path, style="bold", highlight=False)
        return ()

    async def finish(self, turn: Turn) -> tuple[MessageRef, ...]:
        """Print the passage for good."""
        self._clear()
        version = f"  ({turn.version}/{turn.versions})" if turn.versions > 1 else ""
        pipe = not self._console.is_terminal  # a program reads it: lines are as they were written
        self._console.print(Text(turn.text), Text(version, style="dim"), sep="", soft_wrap=pipe)
        return ()

    async def relay(self, turn: Turn, text: str, before: tuple[MessageRef, ...]) -> tuple[MessageRef, ...]:
        """Print a passage that was written elsewhere."""
        self._clear()
        self._console.print(Text(text), soft_wrap=not self._console.is_terminal)
        return ()

    async def settle(self, messages: tuple[MessageRef, ...]) -> None:
        """What was printed stays printed."""

    async def withdraw(self, messages: tuple[str, ...]) -> None:
        """What was printed stays printed."""

    async def fail(self, sentence: str, error: EngineError) -> None:
        """Print the sentence in place of the draft."""
        self._clear()
        self._console.print(Text(sentence, style="yellow"), soft_wrap=True)

    def _clear(self) -> None:
        if self._live:
            self._live.stop()
            self._live = None


def _with_file(line: str) -> tuple[str, SentFile | None]:
    """A line that begins with the path of a music file (typed, or dragged into the window) brings that file."""
    words = line.split(maxsplit=1)
    if len(words) == 2 and words[0].removeprefix("/") in carrying.READS:
        return words[0], _read(words[1])
    try:
        first = shlex.split(line)[0]
        path = Path(first).expanduser()
        if path.suffix.lower() not in ENDINGS or not path.is_file():
            return line, None
        with path.open("rb") as file:
            data = file.read(MUCH)
    except (ValueError, IndexError, OSError):  # an apostrophe, say: no path, but words
        return line, None
    quoted = re.match(r"""("[^"]*"|'[^']*'|(?:\\.|[^\s\\])+)\s*""", line)
    return line[quoted.end() :] if quoted else "", SentFile(path.name, data)


def _read(name: str) -> SentFile | None:
    """The file of that path, typed or dragged into the window; None if there is none."""
    path = Path(name.strip().strip("'\"")).expanduser()
    try:
        with path.open("rb") as file:
            return SentFile(path.name, file.read(BYTES + 1))
    except OSError:
        return None


def _write(attachment: Attachment) -> str:
    path = Path(attachment.name)
    number = 1
    while path.exists():
        number += 1
        path = Path(attachment.name).with_stem(f"{Path(attachment.name).stem}-{number}")
    path.write_bytes(attachment.data)
    return str(path)
