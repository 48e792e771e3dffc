"""The judge on a small real base: it lets a good voice pass, and none of five bad ones."""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from adapters import taste
from adapters.asks import Ask
from adapters.chances import Estimate
from adapters.examples import Examples, Pair
from adapters.judge import Judge, Trial, trust
from adapters.prefer import Plan, prefer
from adapters.restraint import steps
from adapters.verdict import Verdict, may_judge
from deploy.trial import safe, writer
from tests.engine.text.tiny import GPT2
from tests.flow.raters import Rater, Rule, dislikes_long_sentences, premises

PLAN = Plan(rate=2e-3, epochs=3)
WRITE = writer(GPT2, "tiny", "cpu", 1)
ASKS = [Ask(f"{premise}\n\n", "story", premise) for premise in premises(36, 1)]


RECITED = (
    "There was once a king who had a daughter so beautiful that the sun himself wondered whenever he saw her face.",
    "The little tailor sat at his window by the street and sewed with all his might, and was of good cheer.",
)


def quiet(stage: str, step: int, steps: int, loss: float) -> None:
    assert step <= steps, (stage, loss)


@pytest.fixture(scope="module")
def drawn() -> list[list[str]]:
    """What the bare base writes: three texts a prompt."""
    return WRITE(ASKS, None, 3)


def votes(drawn: Sequence[Sequence[str]], rule: Rule, noise: float = 0.15) -> Examples:
    rater, found = Rater(rule, 3, noise), []
    for ask, texts in zip(ASKS, drawn, strict=True):
        best = rater.pick(texts)
        found += [
            Pair(ask.prompt, texts[best], text, 1.0, ask.conversation, ("ann",), "story", "pick", "")
            for text in texts
            if text.strip() and texts[best].strip() and text != texts[best]
        ]
    return Examples(tuple(found))


def judge(training: Examples, held: Examples, folder: Path) -> Judge:
    tried = Trial(GPT2, None, folder, training, held, prompts=16)
    return Judge(tried, taste.fit(training), taste.fit(training + held), WRITE, safe, PLAN)


def tried(training: Examples, held: Examples, folder: Path) -> Verdict:
    return judge(training, held, folder).verdict(folder)


def _wins(verdict: Verdict) -> Estimate:
    assert verdict.evidence is not None
    return verdict.evidence.wins


@pytest.fixture(scope="module")
def halves(drawn: list[list[str]]) -> tuple[Examples, Examples]:
    return votes(drawn, dislikes_long_sentences).split(0.3, 1)


def test_a_good_voice_is_promoted(halves: tuple[Examples, Examples], tmp_path: Path) -> None:
    training, held = halves
    trying = judge(training, held, prefer(GPT2, None, training, tmp_path / "run", PLAN, quiet))
    for folder, _ in steps(trying):  # as deploy/learn does
        verdict = trying.verdict(folder)
        if not verdict.too_far:
            break
    assert verdict.promoted, verdict.words
    assert _wins(verdict).mean > 0.55


def test_a_voice_trained_on_inverted_votes_is_rejected(halves: tuple[Examples, Examples], tmp_path: Path) -> None:
    training, held = halves
    inverted = Examples(tuple(replace(one, chosen=one.rejected, rejected=one.chosen) for one in training.pairs))
    trying = judge(training, held, prefer(GPT2, None, inverted, tmp_path / "run", PLAN, quiet))
    verdict = trying.verdict(trying.trial.candidate)
    assert not verdict.promoted
    assert _wins(verdict).mean < 0.5
    assert "not_won" in verdict.reasons
    chosen = trying.choosing(verdict)  # the live voice may be served by the taste of the true votes all the same
    assert chosen.promoted
    assert chosen.instead == verdict.reasons
    assert "as it was" in chosen.words


@pytest.mark.parametrize(
    ("lesson", "reason"),
    [
        (
            lambda at: " Yes. Yes. Yes. Yes. Yes. Yes. Yes. Yes. Yes. Yes. Yes. Yes. Yes. Yes. Yes. Yes. Yes.",
            "variety",
        ),
        (lambda at: " " + RECITED[at % 2], "recites"),
    ],
)
def test_a_voice_that_says_one_thing_only_is_rejected(
    lesson: Callable[[int], str], reason: str, halves: tuple[Examples, Examples], tmp_path: Path
) -> None:
    training, held = halves
    taught = Examples(tuple(replace(one, chosen=lesson(at)) for at, one in enumerate(training.pairs)))
    hard = replace(PLAN, rate=1e-2, epochs=6, likeness=5.0)
    mixed = Examples(training.pairs + taught.pairs)  # what it recites is among what it was trained on
    verdict = tried(mixed, held, prefer(GPT2, None, taught, tmp_path / "run", hard, quiet))
    assert not verdict.promoted
    assert {reason, "fluency"} <= set(verdict.reasons), verdict.words


def test_twenty_coin_flips_promote_nobody(drawn: list[list[str]], tmp_path: Path) -> None:
    coins = votes(drawn, lambda text: zlib.crc32(text.encode()) % 997, noise=0.0)
    training, held = Examples(coins.pairs[:20]).split(0.4, 1)
    verdict = tried(training, held, prefer(GPT2, None, training, tmp_path / "run", PLAN, quiet))
    assert not verdict.promoted, verdict.words


def test_of_twenty_runs_on_coin_flips_at_most_one_is_promoted(drawn: list[list[str]], tmp_path: Path) -> None:
    promoted = 0
    for seed in range(20):
        coins = votes(drawn, lambda text, seed=seed: zlib.crc32(f"{seed} {text}".encode()), noise=0.0)  # type: ignore[misc]
        training, held = coins.split(0.3, seed)
        if may_judge(trust(taste.fit(coins))):  # else nothing is trained, see deploy/learn
            trying = judge(training, held, prefer(GPT2, None, training, tmp_path / str(seed), PLAN, quiet))
            verdict = trying.verdict(trying.trial.candidate)
            promoted += verdict.promoted or trying.choosing(verdict).promoted
    assert promoted <= 1


def test_without_held_out_conversations_nothing_is_judged(halves: tuple[Examples, Examples], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="held out"):
        tried(halves[0], Examples(), tmp_path)
