"""A process to be killed: it writes and votes without end, and says on its standard output what was acknowledged."""

import asyncio
import json
import random
import sys
from contextlib import aclosing

from engine.errors import Impossible
from engine.messages import Accepted, Done, Reaction
from tests.engine.desk import KEY, MARA, Desk, opened


def acknowledge(kind: str, **facts: object) -> None:
    sys.stdout.write(json.dumps({"kind": kind, **facts}) + "\n")
    sys.stdout.flush()


async def evening(desk: Desk, seed: int) -> None:
    dice, delivery = random.Random(seed), 0
    while True:
        delivery += 1
        name = f"{seed}-{delivery}"
        message = desk.message(f"words {name}", name)
        reply = dice.choice([desk.talk.reply, desk.talk.reply, desk.talk.retry, desk.talk.proceed])(message)
        try:
            async with aclosing(reply) as events:
                async for event in events:
                    if isinstance(event, Accepted) and event.turn:
                        acknowledge("words", turn=event.turn, text=message.text, delivery=name)
                    if isinstance(event, Done):
                        acknowledge("turn", turn=event.turn.id, text=event.turn.text)
                        vote = dice.choice([1, -1])
                        await desk.talk.react(Reaction(KEY, MARA, vote, event.turn.id))  # type: ignore[arg-type]
                        acknowledge("vote", turn=event.turn.id, value=vote)
            if dice.random() < 0.2:
                await desk.talk.undo(KEY, MARA)
        except Impossible:
            continue


async def main(url: str, seed: int) -> None:
    async with opened(url) as desk:
        desk.writer.delay = 0.0005
        acknowledge("ready")
        await evening(desk, seed)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
