"""Who is let in and who reads what: no torch, no clock, any arrivals."""

from hypothesis import given
from hypothesis import strategies as st

from engine.batching import PATIENCE, Ask, Limits, Prompt, admit, plan, share, write_all
from engine.errors import BadValue
from engine.ports import READ_TOGETHER, TextRequest
from engine.text.echo import EchoGenerator

asks = st.lists(
    st.builds(
        lambda owner, since, rows, tokens: (owner, since, rows, tokens),
        st.sampled_from(["ann", "bob", "cem"]),
        st.floats(0, 60),
        st.integers(1, 16),
        st.integers(1, 9000),
    ),
    max_size=20,
).map(lambda rows: [Ask(number, *row) for number, row in enumerate(sorted(rows, key=lambda row: row[1]))])
limits = st.builds(Limits, requests=st.integers(1, 9), rows=st.integers(16, 40))


@given(waiting=asks, running=asks, limit=limits, capacity=st.integers(9000, 40_000))
def test_nobody_is_let_in_beyond_the_limits(
    waiting: list[Ask[int]], running: list[Ask[int]], limit: Limits, capacity: int
) -> None:
    let_in = admit(waiting, running, limit, capacity, 60)
    chosen = [one for one in waiting if one.what in let_in]
    assert len(chosen) == len(let_in)
    if let_in:
        assert len(running) + len(let_in) <= limit.requests
        assert sum(one.rows for one in (*running, *chosen)) <= limit.rows
        assert sum(one.tokens for one in (*running, *chosen)) <= capacity


@given(waiting=asks, limit=limits)
def test_an_idle_device_takes_the_first_and_loses_nobody(waiting: list[Ask[int]], limit: Limits) -> None:
    left, served, now = waiting, list[int](), 60.0
    while left:
        let_in = admit(left, [], limit, 9000 * 16, now)
        assert left[0].what in let_in
        served += let_in
        left = [one for one in left if one.what not in let_in]
        now += 1
    assert sorted(served) == [one.what for one in waiting]


@given(st.integers(1, 60), st.floats(0, 5))
def test_a_large_request_is_passed_by_small_ones_only_while_it_is_patient(small: int, waited: float) -> None:
    now = 100.0
    running = [Ask(-1, "zoe", 0, 50, 1)]
    large = Ask(0, "ann", now - waited, 16, 1)
    others = [Ask(n, f"p{n}", now, 1, 1) for n in range(1, small + 1)]
    let_in = admit([large, *others], running, Limits(), 10**6, now)
    assert 0 not in let_in
    assert bool(let_in) == (waited <= PATIENCE)


def test_who_has_less_running_goes_first_but_not_for_ever() -> None:
    running = [Ask(-1, "ann", 0, 4, 1)]
    for later, first in ((1.0, 1), (30.0, 0)):  # bob came so much later
        waiting = [Ask(0, "ann", 10, 1, 1), Ask(1, "bob", 10 + later, 1, 1)]
        assert admit(waiting, running, Limits(requests=2), 99, 40) == [first]


prompts = st.lists(st.tuples(st.floats(0, 9), st.integers(1, 3000)), max_size=12).map(
    lambda rows: [Prompt(number, *row) for number, row in enumerate(rows)]
)


@given(prompts, st.integers(READ_TOGETHER, 1024))
def test_a_step_reads_within_its_budget_and_in_whole_blocks(reading: list[Prompt[int]], budget: int) -> None:
    found = share(reading, budget)
    unread = {one.what: one.unread for one in reading}
    assert sum(size for _, size in found) <= budget
    assert all(size == unread[what] or size % READ_TOGETHER == 0 for what, size in found)
    assert all(0 < size <= unread[what] for what, size in found)
    assert bool(found) == bool(reading)


@given(prompts.filter(bool))
def test_every_prompt_is_read_in_the_end_though_short_ones_keep_coming(reading: list[Prompt[int]]) -> None:
    left = {one.what: one for one in reading}
    for step in range(10_000):
        coming = Prompt(-1, 10 + step / 10, 200)  # one more, every tenth of a second
        for what, size in share([*left.values(), coming], 256):
            if what in left:
                one = left.pop(what)
                if size < one.unread:
                    left[what] = Prompt(what, one.since, one.unread - size)
        if not left:
            return
    raise AssertionError(f"{left} is never read")


def test_beside_writers_less_is_read() -> None:
    reading = Prompt("a", 0.0, 5000)
    assert plan([reading], Limits()) == [("a", 1024)]
    assert plan([reading, Prompt("b", 0.0, 0)], Limits()) == [("b", 0), ("a", 256)]


def test_writing_all_gives_every_request_its_own_answer() -> None:
    requests = [TextRequest(f"the word number{n}", 5 + n, seed=n, drafts=1 + n % 3) for n in range(40)]
    together = write_all(EchoGenerator(), requests)
    assert together == [write_all(EchoGenerator(), [one])[0] for one in requests]


class Refusing(EchoGenerator):
    capacity = 5

    def start(self, request: TextRequest):  # type: ignore[no-untyped-def]
        if len(request.prompt) > 20:
            raise BadValue(name="prompt", value=0, allowed="")
        return super().start(request)


def test_what_is_refused_or_too_large_holds_nobody_up() -> None:
    answers = write_all(Refusing(), [TextRequest(text, 9) for text in ("a", "word " * 9, "b")])
    assert [isinstance(one, BadValue) for one in answers] == [False, True, False]
