import asyncio
import gc
from collections.abc import Awaitable, Callable

import pytest

from engine.errors import Busy
from engine.sessions import Sessions


def _finder(piece: str, seconds: float = 0.0) -> Callable[[], Awaitable[tuple[str, str]]]:
    async def find() -> tuple[str, str]:
        await asyncio.sleep(seconds)
        return piece, "found"

    return find


async def test_turns_come_in_the_order_of_asking_even_if_finding_takes_unequally_long() -> None:
    sessions, order = Sessions(), list[int]()

    async def visit(number: int, seconds: float) -> None:
        async with sessions.turn("door", _finder("piece", seconds)) as (_, piece, found):
            assert (piece, found) == ("piece", "found")
            order.append(number)
            await asyncio.sleep(0)

    await asyncio.gather(*(visit(number, 0.01 * (5 - number)) for number in range(5)))
    assert order == [0, 1, 2, 3, 4]


async def test_only_one_is_in_a_piece_and_others_are_not_held_up() -> None:
    sessions, inside, most = Sessions(), {"a": 0, "b": 0}, {"a": 0, "b": 0}

    async def visit(piece: str) -> None:
        async with sessions.turn(piece, _finder(piece)):
            inside[piece] += 1
            most[piece] = max(most[piece], inside[piece])
            await asyncio.sleep(0.002)
            inside[piece] -= 1

    await asyncio.gather(*(visit(piece) for piece in "ab" * 5))
    assert most == {"a": 1, "b": 1}


async def test_who_leaves_the_line_lets_the_next_one_in() -> None:
    sessions, free = Sessions(), asyncio.Event()

    async def hold() -> None:
        async with sessions.turn("door", _finder("piece")):
            await free.wait()

    holder, leaver, last = (asyncio.create_task(hold()) for _ in range(3))
    await asyncio.sleep(0.01)
    leaver.cancel()
    holder.cancel()
    await asyncio.gather(holder, leaver, return_exceptions=True)
    free.set()
    await asyncio.wait_for(last, 1)


async def test_a_failure_to_find_lets_the_next_one_in() -> None:
    sessions = Sessions()

    async def broken() -> tuple[str, None]:
        raise ValueError("no piece")

    with pytest.raises(ValueError, match="no piece"):
        async with sessions.turn("door", broken):
            pass
    async with asyncio.timeout(1), sessions.turn("door", _finder("piece")):
        pass


async def test_a_full_line_says_so_at_once() -> None:
    sessions, free = Sessions(limit=2), asyncio.Event()

    async def hold() -> None:
        async with sessions.turn("door", _finder("piece")):
            await free.wait()

    tasks = [asyncio.create_task(hold()) for _ in range(3)]
    await asyncio.sleep(0.01)
    with pytest.raises(Busy):
        async with sessions.turn("door", _finder("piece")):
            pass
    free.set()
    await asyncio.gather(*tasks)


async def test_nothing_is_kept_of_a_session_nobody_is_in() -> None:
    sessions = Sessions()
    for number in range(100):
        async with sessions.turn(number, _finder(str(number))):
            assert len(sessions) == 1
    gc.collect()
    assert len(sessions) == 0
    assert sessions.cancel("1") is False
