"""The judge (T): a candidate against the voice that is live, on conversations neither was trained on.

What a language model must be asked (how likely it finds a text) is asked here. Who is to say which text is better?
Nobody is at hand, so a taste is guessed from the training votes (`taste`) and has to prove itself on the others before
it may judge.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import nn

from adapters import bases, chances, lora, measures, taste
from adapters.asks import Ask, Write, prompts
from adapters.branches import logprobs
from adapters.chances import Estimate, Value
from adapters.examples import Examples
from adapters.prefer import Plan, completion_ids, prompt_ids
from adapters.verdict import Evidence, Samples, Verdict, chooses, decide

DRAFTS = 4  # texts of each voice for a prompt
CHANCE = 0.2  # percent: where a taste alone is all that is new, nothing else exposes luck; bootstraps of few are narrow
DOUBT = 2.5  # percent: a taste that is mere luck would approve of whatever was trained on it
NEUTRAL = Path(__file__).parent / "neutral.txt"


@dataclass(frozen=True)
class Reading:
    """What one voice makes of texts: nats of each completion (of thumbs, a token), and nats a token in all."""

    pairs: tuple[tuple[float, float], ...]
    thumbs: tuple[float, ...]
    liked: float
    neutral: float


@dataclass(frozen=True)
class Trial:
    """What is tried: a base's folder, the live adapter (None: the bare base), the candidate, both halves of data."""

    base: Path
    live: Path | None
    candidate: Path
    training: Examples
    held: Examples
    prompts: int = 24


def trust(whole: taste.Taste) -> Estimate:
    """How often a taste fitted to all votes is right about conversations it was not fitted to, see `Taste.trust`."""
    return chances.estimate(whole.trust, tail=DOUBT)


