"""The writer: from a task to finished passages, streaming what can be shown on the way.

Several drafts are drawn in one batch, cleaned, checked and ranked; if none may stand they are drawn again, at most
twice, and if that fails too the best of them goes out with a remark that says so. Forms with counted lines are written
line by line, many drafts a line.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from typing import ParamSpec, Protocol, TypeVar

from engine.errors import Busy, GeneratorFailed, UnknownForm
from engine.messages import Queued, Snapshot
from engine.ports import Draft, TextGenerator, TextRequest
from engine.text import beam, pickup, plan
from engine.text.clean import Cleaned, clean
from engine.text.forms.load import Form, Lines, load
from engine.text.judging import Candidate, best, judged, liked, stale, verdict_of
from engine.text.lines import Piece
from engine.text.plan import Plan
from engine.text.task import Begun, Composition, Remark, Task, Written
from engine.text.tasting import Taste

P = ParamSpec("P")
R = TypeVar("R")
Step = Begun | Snapshot | Queued | Written

ATTEMPTS = 3
WITHIN = 600.0  # seconds after which nobody looks at a chat any more
LEAD_WORDS = 12
LOOK_ROUND = 12
CHOICE, MOST_DRAFTS = 3, 16  # times as many drafts, up to so many


class Device(Protocol):
    """What the writer needs of `engine.worker.Worker`."""

    @property
    def generator(self) -> TextGenerator:
        """The model."""

    def stream(self, request: TextRequest) -> AsyncIterator[Queued | tuple[Draft, ...]]:
        """The request's drafts as they grow; the last ones are finished."""

    def check_room(self) -> None:
        """Raise Busy if a request would be refused now."""


