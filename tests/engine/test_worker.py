"""The device's owner with the small GPT-2 on it, and with a generator that can be held still at a step."""

import asyncio
import ctypes
import sys
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.batching import Limits
from engine.errors import BadValue, Busy, EngineError, GeneratorFailed, RequestCancelled, TooLate
from engine.messages import Queued
from engine.ports import Draft, TextRequest
from engine.worker import News, Worker
from tests.engine.text.tiny import gpt2, write


class Counting:
    """A `TextGenerator` that counts aloud: "prompt 1 2 3"; it steps only while its gate is open, and can break."""

    name, window, voices, capacity = "counting", 1000, frozenset[str](), 5000

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.steps: list[str] = []
        self.held = 0

    def count(self, text: str) -> int:
        return len(text.split())

    def chat(self, system: str, user: str, assistant: str) -> str | None:
        return None

    def prepare(self, adapter: str) -> None:
        raise BadValue(name="adapter", value=adapter, allowed="-")

    def start(self, request: TextRequest) -> "CountingOn":
        if request.prompt == "refused":
            raise BadValue(name="prompt", value="refused", allowed="-")
        self.held += 1
        return CountingOn(self, request)

    def step(self, turns: Sequence[tuple["CountingOn", int]]) -> None:
        assert self.gate.wait(20)
        for one, read in turns:
            one.step(read)


class CountingOn:
    def __init__(self, owner: Counting, request: TextRequest) -> None:
        self.owner, self.request, self.said = owner, request, 0
        self.unread = 64 * request.prompt.count("…")
        self.problem: EngineError | None = None

    @property
    def over(self) -> bool:
        return self.said == self.request.max_tokens

    def step(self, read: int) -> None:
        assert read % 64 == 0
        if self.request.prompt == "broken" and self.said == 2:
            self.problem = GeneratorFailed()
            return
        if self.request.prompt == "bug" and self.said == 2:
            raise ZeroDivisionError
        self.owner.steps.append(self.request.prompt)
        self.unread -= read
        self.said += not self.unread

    def close(self) -> None:
        self.owner.held -= 1

    def drafts(self) -> tuple[Draft, ...]:
        text = " ".join([self.request.prompt, *map(str, range(1, self.said + 1))])
        finish = "length" if self.over else None
        return (Draft(text, self.said, 0.0, finish),) * self.request.drafts  # type: ignore[arg-type]


async def until(condition: object, *, within: float = 10) -> None:
    end = time.monotonic() + within
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end
        await asyncio.sleep(0.001)


async def read(worker: Worker, request: TextRequest) -> list[News]:
    async with aclosing(worker.stream(request)) as stream:  # type: ignore[type-var]
        return [news async for news in stream]


def last(news: list[News]) -> str:
    final = news[-1]
    assert isinstance(final, tuple)
    assert all(draft.finish == "length" for draft in final)
    return final[0].text


async def test_what_the_model_writes_arrives_and_ends() -> None:
    request = TextRequest("The king", 12, seed=3, drafts=2)
    async with Worker(gpt2()) as worker:
        news = await read(worker, request)
        assert (worker.running, worker.waiting) == (0, 0)
    assert news[-1] == write(gpt2(), request)
    counts = [drafts[0].tokens for drafts in news if isinstance(drafts, tuple)]
    assert counts == sorted(set(counts))


async def test_many_at_once_say_what_each_says_alone() -> None:
    requests = [
        TextRequest(f"The {who} said", 10, seed=n, drafts=1 + n % 3) for n, who in enumerate(["fox", "cat"] * 5)
    ]
    async with Worker(gpt2(), limits=Limits(4)) as worker:
        together = await asyncio.gather(*(read(worker, request) for request in requests))
    assert [news[-1] for news in together] == [write(gpt2(), request) for request in requests]


