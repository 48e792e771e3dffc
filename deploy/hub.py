"""Fetch a model's safetensors and tokenizer files from the Hugging Face Hub into a plain folder.

Apart from `deploy/models` because the Hub's client is slow to import and most machines never ask it. Files are asked
for one by one: the client's own snapshot function takes a half-filled folder for a whole one when the Hub is away.
"""

import hashlib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, RepoFile, hf_hub_download
from huggingface_hub.errors import (  # type: ignore[attr-defined]  # HTTPError: of the library it happens to use
    GatedRepoError,
    HfHubHTTPError,
    HTTPError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)
from huggingface_hub.utils.tqdm import tqdm

WANTED = ("*.safetensors", "*.json", "*.txt", "*.jinja")


def pull(name: str, folder: Path, progress: Any, endpoint: str | None = None) -> None:
    """Download `name` into `folder`, going on where an earlier try stopped; never a pickle, never code.

    Raises LookupError if the Hub has no such model, ConnectionError if it cannot be reached, ValueError if what came is
    not what the Hub promised; all with a sentence.
    """
    try:
        _pull(name, folder, progress, endpoint)
    except GatedRepoError as error:
        raise LookupError(f"{name} is on the Hub only for those who accepted its terms (set HF_TOKEN).") from error
    except RepositoryNotFoundError as error:
        raise LookupError(f"The Hub has no model {name!r}.") from error
    except (LocalEntryNotFoundError, OfflineModeIsEnabled, HfHubHTTPError, HTTPError) as error:
        raise ConnectionError(f"The Hugging Face Hub cannot be reached for {name} ({type(error).__name__}).") from error


def _pull(name: str, folder: Path, progress: Any, endpoint: str | None) -> None:
    hub = HfApi(endpoint=endpoint)
    commit = hub.repo_info(name).sha
    entries = hub.list_repo_tree(name, revision=commit)
    files = [f for f in entries if isinstance(f, RepoFile) and any(fnmatch(f.path, like) for like in WANTED)]
    total, before = sum(file.size for file in files), 0

    class Bar(tqdm):  # the client wants a tqdm class; this one only tells how many bytes have come
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **{**kwargs, "disable": False, "file": _Nowhere()})  # type: ignore[no-untyped-call]

        def update(self, n: float | None = 1) -> None:
            super().update(n)
            progress("download", min(total, before + int(self.n)), total)

    for file in files:
        came = hf_hub_download(name, file.path, revision=commit, local_dir=folder, endpoint=endpoint, tqdm_class=Bar)
        _check(Path(came), file)
        before += file.size
        progress("download", before, total)


def _check(came: Path, file: RepoFile) -> None:
    right = came.stat().st_size == file.size
    if right and file.lfs is not None:
        with came.open("rb") as stream:
            right = hashlib.file_digest(stream, "sha256").hexdigest() == file.lfs.sha256
    if not right:
        came.unlink()
        raise ValueError(f"{file.path} came damaged from the Hub and was thrown away; try again.")


class _Nowhere:
    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        pass
