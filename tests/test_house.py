"""The rules of the house that no linter knows."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("deploy", "bot", "engine", "adapters", "storage")
SOURCES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
WITH_TORCH = {
    str(path.relative_to(ROOT))
    for path in SOURCES
    if re.search(r"^\s*(import|from) (torch|transformers|peft|trl)\b", path.read_text("utf-8"), re.MULTILINE)
}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_bot_storage_and_the_engine_are_imported_without_torch() -> None:
    modules = [
        name(path).removesuffix(".py").replace("/", ".")
        for path in SOURCES
        if path.name != "__init__.py" and path.parts[len(ROOT.parts)] != "deploy" and name(path) not in WITH_TORCH
        and "versions" not in path.parts
    ]  # fmt: skip
    blocked = "import sys\nfor name in ('torch', 'transformers', 'peft'): sys.modules[name] = None\n"
    program = blocked + "\n".join(f"import {module}" for module in modules if "migrations" not in module)
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_torch_stands_only_in_the_modules_that_the_architecture_marks() -> None:
    marked = set(re.findall(r"`(\w+)` T\b|\b(\w+) T\b", (ROOT / "docs" / "architecture.md").read_text("utf-8")))
    names = {left or right for left, right in marked}
    assert {Path(path).stem for path in WITH_TORCH if not path.startswith("deploy")} <= names


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_house_numbers(path: Path) -> None:
    source = path.read_text("utf-8")
    if path.name == "__init__.py":
        assert not source.strip()
        return
    assert source.count("\n") <= 400
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or node.lineno) - node.lineno < 60, node.name
        assert not isinstance(node, ast.Global)
        assert not (isinstance(node, ast.ExceptHandler) and node.type is None)
