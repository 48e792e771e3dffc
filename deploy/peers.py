"""What `ghostnote bench crowd` is compared with, each in a process of its own (T).

CTranslate2 and torch cannot live in one process, and no peer shall have another's memory or threads. `python -m
deploy.peers NAME FOLDER THREADS DEVICE` loads the model in FOLDER and says so with a line; then every line of JSON, a
`Job`, is answered with one, a `Result`. All write greedily, exactly as many tokens as they are asked for, whatever they
are: rules of sampling cost the peers much more than us, so leaving them out is to their favour.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypedDict


class Job(TypedDict):
    """What is to be written: `tokens` after each of `prompts`, which arrive `at` so many seconds."""

    prompts: list[list[int]]
    tokens: int
    at: list[float]


class Result(TypedDict):
    """Seconds in all; where the peer says so, those from the beginning to each prompt's first token, and all tokens."""

    seconds: float
    first: list[float]
    written: list[list[int]]


Peer = Callable[[Job], Result]


def sequential(folder: Path, threads: int, device: str) -> Peer:
    """transformers.generate in float32, one prompt after the other."""
    model, torch = _model(folder, "float32", threads, device)

    def run(job: Job) -> Result:
        begun, first, written = time.perf_counter(), list[float](), list[list[int]]()
        for prompt in job["prompts"]:
            clock = Clock()
            ids = torch.tensor([prompt], device=device)
            with torch.inference_mode():
                out = model.generate(ids, attention_mask=torch.ones_like(ids), streamer=clock, **_rules(job))
            first.append(clock.times[1] - begun)
            written.append(out[0, len(prompt) :].tolist())
        return {"seconds": time.perf_counter() - begun, "first": first, "written": written}

    return run


def static(folder: Path, threads: int, device: str) -> Peer:
    """transformers.generate in bfloat16, one batch, shorter prompts padded on the left."""
    model, torch = _model(folder, "bfloat16", threads, device)

    def run(job: Job) -> Result:
        ids = torch.tensor(_padded(job["prompts"]), device=device)
        seen = [[0] * (ids.shape[1] - len(p)) + [1] * len(p) for p in job["prompts"]]
        mask = torch.tensor(seen, device=device)
        begun = time.perf_counter()
        with torch.inference_mode():
            model.generate(ids, attention_mask=mask, **_rules(job)).cpu()
        return {"seconds": time.perf_counter() - begun, "first": [], "written": []}

    return run


def continuous(folder: Path, threads: int, device: str) -> Peer:
    """transformers' continuous batching; every prompt is handed in when it arrives.

    In bfloat16 with torch's attention, pages of 32 tokens and up to 512 in a step; on a busy CPU no other setting was
    clearly faster.
    """
    from transformers import ContinuousBatchingConfig, GenerationConfig  # noqa: PLC0415

    model, _ = _model(folder, "bfloat16", threads, device)
    rules: Any = GenerationConfig
    manager = model.init_continuous_batching(
        generation_config=rules(do_sample=False, eos_token_id=-1, pad_token_id=0),
        continuous_batching_config=ContinuousBatchingConfig(
            page_size=32, num_blocks=2048, max_batch_tokens=512, max_requests_per_batch=64, allow_block_sharing=False
        ),
    )
    manager.start()

    def run(job: Job) -> Result:
        begun, waiting, left = time.perf_counter(), list(zip(job["at"], job["prompts"], strict=True)), 0
        while waiting or left:
            while waiting and waiting[0][0] <= time.perf_counter() - begun:
                manager.add_request(waiting.pop(0)[1], max_new_tokens=job["tokens"])
                left += 1
            answer = manager.get_result(timeout=0.01)
            if answer is not None and answer.error:
                raise RuntimeError(answer.error)
            left -= answer is not None and answer.is_finished()
        return {"seconds": time.perf_counter() - begun, "first": [], "written": []}

    return run


def ctranslate2(folder: Path, threads: int, device: str) -> Peer:
    """CTranslate2 in int8, one batch; `folder` holds what `convert` made.

    Prompts are padded on the left as for the others. It knows no mask, so what it writes after a padded one is not
    right; but where prompts differ in length it reads the longer ones token by token, which takes three times as long.
    """
    import ctranslate2 as peer  # noqa: PLC0415

    generator = peer.Generator(str(folder), device=device, compute_type="int8", inter_threads=1, intra_threads=threads)
    names: list[str] = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))

    def run(job: Job) -> Result:
        begun = time.perf_counter()
        generator.generate_batch(
            [[names[token] for token in prompt] for prompt in _padded(job["prompts"])],
            max_length=job["tokens"], min_length=job["tokens"], include_prompt_in_result=False,
        )  # fmt: skip
        return {"seconds": time.perf_counter() - begun, "first": [], "written": []}

    return run


PEERS: dict[str, Callable[[Path, int, str], Peer]] = {
    "sequential": sequential,
    "static": static,
    "continuous": continuous,
    "ctranslate2": ctranslate2,
}


def convert(folder: Path, into: Path) -> None:
    """Make CTranslate2's int8 files of the model in `folder`."""
    from ctranslate2 import converters  # noqa: PLC0415

    converters.TransformersConverter(str(folder)).convert(str(into), quantization="int8", force=True)


class Clock:
    """Notes when `generate` hands out the prompt and every token."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def put(self, value: object) -> None:
        """Something was handed out."""
        self.times.append(time.perf_counter())

    def end(self) -> None:
        """Nothing more will be."""


def _padded(prompts: list[list[int]]) -> list[list[int]]:
    longest = max(map(len, prompts))
    return [[0] * (longest - len(prompt)) + prompt for prompt in prompts]


def _model(folder: Path, dtype: str, threads: int, device: str) -> tuple[Any, Any]:
    import torch  # noqa: PLC0415  # not in CTranslate2's process
    from transformers import AutoModelForCausalLM  # noqa: PLC0415

    torch.set_num_threads(threads)
    kinds: Any = AutoModelForCausalLM
    model = kinds.from_pretrained(folder, dtype=getattr(torch, dtype)).to(device).eval()
    model.generation_config.eos_token_id = None
    return model, torch


def _rules(job: Job) -> dict[str, Any]:
    return {"max_new_tokens": job["tokens"], "do_sample": False, "pad_token_id": 0}


def main() -> None:
    """See above."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # libraries like to print
    name, folder = sys.argv[1], Path(sys.argv[2])
    if name == "convert":
        convert(folder, Path(sys.argv[3]))
        return
    peer = PEERS[name](folder, int(sys.argv[3]), sys.argv[4])
    answers.write("{}\n")
    for line in sys.stdin:
        answers.write(json.dumps(peer(json.loads(line))) + "\n")
    os._exit(0)  # without waiting for the threads of others


if __name__ == "__main__":
    main()
