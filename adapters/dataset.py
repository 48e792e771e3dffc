"""From what people said and did to what may be learnt from it, and how much each of it weighs. Pure.

Four things are decided here. **Consent**: an example needs it from whoever voted, and from everybody whose words stand
in its texts or may stand in its prompt; a person's words are theirs, also where somebody else's vote makes them an
example. **Weight**: who co-writes the piece, who reviews by the owner's wish, and who only reads count differently, and
no one person may weigh more than a share of the whole, so that nobody owns the voice. **Disagreement**: what people see
oppositely counts by the difference, once. **Nothing else is changed**: the prompt is the one the model saw; a text is
what people were shown, begun as the model began it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from adapters.claims import Claim, gather
from adapters.examples import Examples, Pair, Thumb
from adapters.provenance import PEOPLE
from adapters.registry import Scope
from storage.opinions import Change, Opinions, Rated, Vote

MUSIC = "music"  # the form of passages that are scores: no text, so kept apart
LOOKS = ("palette", "cover")  # pictures, which nothing learns from yet

REASONS = {
    "no_consent": "by people who did not agree to it",
    "others_words": "around words of people who did not agree to it",
    "changed_mind": "overtaken by a later word of the same person",
    "undecided": "written anew without a word on which was better",
    "undone": "edits that do not stand any more",
    "disagreement": "on which people cancel each other out",
    "duplicate": "said twice by the same person about the same text",
    "empty": "without text, or with the same text twice",
    "erased": "whose prompt is not kept any more",
    "other_base": "on texts of another base model",
    "weightless": "by people whose votes weigh nothing",
}


@dataclass(frozen=True)
class Rules:
    """Whose opinions count, where, and how much.

    `assumed` names the platforms whose people agree unless they said no; `reviewers` are `platform:id`. `share` is the
    most of the whole that one person may weigh once they weigh more than `least`. `base` "" takes any base's texts.
    """

    scope: Scope = field(default_factory=Scope)
    assumed: frozenset[str] = frozenset()
    reviewers: frozenset[str] = frozenset()
    author: float = 1.0
    reviewer: float = 2.0
    reader: float = 0.5
    share: float = 0.25
    least: float = 20.0
    base: str = ""


@dataclass(frozen=True)
class Tune:
    """An opinion on music, for the taste ranker: `turn` was liked (or not), or chosen over the turn `over`."""

    turn: str
    over: str
    liked: bool
    weight: float
    conversation: str
    people: tuple[str, ...]


@dataclass(frozen=True)
class Dataset:
    """What may be learnt from. `votes` counts the sayings that went into it, `weights` what each voter weighs in all;
    `left` counts what was left out, by the reasons in `REASONS`; `agreeing` are the ids of all who may be learnt from.
    """

    examples: Examples
    tunes: tuple[Tune, ...] = ()
    votes: int = 0
    weights: Mapping[str, float] = field(default_factory=dict)
    left: Mapping[str, int] = field(default_factory=dict)
    agreeing: frozenset[str] = frozenset()

    @property
    def about(self) -> dict[str, object]:
        """What an adapter's manifest says of its data. By `people`, who asks to be forgotten learns what saw them."""
        return {
            "votes": self.votes,
            "voters": len(self.weights),
            "pairs": len(self.examples.pairs),
            "thumbs": len(self.examples.thumbs),
            PEOPLE: list(self.examples.people),
        }


def build(opinions: Opinions, rules: Rules | None = None) -> Dataset:
    """The examples of text that the opinions give under these rules."""
    return _Builder(opinions, rules or Rules()).texts()


def tunes(opinions: Opinions, rules: Rules | None = None) -> Dataset:
    """The same for music, which no language model learns from: `tunes` are filled instead of `examples`."""
    return _Builder(opinions, rules or Rules()).music()


def agreeing(opinions: Opinions, rules: Rules | None = None) -> frozenset[str]:
    """The ids of everybody who may be learnt from now."""
    assumed = (rules or Rules()).assumed
    people = opinions.people.values()
    return frozenset(one.id for one in people if (one.platform in assumed if one.consent is None else one.consent))


@dataclass(frozen=True, slots=True)
class _Item:
    """One saying of one person: `good` over `bad`, or one of them alone. `voter` first in `people`."""

    voter: str
    passage: Rated
    good: str | None
    bad: str | None
    source: str
    people: frozenset[str]
    weight: float

    @property
    def key(self) -> tuple[str, frozenset[str | None]]:
        """The same for everybody who speaks about the same texts, whichever way."""
        return self.passage.prompt, frozenset({self.good, self.bad} - {None})


