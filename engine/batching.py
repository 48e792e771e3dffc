"""Who is let in, and what everybody does in the next step. Pure; `engine/worker` asks, `engine/text/gpt` carries out.

All running requests write a token in every step, because a row more costs next to nothing. Prompts share what is left
of a step: small enough pieces that nobody's stream stalls, the short ones first. Both orders are by a virtual time of
arrival, later for who asks for much: whoever came much earlier goes first in any case, so nobody starves.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from engine.errors import EngineError
from engine.ports import READ_TOGETHER, Draft, Generation, TextGenerator, TextRequest

T = TypeVar("T")
Answer = tuple[Draft, ...] | EngineError


@dataclass(frozen=True, slots=True)
class Limits:
    """What a device takes on: `requests` and `rows` (drafts) at once.

    `beside` tokens of prompts are read in a step in which somebody writes, `alone` in one in which nobody does.
    """

    requests: int = 64
    rows: int = 64
    beside: int = 256
    alone: int = 1024


SECONDS_PER_ROW = 0.5
"""How much later somebody seems to have come for each of their rows that runs already."""
SECONDS_PER_TOKEN = 0.004
"""How much later for each unread token of a prompt."""
PATIENCE = 2.0
"""Seconds after which nobody may overtake a request for which there is no room yet."""


@dataclass(frozen=True, slots=True)
class Ask(Generic[T]):
    """A request as far as its place matters: whose it is, when it came, how many rows, how many tokens at most in all.

    `what` is anything by which the caller knows it.
    """

    what: T
    owner: str
    since: float
    rows: int
    tokens: int


def admit(waiting: Sequence[Ask[T]], running: Sequence[Ask[T]], limits: Limits, capacity: int, now: float) -> list[T]:
    """Who may start now, in order; `waiting` is in the order of arrival, `capacity` in tokens.

    Who has less running goes first. One that does not fit is passed by others until it has waited for `PATIENCE`.
    """
    requests, rows = limits.requests - len(running), limits.rows - sum(one.rows for one in running)
    tokens = capacity - sum(one.tokens for one in running)
    busy = Counter[str]()
    for one in running:
        busy[one.owner] += one.rows
    left, let_in = list(waiting), list[T]()
    while left and requests > 0:
        one = min(left, key=lambda ask: ask.since + SECONDS_PER_ROW * busy[ask.owner])
        left.remove(one)
        if one.rows <= rows and one.tokens <= tokens:
            let_in.append(one.what)
            busy[one.owner] += one.rows
            requests, rows, tokens = requests - 1, rows - one.rows, tokens - one.tokens
        elif now - one.since > PATIENCE:
            break
    return let_in


@dataclass(frozen=True, slots=True)
class Prompt(Generic[T]):
    """How much of a running request's prompt is still to be read; 0 for one that writes."""

    what: T
    since: float
    unread: int


def share(prompts: Iterable[Prompt[T]], budget: int) -> list[tuple[T, int]]:
    """How much of which prompts is read in a step: whole multiples of `READ_TOGETHER`, or to the end."""
    found, left = [], budget
    for one in sorted(prompts, key=lambda prompt: prompt.since + SECONDS_PER_TOKEN * prompt.unread):
        size = one.unread if one.unread <= left else left // READ_TOGETHER * READ_TOGETHER
        if size:
            found.append((one.what, size))
            left -= size
    return found


def plan(running: Iterable[Prompt[T]], limits: Limits) -> list[tuple[T, int]]:
    """What everybody does in the next step: 0 for who writes, else the tokens of the prompt that are read."""
    every = list(running)
    writing = [(one.what, 0) for one in every if not one.unread]
    reading = [one for one in every if one.unread]
    return writing + share(reading, limits.beside if writing else limits.alone)


def write_all(generator: TextGenerator, requests: Sequence[TextRequest], limits: Limits | None = None) -> list[Answer]:
    """Run requests to their end in batches, without a worker: the drafts of each, or why there are none."""
    limits, answers = limits or Limits(), dict[int, Answer]()
    waiting = [Ask(at, "", 0.0, one.drafts, tokens(generator, one)) for at, one in enumerate(requests)]
    running = dict[int, tuple[Ask[int], Generation]]()
    while waiting or running:
        let_in = admit(waiting, [ask for ask, _ in running.values()], limits, generator.capacity, 0.0)
        if not (let_in or running):
            let_in = [waiting[0].what]  # the device may still refuse it, in words of its own
        for ask in [one for one in waiting if one.what in let_in]:
            waiting.remove(ask)
            try:
                running[ask.what] = ask, generator.start(requests[ask.what])
            except EngineError as problem:
                answers[ask.what] = problem
        generator.step(
            [
                (running[at][1], read)
                for at, read in plan((Prompt(at, 0.0, one.unread) for at, (_, one) in running.items()), limits)
            ]
        )
        for at, (_, one) in list(running.items()):
            if one.over or one.problem:
                answers[at] = one.problem or one.drafts()
                one.close()
                del running[at]
    return [answers[at] for at in range(len(requests))]


def tokens(generator: TextGenerator, request: TextRequest) -> int:
    """What a request may come to hold on the device."""
    return (generator.count(request.prompt) + request.max_tokens) * request.drafts