async def test_requests_go_on_together_so_a_short_one_is_not_behind_a_long_one() -> None:
    counting = Counting()
    async with Worker(counting) as worker:
        counting.gate.clear()
        long = asyncio.create_task(read(worker, TextRequest("long", 500)))
        await until(lambda: worker.running == 1)
        short = asyncio.create_task(read(worker, TextRequest("short", 3)))
        await until(lambda: worker.waiting == 1)
        counting.gate.set()
        assert last(await short) == "short 1 2 3"
        await long
    begun = counting.steps.index("short")
    assert counting.steps[begun : begun + 5].count("short") == 3


async def test_places_in_the_queue_count_down() -> None:
    counting = Counting()
    async with Worker(counting, limits=Limits(1)) as worker:
        counting.gate.clear()
        seen: dict[str, list[int]] = {"b": [], "c": [], "d": []}

        async def wait(name: str) -> None:
            async with aclosing(worker.stream(TextRequest(name, 2))) as stream:  # type: ignore[type-var]
                async for news in stream:
                    if isinstance(news, Queued):
                        seen[name].append(news.place)

        first = asyncio.create_task(read(worker, TextRequest("a", 2)))
        await until(lambda: worker.running == 1)
        others = []
        for number, name in enumerate(seen, 1):
            others.append(asyncio.create_task(wait(name)))
            await until(lambda number=number: worker.waiting == number)
        await until(lambda: seen == {"b": [1], "c": [2], "d": [3]})
        others[1].cancel()
        await until(lambda: seen["d"] == [3, 2])
        counting.gate.set()
        assert not any(isinstance(news, Queued) for news in await first)
        await asyncio.gather(others[0], others[2])
        assert counting.steps == ["a", "a", "b", "b", "d", "d"]


async def test_a_full_inbox_says_so_at_once_and_nothing_is_begun() -> None:
    counting = Counting()
    async with Worker(counting, inbox=2, limits=Limits(1)) as worker:
        counting.gate.clear()
        tasks = [asyncio.create_task(read(worker, TextRequest("a", 1)))]
        await until(lambda: worker.running == 1)
        tasks += [asyncio.create_task(read(worker, TextRequest(name, 1))) for name in "bc"]
        await until(lambda: worker.waiting == 2)
        with pytest.raises(Busy) as refusal:
            await read(worker, TextRequest("d", 1))
        assert refusal.value.fields == {"waiting": 2}
        counting.gate.set()
        assert [last(news) for news in await asyncio.gather(*tasks)] == ["a 1", "b 1", "c 1"]
    assert "d" not in counting.steps


async def test_going_away_stops_the_device_within_one_step() -> None:
    counting = Counting()
    async with Worker(counting) as worker:
        async with aclosing(worker.stream(TextRequest("gone", 900))) as stream:  # type: ignore[type-var]
            await anext(stream)
            counting.gate.clear()
        done = len(counting.steps)
        counting.gate.set()
        await until(lambda: worker.running == 0)
        assert last(await read(worker, TextRequest("next", 2))) == "next 1 2"
    assert counting.steps.count("gone") <= done + 1


async def test_a_slow_reader_skips_what_it_missed() -> None:
    counting = Counting()
    slow = TextRequest("slow", 300)
    async with Worker(counting) as worker, aclosing(worker.stream(slow)) as stream:  # type: ignore[type-var]
        first = await anext(stream)
        await until(lambda: worker.running == 0)
        rest = [news async for news in stream]
    assert isinstance(first, tuple)
    assert len(rest) <= 2
    assert last([first, *rest]).endswith(" 300")


async def test_one_request_breaks_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    async with Worker(Counting()) as worker:
        good, broken, refused = await asyncio.gather(
            *(read(worker, TextRequest(prompt, 50)) for prompt in ("good", "broken", "refused")), return_exceptions=True
        )
        assert isinstance(good, list)
        assert last(good).endswith(" 50")
        assert isinstance(broken, GeneratorFailed)
        assert isinstance(refused, BadValue)
    assert not caplog.records


