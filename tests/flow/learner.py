"""A process to be killed: one learning run of a channel, on votes it makes up the same way every time."""

import asyncio
import sys
from pathlib import Path

from adapters.dataset import Dataset
from adapters.examples import Examples, Pair
from adapters.prefer import Plan
from adapters.registry import Scope
from deploy.learn import learn
from deploy.settings import Settings
from tests.engine.text.tiny import GPT2


def votes(count: int = 24) -> Dataset:
    """Short sentences over long ones, in twelve pieces."""
    found = []
    for at in range(count):
        short = f" He came to the {at % 5 * 'old '}house. It was dark. He went in. He saw {at} men. They ran."
        long = f" He came to the {at % 7 * 'old '}house, and it was dark, and he went in and saw {at} men, who ran"
        found.append(Pair(f"A king number {at}\n\n", short, long, 1.0, f"c{at % 12}", ("ann",), "story", "vote", ""))
    return Dataset(Examples(tuple(found)), votes=count, weights={"ann": 1.0})


async def main(home: Path) -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()

    async def gather() -> Dataset:
        return votes()

    settings = Settings(home=home, text_model=str(GPT2), device="cpu")
    plan = Plan(rate=2e-3, epochs=3, batch=4, save_every=1)
    scope = Scope("channel", "studio:local")
    done = await learn(settings, scope, gather, lambda *_: None, plan=plan)
    sys.stdout.write(f"{done.ended} {done.speaks}\n")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
