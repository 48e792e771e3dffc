"""Opinions to learn from, made by hand: passages beside each other, and what people said of them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from storage.opinions import Change, Choice, Opinions, Rated, Rater, Vote

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def when(minute: int) -> datetime:
    return BEGIN + timedelta(minutes=minute)


def rater(name: str, consent: bool | None = True, platform: str = "telegram") -> Rater:
    return Rater(name, platform, f"account-{name}", consent)


def rated(name: str, piece: str = "piece", parent: str | None = "words", **more: object) -> Rated:
    made = Rated(
        id=name,
        piece=piece,
        platform="telegram",
        chat="1",
        thread="",
        parent=parent,
        starts=False,
        form="story",
        prompt=f"A story of {piece}, after {parent}.",
        completion=f" Text of {name}. And the",
        written=f"Text of {name}.",
        text=f"Text of {name}.",
        model="embedded",
        adapter="story@shipped",
        seen=frozenset(),
        went_on=False,
    )
    return replace(made, **more)  # type: ignore[arg-type]


def vote(turn: str, person: str, value: int, minute: int = 0) -> Vote:
    return Vote(turn, person, value, when(minute))


def chose(kind: str, chosen: str, left: str, person: str, minute: int = 0) -> Choice:
    return Choice(kind, chosen, left, person, when(minute))  # type: ignore[arg-type]


def opinions(
    passages: Iterable[Rated],
    *said: Vote | Choice | Change,
    people: Iterable[Rater] = (rater("ann"), rater("ben"), rater("cid")),
    writers: dict[str, frozenset[str]] | None = None,
) -> Opinions:
    def order(one: Vote | Choice | Change) -> datetime:
        return one.at

    said = tuple(sorted(said, key=order))
    return Opinions(
        {one.id: one for one in people},
        {one.id: one for one in passages},
        tuple(one for one in said if isinstance(one, Vote)),
        tuple(one for one in said if isinstance(one, Choice)),
        tuple(one for one in said if isinstance(one, Change)),
        writers if writers is not None else {"piece": frozenset({"ann", "ben", "cid"})},
    )
