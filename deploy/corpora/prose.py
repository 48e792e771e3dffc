"""Turn a plain-text book into clean tales or chapters of paragraphs, and those into training windows.

Gutenberg texts carry contents pages, headings, footnotes, verse and hard line breaks; a voice that learnt them would
write them. Everything here is a pure function over strings, so that each rule is tested on a few lines.
"""

import re
from dataclasses import dataclass

WINDOW_CHARS = 1200  # a little over 256 tokens, so that nearly every training row is full
MINIMUM_CHARS = 300

STRAIGHT = str.maketrans({"“": '"', "”": '"', "’": "'", "‘": "'", "\u00a0": " "})
_NUMERAL = re.compile(r"^(chapter|book|part|adventure)\b.*$|^[ivxlc]+\.?$|^\d+\.\s.*$", re.IGNORECASE)
_NOTE = re.compile(r"^\s*(\[|\(\d+\)|\*)")
_MARK = re.compile(r"\(\d+\)|\[\d+\]|\[\*\]")
_SENTENCE = re.compile(r"(?<=[.!?])[\"')]*\s+(?=[\"'(]?[A-Z])")
# Words that no reader should get back from us, and dialect that a small model turns into noise.
_UNWANTED = re.compile(
    r"\b(nigger|negro|darkey|darkies|injun|half-breed|savages|squaw|chinaman|jews?|jewess|gipsy|wi'|o'|th'|ye|hale)\b",
    re.IGNORECASE,
)
_ARCHAIC = re.compile(r"\b(thee|thou|thy|thine|hast|hath|doth|art thou|quoth)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Unit:
    """One tale or chapter: its title ('' when it has none) and its paragraphs, each on one line."""

    title: str
    paragraphs: tuple[str, ...]


def body(text: str, start: str, end: str = "") -> str:
    """The part of `text` from the sentence `start` up to `end` (or to the last character); ValueError if absent."""
    first = text.find(start)
    if first < 0:
        raise ValueError(f"the text does not contain its first sentence {start!r}")
    last = text.find(end, first) if end else -1
    return text[first:] if last < 0 else text[first:last]


def units(text: str) -> list[Unit]:
    """The tales or chapters of a book body, in order; headings become titles, notes and verse are left out."""
    found: list[Unit] = []
    title, paragraphs = "", list[str]()
    for block in re.split(r"\n\s*\n", text.replace("\r", "")):
        lines = [line for line in block.split("\n") if line.strip()]
        if not lines or _NOTE.match(block):
            continue
        if _is_heading(lines):
            if paragraphs:
                found.append(Unit(title, tuple(paragraphs)))
                title, paragraphs = "", []
            if not _NUMERAL.match(lines[0].strip()) or re.match(r"^\d+\.", lines[0].strip()):
                title = _titled(" ".join(lines))
        elif not _is_verse(lines):
            paragraphs.append(paragraph(" ".join(lines)))
    if paragraphs:
        found.append(Unit(title, tuple(paragraphs)))
    return found


def _is_heading(lines: list[str]) -> bool:
    text = " ".join(line.strip() for line in lines)
    if len(text) > 80 or text[0] in "\"'“‘":
        return False
    letters = [letter for letter in text if letter.isalpha()]
    capitals = bool(letters) and sum(letter.isupper() for letter in letters) / len(letters) > 0.8 and len(letters) > 3
    bare = len(lines) == 1 and text[-1].isalpha() and len(text) < 60
    return capitals or bool(_NUMERAL.match(text)) or bare


def _is_verse(lines: list[str]) -> bool:
    """Songs and lists: three or more short lines, or every line indented."""
    short = len(lines) > 2 and sum(len(line.strip()) for line in lines) / len(lines) < 46
    return short or all(line.startswith("   ") for line in lines)


def _titled(heading: str) -> str:
    heading = re.sub(r"\s+", " ", heading).strip(" .").translate(STRAIGHT)
    words = re.sub(r"^(\d+|[IVXL]+)\.\s+", "", heading).split(" ")
    small = {"the", "a", "an", "of", "and", "in", "to", "on", "or", "who", "for", "with", "from"}
    cased = [word.lower() if word.lower() in small and index else word.capitalize() for index, word in enumerate(words)]
    return " ".join(cased)


def paragraph(text: str) -> str:
    """One paragraph on one line, with straight quotes, plain italics, single spaces and one kind of dash."""
    text = _MARK.sub("", text).replace("_", "")
    text = re.sub(r"(?<=[\w,.!?;:—-])’(?=[\s—)]|$)(?<!\w’)", '"', text)
    text = re.sub(r"(^|(?<=[\s—(]))‘(?=\w)", '"', text) if "“" not in text else text
    text = text.translate(STRAIGHT)
    text = re.sub(r"\s*--+\s*", "—", text)
    return re.sub(r"\s+", " ", text).strip()


def sentences(text: str) -> list[str]:
    """The sentences of a paragraph, split where a capital follows closing punctuation."""
    pieces, at = list[str](), 0
    for gap in _SENTENCE.finditer(text):
        pieces.append(text[at : gap.end()].strip())
        at = gap.end()
    return [*pieces, text[at:].strip()] if text[at:].strip() else pieces


def wanted(text: str) -> bool:
    """Whether a voice may learn this window: no slurs, little dialect and archaism, mostly words, balanced quotes."""
    letters = sum(letter.islower() or letter == " " for letter in text) / max(len(text), 1)
    return not _UNWANTED.search(text) and len(_ARCHAIC.findall(text)) <= 2 and letters > 0.85


def windows(unit: Unit, stride: float = 1.0) -> list[tuple[str, bool, bool]]:
    """Cut a unit into (text, is the unit's start, is its end) of at most WINDOW_CHARS.

    Each window begins at a paragraph (at a sentence inside very long ones); `stride` below 1 makes them overlap.
    """
    parts = _parts(unit.paragraphs)
    found = list[tuple[str, bool, bool]]()
    first = 0
    while first < len(parts):
        last, size = first, 0
        while last < len(parts) and (last == first or size + len(parts[last]) <= WINDOW_CHARS):
            size += len(parts[last])
            last += 1
        text = "".join(parts[first:last]).strip()
        if len(text) >= MINIMUM_CHARS:
            found.append((text, first == 0, last == len(parts)))
        if last == len(parts):
            break
        first += max(1, round((last - first) * stride))
    return found


def _parts(paragraphs: tuple[str, ...]) -> list[str]:
    """Paragraphs ending in a blank line; those too long for a comfortable window are cut between sentences."""
    parts = list[str]()
    for text in paragraphs:
        chunk = ""
        for sentence in sentences(text):
            if len(chunk) + len(sentence) > WINDOW_CHARS // 2 and chunk:
                parts.append(chunk + " ")
                chunk = ""
            chunk = f"{chunk} {sentence}".strip()
        parts.append(chunk[: WINDOW_CHARS + 200] + "\n\n")
    return parts
