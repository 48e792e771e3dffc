"""Reports of learning runs: each written once when a run is over, whatever its verdict. Standard library only."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from adapters import disk

Run = Mapping[str, Any]
"""`run` (its name), `scope`, `at`, `live` and `speaks` (before and after), `votes`, `about`, `plan`, `verdict`."""


class Runs:
    """The reports in one folder, which need not be there yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, run: Run) -> Path:
        """Write one more report; returns its file. OSError if the disk refuses."""
        self._folder.mkdir(parents=True, exist_ok=True)
        number = max((int(path.stem) for path in self._folder.glob("*.json") if path.stem.isdigit()), default=0) + 1
        path = self._folder / f"{number:04}.json"
        disk.write(path, dict(run))
        return path

    def all(self) -> list[Run]:
        """Every report that can be read, oldest first."""
        return [run for path in sorted(self._folder.glob("*.json")) if (run := _read(path))]

    def latest(self, scopes: Collection[str]) -> Run | None:
        """The newest report of a run for one of these scopes (`Scope.key`)."""
        newest = sorted(self._folder.glob("*.json"), reverse=True)
        return next((run for path in newest if (run := _read(path)) and run.get("scope") in scopes), None)


def _read(path: Path) -> Run | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("verdict"), dict) else None