async def test_after_a_bug_in_the_generator_who_comes_next_is_served(caplog: pytest.LogCaptureFixture) -> None:
    async with Worker(Counting()) as worker:
        with pytest.raises(GeneratorFailed) as failure:
            await read(worker, TextRequest("bug", 50))
        assert isinstance(failure.value.__cause__, ZeroDivisionError)
        assert last(await read(worker, TextRequest("after", 1))) == "after 1"
    assert [record.exc_info is not None for record in caplog.records] == [True]


async def test_what_nobody_waits_for_any_more_ends_whether_it_waits_or_runs() -> None:
    counting = Counting()
    async with Worker(counting, limits=Limits(1)) as worker:
        counting.gate.clear()
        tasks = [asyncio.create_task(read(worker, TextRequest(name, 900, within=0.2))) for name in "ab"]
        await until(lambda: worker.running == 1 and worker.waiting == 1)
        await asyncio.sleep(0.25)
        counting.gate.set()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(error) for error in ended] == [TooLate, TooLate]
        assert last(await read(worker, TextRequest("next", 2, within=20))) == "next 1 2"
    assert "b" not in counting.steps
    assert counting.held == 0


async def test_who_asks_for_much_does_not_hold_up_the_others() -> None:
    counting = Counting()
    async with Worker(counting, limits=Limits(2)) as worker:
        counting.gate.clear()
        greedy = [asyncio.create_task(read(worker, TextRequest(f"g{n}", 3, owner="greedy"))) for n in range(6)]
        await until(lambda: worker.running == 2 and worker.waiting == 4)
        modest = asyncio.create_task(read(worker, TextRequest("modest", 3, owner="other")))
        await until(lambda: worker.waiting == 5)
        counting.gate.set()
        await asyncio.gather(*greedy, modest)
    order = list(dict.fromkeys(counting.steps))
    assert order.index("modest") == 3  # after g0 and g1, which ran already, and one of those that came before it


async def test_nothing_is_held_on_the_device_once_all_is_over() -> None:
    counting = Counting()
    async with Worker(counting) as worker:
        names = ("good", "broken", "refused", "a … long … prompt")
        await asyncio.gather(*(read(worker, TextRequest(name, 9)) for name in names), return_exceptions=True)
        async with aclosing(worker.stream(TextRequest("gone", 900))) as stream:  # type: ignore[type-var]
            await anext(stream)
        await until(lambda: worker.running == 0 and counting.held == 0)


async def test_closing_the_worker_ends_everything_with_a_word() -> None:
    counting = Counting()
    async with Worker(counting, limits=Limits(1)) as worker:
        counting.gate.clear()
        tasks = [asyncio.create_task(read(worker, TextRequest(name, 900))) for name in "ab"]
        await until(lambda: worker.running == 1 and worker.waiting == 1)
        counting.gate.set()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(error) for error in ended] == [RequestCancelled, RequestCancelled]
    with pytest.raises(RequestCancelled):
        await read(worker, TextRequest("late", 1))
    assert not any(thread.name == "ghostnote-device" for thread in threading.enumerate())


async def test_jobs_run_on_the_device_between_steps() -> None:
    counting = Counting()
    async with Worker(counting) as worker:
        busy = asyncio.create_task(read(worker, TextRequest("busy", 200)))
        assert await worker.call(lambda: threading.current_thread().name) == "ghostnote-device"
        with pytest.raises(ZeroDivisionError):
            await worker.call(lambda: 1 // 0)
        assert last(await busy).endswith(" 200")


async def test_text_and_jobs_take_turns_one_by_one() -> None:
    counting = Counting()
    async with Worker(counting) as worker:
        counting.gate.clear()
        writing = asyncio.create_task(read(worker, TextRequest("text", 40)))
        await until(lambda: worker.running == 1)
        jobs = [asyncio.create_task(worker.call(lambda: counting.steps.append("job"))) for _ in range(9)]
        await asyncio.sleep(0)
        counting.gate.set()
        await asyncio.gather(writing, *jobs)
    assert counting.steps.count("job") == 9
    began = counting.steps.index("job")
    assert counting.steps[began : began + 18] == ["job", "text"] * 9


def kill(thread: threading.Thread) -> None:
    """As nothing in this house does: end a thread wherever it is."""
    assert thread.ident is not None
    assert ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit)) == 1


