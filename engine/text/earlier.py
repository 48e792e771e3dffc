"""What of the story no longer fits, in few words: a running summary, and the passages that the newest recall. Pure.

Both are the story's own sentences, never new ones: a small model that retells a story invents. The summary follows
SumBasic (Nenkova and Vanderwende, 2005): the sentence whose words are the most frequent in all that is left out, then
the next, where words that were said count less. What is called back is found by BM25 (Robertson and Zaragoza, 2009).
What is known of a passage (its sentences, their words) is kept, so that a growing story is not read anew.
"""

import heapq
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from engine.messages import Fact
from engine.text import sentences
from engine.text.fitting import Count, fit_head
from engine.text.items import Item

RECALL_SHARE = 50  # per cent of the budget
RECALLED = 2  # passages
SPOKEN = "\"'“‘«「『—"  # what people say to each other tells little without what was said before
NEWEST = 3  # times as much as the passage before it
LEAST = 24  # tokens; less is no use to anybody
WORDS = 6  # of a sentence; a shorter one tells nothing by itself
MISSES = 4
K1, B = 1.2, 0.75
NAMED = 4  # words that are told of

_TERM = re.compile(r"[^\W\d_]{3,}|\d{2,}")
_COMMON = frozenset(
    _TERM.findall(
        "the and that this with from have had has was were his her hers him she they them their there then than what "
        "when where which who whom whose will would could should into over under about after before again been being "
        "because but not nor for you your our ours its are did does done just like said says one all any some out off "
        "here how very too now only other more most such own same down upon still even ever never went came come back"
    )
)


@dataclass(frozen=True, slots=True)
class _Passage:
    """A passage, `back` passages before the last one, as far as it is not shown."""

    back: int
    text: str