class Judge:
    """One candidate after another against the same live voice, which reads and writes only once.

    `guess` is the taste behind the training votes, which judges; `whole` the one behind all votes, which says how far a
    taste can be trusted here at all (`trust`).

    ValueError if there are too few votes to try anything with; BadAdapter as `lora.load`.
    """

    def __init__(
        self,
        trial: Trial,
        guess: taste.Taste,
        whole: taste.Taste,
        write: Write,
        safe: Callable[[str], bool],
        plan: Plan,
        neutral: Sequence[str] = (),
    ) -> None:
        if not len(trial.held):
            raise ValueError("no conversation could be held out, so nothing could be judged")
        self.trial = trial
        self._guess, self._whole, self._write, self._safe, self._plan = guess, whole, write, safe, plan
        self._asks = prompts(trial.held, trial.prompts)
        self._seen = prompts(trial.training, max(trial.prompts // 4, 4))
        self._known = measures.known_runs(_texts(trial.training))
        self._neutral = neutral or NEUTRAL.read_text(encoding="utf-8").strip().split("\n\n\n")
        self._readings = dict[Path | None, Reading]()
        torch.set_num_threads(plan.threads)
        self._model, self._tokenizer = bases.load(trial.base, plan.device)

    def perplexity(self, candidate: Path) -> tuple[float, float]:
        """On neutral texts and on liked ones, as ratios to the live voice's."""
        live, new = self._reading(self.trial.live), self._reading(candidate)
        return math.exp(new.neutral - live.neutral), math.exp(new.liked - live.liked)

    def verdict(self, candidate: Path) -> Verdict:
        """Try a candidate in every way there is, and decide."""
        neutral, liked = self.perplexity(candidate)
        ours, theirs = self._ours, self._texts(candidate)
        moved = agreement(self.trial.held, self._reading(self.trial.live), self._reading(candidate))
        return decide(
            trust(self._whole),
            Evidence(
                wins=chances.estimate(wins(self._guess, self._asks, ours, theirs)),
                accuracy=chances.estimate(moved),
                perplexity_neutral=neutral,
                perplexity_liked=liked,
                live=samples(ours, self._safe, self._known),
                candidate=samples(theirs, self._safe, self._known),
                likes=tuple(self._guess.likes()),
            ),
        )

    def choosing(self, refused: Verdict) -> Verdict:
        """Try the live voice as it is, with a taste that chooses among its drafts, after what was trained was refused.

        The votes themselves are the blind comparison here: they are on texts of the live voice, and the taste had not
        seen their conversations.
        """
        drawn = self._write(self._asks, self.trial.live, 2 * DRAFTS)  # it was trained on none, so can recite none
        usual = [drafts[:DRAFTS] for drafts in drawn]
        best = [sorted(drafts, key=self._guess.score, reverse=True)[:DRAFTS] for drafts in drawn]
        moved = [
            Value(pair.conversation, _side(self._guess.score(pair.chosen) - self._guess.score(pair.rejected)))
            for pair in self.trial.held.pairs
        ]
        return chooses(
            trust(self._whole),
            Evidence(
                wins=chances.estimate(self._whole.trust, tail=CHANCE),
                accuracy=chances.estimate(moved),
                perplexity_neutral=1.0,
                perplexity_liked=1.0,
                live=samples(usual, self._safe, self._known),
                candidate=samples(best, self._safe, self._known),
                likes=tuple(self._guess.likes()),
            ),
            refused,
        )

    @cached_property
    def _ours(self) -> list[list[str]]:
        return self._texts(self.trial.live)

    def _texts(self, folder: Path | None) -> list[list[str]]:
        return self._write([*self._asks, *self._seen], folder, DRAFTS)

    def _reading(self, folder: Path | None) -> Reading:
        if folder not in self._readings:
            self._readings[folder] = read(
                self._model, self._tokenizer, folder, self.trial.held, self._neutral, self._plan
            )
        return self._readings[folder]


def wins(
    guess: taste.Taste, asks: Sequence[Ask], ours: Sequence[Sequence[str]], theirs: Sequence[Sequence[str]]
) -> list[Value]:
    """For each prompt how often the candidate's text pleases more than the live voice's, ties half; all against all."""
    found = []
    for ask, old, new in zip(asks, ours, theirs, strict=False):
        before, after = [guess.score(text) for text in old], [guess.score(text) for text in new]
        duels = [0.5 + 0.5 * ((one > other) - (one < other)) for one in after for other in before]
        if duels:
            found.append(Value(ask.conversation, sum(duels) / len(duels)))
    return found


def agreement(held: Examples, live: Reading, new: Reading) -> list[Value]:
    """Whether the candidate moved towards each held-out vote: 1, 0, or a half for a tie.

    The move is DPO's implicit reward, the log-ratio of candidate to live. Of a pair, the chosen one must have moved up
    against the other; a lone thumb's text against the mean of all lone ones, a token at a time.
    """
    found = []
    for pair, (old_yes, old_no), (yes, no) in zip(held.pairs, live.pairs, new.pairs, strict=True):
        found.append(Value(pair.conversation, _side((yes - old_yes) - (no - old_no)), pair.weight))
    moves = [one - other for one, other in zip(new.thumbs, live.thumbs, strict=True)]
    middle = sorted(moves)[len(moves) // 2] if moves else 0.0
    for thumb, move in zip(held.thumbs, moves, strict=True):
        found.append(Value(thumb.conversation, _side((move - middle) * (1 if thumb.label else -1)), thumb.weight))
    return found


def _side(move: float) -> float:
    return 0.5 + 0.5 * ((move > 1e-6) - (move < -1e-6))


def samples(
    written: Sequence[Sequence[str]], safe: Callable[[str], bool], known: frozenset[tuple[str, ...]]
) -> Samples:
    """One voice's texts, measured."""
    texts = [text for drafts in written for text in drafts if text.strip()]  # what is empty is never sent
    return Samples(
        distinct_1=measures.distinct(texts, 1),
        distinct_2=measures.distinct(texts, 2),
        self_bleu=measures.self_bleu(texts),
        repetition=measures.repetition(texts),
        words=measures.length(texts),
        unsafe=sum(not safe(text) for text in texts) / max(len(texts), 1),
        copied=measures.copied(texts, known),
    )


@torch.no_grad()
def read(
    model: nn.Module, tokenizer: Any, folder: Path | None, held: Examples, neutral: Sequence[str], plan: Plan
) -> Reading:
    """Let the voice in `folder` (None: the bare base) read the held-out texts and the neutral ones."""
    lora.remove(model)
    if folder is not None:
        lora.load(model, folder)
    liked: list[float] = []
    pairs = []
    for pair in held.pairs:
        chosen, rejected = (completion_ids(tokenizer, text, plan) or [tokenizer.eos_token_id]
                            for text in (pair.chosen, pair.rejected))  # fmt: skip
        prompt = prompt_ids(tokenizer, pair.prompt, plan.width - max(len(chosen), len(rejected)))
        yes, no = logprobs(model, prompt, [chosen, rejected])
        pairs.append((float(yes.sum()), float(no.sum())))
        liked += yes.tolist()
    thumbs = []
    for thumb in held.thumbs:
        ids = completion_ids(tokenizer, thumb.completion, plan) or [tokenizer.eos_token_id]
        (one,) = logprobs(model, prompt_ids(tokenizer, thumb.prompt, plan.width - len(ids)), [ids])
        thumbs.append(float(one.mean()))
        liked += one.tolist() if thumb.label else []
    plain = [nats for text in neutral for nats in _nats(model, tokenizer, text, plan)]
    lora.remove(model)
    return Reading(tuple(pairs), tuple(thumbs), -_mean(liked), -_mean(plain))


def _nats(model: nn.Module, tokenizer: Any, text: str, plan: Plan) -> list[float]:
    """The log-probability of every token of a text but the first few words, which nothing announces."""
    ids = tokenizer(text, add_special_tokens=False)["input_ids"][: plan.width]
    return logprobs(model, ids[:8], [ids[8:]])[0].tolist() if len(ids) > 8 else []


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _texts(examples: Examples) -> list[str]:
    liked = [pair.chosen for pair in examples.pairs] + [pair.rejected for pair in examples.pairs]
    return liked + [thumb.completion for thumb in examples.thumbs]
