"""What a piece is to be like: its genre, its mood, and who tells it; how people say so, and how a model is told.

Pure. A mood is one of twelve that can be measured; a genre may be any words; a teller is the first person, a narrator,
a persona with a description, or "like this" with a sample. Small models follow what they read better than what they are
told, so a genre and a mood become words in front of the wish, and a sample is shown as text.
"""

import json
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace

from engine.errors import BadValue
from engine.messages import Flavour, Teller
from engine.music.vocabulary import MOOD_WORDS
from engine.ports import Sampling
from engine.text import mood as moods
from engine.text import pickup, sentences

GENRE = 60
PULL = 3.0
_MOOD, _GENRE, _PERSON = 1.2, 0.2, 0.3  # what each of them weighs among drafts, in nats a token
_PARROTED = 1.5  # what it costs to tell the hints off in a row, as the prompt does

GENRES: Mapping[str, tuple[str, ...]] = {
    "fantasy": ("奇幻", "魔幻"),
    "sci-fi": ("science fiction", "scifi", "sf", "科幻"),
    "realism": ("realistic", "realist", "literary", "现实", "写实", "现实主义"),
    "fairy tale": ("fairytale", "fairy-tale", "童话"),
    "horror": ("恐怖", "惊悚"),
    "romance": ("love story", "爱情", "言情"),
    "mystery": ("detective", "crime", "whodunit", "推理", "悬疑", "侦探"),
    "adventure": ("冒险", "历险"),
    "western": ("西部",),
    "historical": ("history", "历史"),
    "comedy": ("humour", "humor", "funny", "喜剧", "幽默"),
    "fable": ("寓言",),
    "myth": ("mythology", "legend", "神话", "传说"),
    "war": ("战争",),
    "noir": ("黑色",),
}
_SAID_GENRE = {word: name for name, others in GENRES.items() for word in (name, *others)}
OFF = frozenset({"off", "none", "no", "clear", "关", "关闭", "无", "取消"})
_FIRST = frozenset({"first", "first person", "1st person", "i", "me", "第一人称", "我"})
_NARRATOR = frozenset({"narrator", "third person", "third", "3rd person", "she", "he", "第三人称", "旁白", "叙述者"})
_LIKE = re.compile(r"(?:like(?: this| the)?(?: sample)?|像这样|像|仿照|模仿)\s*[:：]\s*(.+)", re.IGNORECASE | re.DOTALL)

_SEEN: Mapping[str, tuple[str, ...]] = {
    "fantasy": ("a dragon", "a wizard", "an enchanted sword", "a kingdom", "a spell"),
    "sci-fi": ("a spaceship", "a distant planet", "a robot", "a laboratory", "a strange signal"),
    "realism": ("a kitchen", "the neighbours", "a bus", "an office", "money"),
    "fairy tale": ("a king", "a youngest son", "a golden bird", "a witch", "a princess"),
    "horror": ("a ghost", "a cellar", "a corpse", "something behind the door", "a graveyard"),
    "romance": ("a kiss", "a ball", "a suitor", "a letter of love", "a wedding"),
    "mystery": ("a detective", "a missing necklace", "a clue", "a murder", "a witness"),
    "adventure": ("a ship", "a map", "a jungle", "a treasure", "a storm"),
    "western": ("a sheriff", "a saloon", "a horse", "the desert", "a gun"),
    "historical": ("a castle", "a carriage", "a duke", "the war", "a candle"),
    "comedy": ("a mistake", "a fool", "a lost hat", "a quarrel", "a joke"),
    "fable": ("a fox", "a crow", "a lion", "a lesson", "a wise owl"),
    "myth": ("a god", "a hero", "an oracle", "the sea", "a monster"),
    "war": ("a soldier", "a trench", "a general", "a battle", "a letter home"),
    "noir": ("a detective", "rain", "a cigarette", "a gun", "a dark alley"),
}
"""What is seen in each genre; words somebody made up are shown as they are."""


def read_genre(words: str) -> str:
    """The genre somebody means, in our word for it where there is one; "" for none. Raises BadValue."""
    said = " ".join(words.split())
    if said.casefold() in OFF:
        return ""
    if len(said) > GENRE:
        raise BadValue(name="genre", value=said, allowed=f"{', '.join(GENRES)}; 1-{GENRE}")
    return _SAID_GENRE.get(said.casefold(), said)


