"""From a file to a piece: our own JSON with all of its branches, or any text in passages. Pure.

A file may come from anywhere, so nothing in it is believed: what a person could not have typed is refused or cleaned,
and every refusal is a BadFile that says why. Whoever reads a file stores nothing until all of it was read.
"""

import re
from collections.abc import Collection

from engine import safety
from engine.books.brought import Brought, Passing
from engine.books.unrecord import read_json
from engine.errors import BadFile
from engine.text import sentences

BYTES = 8 << 20
PASSAGES = 5_000
TEXT, MARKDOWN, JSON = (".txt",), (".md", ".markdown"), (".json",)
NAMES = TEXT + MARKDOWN + JSON
_ROOM = 700  # characters after which a passage of running text ends with its paragraph
_NOTICE = re.compile(r"\*[^*\n]{1,300}\*|[^\n]{1,300}Ghostnote[^\n]{0,40}")
_LEDGER = re.compile(r"\n(?:---\n\n## [^\n]+|[^\n]+\n-{3,60})\n\n(?:\d+\. [^\n]*(?:\n|$))+\s*$")
_ESCAPED = re.compile(r"\\([\\`*_\[\]<>|#+~=.)-])")


def read(name: str, data: bytes, forms: Collection[str]) -> Brought:
    """The piece in a file, told by the ending of its name. `forms` are those that can be gone on with. Raises BadFile,
    TextTooLong."""
    ending = "." + name.lower().rpartition(".")[2]
    if ending not in NAMES:
        raise BadFile(why="kind", endings=", ".join(one[1:] for one in NAMES))
    if len(data) > BYTES:
        raise BadFile(why="bytes", megabytes=-(-len(data) >> 20), most=BYTES >> 20)
    text = _decoded(data)
    if ending in JSON:
        brought = read_json(text, forms)
    else:
        brought = _prose(text, name.rpartition(".")[0], marked=ending in MARKDOWN)
    if not brought.passages:
        raise BadFile(why="empty")
    if len(brought.passages) > PASSAGES:
        raise BadFile(why="many", passages=len(brought.passages), most=PASSAGES)
    return brought


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        raise BadFile(why="encoding") from None


def _prose(text: str, name: str, *, marked: bool) -> Brought:
    """Text in passages of a few paragraphs each, all by whoever brings it. What our own files say of a piece goes."""
    text = safety.words(text, BYTES).strip()
    title = safety.title_from(name)
    heading = re.match(r"# ([^\n]+)\n+" if marked else r"([^\n]{1,120})\n={3,60}\n+", text)
    if heading:
        title, text = safety.title_from(_plain(heading[1]) if marked else heading[1]), text[heading.end() :]
    first, _, rest = text.partition("\n\n")
    ours = _LEDGER.search(rest)
    if ours and _NOTICE.fullmatch(first):
        text = rest[: ours.start()]
    if marked:
        text = _plain(re.sub(r" {2,}\n|\\\n", "\n", text))
    texts = [part for part in _parts(text) if part]
    passages = tuple(
        Passing(str(number), str(number - 1) if number > 1 else None, "person", part)
        for number, part in enumerate(texts, 1)
    )
    return Brought(title, passages, passages[-1].name if passages else None)


def _plain(text: str) -> str:
    return _ESCAPED.sub(r"\1", re.sub(r"(?m)^#{1,6} +", "", text))


def _parts(text: str) -> list[str]:
    """Paragraphs together until there is enough for a passage; none is longer than a message may be."""
    parts, held = list[str](), ""
    for paragraph in re.split(r"\n[ \t]*\n\s*", text):
        for piece in _short(paragraph):
            if held and len(held) + len(piece) > _ROOM:
                parts.append(safety.words(held))
                held = ""
            held = f"{held}\n\n{piece}" if held else piece
    return [*parts, safety.words(held)]


def _short(paragraph: str) -> list[str]:
    if len(paragraph) < safety.MESSAGE // 2:
        return [paragraph]
    pieces, room = [""], safety.MESSAGE // 2
    for sentence in sentences.pieces(paragraph):
        for start in range(0, len(sentence), room):
            part = sentence[start : start + room]
            if len(pieces[-1]) + len(part) > room:
                pieces.append("")
            pieces[-1] += part
    return [piece.strip() for piece in pieces]
