"""The voices in the repository: whole, small, for the embedded base, and with a card."""

from pathlib import Path

import pytest
import torch

from adapters import files
from adapters.registry import SHIPPED, Registry

VOICES = sorted(path.name for path in SHIPPED.iterdir() if path.is_dir())


@pytest.mark.parametrize("name", VOICES)
def test_a_shipped_voice_is_what_its_manifest_says_and_small(name: str, tmp_path: Path) -> None:
    manifest = Registry(tmp_path).show(f"{name}@shipped")
    assert manifest.base == "embedded"
    assert manifest.metrics["test_bits"] < manifest.metrics["test_bits_base"]
    assert (SHIPPED / name / files.WEIGHTS).stat().st_size <= 3_000_000
    assert "How good it is" in (SHIPPED / name / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", VOICES)
def test_a_shipped_voice_can_be_read_and_says_something(name: str) -> None:
    adapter = files.read(SHIPPED / name)
    assert len(adapter.matrices) == 30 * 7
    assert all(torch.isfinite(b).all() and b.abs().max() > 0 for _, b in adapter.matrices.values())


def test_story_and_poem_are_shipped() -> None:
    assert {"story", "poem"} <= set(VOICES)
