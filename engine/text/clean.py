"""What leaves: whole sentences of the piece itself, nothing foreign.

A small model ends in the middle of a word, greets, comments on the task, invents speakers, prints template markup and
goes in circles. Each rule here either strips something or closes the passage where the foreign part begins.
The same rules run on the unfinished text, so that a reader never sees what would be taken away again.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from engine.text import likeness, sentences


@dataclass(frozen=True, slots=True)
class Manners:
    """What the passage must fit: its shape, the text before it, who takes part, and which texts it must not repeat."""

    shape: str = "prose"
    before: str = ""
    people: frozenset[str] = frozenset()
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The passage. `closed`: something foreign began, so nothing the model still adds can count."""

    text: str
    closed: bool = False


NEAR = 2000  # characters of the text before that a beginning or an ending has to look at

_MARKUP = re.compile(
    r"<\|[^<>]{0,40}\|>|</?s>|<pad>|<unk>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|<im_(?:start|end)>"
    r"|</?(?:user|assistant|system|think)>|^#{2,} ?(?:instruction|response|input|user|assistant)\b.*|\x00",
    re.IGNORECASE | re.MULTILINE,
)
_HALF_MARKUP = re.compile(r"(?:<[|/]?[\w|]{0,40}|\[/?I?N?S?T?)$")

_PREFACE = re.compile(
    r"\s*(?:(?:sure|certainly|of course|absolutely|okay|great|yes)\b[^\n]{0,120}?[:!.]"
    r"|(?:here(?:'s|’s| is| are)|below is|this is)\b[^\n]{0,160}?:"
    r"|i(?:'d|’d| would) be (?:happy|glad)[^\n]*"
    r"|(?:title|poem|story|haiku|limerick|song lyrics|lyrics|song|scene|ideas|continuation|setting)\s*:[^\n]*"
    r"|\#{1,6}\s[^\n]*|\*\*[^*\n]{1,80}\*\*:?(?=\s*\n)|(?:好的|当然|以下是|下面是)[^\n]{0,60}?[：:。！，,]"
    r"|```\w*|[-=*_]{3,}(?=\s*\n))[ \t]*(?:\n+|(?=\S)|$)",
    re.IGNORECASE,
)
_QUOTED_TITLE = re.compile(r"\s*[\"“][^\"”\n]{1,60}[\"”][ \t]*\n\s*\n")

_NUMBERED = re.compile(  # "1843—The boy", "16. She", "1st. The": paragraphs that a base took from books with numbers
    r"^[^\S\n]*\d[\d .,:;_/–—-]*(?:(?:st|nd|rd|th)\b)?[ .,:;_)\]–—-]*(?:(?<!\d)(?=[\"“]?[A-Z])|$)\n*", re.MULTILINE
)

_FILE = re.compile(  # "1807_black_roofs", "a_summer_night.jpg": names of pictures
    r"^[^\S\n]*\S*_\S*_\S*?(?:\.(?:jpe?g|png|gif)|(?=\s)|$)[^\S\n]*\n*", re.IGNORECASE | re.MULTILINE
)
_HEADING = re.compile(  # of a chapter or a picture in such a book
    r"^[^\S\n]*(?:\[illustration[^\n]*|(?-i:(?=[^\n]{8})[A-Z]+(?:[ ,.'’-]+[A-Z]+)+[.!?]?))[^\S\n]*(?:\n+|$)",
    re.IGNORECASE | re.MULTILINE,
)

