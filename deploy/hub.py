"""Fetch a model's safetensors and tokenizer files from the Hugging Face Hub into a plain folder.

Apart from `deploy/models` because the Hub's client is slow to import and most machines never ask it.
"""

from pathlib import Path
from typing import Any

import httpx
from huggingface_hub import snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)
from huggingface_hub.utils.tqdm import tqdm

WANTED = ["*.safetensors", "*.safetensors.index.json", "*.json", "*.txt", "*.jinja"]


def pull(name: str, folder: Path, progress: Any, endpoint: str | None = None) -> None:
    """Download `name` into `folder`, going on where an earlier try stopped; never a pickle, never code.

    Raises LookupError if the Hub has no such model, ConnectionError if it cannot be reached; both with a sentence.
    """

    class Bar(tqdm):  # the client wants a tqdm class; this one only counts bytes
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self.bytes = kwargs.get("unit") == "B"
            kwargs.pop("name", None)
            super().__init__(*args, **{**kwargs, "disable": False, "file": _Nowhere()})  # type: ignore[no-untyped-call]

        def update(self, n: float | None = 1) -> None:
            super().update(n)
            if self.bytes:
                progress("download", int(self.n), int(self.total or 0))

    try:
        snapshot_download(
            name, local_dir=folder, allow_patterns=WANTED, ignore_patterns=["*/*"], tqdm_class=Bar, endpoint=endpoint
        )
    except GatedRepoError as error:
        raise LookupError(f"{name} is on the Hub only for those who accepted its terms (set HF_TOKEN).") from error
    except RepositoryNotFoundError as error:
        raise LookupError(f"The Hub has no model {name!r}.") from error
    except (LocalEntryNotFoundError, OfflineModeIsEnabled, HfHubHTTPError, httpx.HTTPError) as error:
        raise ConnectionError(f"The Hugging Face Hub cannot be reached for {name} ({type(error).__name__}).") from error


class _Nowhere:
    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        pass
