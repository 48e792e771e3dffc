"""A simulated person at the public API: asks, asks again, compares, votes; and what they think of new texts."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from tests.flow.raters import Rater
from tests.flow.served import Event, Served

TOGETHER = 4
Answer = tuple[str, str, str]
"""The turn, its text, and the adapter that wrote it."""


@dataclass(frozen=True)
class Lesson:
    """One person at work: how many versions of each answer they ask for, and in which form."""

    author: str
    form: str = "story"
    versions: int = 3


async def teach(house: Served, rater: Rater, prompts: Sequence[str], lesson: Lesson) -> int:
    """A piece for each prompt: every version of the answer is voted on, and the best one picked; how many votes."""
    votes = 0
    async for answers in _answers(house, prompts, lesson):
        for turn, text, _ in answers:
            value = rater.vote(text)
            sent = await house.client.post(
                f"/api/turns/{turn}/reactions", json={"author": lesson.author, "value": value}
            )
            assert sent.status_code == 204, sent.text
            votes += 1
        chosen = rater.pick([text for _, text, _ in answers])
        at = answers[-1][0]
        for _ in range(len(answers) - 1 - chosen):
            at = final(await house.act(at, "previous", author=lesson.author))[0]
    return votes


async def written(house: Served, prompts: Sequence[str], lesson: Lesson) -> tuple[list[str], set[str]]:
    """All versions of the answers to new prompts, and who gave them.

    Whoever looks through versions says something by where they stop, so a lesson of several must not be learnt from.
    """
    answers = [answer async for some in _answers(house, prompts, lesson) for answer in some]
    return [text for _, text, _ in answers], {adapter for _, _, adapter in answers}


async def _answers(house: Served, prompts: Sequence[str], lesson: Lesson) -> AsyncIterator[list[Answer]]:
    """Every version of every answer, a few prompts at once, as people would ask."""
    for begin in range(0, len(prompts), TOGETHER):
        some = prompts[begin : begin + TOGETHER]
        for answers in await asyncio.gather(*(answered(house, prompt, lesson) for prompt in some)):
            yield answers


async def answered(house: Served, prompt: str, lesson: Lesson) -> list[Answer]:
    """Every version of the answer to a prompt, in a piece of its own; the last one is live."""
    session = await house.create(prompt[:40])
    found = [final(await house.say(session, f"/{lesson.form} {prompt}", lesson.author))]
    if lesson.versions > 1:
        more = await house.act(found[0][0], "alternatives", author=lesson.author, count=lesson.versions - 1)
        while more[-1][0] == "final":
            found.append(final(more))
            if len(found) == lesson.versions:
                break
            more = await house.act(found[-1][0], "next", author=lesson.author)
    return found


def final(events: Sequence[Event]) -> Answer:
    """The answer that an action ended in."""
    name, data = events[-1]
    assert name == "final", events[-1]
    return str(data["turn"]), str(data["text"]), str(data["adapter"])
