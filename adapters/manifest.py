"""What is known of one version of an adapter, kept beside its weights. Standard library only."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from adapters.disk import write

MANIFEST = "manifest.json"
FILES = ("adapter_config.json", "adapter_model.safetensors")
CARD = "README.md"
TASTE = "taste.json"
EXTRAS = (CARD, TASTE)  # what a version may have besides
SHIPPED_VERSION = "shipped"
MOST_BYTES = 512 * 1024 * 1024
PICKLES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt")


class RegistryError(Exception):
    """An adapter cannot be found, published or trusted; the message is one sentence."""


class BadAdapter(Exception):
    """The files are no usable adapter for this base; the message is one sentence that says why."""


@dataclass(frozen=True)
class Manifest:
    """What is known of a version: its base, data, measures, parents, the SHA-256 of its weights, and when (UTC)."""

    name: str
    version: str
    base: str
    sha256: str
    data: Mapping[str, object] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    parents: tuple[str, ...] = ()
    made: str = ""

    @property
    def reference(self) -> str:
        """`name@version`."""
        return f"{self.name}@{self.version}"


def describe(folder: Path, name: str, data: Mapping[str, object], metrics: Mapping[str, float]) -> Manifest:
    """Write the manifest of a voice that is shipped in `folder`, and return it."""
    manifest = Manifest(name, SHIPPED_VERSION, base_of(folder), sha256_of(folder), data, metrics, (), now())
    write(folder / MANIFEST, asdict(manifest))
    return manifest


def read_manifest(path: Path) -> Manifest:
    """The manifest in this file; RegistryError if it is none."""
    try:
        return as_manifest(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as broken:
        raise RegistryError(f"{path} is damaged") from broken


def as_manifest(found: Mapping[str, Any]) -> Manifest:
    """A manifest from what JSON gave; ValueError, KeyError, TypeError or AttributeError if it is none."""
    words = {name: str(found[name]) for name in ("name", "version", "base", "sha256", "made")}
    metrics = {str(name): float(value) for name, value in found["metrics"].items()}
    return Manifest(**words, data=dict(found["data"]), metrics=metrics, parents=tuple(map(str, found["parents"])))


def base_of(folder: Path) -> str:
    """The name that the PEFT files in `folder` give their base."""
    config = json.loads((folder / FILES[0]).read_text(encoding="utf-8"))
    return str(config["base_model_name_or_path"])


def sha256_of(folder: Path, weights: str = FILES[-1]) -> str:
    """The hash of the weights in `folder`."""
    return hashlib.sha256((folder / weights).read_bytes()).hexdigest()


def now() -> str:
    """The time to the second, in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")
