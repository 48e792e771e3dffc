"""A piece as Markdown and as plain text. Pure."""

import re

from engine.books.book import Book, Chapter, File, chapters, ledger


def markdown(book: Book) -> File:
    """Markdown in which the words stand as they were written, whatever signs are in them."""
    parts = [f"# {_escape(book.title)}", f"*{book.say('book_notice')}*"]
    for chapter in chapters(book):
        parts += [f"## {_escape(chapter.title)}"] if chapter.title else []
        parts += [_markdown_text(text) for _, _, text in chapter.passages]
    lines = "\n".join(f"{number}. {_escape(line)}" for number, _, line in ledger(book))
    return (
        book.named("md"),
        "text/markdown; charset=utf-8",
        _bytes([*parts, "---", f"## {book.say('book_ledger')}", lines]),
    )


def text(book: Book) -> File:
    """Nothing but text."""
    parts = [_underlined(book.title, "="), book.say("book_notice")]
    for chapter in chapters(book):
        parts += [_underlined(chapter.title, "-")] if chapter.title else []
        parts += _texts(chapter)
    lines = "\n".join(f"{number}. {line}" for number, _, line in ledger(book))
    parts += [_underlined(book.say("book_ledger"), "-"), lines]
    return book.named("txt"), "text/plain; charset=utf-8", _bytes(parts)


def _texts(chapter: Chapter) -> list[str]:
    return [text for _, _, text in chapter.passages]


def _underlined(line: str, sign: str) -> str:
    return f"{line}\n{sign * min(len(line), 60)}"


def _markdown_text(text: str) -> str:
    """Plain text whose lines stay lines and whose marks stay marks."""
    return re.sub(r"(?<=\S)\n(?=\S)", "  \n", _escape(text))


def _escape(text: str) -> str:
    text = re.sub(r"([\\`*_\[\]<>|])", r"\\\1", text)
    text = re.sub(r"(?m)^(\s*\d+)([.)])(?=\s|$)", r"\1\\\2", text)
    return re.sub(r"(?m)^(\s*)(#{1,6}(?=\s|$)|[-+](?=\s|$)|~{3,}|={2,}\s*$|-{2,}\s*$)", r"\1\\\2", text)


def _bytes(parts: list[str]) -> bytes:
    return ("\n\n".join(part for part in parts if part) + "\n").encode()
