"""A piece as a Word document, by python-docx: headings a table of contents can be made of, and no macros or links.

The library notes when it packed a file and who made its template; both are taken out, so that the same piece gives the
same bytes.
"""

from io import BytesIO
from typing import Any

import docx
from docx.enum.text import WD_BREAK
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Inches

from engine.books.book import Book, File, chapters, ledger, paragraphs, runs_left, xml
from engine.books.packing import repacked

MIME = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
COVER = 5.0  # inches wide, so that it fills a page of any size
_CHINESE = "SimSun"  # Word's own; where it is not installed another font of that script is taken


def write(book: Book) -> File:
    """The piece as a .docx file."""
    document: Any = docx.Document()
    _describe(document, book)
    if book.cover:
        document.add_picture(BytesIO(book.cover), width=Inches(COVER))
        document.add_page_break()
    normal = document.styles["Normal"]
    normal.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), _CHINESE)
    document.add_heading(xml(book.title), 0)
    _say(document, (book.say("book_notice"),), italic=True)
    for chapter in chapters(book):
        if chapter.title:
            document.add_heading(xml(chapter.title), 1)
        for _, _, text in chapter.passages:
            for lines in paragraphs(text):
                _say(document, lines)
    document.add_page_break()
    document.add_heading(book.say("book_ledger"), 1)
    for number, _, line in ledger(book):
        _say(document, (f"{number}. {xml(line)}",))
    out = BytesIO()
    document.save(out)
    return book.named("docx"), MIME, repacked(out.getvalue())


def _describe(document: Any, book: Book) -> None:
    about = document.core_properties
    about.title, about.author = xml(book.title)[:255], xml(", ".join(book.writers))[:255]
    about.comments, about.language = book.say("book_notice")[:255], book.language
    about.last_modified_by = "Ghostnote"
    about.created, about.modified = (at.replace(tzinfo=None) for at in (book.piece.created, book.piece.updated))


def _say(document: Any, lines: tuple[str, ...], *, italic: bool = False) -> None:
    """A paragraph, whose lines stay lines."""
    paragraph = document.add_paragraph()
    left = runs_left("".join(lines))
    for number, line in enumerate(lines):
        run = paragraph.add_run()
        if number:
            run.add_break(WD_BREAK.LINE)
        run.add_text(line)
        run.italic = italic or None
        if left:
            run.font.rtl = True
    if left:
        paragraph._p.get_or_add_pPr().append(OxmlElement("w:bidi"))  # the library has no word for it