def find(story: str, passages: Sequence[str], lost: int, budget: int, count: Count) -> tuple[Item, ...]:
    """What to say of the first `lost` characters of the story, in at most `budget` tokens; the summary comes first.

    `passages` are the texts the story is made of, oldest first.
    """
    gone = _gone(story, passages, lost)
    if not gone or budget < LEAST:
        return ()
    recalled = _recalled(gone, passages, budget * RECALL_SHARE // 100, count)
    left = budget - sum(count(item.text) + 2 for item in recalled)
    summary = _summary(gone, " ".join(item.text for item in recalled), left, count)
    return (*summary, *recalled)


def terms(text: str) -> tuple[str, ...]:
    """The words of a text that tell what it is about; of Chinese and Japanese, every pair of characters."""
    plain = [word for word in _TERM.findall(text.lower()) if word not in _COMMON and not sentences.has_cjk(word)]
    runs = re.findall(r"[\u3040-\u30ff\u3400-\u9fff]+", text)
    return (*plain, *(run[at : at + 2] for run in runs for at in range(len(run) - 1)))


@lru_cache(maxsize=4096)
def _read(text: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The sentences of a passage with their words."""
    return tuple((piece.strip(), terms(piece)) for piece in sentences.pieces(text) if piece.strip())


@lru_cache(maxsize=4096)
def _bag(text: str) -> Counter[str]:
    """How often a passage has each of its words; not to be changed."""
    return Counter(word for _, words in _read(text) for word in words)


def _gone(story: str, passages: Sequence[str], lost: int) -> list[_Passage]:
    found, place = list[_Passage](), 0
    for number, passage in enumerate(passages):
        bare = passage.strip()
        start = story.find(bare, place)
        if start < 0 or not bare:
            continue
        if start >= lost:
            break
        place = start + len(bare)
        found.append(_Passage(len(passages) - 1 - number, bare[: lost - start]))
    return found


# ── what the newest passages recall ─────────────────────────────────────────────────────────────────────────────────


def _recalled(gone: Sequence[_Passage], passages: Sequence[str], budget: int, count: Count) -> tuple[Item, ...]:
    query = dict.fromkeys(terms(passages[-2]), 1) if len(passages) > 1 else {}
    query |= dict.fromkeys(terms(passages[-1]), NEWEST)
    scored = sorted(_scores(gone, query), key=lambda one: (-one[0], one[1].back))
    found = list[tuple[_Passage, Item]]()
    for _, passage in scored[:RECALLED]:
        text = _best_part(passage, query, budget, count)
        if not text:
            break
        budget -= count(text) + 2
        named = [word for word in dict.fromkeys(terms(text)) if word in query][:NAMED]
        why: Fact = ("why_recall", {"back": passage.back, "words": ", ".join(named)})
        found.append((passage, Item("recall", text, (why,))))
    return tuple(item for _, item in sorted(found, key=lambda one: -one[0].back))


def _scores(gone: Sequence[_Passage], query: Mapping[str, int]) -> Iterator[tuple[float, _Passage]]:
    """BM25 of each passage that has any of the words, which weigh as much as `query` says."""
    bags = [_bag(passage.text) for passage in gone]
    lengths = [sum(bag.values()) for bag in bags]
    mean = sum(lengths) / len(lengths) or 1.0
    having = Counter(word for bag in bags for word in query.keys() & bag.keys())
    for passage, bag, length in zip(gone, bags, lengths, strict=True):
        score = 0.0
        for word in sorted(query.keys() & bag.keys()):
            rare = math.log(1 + (len(gone) - having[word] + 0.5) / (having[word] + 0.5))
            score += query[word] * rare * bag[word] * (K1 + 1) / (bag[word] + K1 * (1 - B + B * length / mean))
        if score > 0:
            yield score, passage


def _best_part(passage: _Passage, query: Mapping[str, int], budget: int, count: Count) -> str:
    """The passage from the sentence on that has most of the words, as far as it fits; "" if no sentence does."""
    read = _read(passage.text)
    if count(passage.text) <= budget:
        return passage.text
    best = max(range(len(read)), key=lambda at: (sum(query.get(word, 0) for word in set(read[at][1])), -at))
    text = fit_head(passage.text[passage.text.find(read[best][0]) :], budget, count).strip()
    return text if len(text) >= len(read[best][0]) else ""


# ── the summary ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _summary(gone: Sequence[_Passage], told: str, budget: int, count: Count) -> tuple[Item, ...]:
    """The most telling sentences, in the order of the story; none that is `told` already."""
    read = [each for passage in gone for each in _read(passage.text)]
    weight = _together(gone)
    total = sum(weight.values()) or 1
    chance = {word: number / total for word, number in weight.items()}

    def worth(at: int) -> float:
        words = read[at][1]
        return sum(chance[word] for word in words) / math.sqrt(len(words))  # a mean would prefer the shortest

    first = {
        text: at
        for at, (text, words) in reversed(list(enumerate(read)))
        if len(words) >= WORDS and text[0] not in SPOKEN
    }
    # worth only ever falls, so what was worth less before need not be weighed again
    heap = [(-worth(at), at) for text, at in first.items() if text not in told]
    heapq.heapify(heap)
    chosen, misses = list[int](), 0
    while heap and misses < MISSES and budget > 0:
        _, best = heapq.heappop(heap)
        now = (-worth(best), best)
        if heap and now > heap[0]:
            heapq.heappush(heap, now)
            continue
        cost = count(read[best][0]) + 1
        if cost > budget:
            misses += 1
            continue
        budget -= cost
        chosen.append(best)
        for word in set(read[best][1]):
            chance[word] **= 2
    if not chosen:
        return ()
    text = " ".join(read[at][0] for at in sorted(chosen))
    return (Item("summary", text, (("why_summary", {"count": len(chosen), "total": len(read)}),)),)


def _together(gone: Sequence[_Passage]) -> Counter[str]:
    found = Counter[str]()
    for passage in gone:
        found.update(_bag(passage.text))
    return found
