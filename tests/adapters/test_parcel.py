"""A version as a zip file: it comes back as it went, and nothing else is let in."""

import json
import warnings
import zipfile
from pathlib import Path

import pytest

from adapters import parcel
from adapters.manifest import MANIFEST, RegistryError
from adapters.registry import Registry

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
FINE = {CONFIG: b'{"base_model_name_or_path": "embedded"}', WEIGHTS: b"weights"}


@pytest.fixture
def into(tmp_path: Path) -> Path:
    folder = tmp_path / "into"
    folder.mkdir()
    return folder


def zipped(target: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return target


def test_what_was_packed_comes_back_whole(tmp_path: Path, into: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    for name, content in {**FINE, "README.md": b"the card"}.items():
        (run / name).write_bytes(content)
    registry = Registry(tmp_path / "home")
    made = registry.publish(run, "sea", data={"votes": 3}, metrics={"bits": 1.5}, parents=("story@shipped",))
    parcel.pack(registry.folder(made.reference), tmp_path / "sea.zip")
    about = parcel.unpack(tmp_path / "sea.zip", into)
    assert about is not None
    assert (about.name, about.metrics, about.parents) == ("sea", {"bits": 1.5}, ("story@shipped",))
    assert about.data == {"votes": 3, "imported": "sea@0001"}
    assert {path.name: path.read_bytes() for path in into.iterdir() if path.name != MANIFEST} == {
        **FINE,
        "README.md": b"the card",
    }


def test_a_folder_as_people_zip_it_is_read_and_what_is_no_adapter_is_left_out(tmp_path: Path, into: Path) -> None:
    files = {f"sea/{name}": content for name, content in FINE.items()}
    assert (
        parcel.unpack(zipped(tmp_path / "x.zip", {**files, "sea/tokenizer.json": b"{}", "notes.txt": b""}), into)
        is None
    )
    assert {path.name for path in into.iterdir()} == {CONFIG, WEIGHTS}


MANIFESTS = {"wrong": b"{", "empty": b"{}", "list": b"[]", "deep": b"[" * 100_000}
OTHER = {"name": "x", "version": "1", "base": "b", "sha256": "0", "made": "", "data": {}, "metrics": {}, "parents": []}
REFUSED = {
    "outside": ({**FINE, "../../escaped": b"x"}, "outside"),
    "absolute": ({**FINE, "/escaped": b"x"}, "outside"),
    "windows": ({**FINE, "..\\escaped": b"x"}, "outside"),
    "drive": ({**FINE, "C:escaped": b"x"}, "outside"),
    "pickled": ({CONFIG: b"{}", "adapter_model.bin": b"x"}, "pickled"),
    "pickled too": ({**FINE, "optimizer.PT": b"x"}, "pickled"),
    "two": ({**FINE, **{f"b/{name}": content for name, content in FINE.items()}}, "more than one"),
    "nothing": ({}, "no adapter_config"),
    "no weights": ({CONFIG: b"{}"}, "no adapter_model"),
    "huge words": ({**FINE, CONFIG: b" " * (parcel.MOST_WORDS + 1)}, "too large"),
    "many": ({f"{number}.txt": b"" for number in range(parcel.MOST_ENTRIES + 1)}, "too large"),
    "other weights": ({**FINE, MANIFEST: json.dumps(OTHER).encode()}, "not those"),
    **{f"manifest {name}": ({**FINE, MANIFEST: content}, "damaged") for name, content in MANIFESTS.items()},
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_may_not_come_in_is_refused_with_one_sentence(case: str, tmp_path: Path, into: Path) -> None:
    files, why = REFUSED[case]
    with pytest.raises(RegistryError, match=why) as refusal:
        parcel.unpack(zipped(tmp_path / "x.zip", files), into)
    assert "\n" not in str(refusal.value)
    assert not list(tmp_path.rglob("escaped"))


def test_a_zip_that_is_huge_when_unpacked_is_not_unpacked(
    tmp_path: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parcel, "MOST_BYTES", 1_000_000)
    bomb = zipped(tmp_path / "x.zip", {CONFIG: b"{}", WEIGHTS: bytes(2_000_000)})
    assert bomb.stat().st_size < 10_000
    with pytest.raises(RegistryError, match="too large"):
        parcel.unpack(bomb, into)
    assert not list(into.iterdir())


@pytest.mark.parametrize("content", [b"", b"no zip at all", b"PK\x03\x04" + b"\xff" * 500])
def test_what_is_no_zip_is_refused(content: bytes, tmp_path: Path, into: Path) -> None:
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(RegistryError, match="no zip file"):
        parcel.unpack(tmp_path / "x.zip", into)


def test_a_zip_cut_or_flipped_anywhere_is_refused_or_whole(tmp_path: Path, into: Path) -> None:
    whole = zipped(tmp_path / "x.zip", FINE).read_bytes()
    for at in range(len(whole)):
        for harmed in (whole[:at], whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :]):
            (tmp_path / "x.zip").write_bytes(harmed)
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    parcel.unpack(tmp_path / "x.zip", into)
            except RegistryError:
                continue
            assert {name: (into / name).read_bytes() for name in FINE} == FINE


def test_a_missing_zip_or_target_is_one_sentence(tmp_path: Path, into: Path) -> None:
    with pytest.raises(RegistryError, match="cannot be read"):
        parcel.unpack(tmp_path / "nowhere.zip", into)
    with pytest.raises(RegistryError, match="cannot be written"):
        parcel.pack(into, tmp_path / "nowhere" / "x.zip")
