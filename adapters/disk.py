"""Files that are whole or not there, whatever is killed when. Standard library only."""

import json
import os
import shutil
import tempfile
from pathlib import Path

PART = ".part-"


def copy(source: Path, target: Path) -> None:
    """Copy a file and have it on the disk before going on."""
    shutil.copyfile(source, target)
    sync(target)


def sync(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk before going on."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write(path: Path, content: object) -> None:
    """Replace a JSON file in one move, on disk before the name changes."""
    handle, part = tempfile.mkstemp(prefix=PART, dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=1)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        Path(part).chmod(0o644)
        Path(part).replace(path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
    sync(path.parent)


def reason(problem: Exception) -> str:
    """One line, without Python's numbers."""
    if isinstance(problem, OSError) and problem.strerror:
        return f"{problem.strerror} ({problem.filename})" if problem.filename else problem.strerror
    return (str(problem) or type(problem).__name__).splitlines()[0]
