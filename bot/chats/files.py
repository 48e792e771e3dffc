"""Files that people send: which ones are music or a persona, and which are too large to be heard."""

from bot.flavours import ENDING as PERSONA
from engine.errors import Refused
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


def check_size(size: int | None) -> None:
    """Raise BadMidi for a file that is too large to be heard, before it is loaded."""
    if size and size > MAX_BYTES:
        raise BadMidi(why="bytes", kilobytes=-(-size // 1024), most=MAX_BYTES // 1024)
