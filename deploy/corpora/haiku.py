"""The haiku corpus: sentences in old verse that happen to fall into five, seven and five syllables.

No package carries haiku in English. A sentence that divides so at its words, shows something one can see or hear, and
says it in the words of today reads like one when its line breaks are moved; they are written in lower case, as modern
haiku are. What they lack is the turn between two images, so seventy-odd written for this project (haiku.txt, CC0) stand
beside them and come more often.
"""

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from adapters.passages import Passage
from deploy.corpora import verse
from deploy.corpora.poems import fit, tidy
from deploy.corpora.premise import Rarity
from deploy.corpora.rhyme import Sounds
from deploy.corpora.sources import Source
from deploy.corpora.split import without_shared
from deploy.corpora.stretches import split_of

MEASURE = (5, 7, 5)
OWN = Path(__file__).with_name("haiku.txt")
OWN_TIMES = 4
_END = re.compile(r"(?<=[.!?;:])[\"')]*\s+|(?<=[a-z])—(?=[A-Za-z])")
_CLOSED = re.compile(r"[.!?;:—][\"')]*$")
_NAME = re.compile(r"(?!I\b)[A-Z]")
_LEANING = re.compile(
    r"(and|but|or|nor|for|so|as|that|which|who|whose|whom|than|thus|even|such|then|yet|if|because|though|where|why|how)\b",
    re.IGNORECASE,
)
# Words that begin a new part of a sentence: a line ends best before one, and never after it.
_JOINTS = frozenset(
    """a an the of in on at to by for from with and or but nor as than that which who whom whose if when while where
    through into upon over under between among like across along around behind beyond above below beside down up out
    my his her its our their this these those any no not so very too is are was were be been am has have had do does did
    will would shall should may might can could must he she they we it I some till until
    """.lower().split()
)
_SEEN = frozenset(
    """rain snow wind moon sun star stars sky cloud clouds mist fog frost dew ice storm thunder night dawn dusk evening
    morning noon spring summer autumn winter leaf leaves tree trees pine oak willow bough boughs branch branches grass
    flower flowers rose roses lily petals blossom blossoms bud buds garden orchard field fields meadow hill hills valley
    mountain mountains stone stones rock sand shore sea waves wave tide river stream brook pool pond lake water waters
    bird birds crow owl lark swallow sparrow robin thrush geese gull gulls heron wings nest bee bees butterfly moth
    cricket crickets frog fish deer horse horses dog cat sheep lamb cattle spider road path gate door window roof house
    lamp candle fire smoke ash ashes lantern bell bells boat boats sail sails ship bridge wall street village town
    shadow shadows light silence song dust hair hands footsteps apples corn wheat hay reeds moss ivy fern dark twilight
    """.split()  # noqa: SIM905 a list of a hundred and fifty quoted words reads worse
)
_TALK = re.compile(
    r"[\"*:(_]|\b(your|thy|souls?|virtue|honou?r|fame|fate|king|queen|lords?|bosom|muse|sword|foes?|sire|o|oh|ah|doom|"
    r"amid|athwart|wherein|whereof|slain|slay|bloody|court|party|heroes|chosen)\b",
    re.IGNORECASE,
)


def build(read: Callable[[Source], bytes], say: Callable[[str], None], seed: int) -> Iterator[Passage]:
    """Rows of every haiku found; nothing if the verse or the dictionary is missing, which `say` is told."""
    verses = verse.opened(read, say)
    if verses is None:
        return
    lines, sounds = verses
    found = [(at, text, split_of(at)) for at, text in haiku(lines, sounds)]
    held = [text for _, text, split in found if split in ("valid", "test")]
    fresh = set(without_shared([text for _, text, split in found if split == "train"], held))
    rarity = Rarity(text for _, text, _ in found)
    seen = set[str]()
    yield from own(OWN, OWN_TIMES, "A haiku")
    for at, text, split in found:
        if not split or text in seen or (split == "train" and text not in fresh):
            continue
        seen.add(text)
        prompt = theme(text, rarity, random.Random(f"{seed}/{at}"))
        yield Passage(prompt, text, True, "", f"line {at}", split)


