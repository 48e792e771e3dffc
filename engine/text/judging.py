"""Which of the drafts may go out, and which of those reads best. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.ports import Draft
from engine.text import pickup
from engine.text.clean import clean
from engine.text.forms import check
from engine.text.forms.load import Form
from engine.text.likeness import likeness
from engine.text.plan import Plan

TOO_LIKE = 0.35
BLAND = -1.7  # a small model finds its commonplaces likelier than this, and they are no better for it


@dataclass(frozen=True, slots=True)
class Candidate:
    """One cleaned draft. `stands`: it may go out as this form; `score` ranks those that do, and those that do not."""

    text: str
    raw: Draft
    seed: int
    stands: bool
    score: float
    rule: str = ""
    pick: int = -1  # which draft of its seed, see `engine.text.task.Composition`


def judge(draft: Draft, made: Plan, seed: int, shown: bool = False) -> Candidate:
    """Clean a finished draft and say whether it may stand, and how well."""
    cleaned = clean(draft.text, made.manners, final=True, whole=draft.finish in {"end", "stop"})
    verdict = verdict_of(made.form, cleaned.text)
    alike = max(likeness(cleaned.text, (made.manners.before,)), likeness(cleaned.text, made.avoid))
    score = (
        min(draft.logprob, BLAND)
        + verdict.score
        - 2 * alike
        - stale(cleaned.text, made.form)
        + (0.15 if shown else 0.0)
    )
    score += pickup.kinship(cleaned.text, made.manners.before, made.wish) + liked(cleaned.text, made)
    if made.form.shape == "prose":
        score -= pickup.drift(cleaned.text, made.manners.before) + pickup.monotony(cleaned.text)
        score -= pickup.harping(cleaned.text)
    stands = verdict.holds and alike < TOO_LIKE
    return Candidate(cleaned.text, draft, seed, stands, score, verdict.rule or ("" if stands else "no repetition"))


def judged(drafts: Sequence[Draft], made: Plan, seed: int, leader: int | None) -> list[Candidate]:
    """Every draft of a seed; the leader is the one that its reader saw grow."""
    return [replace(judge(draft, made, seed, leader == at), pick=at) for at, draft in enumerate(drafts)]


def best(found: Sequence[Candidate], count: int) -> list[Candidate]:
    """The best `count` of the drafts, none like another; fewer if there are no more."""
    chosen: list[Candidate] = []
    usable = [candidate for candidate in found if candidate.text]
    for candidate in sorted(usable, key=lambda one: (one.stands, one.score), reverse=True):
        if len(chosen) < count and likeness(candidate.text, [one.text for one in chosen]) < TOO_LIKE:
            chosen.append(candidate)
    return chosen


def stale(text: str, form: Form) -> float:
    """What worn-out phrases cost."""
    return 0.3 * sum(bool(re.search(phrase, text, re.IGNORECASE)) for phrase in form.stale)


def liked(text: str, made: Plan) -> float:
    """What a text is worth to the people its voice learnt from, and to whoever chose what the piece is to be like."""
    return sum(judge(text) for judge in (made.taste, made.suits) if judge and text)


def verdict_of(form: Form, text: str) -> check.Verdict:
    """Whether a text keeps the rule of a form."""
    return check.CHECKERS[form.checker](text, form.measure)
