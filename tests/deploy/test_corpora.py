"""Sources with their hashes, and the command that builds a corpus from what is there."""

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from adapters import passages
from deploy.corpora import __main__ as command
from deploy.corpora import stories
from deploy.corpora.sources import MissingSource, Source, read

TALE = "\n\n".join(
    f"Once there was a {who} who had a {what}. " + f"The {who} carried the {what} over the hills and sang aloud. " * 4
    for who, what in (("miller", "donkey"), ("tailor", "needle"), ("widow", "lantern"), ("soldier", "drum"))
)

HELD = "\n\n".join(
    f"On {day} morning one {who} sat beside that {what} for an hour. "
    + f"No {who} had ever seen such a {what} before. " * 5
    for who, what, day in (("baker", "oven", "Monday"), ("sexton", "bell", "Friday"), ("nurse", "cradle", "Sunday"))
)


def source(member: str, content: bytes, client: str = "data") -> Source:
    return Source(client, "package", "1.0", member, hashlib.sha256(content).hexdigest(), "public domain")


def test_a_file_of_the_data_folder_is_read_if_it_is_the_right_one(tmp_path: Path) -> None:
    (tmp_path / "tale.txt").write_bytes(b"tale")
    assert read(source("tale.txt", b"tale"), tmp_path, tmp_path) == b"tale"
    with pytest.raises(MissingSource, match="SHA-256"):
        read(source("tale.txt", b"other"), tmp_path, tmp_path)
    with pytest.raises(MissingSource, match="--data"):
        read(source("tale.txt", b"tale"), None, tmp_path)


def test_a_debian_package_in_the_cache_is_unpacked(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w:xz") as packed:
        entry = tarfile.TarInfo("./usr/tale.txt")
        entry.size = 4
        packed.addfile(entry, io.BytesIO(b"tale"))
    data = inner.getvalue()

    def part(name: str, content: bytes) -> bytes:
        return (
            f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode()
            + content
            + b"\n" * (len(content) % 2)
        )

    deb = b"!<arch>\n" + part("debian-binary", b"2.0\n") + part("data.tar.xz", data)
    wanted = source("./usr/tale.txt", deb, "debian")
    (tmp_path / f"{wanted.sha256[:16]}.archive").write_bytes(deb)
    assert read(wanted, None, tmp_path) == b"tale"


def test_a_client_that_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingSource, match="npm"):
        read(source("index.js", b"", "npm"), None, tmp_path)


@pytest.fixture
def books(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    data = tmp_path / "data"
    data.mkdir()
    for name, text in (("one", TALE), ("two", HELD)):
        (data / f"{name}.txt").write_text(text, encoding="utf-8")
    made = [
        stories.Book(source("one.txt", TALE.encode()), "A", "fairy tale", "Once there was"),
        stories.Book(source("two.txt", HELD.encode()), "B", "fairy tale", "On Monday", "test"),
        stories.Book(source("three.txt", b""), "C", "story", "Gone"),
    ]
    monkeypatch.setattr(stories, "BOOKS", made)
    return data


def test_the_command_builds_from_what_is_there_and_names_what_is_not(
    books: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["story", "--data", str(books), "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "left out: three.txt" in said
    assert "SHA-256" in said
    rows = list(passages.load(tmp_path / "out" / "story.jsonl"))
    assert {(row.author, row.split) for row in rows} == {("A", "train"), ("B", "test")}
    assert all(row.prompt == "" or row.prompt.endswith("\n\n") for row in rows)
    assert any(row.prompt.startswith(("A story: ", "A fairy tale: ")) for row in rows)


def test_without_any_source_nothing_is_written(tmp_path: Path, books: Path) -> None:
    assert command.main(["story", "--out", str(tmp_path / "out")]) == 1
    assert not (tmp_path / "out").exists()


def test_a_corpus_whose_split_leaks_is_not_written(
    books: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(stories, "without_shared", lambda texts, training: texts)
    (books / "two.txt").write_text(TALE, encoding="utf-8")
    leaking = stories.Book(source("two.txt", TALE.encode()), "B", "fairy tale", "Once there was", "test")
    monkeypatch.setattr(stories, "BOOKS", [stories.BOOKS[0], leaking])
    assert command.main(["story", "--data", str(books), "--out", str(tmp_path / "out")]) == 1
    assert "refused" in capsys.readouterr().out