def theme(text: str, rarity: Rarity, chance: random.Random) -> str:
    """The writer's line: a word or two of the picture, or nothing but the form."""
    words = rarity.keywords(text, chance.choice((1, 1, 2)))
    if not words or chance.random() < 0.15:
        return "A haiku\n\n"
    return f"A haiku: {' and '.join(words)}\n\n"


def own(file: Path, times: int, form: str) -> Iterator[Passage]:
    """What was written for this project, theme and lines divided by bars; every eighth is for the test.

    Each is told `times` over, the last time without its theme, as serving asks where there is none.
    """
    for number, entry in enumerate(file.read_text(encoding="utf-8").splitlines()):
        asked, *lines = (part.strip() for part in entry.split("|"))
        split = "test" if number % 8 == 7 else "train"
        for time in range(times if split == "train" else 1):
            prompt = f"{form}\n\n" if times > 1 and time == times - 1 else f"{form}: {asked}\n\n"
            yield Passage(prompt, "\n".join(lines), True, "Ghostnote", f"{file.name}:{number + 1}", split)


def haiku(lines: list[str], sounds: Sounds) -> Iterator[tuple[int, str]]:
    """(line of the corpus where it begins, three lines of text) of every sentence that divides and shows something."""
    open_before = False
    for at, line in enumerate(lines):
        begun, open_before = open_before, not _CLOSED.search(line)
        if begun and not _END.search(line):
            continue  # no sentence begins in this line
        # Verse begins each line with a capital, which says nothing of the word.
        joined = " ".join([line, *(re.sub(r"^[A-Z](?!\b)", _small, other) for other in lines[at + 1 : at + 4])])
        starts = [0] * (not begun) + [gap.end() for gap in _END.finditer(joined) if gap.end() < len(line)]
        for start in starts:
            sentence = tidy(_END.split(joined[start:], maxsplit=1)[0])
            text = divided(sentence, sounds) if len(sentence) < 120 else ""
            if text:
                yield at, text


def _small(letter: re.Match[str]) -> str:
    return letter[0].lower()


def divided(sentence: str, sounds: Sounds) -> str:
    """The sentence as three lower-case lines of 5, 7 and 5 syllables; '' if it does not fall so, or shows nothing."""
    if not _clear(sentence, sounds):
        return ""
    words, lines, line, count = sentence.split(" "), list[str](), list[str](), 0
    breaths = 0
    for word, following in zip(words, [*words[1:], ""], strict=True):
        line.append(word)
        count += sounds.syllables(word)
        if len(lines) == len(MEASURE) or count > MEASURE[len(lines)]:
            return ""
        if count == MEASURE[len(lines)]:
            if sounds.words(word)[-1] in _JOINTS:
                return ""
            breaths += not word[-1].isalpha() or (sounds.words(following) or [""])[0] in _JOINTS
            lines.append(" ".join(line))
            line, count = [], 0
    if line or len(lines) != len(MEASURE) or breaths + sum(word in _SEEN for word in sounds.words(sentence)) < 3:
        return ""
    text = "\n".join(lines).rstrip(" .;:,—")
    return re.sub(r"\bi\b", "I", text.lower())


def _clear(sentence: str, sounds: Sounds) -> bool:
    """Something to see, no names, no talk and no words of another age; every syllable certain."""
    words = sounds.words(sentence)
    if not 9 <= len(words) <= 17 or not any(word in _SEEN for word in words):
        return False
    if _TALK.search(sentence) or _LEANING.match(sentence) or any(map(_NAME.match, sentence.split(" ")[1:])):
        return False
    return sentence.isascii() and all(map(sounds.known, words)) and fit(sentence, sounds)
