"""`ghostnote learn looks` on made-up data of the sources' shape: what it writes is what the product loads."""

import io
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from deploy import learn_looks
from deploy.cli import app
from deploy.corpora.sources import MissingSource, Source
from engine.art import nets
from engine.art.colour import hex_of
from engine.art.train import FIELDS, PALETTES


def found(source: Source) -> bytes:
    chance = np.random.default_rng(len(source.package))
    if source is learn_looks.LIKED:
        middles, spread = chance.uniform((0.2, -0.1, -0.1), (0.9, 0.1, 0.1), (160, 1, 3)), (0.1, 0.05, 0.05)
        return json.dumps([hex_of(middle + chance.normal(0, spread, (5, 3))) for middle in middles]).encode()
    out = io.BytesIO()
    Image.fromarray(chance.integers(0, 255, (400, 300), np.uint8)).save(out, "JPEG")
    return out.getvalue()


def test_a_short_run_writes_what_the_product_loads_and_says_how_good_it_is(tmp_path: Path) -> None:
    said: list[tuple[str, float]] = []

    def report(stage: str, done: float, losses: Mapping[str, float]) -> None:
        assert all(np.isfinite(loss) for loss in losses.values())
        said.append((stage, done))

    plans = replace(PALETTES, steps=100, batch=16), replace(FIELDS, steps=50, batch=4)
    measures = learn_looks.learn(tmp_path, found, report, *plans)
    assert said == [("palettes", 0.5), ("palettes", 1.0), ("fields", 1.0)]
    assert set(measures) >= {"mood_valence", "harmony_made", "harmony_shuffled", "nearest_made", "light", "movement"}
    for name in ("palettes", "fields"):
        made, shipped = nets.load(tmp_path / f"{name}.safetensors"), nets.weights(name)
        assert {key: value.shape for key, value in made.items()} == {key: one.shape for key, one in shipped.items()}
    again = learn_looks.learn(tmp_path / "again", found, report, *plans)
    assert again == measures


def test_what_ships_follows_what_it_is_asked_for() -> None:
    """By palettes that mean nothing, so that only what needs no data is looked at; card.md has the rest."""
    measures = learn_looks.measured(nets.FOLDER, json.loads(found(learn_looks.LIKED)))
    assert measures["mood_valence"] > 0.8
    assert measures["mood_energy"] > 0.8
    assert measures["light"] > 0.8
    assert measures["movement"] > 0.6


def test_a_source_that_is_missing_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(source: Source, *_: object) -> bytes:
        raise MissingSource(f"{source.label} could not be downloaded with npm")

    monkeypatch.setattr("deploy.corpora.sources.read", nothing)
    answer = CliRunner().invoke(app, ["learn", "looks", "--out", str(tmp_path / "out")])
    assert answer.exit_code == 1
    assert "could not be downloaded" in answer.output
    assert not (tmp_path / "out").exists()