class Writer:
    """Writes passages with the model of one device."""

    def __init__(
        self,
        worker: Device,
        forms: Mapping[str, Form] | None = None,
        window: int = plan.WINDOW,
        tastes: Callable[[str], Taste | None] | None = None,
    ) -> None:
        self._worker = worker
        self._tastes = tastes
        self._forms = load() if forms is None else forms
        self._window = window
        self._thinking = asyncio.Lock()

    @property
    def forms(self) -> tuple[str, ...]:
        """The names of the forms it knows."""
        return tuple(self._forms)

    def check_room(self) -> None:
        """Raise Busy if the device would refuse a task now."""
        self._worker.check_room()

    def check_form(self, name: str) -> None:
        """Raise UnknownForm or BrokenForm if nothing can be written in it."""
        self.form(name)

    def form(self, name: str) -> Form:
        """A form by name; raises UnknownForm, or BrokenForm where its own file is wrong."""
        if name not in self._forms:
            raise UnknownForm(form=name[:40], forms=", ".join(self._forms))
        return self._forms[name]

    async def write(self, task: Task) -> AsyncGenerator[Step, None]:
        """What it sets out with, snapshots of the cleaned text so far, then the compositions.

        Closing the iterator stops the device. Raises EngineError: UnknownForm, Busy, GeneratorFailed.
        """
        form = self.form(task.form)
        made = await self._made(task, form)
        blank = Candidate("", Draft(""), task.seed, True, 0.0)
        yield Begun(_composition(blank, made, task, self._worker.generator))
        steps = self._by_line(task, made, form.lines) if form.lines else self._whole(task, made)
        async with aclosing(steps):
            async for step in steps:
                yield step

    async def again(self, task: Task, seed: int, pick: int) -> Composition:
        """The composition of that seed and pick which the same task led to before, whatever its reader saw then.

        Raises as `write` does, and GeneratorFailed if no draft is left of that seed.
        """
        form = self.form(task.form)
        made, found = await self._made(task, form), tuple[Composition, ...]()
        if form.lines:
            async with aclosing(self._by_line(task, made, form.lines)) as steps:
                async for step in steps:
                    found = step.compositions if isinstance(step, Written) else found
        else:
            drafts = tuple[Draft, ...]()
            async with aclosing(self._worker.stream(_request(made, seed, _drawn(task, made)))) as news:  # type: ignore[type-var]  # a generator
                async for grown in news:
                    drafts = drafts if isinstance(grown, Queued) else grown
            known = await self._aside(judged, drafts, made, seed, None)
            found = tuple(_composition(one, made, task, self._worker.generator) for one in known if one.pick == pick)
        for composition in found:
            if composition.seed == seed:
                return composition
        raise GeneratorFailed(why="nothing usable was written")

    async def _made(self, task: Task, form: Form) -> Plan:
        """The task, planned for the voice it is asked of, with the taste that chooses for it."""
        made = await self._aside(plan.plan, task, form, self._worker.generator, self._window)
        if self._tastes and made.adapter:
            made = replace(made, taste=await asyncio.to_thread(self._tastes, made.adapter))
        return made

    async def _aside(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Do what takes tens of milliseconds in a thread, one at a time, so that nobody else waits for it."""
        async with self._thinking:
            return await asyncio.to_thread(work, *args, **kwargs)

    async def _whole(self, task: Task, made: Plan) -> AsyncGenerator[Step, None]:
        found: list[Candidate] = []
        for attempt in range(ATTEMPTS):
            request = _request(made, seed_of(task.seed, attempt), _drawn(task, made))
            show, drafts = _Show(made), tuple[Draft, ...]()
            async with aclosing(self._worker.stream(request)) as news:  # type: ignore[type-var]  # a generator
                async for step in news:
                    if isinstance(step, Queued):
                        yield step
                        continue
                    drafts = step
                    snapshot = await self._aside(show.of, drafts) if show.surveys else show.of(drafts)
                    if snapshot is not None:
                        yield snapshot
                    if show.over:
                        break
            found += await self._aside(judged, drafts, made, request.seed, show.leader)
            enough = len(found) >= _choice(task, made)
            if enough and sum(candidate.stands for candidate in best(found, task.drafts)) >= task.drafts:
                break
        yield _written(found, made, task, self._worker.generator)

    async def _by_line(self, task: Task, made: Plan, rule: Lines) -> AsyncGenerator[Step, None]:
        found: list[Candidate] = []
        for number in range(task.drafts):
            shown = (one.answer for one in made.form.examples)
            avoid = (made.manners.before, *made.avoid, *(candidate.text for candidate in found), *shown)
            piece = Piece(rule, made.leads, made.wish, made.form.stale, avoid, suits=made.suits)
            pieces: tuple[Piece, ...] = (piece,)
            seed = seed_of(task.seed, number * 100)
            for attempt in range(ATTEMPTS * len(piece.leads)):
                requests, drawn = _line_requests(made, pieces, seed_of(seed, attempt)), list[tuple[Draft, ...]]()
                async with aclosing(self._together(requests, drawn)) as news:
                    async for queued in news:
                        yield queued
                pieces = beam.grown(pieces, drawn)
                if number == 0 and (sure := pieces[0].first(beam.settled(pieces))):
                    yield Snapshot(sure)
                if pieces[0].complete:
                    break
            found.append(_line_candidate(pieces[0], made, seed))
        yield _written(found, made, task, self._worker.generator)

    async def _together(
        self, requests: Sequence[TextRequest], drawn: list[tuple[Draft, ...]]
    ) -> AsyncGenerator[Queued, None]:
        """Draw them beside each other on the device; their last drafts go into `drawn`, in order."""
        async with AsyncExitStack() as stack:
            streams = [
                await stack.enter_async_context(aclosing(self._worker.stream(request)))  # type: ignore[type-var]
                for request in requests
            ]
            latest = list[Queued | tuple[Draft, ...]]()
            for place, stream in enumerate(streams):  # asked for once, each of them begins
                try:
                    latest.append(await anext(stream))
                except Busy:
                    if place == 0:
                        raise
                    latest.append(())  # a house that is full writes one piece, not three
            for stream, news in zip(streams, latest, strict=True):
                drafts = news
                if isinstance(news, Queued):
                    yield news
                async for step in stream:
                    if isinstance(step, Queued):
                        yield step
                    else:
                        drafts = step
                drawn.append(() if isinstance(drafts, Queued) else drafts)


class _Show:
    """Which draft a reader sees while they grow: the best when there is enough to choose by, as long as it is sound."""

    def __init__(self, made: Plan) -> None:
        self._made, self._last, self._steps = made, "", 0
        self.leader: int | None = None
        self.over = False

    @property
    def surveys(self) -> bool:
        """Whether the next look is at all of them, which takes tens of milliseconds."""
        return self.leader is None or (self._steps + 1) % LOOK_ROUND == 0

    def of(self, drafts: Sequence[Draft]) -> Snapshot | None:
        """A snapshot if there is something new to see."""
        survey = self.surveys
        self._steps += 1
        if all(draft.finish for draft in drafts):
            return self._last_look(drafts)
        # cleaning costs milliseconds: once a draft leads, the others are looked at now and then
        if survey:
            self._survey(drafts)
        if self.leader is None:
            return None
        leading = self._clean(drafts[self.leader])
        if self._broken(leading):
            self._survey(drafts)
            leading = self._clean(drafts[self.leader])
        if not leading.text or leading.text == self._last:
            return None
        self._last = leading.text
        return Snapshot(leading.text)

    def _last_look(self, drafts: Sequence[Draft]) -> Snapshot | None:
        """All are finished and the verdict follows at once; only who has seen nothing yet is shown something."""
        self.over = True
        text = "" if self._last else self._clean(max(drafts, key=lambda draft: draft.logprob)).text
        return Snapshot(text) if text else None

    def _survey(self, drafts: Sequence[Draft]) -> None:
        cleaned = [self._clean(draft) for draft in drafts]
        self.over = all(one.closed or draft.finish for one, draft in zip(cleaned, drafts, strict=True))
        if self.leader is not None and not self._broken(cleaned[self.leader]):
            return
        sound = [at for at, one in enumerate(cleaned) if not self._broken(one)]
        sizes = [len(cleaned[at].text.split()) for at in sound]
        ready = [at for at, size in zip(sound, sizes, strict=True) if size >= LEAD_WORDS]
        if ready and (len(ready) == len(sound) or max(sizes) >= 2 * LEAD_WORDS):
            self.leader = max(ready, key=lambda at: self._promise(drafts[at], cleaned[at].text))

    def _clean(self, draft: Draft) -> Cleaned:
        return clean(draft.text, self._made.manners, final=draft.finish is not None)

    def _broken(self, cleaned: Cleaned) -> bool:
        return cleaned.closed and len(cleaned.text.split()) < self._made.form.least

    def _promise(self, draft: Draft, text: str) -> float:
        made = self._made
        return (
            draft.logprob
            - stale(text, made.form)
            + pickup.kinship(text, made.manners.before, made.wish)
            - pickup.drift(text, made.manners.before)
            + liked(text, made)
        )


def seed_of(seed: int, attempt: int) -> int:
    """The seed of the nth drawing; the first is the task's own."""
    return (seed + attempt * 7919) % 2**63


def _drawn(task: Task, made: Plan) -> int:
    """How many drafts at once: where a taste or a mood chooses it shall have a choice, and one more is nearly free."""
    drafts = max(task.drafts, made.form.drafts)
    return max(drafts, min(drafts * CHOICE, MOST_DRAFTS)) if made.taste or made.suits else drafts


def _choice(task: Task, made: Plan) -> int:
    """How many drafts in all: who wants six versions shall not be given most of what one batch holds."""
    return task.drafts * CHOICE if made.taste or made.suits else 0


def _request(made: Plan, seed: int, drafts: int) -> TextRequest:
    form = made.form
    return _asked(made, made.prompt.text, made.prompt.reserved, seed, drafts, form.stop)


def _line_requests(made: Plan, pieces: Sequence[Piece], seed: int) -> list[TextRequest]:
    """What each of the pieces asks for its next line."""
    form, count, found = made.form, beam.drafts(made.form.drafts, pieces), list[TextRequest]()
    for place, piece in enumerate(pieces):
        prompt = made.prompt.text + _line_start(made) + piece.opening
        asked = _asked(made, prompt, form.tokens, (seed + place * 104_729) % 2**63, count, ("\n", *form.stop))
        found.append(replace(asked, line=piece.verse))
    return found


def _asked(made: Plan, prompt: str, tokens: int, seed: int, drafts: int, stop: tuple[str, ...]) -> TextRequest:
    return TextRequest(prompt, tokens, made.sampling, seed, drafts, stop, made.adapter, made.owner, WITHIN)


def _line_start(made: Plan) -> str:
    return "" if made.prompt.text.endswith("\n") else "\n"


def _line_candidate(piece: Piece, made: Plan, seed: int) -> Candidate:
    verdict = verdict_of(made.form, piece.text)
    raw = Draft(_line_start(made) + piece.text, logprob=piece.score, finish="stop")  # as behind the prompt
    return Candidate(piece.text, raw, seed, verdict.holds, piece.score, verdict.rule)


def _written(found: list[Candidate], made: Plan, task: Task, generator: TextGenerator) -> Written:
    chosen = best(found, task.drafts)
    if not chosen:
        raise GeneratorFailed(why="nothing usable was written")
    return Written(tuple(_composition(candidate, made, task, generator) for candidate in chosen))


def _composition(candidate: Candidate, made: Plan, task: Task, generator: TextGenerator) -> Composition:
    missed: tuple[Remark, ...] = ()
    if not candidate.stands and candidate.rule:
        missed = (("rule_missed", {"form": made.form.name, "rule": candidate.rule}),)
    return Composition(
        text=candidate.text,
        completion=candidate.raw.text,
        prompt=made.prompt.text,
        model=generator.name,
        adapter=made.adapter,
        sampling=made.sampling,
        seed=candidate.seed,
        finish=candidate.raw.finish or "stop",
        tokens=made.prompt.tokens,
        window=made.prompt.window,
        reserved=made.prompt.reserved,
        sections=made.prompt.sections,
        pick=candidate.pick,
        task=task,
        remarks=(*made.remarks, *missed),
    )
