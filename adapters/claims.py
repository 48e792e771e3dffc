"""What people's votes and acts say: this passage over that one, or this one liked or not. Pure.

A claim is one person's. Nothing is made up: two passages are only compared if the person had both before them, in the
same place, and said or did something that tells them apart. What that is, by kind:

- vote: they liked one version of a passage and disliked another.
- pick: they looked through versions with ◀ ▶. Where they stopped is chosen over every version they left on the way.
- retry: they had a passage written anew. That alone is no judgement (one also asks for another out of curiosity), so it
  counts only if they then liked the new one, or wrote on from it without disliking it; the latter counts half.
- undo: they took a step back and another passage was written in the same place for the same words; as for retries.
- edit: they gave a passage words of their own, which still stand. Theirs are chosen over the model's.

About the same two passages the last word of a person wins.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from storage.opinions import Change, Choice, Opinions, Rated, Vote

Source = Literal["vote", "pick", "retry", "undo", "edit"]
SURE, LIKELY = 1.0, 0.5
_RANK: dict[Source, int] = {"undo": 0, "retry": 1, "pick": 2, "vote": 3, "edit": 4}  # if said at the same moment


@dataclass(frozen=True, slots=True)
class Claim:
    """One person says that passage `better` is better than `worse`; in an edit both are the same passage."""

    person: str
    better: str
    worse: str
    at: datetime
    source: Source
    strength: float = SURE


def gather(opinions: Opinions) -> tuple[list[Claim], list[Vote], Counter[str]]:
    """Claims, votes that are in none of them, and how many sayings came to nothing, by reason.

    Reasons: "changed_mind" (a later word of the same person stands), "undecided" (written anew, and neither was
    preferred), "undone" (an edit that does not stand any more).
    """
    left: Counter[str] = Counter()
    made = [*_voted(opinions), *_picked(opinions, left), *_redone(opinions, left)]
    last: dict[tuple[str, frozenset[str]], Claim] = {}
    told = set[tuple[str, str, int]]()
    for claim in sorted(made, key=lambda one: (one.at, _RANK[one.source])):
        pair = claim.person, frozenset({claim.better, claim.worse})
        if pair in last and last[pair].better != claim.better:
            left["changed_mind"] += 1
            told.update(_told(last[pair]))  # votes that a later word goes against say nothing alone either
        last[pair] = claim
    for claim in last.values():
        told.update(_told(claim))
    lone = [vote for vote in opinions.votes if (vote.person, vote.turn, vote.value) not in told]
    return [*last.values(), *_edited(opinions, left)], lone, +left


def _told(claim: Claim) -> Iterator[tuple[str, str, int]]:
    """The votes (person, passage, value) that say no more than this claim does."""
    yield claim.person, claim.better, 1
    yield claim.person, claim.worse, -1


def _place(passage: Rated) -> tuple[object, ...]:
    """Versions of one passage share this."""
    return passage.piece, passage.parent, passage.form, passage.starts


def _voted(opinions: Opinions) -> Iterator[Claim]:
    """Versions of one passage, some liked and some disliked by the same person."""
    places: dict[tuple[object, ...], list[Vote]] = defaultdict(list)
    for vote in opinions.votes:
        places[vote.person, *_place(opinions.passages[vote.turn])].append(vote)
    for votes in places.values():
        for good in votes:
            for bad in votes:
                if good.value > bad.value:
                    yield Claim(good.person, good.turn, bad.turn, max(good.at, bad.at), "vote")


def _picked(opinions: Opinions, left: Counter[str]) -> Iterator[Claim]:
    """The version at which somebody stopped looking, over those they left before."""
    places: dict[tuple[object, ...], list[Choice]] = defaultdict(list)
    for pick in _of_kind(opinions, "pick"):
        places[pick.person, *_place(opinions.passages[pick.chosen])].append(pick)
    for picks in places.values():
        end = picks[-1]
        others = dict.fromkeys(pick.left for pick in picks if pick.left != end.chosen)
        left["changed_mind"] += len(picks) - len(others)
        for other in others:
            yield Claim(end.person, end.chosen, other, end.at, "pick")


def _redone(opinions: Opinions, left: Counter[str]) -> Iterator[Claim]:
    """What was written in place of a passage, over that passage, where it was liked or kept."""
    votes = {(vote.person, vote.turn): vote for vote in opinions.votes}
    for kind in ("retry", "undo"):
        news = {(choice.person, choice.left): choice for choice in _of_kind(opinions, kind)}
        for (person, old), choice in news.items():
            new, at = choice.chosen, choice.at
            while (person, new) in news and news[person, new].at > at:  # written anew again: the last one counts
                new, at = news[person, new].chosen, news[person, new].at
            if not _alike(opinions.passages[old], opinions.passages[new]):
                continue  # other words were sent, or another form: nothing was compared
            liked, disliked = votes.get((person, new)), votes.get((person, old))
            if disliked and disliked.value > 0:
                left["undecided"] += 1
            elif liked and liked.value > 0:
                yield Claim(person, new, old, max(at, liked.at), kind)
            elif liked is None and opinions.passages[new].went_on:
                yield Claim(person, new, old, at, kind, LIKELY)
            else:
                left["undecided"] += 1


def _alike(one: Rated, other: Rated) -> bool:
    same_words = bool(one.prompt) and one.prompt == other.prompt and one.form == other.form
    return one.id != other.id and (_place(one) == _place(other) or same_words)


def _edited(opinions: Opinions, left: Counter[str]) -> Iterator[Claim]:
    standing: dict[str, Change] = {}
    for change in opinions.changes:
        passage = opinions.passages[change.turn]
        left["undone"] += 1
        if change.after == passage.text != passage.written:
            standing[change.turn] = change
    left["undone"] -= len(standing)
    for change in standing.values():
        yield Claim(change.person, change.turn, change.turn, change.at, "edit")


def _of_kind(opinions: Opinions, kind: str) -> Iterable[Choice]:
    return (choice for choice in opinions.choices if choice.kind == kind)