class _Builder:
    def __init__(self, opinions: Opinions, rules: Rules) -> None:
        self._all, self._rules = opinions, rules
        self._agree = agreeing(opinions, rules)
        self._left: Counter[str] = Counter()
        self._changes: dict[str, list[Change]] = defaultdict(list)
        for change in opinions.changes:
            self._changes[change.turn].append(change)

    def texts(self) -> Dataset:
        items = self._counted(self._chosen(music=False))
        pairs, thumbs = [], []
        for item, weight, people in self._merged(items):
            lead = _lead(item.passage)
            about = {"weight": weight, "conversation": item.passage.piece, "people": people}
            common = {"form": item.passage.form, "adapter": item.passage.adapter, **about}
            if item.good is not None and item.bad is not None:
                texts = {"chosen": lead + item.good, "rejected": lead + item.bad}
                pairs.append(Pair(prompt=item.passage.prompt, source=item.source, **texts, **common))  # type: ignore[arg-type]
            else:
                text, label = lead + (item.good or item.bad or ""), item.good is not None
                thumbs.append(Thumb(prompt=item.passage.prompt, completion=text, label=label, **common))  # type: ignore[arg-type]
        return self._dataset(items, Examples(tuple(pairs), tuple(thumbs)))

    def music(self) -> Dataset:
        items = self._counted(self._chosen(music=True))
        found = [
            Tune(item.good or item.bad or "", (item.bad or "") if item.good else "", item.good is not None, weight,
                 item.passage.piece, people)
            for item, weight, people in self._merged(items)
        ]  # fmt: skip
        return self._dataset(items, Examples(), tuple(found))

    def _dataset(self, items: list[_Item], examples: Examples, tunes: tuple[Tune, ...] = ()) -> Dataset:
        weights: Counter[str] = Counter()
        for item in items:
            weights[item.voter] += item.weight  # type: ignore[assignment]  # a Counter adds any number
        left = dict(sorted((+self._left).items()))
        return Dataset(examples, tunes, len(items), dict(sorted(weights.items())), left, self._agree)

    # ── which sayings count ────────────────────────────────────────────────────────────────────────────────────────

    def _chosen(self, *, music: bool) -> Iterator[_Item]:
        """Sayings in scope that may be learnt from, each with what its person weighs here."""
        claims, lone, left = gather(self._within(music=music))
        self._left += left
        sayings: list[Claim | Vote] = [*claims, *lone]
        for saying in sayings:
            item = self._item(saying, music=music)
            reason = self._against(item, music=music)
            if reason:
                self._left[reason] += 1
            else:
                yield item

    def _within(self, *, music: bool) -> Opinions:
        """What was said in the scope, about music or about texts."""
        scope, everything = self._rules.scope, self._all
        inside = {
            turn: passage
            for turn, passage in everything.passages.items()
            if passage.form not in LOOKS and (passage.form == MUSIC) == music and _in_scope(passage, scope)
        }

        def counts(person: str, *turns: str) -> bool:
            who = everything.people.get(person)
            named = who is not None and (scope.kind != "person" or f"{who.platform}:{who.account}" == scope.of)
            return named and all(turn in inside for turn in turns)

        return Opinions(
            everything.people,
            inside,
            tuple(one for one in everything.votes if counts(one.person, one.turn)),
            tuple(one for one in everything.choices if counts(one.person, one.chosen, one.left)),
            tuple(one for one in everything.changes if counts(one.person, one.turn)),
            everything.writers,
        )

    def _item(self, saying: Claim | Vote, *, music: bool) -> _Item:
        turns = (saying.turn,) if isinstance(saying, Vote) else tuple(dict.fromkeys((saying.better, saying.worse)))
        passages = [self._all.passages[turn] for turn in turns]
        people = {saying.person}.union(*(passage.seen for passage in passages))
        weight = self._weight(saying.person, passages[0].piece)
        if isinstance(saying, Vote):
            text, editors = (saying.turn, frozenset[str]()) if music else self._text(passages[0], saying.at)
            good, bad = (text, None) if saying.value > 0 else (None, text)
            return _Item(saying.person, passages[0], good, bad, "vote", frozenset(people | editors), weight)
        if saying.source == "edit":
            editors = frozenset(change.person for change in self._changes[saying.better])
            good, bad = passages[0].text, passages[0].written
        elif music:
            good, bad, editors = saying.better, saying.worse, frozenset()
        else:
            (good, by), (bad, by_too) = (self._text(passage, saying.at) for passage in passages)
            editors = by | by_too
        weight *= saying.strength
        return _Item(saying.person, passages[0], good, bad, saying.source, frozenset(people | editors), weight)

    def _text(self, passage: Rated, at: datetime) -> tuple[str, frozenset[str]]:
        """What a person saw at that time, and who had a hand in it beside the model."""
        earlier = [change for change in self._changes[passage.id] if change.at <= at]
        if not earlier or earlier[-1].after != passage.text:  # as written, or edited and taken back
            return passage.written, frozenset()
        return passage.text, frozenset(change.person for change in earlier)

    def _against(self, item: _Item, *, music: bool) -> str:
        """The reason why this is not learnt from, "" if there is none."""
        sides = [side.strip() for side in (item.good, item.bad) if side is not None]
        if item.voter not in self._agree:
            return "no_consent"
        if not item.people <= self._agree:
            return "others_words"
        if not music and not item.passage.prompt:
            return "erased"
        if not all(sides) or len(set(sides)) < len(sides):
            return "empty"
        if not music and self._rules.base not in ("", item.passage.model):
            return "other_base"
        return "" if item.weight > 0 else "weightless"

    # ── how much they count ────────────────────────────────────────────────────────────────────────────────────────

    def _weight(self, person: str, piece: str) -> float:
        who = self._all.people.get(person)
        if who and f"{who.platform}:{who.account}" in self._rules.reviewers:
            return self._rules.reviewer
        return self._rules.author if person in self._all.writers.get(piece, ()) else self._rules.reader

    def _counted(self, items: Iterable[_Item]) -> list[_Item]:
        """Each person once about the same texts, and nobody above their share."""
        once: dict[tuple[object, ...], _Item] = {}
        for item in items:
            key = item.voter, item.passage.prompt, item.good, item.bad
            self._left["duplicate"] += key in once
            if key not in once or once[key].weight < item.weight:
                once[key] = item
        total: Counter[str] = Counter()
        for item in once.values():
            total[item.voter] += item.weight  # type: ignore[assignment]
        most = ceiling(tuple(total.values()), self._rules.share, self._rules.least)
        scale = {who: min(1.0, most / weight) for who, weight in total.items()}
        return [
            _Item(one.voter, one.passage, one.good, one.bad, one.source, one.people, one.weight * scale[one.voter])
            for one in once.values()
        ]

    def _merged(self, items: list[_Item]) -> Iterator[tuple[_Item, float, tuple[str, ...]]]:
        """The same texts once, for what most weight says of them; nothing where that is balanced."""
        same: dict[object, dict[tuple[str | None, str | None], list[_Item]]] = defaultdict(lambda: defaultdict(list))
        for item in items:
            same[item.key][item.good, item.bad].append(item)
        for sides in same.values():
            heavy = sorted(sides.values(), key=lambda side: -sum(item.weight for item in side))
            weight = sum(item.weight for item in heavy[0]) - sum(item.weight for side in heavy[1:] for item in side)
            self._left["disagreement"] += sum(map(len, heavy[1:]))
            if weight < 1e-9:
                self._left["disagreement"] += len(heavy[0])
                continue
            voters = sorted({item.voter for side in heavy for item in side})
            others = sorted({who for side in heavy for item in side for who in item.people} - set(voters))
            yield heavy[0][0], weight, (*voters, *others)


def ceiling(totals: Sequence[float], share: float, least: float) -> float:
    """The most one person may weigh: `share` of what all weigh under it, but never less than `least`.

    Where there are so few people that not all can be within the share, all are to weigh alike; alone, nobody is
    drowned out and nothing is taken away.
    """
    most = max([*totals, least])
    share = max(share, 1 / max(1, len(totals)))
    for _ in range(1000):  # from above towards the largest that holds
        allowed = max(least, share * sum(min(total, most) for total in totals))
        if most <= allowed * (1 + 1e-9):
            break
        most = allowed
    return most


def _in_scope(passage: Rated, scope: Scope) -> bool:
    if scope.kind == "form":
        return passage.form == scope.of
    if scope.kind == "channel":
        channel = f"{passage.platform}:{passage.chat}"
        return scope.of in (channel, f"{channel}/{passage.thread}")
    return True


def _lead(passage: Rated) -> str:
    """The space or line break with which the model began."""
    return passage.completion[: len(passage.completion) - len(passage.completion.lstrip())]
