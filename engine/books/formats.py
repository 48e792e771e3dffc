"""The formats a piece can be taken home in, and the zip that holds all of them, music and pictures too. Pure."""

from collections.abc import Callable

from engine.books import epub, plain, record, word
from engine.books.book import Book, File
from engine.books.packing import packed
from engine.errors import UnknownFormat

EVERYTHING = "zip"


def everything(book: Book) -> File:
    """One zip with the piece in every format, its music as MIDI, sound and pictures, and what was drawn for it."""
    texts = [write(book) for name, write in _WRITERS.items() if name != EVERYTHING]
    files = [(name, data) for name, _, data in texts] + [(name, data) for name, _, data in book.files]
    return book.named("zip"), "application/zip", packed(files)


_WRITERS: dict[str, Callable[[Book], File]] = {
    "md": plain.markdown,
    "txt": plain.text,
    "json": record.write,
    "epub": epub.write,
    "docx": word.write,
    EVERYTHING: everything,
}
FORMATS = tuple(_WRITERS)


def writer(name: str) -> Callable[[Book], File]:
    """The function that writes this format, which takes up to seconds. Raises UnknownFormat."""
    if name not in _WRITERS:
        raise UnknownFormat(format=name[:20], formats=", ".join(FORMATS))
    return _WRITERS[name]