_COMMENT = re.compile(
    r"as an ai\b|i(?:'m|’m| am) sorry,? but|i (?:cannot|can't|can’t) (?:write|continue|provide|create|assist)"
    r"|i hope (?:this|you (?:enjoy|like|find))|let me know|feel free to|please (?:note|let me|provide)"
    r"|note(?: to \w+)?:"
    r"|word count|the end\b[^\w\n]*(?:\n|$)|the moral of\b|\(?to be continued|copyright\b|posted (?:by|on)\b|https?://"
    r"|this (?:short |brief |particular )?"
    r"(?:story|poem|haiku|limerick|song|piece|scene|passage|narrative|tale|verse|stanza|line) "
    r"(?:is (?:a|an|about|set|not)|has been|explores|captures|uses|tells|shows|reflects|highlights|demonstrates|serves"
    r"|ends|begins|continues|aims|follows|describes|conveys|evokes)"
    r"|in this (?:story|poem|haiku|piece|scene|version|revised|rewritten|passage|example|task|exercise)\b"
    r"|(?:in conclusion|in summary|to summarize|overall),"
    r"|the (?:story|poem|haiku|scene|passage|prompt|speaker|narrative) (?:is (?:a|about|set|told|written)|uses|explores"
    r"|captures|tells|ends|begins|shows|reflects|highlights|could|should|describes|follows|conveys|evokes)"
    r"|here(?:'s|’s| is| are) (?:a|an|the|my|some|your|another|one)\b[^.\n]*:"
    r"|what do you think|do you have any|can you (?:write|continue|think|tell)|would you like me|write (?:a|the|your) "
    r"|continue (?:the|this) (?:story|poem|scene)|(?:chapter|part|act) (?:\d+|[ivx]+|one|two|three)\b"
    r"|作为(?:一个)?(?:ai|人工智能)|希望(?:这|你)|请注意|这(?:首诗|个故事)",
    re.IGNORECASE,
)
_MORAL = re.compile(
    r"(?:and (?:so|as)|in the end|from that (?:day|moment)|as (?:the|he|she|they|i|we)|for (?:he|she|they|in)|"
    r"it was (?:a|as)|with (?:each|every|that)|but (?:in|as))\b.*\b"
    r"(?:reminder|testament|learned (?:that|the)|taught (?:him|her|them|us)|"
    r"power of|true meaning|would never be the same|would always be|and beyond|lesson|journey had)\b",
    re.IGNORECASE | re.DOTALL,
)
_TURN = re.compile(
    r"^[\s*_>]*(?:user|human|assistant|ai|bot|system|writer|author|reader|narrator|prompt|question|answer|q|a|response|"
    r"instruction|example|subject|output|input|ghostnote|用户|助手|作者|读者|系统)[*_]*\s*[:：]",
    re.IGNORECASE | re.MULTILINE,
)
_LABEL = re.compile(
    r"^[\s*_]*(?:[A-Z][\w.'’-]*(?: [A-Z][\w.'’-]*)?(?: \([^)\n]{1,30}\))?[*_]*:(?=\s)|[一-鿿]{1,4}：)", re.MULTILINE
)
_BRACKETED = re.compile(
    r"^\s*[\[({【](?:author|writer|note|keep in mind|memory|continue|insert|your|end|作者)[^\n]*", re.I | re.M
)


def clean(raw: str, manners: Manners, final: bool = True, whole: bool = False) -> Cleaned:
    """The passage in `raw`, the model's own words after the prompt.

    `final`: nothing will be added, so it must end where a sentence (in verse: a line) ends; otherwise the text so far
    is returned, up to the last whole word. `whole`: the model stopped by itself, so its last line is complete.
    """
    text, closed = _cut_foreign(_strip_preface(raw, final), manners)
    text = _strip_markdown(text)
    text = _begin(_unprinted(text, manners), manners)
    text, circles = _cut_circles(text, manners)
    closed = closed or circles
    if not final and not closed:
        return Cleaned(_tidy(_hold_back(text)))
    return Cleaned(_tidy(_END[manners.shape](text, manners, whole and not closed)), closed)


def _cut_foreign(text: str, manners: Manners) -> tuple[str, bool]:
    cuts = [found.start() for pattern in (_MARKUP, _TURN, _BRACKETED) if (found := pattern.search(text))]
    cuts += [start for start in sentences.starts(text) if _COMMENT.match(text[start : start + 200].lstrip('"“(*_[ '))]
    cuts += _labels(text, manners)
    cut = min(cuts, default=len(text))
    return text[:cut], cut < len(text)


def _labels(text: str, manners: Manners) -> list[int]:
    """Where someone begins to speak who must not: anybody in prose and verse, in a script the people of the chat."""
    found = list(_LABEL.finditer(text))
    if manners.shape != "script":
        return [match.start() for match in found if manners.shape != "list"]
    theirs = {name.lower() for name in manners.people}
    known = {match[0].strip(" *_:：\n").lower() for match in _LABEL.finditer(manners.before[-NEAR:])}
    names = ((match, match[0].strip(" *_:：\n").lower()) for match in found)
    return [match.start() for match, name in names if name in theirs - known]


def _strip_preface(text: str, final: bool) -> str:
    if not final:
        text = _HALF_MARKUP.sub("", text)
    for _ in range(4):
        found = _PREFACE.match(text) or _QUOTED_TITLE.match(text)
        if not found or not found.end():
            break
        text = text[found.end() :]
    return text


