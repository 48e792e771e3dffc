"""A simulated person at the public API: asks, asks again, compares, votes; and what they think of new texts."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.flow.raters import Rater, Rule
from tests.flow.served import Event, Served


@dataclass(frozen=True)
class Lesson:
    """One person at work: how many versions of each answer they ask for, and in which form."""

    author: str
    form: str = "story"
    versions: int = 3


async def teach(house: Served, rater: Rater, prompts: Sequence[str], lesson: Lesson) -> int:
    """A piece for each prompt: every version of the answer is voted on, and the best one picked; how many votes."""
    votes = 0
    for prompt in prompts:
        session = await house.create(prompt[:40])
        turns = [final(await house.say(session, f"/{lesson.form} {prompt}", lesson.author))]
        for _ in range(lesson.versions - 1):
            again = await house.act(turns[-1][0], "retry", author=lesson.author)
            if again and again[-1][0] == "final":
                turns.append(final(again))
        for turn, text, _ in turns:
            value = rater.vote(text)
            answer = await house.client.post(
                f"/api/turns/{turn}/reactions", json={"author": lesson.author, "value": value}
            )
            assert answer.status_code == 204, answer.text
            votes += 1
        chosen = rater.pick([text for _, text, _ in turns])
        at = turns[-1][0]
        for _ in range(len(turns) - 1 - chosen):
            at = final(await house.act(at, "previous", author=lesson.author))[0]
    return votes


async def rewards(house: Served, rule: Rule, prompts: Sequence[str], lesson: Lesson) -> tuple[list[float], set[str]]:
    """What the rule thinks of the answers to new prompts, and who gave them."""
    found, speakers = list[float](), set[str]()
    for prompt in prompts:
        session = await house.create("new")
        answers = [await house.say(session, f"/{lesson.form} {prompt}", lesson.author)]
        for _ in range(lesson.versions - 1):
            answers.append(await house.act(final(answers[-1])[0], "retry", author=lesson.author))
        for _, text, adapter in (final(events) for events in answers if events[-1][0] == "final"):
            found.append(rule(text))
            speakers.add(adapter)
    return found, speakers


def final(events: Sequence[Event]) -> tuple[str, str, str]:
    """(turn, text, adapter) of the answer that an action ended in."""
    name, data = events[-1]
    assert name == "final", events[-1]
    return str(data["turn"]), str(data["text"]), str(data["adapter"])
