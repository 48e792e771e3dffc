"""Many requests in one step of the real model: each says what it says alone, whoever comes and goes."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from peft import PeftModel
from transformers import PreTrainedModel

from engine.batching import Limits, Prompt, plan
from engine.errors import GeneratorFailed
from engine.ports import Draft, Sampling, TextRequest
from engine.text import generation
from engine.text.generation import Writing
from engine.text.gpt import Gpt
from engine.text.network import HubNetwork
from engine.text.sampling import Dice, draw
from tests.engine.text.tape import recording
from tests.engine.text.tiny import GPT2, generated, make_llama, make_wide_llama, reference, write
from tests.engine.voices import voice

WORDS = """the old king went into a dark wood and there he met his three sons who had been asleep for seven
years""".split()  # noqa: SIM905
RULES = (
    Sampling(temperature=0),
    Sampling(temperature=1.0, top_p=1.0),
    Sampling(temperature=0.9, top_p=0.9, repetition_penalty=1.2),
    Sampling(temperature=1.2, top_k=20, no_repeat_ngram=2),
    Sampling(temperature=1.0, top_p=1.0, min_p=0.05),
)


@pytest.fixture(scope="module", params=["gpt2", "llama", "gpt2, recorded", "llama, recorded"])
def gpt(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Gpt:
    """`recorded`: as on a GPU, all but the recording, which a CPU cannot do."""
    folder = GPT2 if request.param.startswith("gpt2") else make_llama(tmp_path_factory.mktemp("llama"))
    voices = tmp_path_factory.mktemp("voices")
    shelf = {name: voice(folder, voices / name, seed) for seed, name in enumerate("abc")}
    found = Gpt(folder, device="cpu", dtype="float32", shelf=shelf.__getitem__)
    if request.param.endswith("recorded"):
        recording(found)
    return found


def a_request(dice: random.Random) -> TextRequest:
    prompt = " ".join(dice.choices(WORDS, k=dice.choice([1, 5, 30, 90, 150])))
    rules, voice = dice.choice(RULES), dice.choice(["", *"abc"])
    return TextRequest(prompt, dice.randint(1, 14), rules, dice.randint(0, 99), dice.randint(1, 3), (), voice)


def an_evening(gpt: Gpt, requests: list[TextRequest], dice: random.Random) -> list[tuple[Draft, ...]]:
    """All of them, each joining at a step of its own; some others join too, and go away in the middle."""
    coming = [(dice.randint(0, 12), one) for one in requests]
    mine: dict[int, Writing] = {}
    guests: list[Writing] = []
    limits = Limits(beside=dice.choice([64, 128, 256]), alone=dice.choice([64, 256]))
    for step in range(500):
        mine |= {at: gpt.start(one) for at, (when, one) in enumerate(coming) if when == step}
        if dice.random() < 0.4:
            guests.append(gpt.start(a_request(dice)))
        for guest in [one for one in guests if one.over or dice.random() < 0.2]:
            guest.close()
            guests.remove(guest)
        going = [one for one in (*mine.values(), *guests) if not one.over]
        gpt.step(plan((Prompt(one, 0.0, one.unread) for one in going), limits))
        if len(mine) == len(requests) and all(one.over for one in mine.values()):
            break
    for guest in guests:
        guest.close()
    return [mine[at].drafts() for at in range(len(requests))]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000))
def test_everybody_says_what_they_say_alone(gpt: Gpt, seed: int) -> None:
    dice = random.Random(seed)
    requests = [a_request(dice) for _ in range(5)]
    alone = [write(gpt, one) for one in requests]
    assert an_evening(gpt, requests, dice) == alone
    assert not any(slab.rows for slab in gpt._network.pool._slabs.values())  # type: ignore[attr-defined]


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")  # PEFT asks for it
def test_greedy_text_in_any_company_and_voice_is_that_of_generate(gpt: Gpt) -> None:
    folder = Path(gpt._tokenizer.name_or_path)
    assert gpt._shelf is not None
    models: dict[str, PreTrainedModel | PeftModel] = {"": reference(folder)}
    models |= {name: PeftModel.from_pretrained(reference(folder), gpt._shelf(name)).eval() for name in "abc"}
    for seed in range(4):
        dice = random.Random(seed)
        requests = [replace(a_request(dice), sampling=RULES[0], drafts=1) for _ in range(6)]
        for request, (draft,) in zip(requests, an_evening(gpt, requests, dice), strict=True):
            assert draft.text == generated(models[request.adapter], gpt, request.prompt, request.max_tokens)
            assert draft.tokens == request.max_tokens or draft.finish == "end"


needs_bfloat16 = pytest.mark.skipif(
    not (torch.cpu._is_avx512_bf16_supported() and hasattr(torch.ops.mkldnn, "_linear_pointwise")),
    reason="only where bfloat16 is the type in use",
)


@pytest.mark.parametrize(
    ("base", "dtype"), [("gpt2", "int8"), ("llama", "int8"), pytest.param("gpt2", "bfloat16", marks=needs_bfloat16)]
)
def test_not_even_the_last_bit_depends_on_company(base: str, dtype: str, tmp_path: Path) -> None:
    folder = GPT2 if base == "gpt2" else make_wide_llama(tmp_path / "llama")
    shelf = {name: voice(folder, tmp_path / name, seed) for seed, name in enumerate("abc")}
    gpt = Gpt(folder, device="cpu", dtype=dtype, shelf=shelf.__getitem__)
    assert str(gpt.dtype) == f"torch.{dtype}"
    for seed in range(6):
        dice = random.Random(seed)
        requests = [a_request(dice) for _ in range(5)]
        alone = [write(gpt, one) for one in requests]
        assert an_evening(gpt, requests, dice) == alone


def test_who_pauses_keeps_their_place_beside_the_others(gpt: Gpt, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = {name: write(gpt, TextRequest("The king", 6, RULES[1], seed=3, adapter=name)) for name in ("", *"abc")}
    joined = gpt._network.blocks[0].out._joined  # type: ignore[attr-defined]
    assert joined.voices == ("a", "b", "c")
    for name in "bac":
        assert write(gpt, TextRequest("The king", 6, RULES[1], seed=3, adapter=name)) == alone[name]
    assert gpt._network.blocks[0].out._joined is joined  # type: ignore[attr-defined]
    gpt._repertoire.drop("b")
    assert gpt._network.company.voices == ("a", "c")  # type: ignore[attr-defined]
    monkeypatch.setattr(gpt._network.company, "_most", 2)  # type: ignore[attr-defined]
    for name in ("b", "a", "", "c"):
        assert write(gpt, TextRequest("The king", 6, RULES[1], seed=3, adapter=name)) == alone[name]
    assert gpt._network.company.voices == ("c",)  # type: ignore[attr-defined]


def test_the_next_turn_of_a_story_reads_only_what_is_new(gpt: Gpt) -> None:
    story = " ".join(random.Random(1).choices(WORDS, k=150))
    first = TextRequest(story, 8, RULES[1], seed=1)
    write(gpt, first)
    longer = TextRequest(story + " and then the youngest of them said", 8, RULES[1], seed=2)
    begun = gpt.start(longer)
    assert 0 < begun.unread < 64 + gpt.count(" and then the youngest of them said") + 1
    other = gpt.start(TextRequest(longer.prompt, 8, RULES[1], seed=2, adapter="a"))
    assert other.unread == gpt.count(longer.prompt)  # what another voice has read is no use
    begun.close()
    other.close()
    known = write(gpt, longer)
    gpt._network.pool._kept.clear()  # type: ignore[attr-defined]
    assert write(gpt, longer) == known


def long(number: int) -> TextRequest:
    return TextRequest(f"number {number} " + " ".join(random.Random(number).choices(WORDS, k=200)), 2, RULES[0])


def test_what_is_kept_of_prompts_is_bounded_and_the_oldest_goes(gpt: Gpt) -> None:
    pool = gpt._network.pool  # type: ignore[attr-defined]
    for number in range(40):
        write(
            gpt, TextRequest(f"number {number} " + " ".join(random.Random(number).choices(WORDS, k=200)), 2, RULES[0])
        )
        assert pool.kept <= 6144
    assert pool.kept > 3000
    last = gpt.start(long(39))
    assert last.unread < 65
    first = gpt.start(long(0))
    assert first.unread > 65
    last.close()
    first.close()


def test_a_voice_that_breaks_ends_its_own_requests_only_and_leaves_nothing_behind(gpt: Gpt, tmp_path: Path) -> None:
    good, bad = (
        TextRequest("The king", 12, RULES[1], seed=3),
        TextRequest("The king", 12, RULES[1], seed=3, adapter="a"),
    )
    alone = write(gpt, good)
    gpt.prepare("a")
    product = gpt._network.blocks[0].out  # type: ignore[attr-defined]
    down, up = product._voices["a"]
    product.load("a", (down * 3e38, up))  # overflows only when it is used; what is no number is not loaded
    try:
        for _ in range(2):
            writings = [gpt.start(one) for one in (bad, good, bad)]
            while not all(one.over for one in writings):
                gpt.step([(one, 64) for one in writings if not one.over])
            assert [type(one.problem) for one in writings] == [GeneratorFailed, type(None), GeneratorFailed]
            assert writings[1].drafts() == alone
    finally:
        gpt._repertoire.drop("a")
    assert write(gpt, good) == alone


def test_if_the_device_refuses_a_step_only_who_fails_alone_ends(gpt: Gpt, monkeypatch: pytest.MonkeyPatch) -> None:
    requests = [TextRequest(f"The king {n}", 6, RULES[1], seed=n, drafts=1 + n) for n in range(3)]
    alone = [write(gpt, one) for one in requests]
    real = type(gpt._network).forward

    def full(network: object, parts: list[object]) -> torch.Tensor:
        if any(len(part.ids) == 3 and not part.reads for part in parts):  # type: ignore[attr-defined]
            raise RuntimeError("out of memory")
        return real(network, parts)  # type: ignore[arg-type]

    writings = [gpt.start(one) for one in requests]
    monkeypatch.setattr(type(gpt._network), "forward", full)
    while not all(one.over for one in writings):
        gpt.step([(one, 64) for one in writings if not one.over])
    assert [type(one.problem) for one in writings] == [type(None), type(None), GeneratorFailed]
    assert [one.drafts() for one in writings[:2]] == alone[:2]


@pytest.mark.parametrize("hub", [False, True])
def test_a_step_that_fails_half_way_is_done_again_as_if_it_had_not_been(
    gpt: Gpt, hub: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if hub:
        monkeypatch.setattr(gpt, "_network", HubNetwork(reference(Path(gpt._tokenizer.name_or_path))))
    requests = [TextRequest(f"The king {n} " * 30, 8, RULES[1], seed=n, drafts=1 + n) for n in range(3)]
    alone = [write(gpt, one) for one in requests]
    real, calls = draw, iter(range(1000))

    def unlucky(scores: torch.Tensor, dice: list[Dice]) -> tuple[list[int], list[float]]:
        if next(calls) % 3 == 0 and len(dice) > 3:  # when several are in the step, not when one is tried alone
            raise RuntimeError("out of memory")
        return real(scores, dice)

    monkeypatch.setattr(generation, "draw", unlucky)
    writings = [gpt.start(one) for one in requests]
    while not all(one.over for one in writings):
        gpt.step([(one, 64) for one in writings if not one.over])
    assert next(calls) > 8
    assert [[draft.text for draft in one.drafts()] for one in writings] == [[d.text for d in one] for one in alone]
