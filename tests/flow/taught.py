"""The loop with simulated people on a real base (`python -m tests.flow.taught [RULE ...]`); most of an hour for each.

Each rater has a house of its own and talks to it over HTTP: new prompts are answered before; on others every version of
an answer is voted on and one is picked; one learning run for the channel; the new prompts again. Printed is what the
rule itself thinks of the answers, in standard deviations of those before, beside what the judge thought.
"""

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from adapters.runs import Runs
from tests.flow.lessons import Lesson, teach, written
from tests.flow.raters import RULES, Rater, premises
from tests.flow.served import Served, served

SCOPE = "channel:studio:local"
VERSIONS = 7  # of each answer: the reply and six alternatives, which are one batch


async def taught(name: str, home: Path, options: argparse.Namespace) -> dict[str, Any]:
    """One rater's whole story, as figures."""
    rule, form = RULES[name]
    lesson, reader, began = Lesson(name, form, VERSIONS), Lesson("reader", form, VERSIONS), time.monotonic()
    settings = {"text_model": options.model, "device": "cpu", "learn_every": "0"}
    settings |= {name: value for name in ("learn_rate", "learn_epochs") if (value := getattr(options, name))}
    async with served(home, **settings) as house:
        new = premises(options.new, 2)
        await house.say(await house.create(), "/consent off", reader.author)  # looking through versions is no vote
        before = list(map(rule, await _before(house, new, reader, options.home)))
        votes = await teach(house, Rater(rule, seed=options.seed), premises(options.prompts, 1), lesson)
        talked = time.monotonic()
        status, said = await house.ghostnote("learn", "preferences", "--scope", SCOPE)
        learnt = time.monotonic()
        texts, speakers = await written(house, new, reader)
        after = list(map(rule, texts))
    run = Runs(home / "learning" / "reports").latest([SCOPE])
    verdict = run["verdict"] if run else {}
    gain = (statistics.mean(after) - statistics.mean(before)) / statistics.stdev(before)
    return {
        "rule": name,
        "form": form,
        "votes": votes,
        "before": statistics.mean(before),
        "sd": statistics.stdev(before),
        "after": statistics.mean(after),
        "gain_sd": gain,
        "texts": [len(before), len(after)],
        "speakers": sorted(speakers),
        "promoted": verdict.get("promoted"),
        "judge_wins": verdict.get("wins", {}).get("mean"),
        "same_sign": bool(verdict.get("wins")) and (verdict["wins"]["mean"] > 0.5) == (gain > 0),
        "minutes": {"learning": (learnt - talked) / 60, "in_all": (time.monotonic() - began) / 60},
        "status": status,
        "step": (run or {}).get("about", {}).get("step"),
        "said": said.strip(),
    }


async def _before(house: Served, new: Sequence[str], lesson: Lesson, home: Path) -> list[str]:
    """What the voice before answers to the new prompts; it is the same for all raters of a form, so written once."""
    kept = home / f"before-{lesson.form}-{len(new)}.json"
    if not kept.is_file():
        kept.write_text(json.dumps((await written(house, new, lesson))[0], indent=1), encoding="utf-8")
    return list(json.loads(kept.read_text(encoding="utf-8")))


def main() -> None:
    """See above."""
    parser = argparse.ArgumentParser(prog="python -m tests.flow.taught", description=__doc__)
    parser.add_argument("rules", nargs="*", choices=[*RULES, []], default=[])
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--home", type=Path, default=Path("taught"), help="a house for each rater is built in there")
    parser.add_argument("--prompts", type=int, default=29, help="seven answers to each, all voted on")
    parser.add_argument("--new", type=int, default=12)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--learn-rate", default="", help="for small bases, else as shipped")
    parser.add_argument("--learn-epochs", default="")
    options = parser.parse_args()
    for name in options.rules or RULES:
        found = asyncio.run(taught(name, options.home / name, options))
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