def _strip_markdown(text: str) -> str:
    text = re.sub(r"```\w*|^#{1,6}\s+|^[-=*_]{3,}\s*$|^>\s?", "", text, flags=re.MULTILINE)
    text = re.sub(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1", r"\2", text)
    text = re.sub(r"(?<![\w*])[*_](?=\S)([^*_\n]+)(?<=\S)[*_](?![\w*])", r"\1", text)
    return text.replace("**", "").replace("\r", "").replace("�", "")


def _unprinted(text: str, manners: Manners) -> str:
    """Prose without headings, and without numbers and names of files before its paragraphs, if it had none so far."""
    if manners.shape != "prose":
        return text
    before = manners.before[-NEAR:].rstrip()
    goes_on = bool(before) and not sentences.finished(before)
    for furniture in (_FILE, _NUMBERED, _HEADING):
        if not furniture.search(before):
            text = furniture.sub(lambda found: found[0] if goes_on and not found.start() else "", text)
    return text


_OPENERS = re.compile(
    r"(?:the|an?|s?he|it|they|we|you|his|her|its|their|our|my|and|but|or|so|then|when|while|as|who|which|that|there|in|on"
    r"|at|with|for|from|of|to|by|into|this|these|those|what|where|how|had|was|is|were|are|not|no|one|some|all)\b",
    re.IGNORECASE,
)


def _begin(text: str, manners: Manners) -> str:
    """The first words, fitted to a sentence that the writer left open."""
    before = manners.before[-NEAR:].rstrip()
    if not before or sentences.finished(before):
        return re.sub(r"^[\s,.;:!?。，！？；：]+(?!\.)", "", text) if manners.shape != "list" else text.lstrip()
    bare = re.sub(
        r"^\s*[,;:，；：]\s*", " ", text
    ).lstrip()  # the sentence reads on without it, and so does the message
    ended = re.match(r"[.!?。！？]+[\"”’]?\s+", bare)
    if ended:
        return bare[ended.end() :]
    same_line = not text.startswith("\n") and manners.shape != "verse"
    if same_line and _OPENERS.match(bare):
        return bare[0].lower() + bare[1:]
    return bare


_CHORUS = re.compile(r"(?<=\[Chorus\]\n)[^\[\n]+(?:\n[^\[\n]+)*")


def _cut_circles(text: str, manners: Manners) -> tuple[str, bool]:
    said = _CHORUS.sub(lambda found: " " * len(found[0]), text)  # a chorus is there to come back
    cuts = [likeness.loop(said, manners.shape == "verse"), likeness.copied_from(said, manners.before)]
    cut = min((place for place in cuts if place is not None), default=len(text))
    return text[:cut], cut < len(text)


def _end_prose(text: str, manners: Manners, whole: bool) -> str:
    places = sentences.ends(text.rstrip())
    if not places:
        return ""
    kept = text[: places[-1]]
    last = sentences.starts(kept)[-1]
    if len(places) > 3 and _MORAL.match(kept[last:]):
        kept = kept[:last].rstrip()
    return kept + _open_quote(kept, manners.before[-NEAR:])


def _open_quote(text: str, before: str) -> str:
    """The quotation marks that the last paragraph still needs."""
    paragraph = sentences.join(before, text) if sentences.goes_on(before, text) else text
    paragraph = paragraph.rsplit("\n", 1)[-1]
    needed = [after * (paragraph.count(open_) - paragraph.count(after)) for open_, after in ("“”", "「」")]
    # a straight mark opens where space or nothing is before it; an odd one further back is the model's own slip
    last = paragraph.rfind('"')
    opens = last >= 0 and (last == 0 or paragraph[last - 1].isspace() or paragraph[last - 1] in "—–-(")
    return "".join(needed) + '"' * (opens and paragraph.count('"') % 2)


def _end_verse(text: str, manners: Manners, whole: bool) -> str:
    lines = text.rstrip().split("\n")
    if not whole and not (lines and sentences.finished(lines[-1])):
        lines = lines[:-1]
    while lines and not lines[-1].strip():
        lines.pop()
    stops = [number for number, line in enumerate(lines, 1) if sentences.finished(line)]
    if stops and stops[-1] >= max(4, len(lines) - 3):
        lines = lines[: stops[-1]]
    kept = "\n".join(lines).rstrip()
    return re.sub(r"[,;:—–-]+$", ".", kept) if kept else ""


def _end_list(text: str, manners: Manners, whole: bool) -> str:
    items = [line.strip() for line in text.split("\n") if line.strip()]
    if items and not whole and not sentences.finished(items[-1]):
        items.pop()
    return "\n".join(items)


def _end_script(text: str, manners: Manners, whole: bool) -> str:
    lines = text.rstrip().split("\n")
    kept = lines[:-1]
    tail = _end_prose(lines[-1], manners, whole) if lines else ""
    if tail and not _LABEL.fullmatch(tail + " "):
        kept.append(tail)
    while kept and (not kept[-1].strip() or not sentences.finished(kept[-1])):
        kept.pop()
    return "\n".join(kept)


_END: dict[str, Callable[[str, Manners, bool], str]] = {
    "prose": _end_prose,
    "verse": _end_verse,
    "list": _end_list,
    "script": _end_script,
}


def _hold_back(text: str) -> str:
    """The text so far without the word being written and without a line too short to tell what it will be."""
    kept = re.sub(r"\S*$", "", text) if not sentences.finished(text) else text
    lines = kept.split("\n")
    if lines and len(lines[-1].split()) < 3 and not sentences.finished(lines[-1]):
        lines.pop()
    return "\n".join(lines)


def _tidy(text: str) -> str:
    text = re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"(?<=\S)[ \t]{2,}", " ", text)).strip()
