"""`ghostnote bench adapters`: what voices cost in a step that serves many chats, and what each takes of memory (T).

The steps are measured bare, without a worker, once all prompts are read; the numbers of voices take turns.
"""

import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from deploy.bench import Line, machine, resident
from deploy.bench_chats import GREEDY, RANK, Endless, Prompts, make_voices
from deploy.bench_crowd import Report
from deploy.bench_rounds import WARM_UP, Keep, Results, rounds
from engine.batching import Limits, Prompt, plan
from engine.ports import TextRequest

VOICES = (0, 1, 2, 4, 8, 16)
CHATS = 16


def adapters(
    folder: Path, name: str, device: str, runs: int, tokens: int, report: Report, keep: Keep | None = None
) -> Results:
    """Measure steps in which 16 chats write in 0 to 16 voices; JSON-able. Blocks for a few minutes."""
    taken: dict[int, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as scratch:
        model = Endless(folder, name, device=device, shelf=Path(scratch).joinpath)
        names = make_voices(folder, Path(scratch), max(VOICES))
        before = resident()
        for voice in names:
            model.prepare(voice)
        held = (resident() - before) / len(names)
        prompts = Prompts(model, folder)

        def so_far(done: int) -> Results:
            times = {count: some[WARM_UP:] for count, some in taken.items()}
            lines = [*_lines(times), Line(f"memory of a voice of rank {RANK}, MB", held / 1e6)]
            return {
                "bench": "adapters",
                "model": name,
                "machine": machine(model),
                "settings": {"runs": runs, "tokens": tokens, "chats": CHATS, "rank": RANK},
                "rounds": done,
                "lines": [{**asdict(line), "met": line.met} for line in lines],
                "runs": times,
            }

        for number in rounds(runs, so_far, keep):
            for place in range(len(VOICES)):
                count = VOICES[(number + place) % len(VOICES)]
                taken[count].append(_step(model, prompts, names[:count] or [""], tokens))
                report(number * len(VOICES) + place + 1, (WARM_UP + runs) * len(VOICES))
    return so_far(runs)


def _lines(times: Mapping[int, Sequence[float]]) -> list[Line]:
    lines = [Line(f"{count} voices: ms a step of {CHATS} chats", 1e3 * statistics.median(times[count]))
             for count in VOICES]  # fmt: skip
    for count in VOICES[1:]:
        of = 0 if count == 1 else 1
        ratios = [one / other for one, other in zip(times[of], times[count], strict=True)]
        wanted = ">= 0.85" if count == 8 else ""
        lines.append(Line(f"speed with {count} voices, to {of}", statistics.median(ratios), wanted))
    return lines


def _step(model: Endless, prompts: Prompts, voices: Sequence[str], tokens: int) -> float:
    """The median of the seconds that a step takes in which all write."""
    job = prompts.job(prompts.lengths(CHATS), tokens)
    going = [
        model.start(TextRequest(prompts.words(ids), tokens, GREEDY, number, adapter=voices[number % len(voices)]))
        for number, ids in enumerate(job["prompts"])
    ]
    seconds = []
    while going:
        turns = plan((Prompt(one, 0.0, one.unread) for one in going), Limits())
        all_write = not any(read for _, read in turns)
        begun = time.perf_counter()
        model.step(turns)
        if all_write:
            seconds.append(time.perf_counter() - begun)
        going = [one for one in going if not one.over]
    return statistics.median(seconds)