async def test_a_device_thread_that_is_killed_serves_those_who_wait(caplog: pytest.LogCaptureFixture) -> None:
    counting = Counting()
    async with Worker(counting, limits=Limits(1)) as worker:
        counting.gate.clear()
        running, waiting = (asyncio.create_task(read(worker, TextRequest(name, 5))) for name in ("running", "waiting"))
        await until(lambda: worker.running == 1 and worker.waiting == 1)
        kill(next(thread for thread in threading.enumerate() if thread.name == "ghostnote-device"))
        counting.gate.set()
        with pytest.raises(GeneratorFailed):
            await running
        assert last(await waiting) == "waiting 1 2 3 4 5"
        with pytest.raises(GeneratorFailed):
            await worker.call(lambda: sys.exit(1))
        assert last(await read(worker, TextRequest("next", 1))) == "next 1"
        await until(lambda: counting.held == 0)
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]


async def test_a_prompt_that_cannot_even_be_counted_ends_alone(caplog: pytest.LogCaptureFixture) -> None:
    class Miscounting(Counting):
        def count(self, text: str) -> int:
            return 1 // (text != "uncountable")

    async with Worker(Miscounting()) as worker:
        bad, good = await asyncio.gather(
            *(read(worker, TextRequest(name, 9)) for name in ("uncountable", "good")), return_exceptions=True
        )
        assert isinstance(bad, GeneratorFailed)
        assert isinstance(good, list)
        assert last(good).endswith(" 9")
    assert len(caplog.records) == 1


async def behave(worker: Worker, name: str, wish: tuple[int, int, int | None]) -> None:
    """Arrive after a while, read, and perhaps leave in the middle; whatever arrives must be one's own."""
    delay, tokens, leave = wish
    await asyncio.sleep(delay / 1000)
    seen = 0
    stream: AsyncIterator[News] = worker.stream(TextRequest(name, tokens))
    async with aclosing(stream) as news_stream:  # type: ignore[type-var]
        async for news in news_stream:
            if isinstance(news, tuple):
                assert news[0].text.split()[0] == name
                assert news[0].tokens > seen
                seen = news[0].tokens
            if leave is not None and seen >= leave:
                return
    assert seen == tokens


wishes = st.tuples(st.integers(0, 15), st.integers(1, 40), st.none() | st.integers(0, 30))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(people=st.lists(wishes, min_size=1, max_size=14), inbox=st.integers(1, 6), running=st.integers(1, 4))
def test_any_coming_and_going_leaves_nothing_behind(
    people: list[tuple[int, int, int | None]], inbox: int, running: int
) -> None:
    async def evening() -> list[BaseException | None]:
        counting = Counting()
        async with Worker(counting, inbox, Limits(running)) as worker:
            ended = await asyncio.gather(
                *(behave(worker, f"p{n}", wish) for n, wish in enumerate(people)), return_exceptions=True
            )
            await until(lambda: worker.running == 0 and worker.waiting == 0)
            for number, (wish, end) in enumerate(zip(people, ended, strict=True)):
                steps = counting.steps.count(f"p{number}")
                assert steps <= wish[1]
                assert steps == 0 or not isinstance(end, Busy)
                assert end is not None or wish[2] is not None or steps == wish[1]
        return ended

    ended = asyncio.run(evening())
    assert all(end is None or isinstance(end, Busy) for end in ended)
    assert len(people) > inbox + running or not any(ended)
