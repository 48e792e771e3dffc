"""A piece as an EPUB 3 book, written by hand: https://www.w3.org/TR/epub-33/. Pure.

A zip file of XHTML is all there is to it, and the library that is kept well has a licence (AGPL) that would
become ours; see docs/decisions/021. Every page is built from escaped text, so no words can break it, and `epubcheck`
reads what the tests write.
"""

import uuid
from datetime import UTC
from html import escape

from engine.books.book import Book, Chapter, File, chapters, ledger, paragraphs, xml
from engine.books.packing import packed

MIME = "application/epub+zip"
_HOUSE = uuid.UUID("5a1d6f4e-0f0b-4c5e-9d3f-6b1c8a7e2d10")  # any that never changes
_CONTAINER = """<?xml version="1.0" encoding="utf-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="book/package.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>
"""
_STYLE = """body { line-height: 1.5; margin: 0 5%; }
h1, h2 { line-height: 1.2; margin: 2em 0 1em; text-align: center; }
p { margin: 0 0 0.8em; text-align: start; }
.cover { margin: 0; text-align: center; }
.cover img { max-width: 100%; max-height: 100vh; }
.notice { font-style: italic; text-align: center; }
.ledger { font-size: 0.85em; overflow-wrap: anywhere; }
.ledger a { color: inherit; }
"""
_PAGE = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" xml:lang="{language}" \
lang="{language}">
<head><title>{title}</title><link rel="stylesheet" type="text/css" href="style.css"/></head>
<body>
{body}
</body>
</html>
"""
_PACKAGE = """<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" xml:lang="{language}">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">urn:uuid:{id}</dc:identifier>
<dc:title>{title}</dc:title>
<dc:language>{language}</dc:language>
<dc:description>{notice}</dc:description>
<dc:date>{created}</dc:date>
{people}<meta property="dcterms:modified">{updated}</meta>
</metadata>
<manifest>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="style" href="style.css" media-type="text/css"/>
{items}</manifest>
<spine>
{spine}</spine>
</package>
"""
_COVER = '<item id="picture" href="cover.png" media-type="image/png" properties="cover-image"/>\n'

Page = tuple[str, str, str]  # its name, what the table of contents calls it, its body


def write(book: Book) -> File:
    """The piece as an EPUB file."""
    parts = chapters(book)
    pages = [("title", book.title, _front(book)), *_chapters(book, parts), ("ledger", book.say("book_ledger"), "")]
    front = [("cover", book.title, f'<p class="cover"><img src="cover.png" alt="{_text(book.title)}"/></p>')]
    where = {turn.id: f"{name}.xhtml" for (name, _, _), part in zip(pages[1:], parts, strict=False)
             for _, turn, _ in part.passages}  # fmt: skip
    pages[-1] = ("ledger", book.say("book_ledger"), _ledger(book, where))
    files = [
        ("mimetype", MIME.encode()),
        ("META-INF/container.xml", _CONTAINER.encode()),
        ("book/package.opf", _package(book, [*(front if book.cover else ()), *pages]).encode()),
        ("book/nav.xhtml", _page(book, book.title, _contents(book, pages)).encode()),
        ("book/style.css", _STYLE.encode()),
        *((f"book/{name}.xhtml", _page(book, title, body).encode()) for name, title, body in pages),
    ]
    if book.cover:
        name, title, body = front[0]
        files += [("book/cover.png", book.cover), (f"book/{name}.xhtml", _page(book, title, body).encode())]
    return book.named("epub"), MIME, packed(files, stored="mimetype")


def _chapters(book: Book, parts: tuple[Chapter, ...]) -> list[Page]:
    named = [(f"chapter-{number:03}", part) for number, part in enumerate(parts, 1)]
    return [(name, part.title or book.title, _chapter(part)) for name, part in named]


def _front(book: Book) -> str:
    names = f"<p>{_text(', '.join(book.writers))}</p>\n" if book.writers else ""
    return f'<h1>{_text(book.title)}</h1>\n{names}<p class="notice">{_text(book.say("book_notice"))}</p>'


def _chapter(part: Chapter) -> str:
    heading = f"<h2>{_text(part.title)}</h2>\n" if part.title else ""
    return heading + "\n".join(_passage(number, text) for number, _, text in part.passages)


def _passage(number: int, text: str) -> str:
    made = "\n".join(f'<p dir="auto">{"<br/>".join(map(_text, lines))}</p>' for lines in paragraphs(text))
    return f'<div id="p{number}">\n{made}\n</div>'


def _ledger(book: Book, where: dict[str, str]) -> str:
    lines = [
        f"<li>{_linked(where.get(turn.id, ''), number, _opening(turn.text))} {_text(line)}</li>"
        for number, turn, line in ledger(book)
    ]
    shown = f'<ol class="ledger">\n{chr(10).join(lines)}\n</ol>' if lines else ""
    return f'<h2>{_text(book.say("book_ledger"))}</h2>\n<p class="notice">{_text(book.say("book_notice"))}</p>\n{shown}'


def _linked(page: str, number: int, words: str) -> str:
    """Words that lead to a passage, if that stands in the book."""
    return f'<a href="{page}#p{number}">{_text(words)}</a>' if page else _text(words)


def _opening(text: str) -> str:
    words = " ".join(xml(text).split())
    return f"“{words[:40].rstrip()}{'…' if len(words) > 40 else ''}”"


def _contents(book: Book, pages: list[Page]) -> str:
    lines = "\n".join(f'<li><a href="{name}.xhtml">{_text(title)}</a></li>' for name, title, _ in pages)
    return f'<nav epub:type="toc"><h2>{_text(book.title)}</h2>\n<ol>\n{lines}\n</ol></nav>'


def _package(book: Book, pages: list[Page]) -> str:
    machines = dict.fromkeys(turn.model for turn in book.piece.turns if turn.kind == "model" and turn.model)
    people = [f"<dc:creator>{_text(name)}</dc:creator>\n" for name in book.writers]
    people += [f"<dc:contributor>{_text(f'Ghostnote ({model})')}</dc:contributor>\n" for model in machines]
    return _PACKAGE.format(
        id=uuid.uuid5(_HOUSE, book.piece.id),
        title=_text(book.title),
        language=book.language,
        notice=_text(book.say("book_notice")),
        created=f"{book.piece.created.astimezone(UTC):%Y-%m-%d}",
        updated=f"{book.piece.updated.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        people="".join(people),
        items="".join(
            f'<item id="{name}" href="{name}.xhtml" media-type="application/xhtml+xml"/>\n' for name, _, _ in pages
        )
        + (_COVER if book.cover else ""),
        spine="".join(f'<itemref idref="{name}"/>\n' for name, _, _ in pages),
    )


def _page(book: Book, title: str, body: str) -> str:
    return _PAGE.format(language=book.language, title=_text(title), body=body)


def _text(text: str) -> str:
    return escape(xml(text).replace("\n", " ")) or "—"
