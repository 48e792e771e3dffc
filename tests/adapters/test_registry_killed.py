"""A publisher killed at any moment leaves the old voice or the new one, whole, and the next one can go on."""

import random
import subprocess
import sys
import threading
import time
from pathlib import Path

from adapters.registry import Registry, Scope

ROOT = Path(__file__).parents[2]


def run(home: Path) -> Path:
    folder = home / "run"
    folder.mkdir()
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "embedded"}', encoding="utf-8")
    (folder / "adapter_model.safetensors").write_bytes(random.Random(1).randbytes(300_000))
    return folder


def killed(home: Path, weights: Path, after: float) -> None:
    command = [sys.executable, "-m", "tests.adapters.killed", str(home), str(weights)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(after)
        process.kill()


def test_killed_at_any_moment_what_is_live_is_whole(tmp_path: Path) -> None:
    weights, home, dice = run(tmp_path), tmp_path / "home", random.Random(4)
    newest = kills = 0
    while kills < 20 or newest < 10:  # a slow disk publishes little between two kills
        killed(home, weights, dice.uniform(0.0, 0.03 + kills / 500))
        kills += 1
        assert kills < 200
        registry = Registry(home, home / "none")
        for reference in registry.scopes().values():
            assert (registry.whole(reference) / "adapter_model.safetensors").read_bytes() == (
                weights / "adapter_model.safetensors"
            ).read_bytes()
        for version in registry.versions():
            assert registry.show(version.reference) == version
        numbers = [int(version.version) for version in registry.versions()]
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) >= newest
        newest = len(numbers)
    made = registry.publish(weights, "sea", scope=Scope())
    assert registry.live() == made.reference == f"sea@{newest + 1:04}"
    assert not list(home.glob(".part-*"))


def test_two_publishers_at_once_get_a_version_each_and_no_move_is_lost(tmp_path: Path) -> None:
    weights, home = run(tmp_path), tmp_path / "home"

    def publish(room: str) -> None:
        mine = Registry(home, home / "none")
        for _ in range(10):
            mine.publish(weights, "sea", scope=Scope("channel", f"telegram:{room}"))

    threads = [threading.Thread(target=publish, args=(room,)) for room in ("1", "2", "3")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    registry = Registry(home, home / "none")
    assert len(registry.versions()) == 30
    assert sorted(registry.scopes()) == ["channel:telegram:1", "channel:telegram:2", "channel:telegram:3"]
    for _ in range(9):
        assert registry.rollback(Scope("channel", "telegram:2")) != ""
    assert registry.rollback(Scope("channel", "telegram:2")) == ""
