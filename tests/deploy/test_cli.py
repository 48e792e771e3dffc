"""The `ghostnote` command as its owner meets it: in a process of its own."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def ghostnote(home: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(home), "GHOSTNOTE_HOME": str(home / "ghost"), "LANG": "C.UTF-8"}
    environment |= {"GHOSTNOTE_TEXT_MODEL": "echo", "GHOSTNOTE_PORT": "0", "PYTHONPATH": str(ROOT)}
    environment |= {f"GHOSTNOTE_{name.upper()}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "deploy", *words]
    return subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, check=False)


def sentence(done: subprocess.CompletedProcess[str]) -> str:
    """What stderr says, which must be one line and no trace."""
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_a_wrong_setting_ends_with_status_2_and_names_itself(tmp_path: Path) -> None:
    for command in ("run", "chat", "settings", "doctor"):
        done = ghostnote(tmp_path, command, port="teapot")
        assert done.returncode == 2
        assert "GHOSTNOTE_PORT" in sentence(done)


def test_settings_are_listed_for_people_and_programs(tmp_path: Path) -> None:
    assert "GHOSTNOTE_TELEGRAM_API" in ghostnote(tmp_path, "settings").stdout
    rows = {row["name"]: row for row in json.loads(ghostnote(tmp_path, "settings", "--json", inbox="7").stdout)}
    assert (rows["GHOSTNOTE_INBOX"]["value"], rows["GHOSTNOTE_INBOX"]["default"]) == ("7", "64")


def test_the_doctor_is_content_with_a_house_in_order_and_says_what_is_not(tmp_path: Path) -> None:
    done = ghostnote(tmp_path, "doctor")
    assert done.returncode == 0, done.stdout
    assert "✗" not in done.stdout
    broken = ghostnote(tmp_path, "doctor", text_model=str(tmp_path / "nowhere"))
    assert broken.returncode == 1
    assert "✗" in broken.stdout


def test_one_text_without_a_chat(tmp_path: Path) -> None:
    first = ghostnote(tmp_path, "write", "story", "a", "fox", "--seed", "3")
    assert first.returncode == 0
    assert first.stdout.strip()
    assert ghostnote(tmp_path, "write", "story", "a", "fox", "--seed", "3").stdout == first.stdout
    unknown = ghostnote(tmp_path, "write", "opera", "a fox")
    assert unknown.returncode == 1
    assert "opera" in sentence(unknown)


@pytest.mark.parametrize("address", ["sqlite:///", "postgresql://nobody@127.0.0.1:9/none"])
def test_a_database_that_cannot_be_had_is_one_sentence(tmp_path: Path, address: str) -> None:
    done = ghostnote(tmp_path, "db", "upgrade", database_url=address)
    assert done.returncode == 1
    assert sentence(done)


def test_a_database_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    assert ghostnote(tmp_path, "db", "upgrade").returncode == 0
    file = tmp_path / "ghost" / "ghostnote.db"
    with sqlite3.connect(file) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    done = ghostnote(tmp_path, "db", "upgrade")
    assert done.returncode == 1
    assert "newer version" in sentence(done)
    with sqlite3.connect(file) as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]


def test_a_model_with_missing_weights_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for file in (ROOT / "tests" / "tiny_gpt2").glob("*.json"):
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "model.safetensors").write_bytes((ROOT / "tests" / "tiny_gpt2" / "model.safetensors").read_bytes())
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"n_layer": config["n_layer"] + 1}))
    done = ghostnote(tmp_path, "write", "story", "a fox", text_model=str(folder))
    assert done.returncode == 1
    assert "missing" in sentence(done)


def test_the_small_gpt2_writes(tmp_path: Path) -> None:
    model = str(ROOT / "tests" / "tiny_gpt2")
    done = ghostnote(tmp_path, "write", "story", "The king had three sons", "--seed", "1", text_model=model)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) > 10
