"""`ghostnote learn style NAME`: from a corpus to a voice of the owner's own (T).

The corpus is what `python -m deploy.corpora` built, or any file of rows (`adapters.passages`). The run keeps its state
in a folder and goes on from there; the finished voice becomes a version in the registry, or a folder of files.
"""

import errno
import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from transformers.integrations.integration_utils import TensorBoardCallback

from adapters import passages
from adapters.disk import write
from adapters.manifest import BadAdapter, Manifest, RegistryError
from adapters.registry import Registry, Scope
from adapters.rows import Plan
from adapters.train import METHODS, train
from deploy.models import ModelError, ensure
from engine.text.forms.load import load

RATES = {"lora": 1.5e-3, "adalora": 2e-3, "full": 2e-5}
Report = Callable[[int, int, float], None]


class StyleError(Exception):
    """A voice cannot be learnt; the message is one sentence."""


@dataclass(frozen=True)
class Wish:
    """What the owner asked for: which style, from what, on which base, and where the result and the scalars go."""

    name: str
    corpus: Path
    base: str
    home: Path
    run: Path
    out: Path | None = None
    publish: bool = False
    parent: str = ""
    tensorboard: Path | None = None
    wandb: bool = False


@dataclass(frozen=True)
class Result:
    """Where it lies, the version it became ("" if none), and the measures of `adapters.train`."""

    folder: Path
    reference: str
    measures: dict[str, float]


def check(wish: Wish, plan: Plan) -> None:
    """StyleError for a wish that cannot be carried out, before anything is loaded."""
    if plan.method not in METHODS:
        raise StyleError(f"there is no method {plan.method}; there are {', '.join(METHODS)}")
    if plan.method == "full" and (not wish.out or wish.publish or wish.parent):
        raise StyleError("full fine-tuning makes a model of its own, not an adapter; name a folder for it with --out")
    if wish.parent and plan.method != "lora":
        raise StyleError(f"only lora can go on from another adapter, not {plan.method}")
    if wish.publish and wish.name not in load():
        raise StyleError(f"there is no form {wish.name} that a voice could speak for; there are {', '.join(load())}")
    if wish.base == "echo":
        raise StyleError("the model echo cannot learn; name a base with --base")
    if not wish.corpus.is_file():
        raise StyleError(
            f"there is no corpus {wish.corpus}; "
            "build one with `python -m deploy.corpora NAME`, or name a file with --corpus"
        )
    if wish.wandb and find_spec("wandb") is None:
        raise StyleError("wandb is not installed; say pip install wandb, or leave --report out")
    if wish.out and wish.out.exists() and any(wish.out.iterdir() if wish.out.is_dir() else [wish.out]):
        raise StyleError(f"{wish.out} is there already and is not empty")


def learn(wish: Wish, plan: Plan, report: Report) -> Result:
    """Train (or go on) and put the result where it was wished; StyleError says in one sentence what is wrong."""
    check(wish, plan)
    try:
        base = ensure(wish.base, wish.home)
        parent = Registry(wish.home / "adapters").whole(wish.parent) if wish.parent else None
        _same(wish, plan)
        measures = train(
            base, wish.corpus, wish.run, plan, wish.base, parent=parent, report=report, watchers=_watchers(wish)
        )
        return _delivered(wish, plan, measures)
    except (BadAdapter, ModelError, RegistryError, ValueError, KeyError, SafetensorError) as wrong:
        raise StyleError(_sentence(wish, wrong)) from wrong
    except OSError as full:
        if full.errno != errno.ENOSPC:
            raise
        raise StyleError(f"the disk of {wish.run} is full; nothing that speaks was touched") from full


def _same(wish: Wish, plan: Plan) -> None:
    """A run goes on only as it was begun: another corpus or plan would make a voice that no report describes."""
    wish.run.mkdir(parents=True, exist_ok=True)
    begun = {"plan": asdict(plan), "corpus_sha256": _hash(wish.corpus), "base": wish.base, "parent": wish.parent}
    file = wish.run / "begun.json"
    under_way = any((wish.run / "steps").glob("checkpoint-*"))  # else nothing was learnt that could be mixed up
    if under_way and file.is_file() and json.loads(file.read_text(encoding="utf-8")) != begun:
        raise ValueError(
            f"the run in {wish.run} was begun with other options or another corpus; name another with --run"
        )
    write(file, begun)


def _delivered(wish: Wish, plan: Plan, measures: dict[str, float]) -> Result:
    made = wish.run / ("model" if plan.method == "full" else "adapter")
    if wish.out:
        shutil.copytree(made, wish.out, dirs_exist_ok=True)
        return Result(wish.out, "", measures)
    manifest = _publish(wish, plan, made, measures)
    return Result(made, manifest.reference, measures)


def _publish(wish: Wish, plan: Plan, made: Path, measures: dict[str, float]) -> Manifest:
    rows = list(passages.load(wish.corpus))
    data = {
        "corpus": wish.corpus.name,
        "corpus_sha256": _hash(wish.corpus),
        "rows": sum(row.split == "train" for row in rows),
        "votes": 0,
        "plan": asdict(plan),
    }
    return Registry(wish.home / "adapters").publish(
        made,
        wish.name,
        scope=Scope("form", wish.name) if wish.publish else None,
        base=wish.base,
        data=data,
        metrics=measures,
        parents=(wish.parent,) if wish.parent else (),
    )


def _watchers(wish: Wish) -> list[Any]:
    found = list[Any]()
    if wish.tensorboard:
        from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415  an extra

        scalars: Any = TensorBoardCallback
        found.append(scalars(SummaryWriter(wish.tensorboard)))
    if wish.wandb:
        from transformers.integrations.integration_utils import WandbCallback  # noqa: PLC0415  an extra

        told: Any = WandbCallback
        found.append(told())
    return found


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _sentence(wish: Wish, wrong: Exception) -> str:
    if isinstance(wrong, json.JSONDecodeError | KeyError | UnicodeDecodeError):
        return f"{wish.corpus} is no corpus: every line must be a row as `python -m deploy.corpora` writes them"
    return (str(wrong).splitlines() or [type(wrong).__name__])[0].rstrip(".")
