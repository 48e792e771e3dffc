"""Files that people send: which ones are taken in, and which are too large for that."""

from bot.carrying import READS
from bot.flavours import ENDING as PERSONA
from engine.books.reading import BYTES
from engine.errors import BadFile, Refused
from engine.music.errors import BadMidi
from engine.music.midi import MAX_BYTES

NAMES = (".mid", ".midi", ".kar", ".smf", ".abc", PERSONA)
TYPES = {f"audio/{name}" for name in ("mid", "midi", "x-mid", "x-midi", "sp-midi")} | {"text/vnd.abc"}


class FileUnavailable(Refused):
    """The platform would not give the file."""

    code = "file_unavailable"


def is_music(name: str | None, mime: str | None) -> bool:
    """Whether a file is one of music, or a persona, told by its name or its type."""
    return (name or "").lower().endswith(NAMES) or (mime or "").lower().partition(";")[0] in TYPES


def is_wanted(command: str, name: str | None, mime: str | None) -> bool:
    """Whether a file that came with a command (or with none) is taken in: music always is."""
    return command in READS or is_music(name, mime)


def check_size(size: int | None, command: str = "") -> None:
    """Raise BadMidi or BadFile for a file that is too large for what is asked, before it is loaded."""
    if command in READS:
        if size and size > BYTES:
            raise BadFile(why="bytes", megabytes=-(-size >> 20), most=BYTES >> 20)
        return
    if size and size > MAX_BYTES:
        raise BadMidi(why="bytes", kilobytes=-(-size // 1024), most=MAX_BYTES // 1024)