def read_mood(words: str) -> str:
    """The mood somebody means; "" for none. Raises BadValue, which lists them."""
    said = " ".join(words.split()).casefold()
    if said in OFF:
        return ""
    found = MOOD_WORDS.get(said, "")
    if found not in moods.MOODS:
        raise BadValue(name="mood", value=words, allowed=", ".join(moods.MOODS))
    return found


def read_teller(words: str) -> Teller:
    """Who is to tell: a persona only has its name here, whose description its keeper knows."""
    said = " ".join(words.split()).casefold().rstrip(".。")
    if said in OFF:
        return Teller()
    if said in _FIRST:
        return Teller("first")
    if said in _NARRATOR:
        return Teller("narrator")
    if like := _LIKE.fullmatch(words.strip()):
        return Teller("like", sample=like[1].strip().strip('"“”'))
    return Teller("persona", name=" ".join(words.split()))


def write_teller(teller: Teller) -> str:
    """A teller as it is stored; "" for none."""
    return json.dumps(asdict(teller), ensure_ascii=False) if teller.kind else ""


def stored_teller(text: str) -> Teller:
    """The teller that `write_teller` wrote."""
    return Teller(**json.loads(text)) if text else Teller()


def asides(flavour: Flavour, seed: int) -> tuple[tuple[str, str], ...]:
    """What stands beside the wish in a prompt, each with its name; the seed draws what is hinted at."""
    mood, _ = moods.aim(flavour.mood)
    seen = drawn(_SEEN.get(flavour.genre, ()), seed, 2)
    return tuple(
        (name, text)
        for name, text in (
            ("genre", ", ".join(filter(None, (flavour.genre, *seen)))),
            ("mood", ", ".join(filter(None, (mood, *drawn(moods.HINTS.get(mood, ()), seed, 3))))),
            ("teller", told(flavour.teller)),
        )
        if text
    )


def told(teller: Teller) -> str:
    """Who tells it; "" where anybody may. A sample is shown elsewhere, as it is."""
    match teller.kind:
        case "first":
            return "told in the first person"
        case "narrator":
            return "told in the third person"
        case "persona":
            return f"told by {teller.name}" + (f", {teller.description}" if teller.description else "")
    return ""


def drawn(hints: Sequence[str], seed: int, count: int) -> tuple[str, ...]:
    """Some of the hints, others for another seed."""
    return tuple(random.Random(seed).sample(hints, min(count, len(hints))))


def suiting(flavour: Flavour) -> Callable[[str], float] | None:
    """What a text is worth, about -1 to 1, to somebody who wants this flavour; None where nothing was chosen."""
    if not flavour:
        return None
    lean = moods.leaning(flavour.mood) if flavour.mood else None
    parroted = _parroting(flavour)
    stems = pickup.stems(" ".join(_SEEN.get(flavour.genre, (flavour.genre,))))
    person = {"first": _PERSON, "narrator": -_PERSON}.get(flavour.teller.kind, 0.0)

    def worth(text: str) -> float:
        gain = _GENRE * bool(stems & pickup.stems(text)) + (person if pickup.is_first(text) else -person)
        return gain + (_MOOD * lean(text) if lean else 0.0) - _PARROTED * bool(parroted.search(text))

    return worth


def _parroting(flavour: Flavour) -> re.Pattern[str]:
    """Two hints of a genre or a mood side by side: "dark, bones, a crypt"."""
    mood, _ = moods.aim(flavour.mood)
    hints = filter(None, (mood, *moods.HINTS.get(mood, ()), flavour.genre, *_SEEN.get(flavour.genre, ())))
    one = "|".join(map(re.escape, hints)) or r"(?!)"
    return re.compile(rf"\b(?:{one})[,;]\s+(?:{one})\b", re.IGNORECASE)


def feeling(sampling: Sampling, flavour: Flavour, words: str) -> Sampling:
    """The sampling of a piece of that mood; in one of other `words` than English it would draw English into it."""
    return replace(sampling, mood=flavour.mood, pull=PULL) if flavour.mood and measured(words) else sampling


def measured(words: str) -> bool:
    """Whether the mood of these words can be measured: they are not Chinese, Japanese or Korean."""
    return not sentences.has_cjk(words)
