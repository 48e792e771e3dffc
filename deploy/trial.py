"""What a voice would write, for judging and rehearsing (T): the sampler that serves people, as the forms set it.

All voices get the same prompts and the same random streams, so that what differs is the voice.
"""

import zlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import torch
from glin_profanity import Filter

from adapters.asks import Ask, Write
from adapters.manifest import RegistryError
from engine.batching import Answer, write_all
from engine.errors import EngineError
from engine.ports import TextRequest
from engine.text.clean import Manners, clean
from engine.text.forms.load import Form, load
from engine.text.gpt import Gpt

TOKENS = 110
_OLD_WORDS = frozenset({"ass", "asses", "cock", "cocks", "bastard", "damn", "damned", "hell", "god"})  # books have them
_BARE = Form(name="", titles={}, voice=None, chat=None, plain=None, tokens=TOKENS, least=1)  # type: ignore[arg-type]


def writer(base: Path, name: str, device: str, threads: int) -> Write:
    """A `Write` over the base in a folder, which is loaded at the first call."""

    @cache
    def model() -> tuple[Gpt, dict[str, Path]]:
        folders: dict[str, Path] = {}

        def shelf(reference: str) -> Path:
            if reference not in folders:
                raise RegistryError(f"there is no adapter {reference}")
            return folders[reference]

        return Gpt(base, name, device=device, shelf=shelf), folders

    def write(asks: Sequence[Ask], folder: Path | None, texts: int) -> list[list[str]]:
        torch.set_num_threads(threads)
        gpt, folders = model()
        reference = f"tried@{len(folders) + 1}" if folder else ""
        if folder:
            folders[reference] = folder
        answers = write_all(gpt, [_request(ask, reference, texts) for ask in asks])
        return [_readable(ask, answer) for ask, answer in zip(asks, answers, strict=True)]

    return write


def _request(ask: Ask, adapter: str, drafts: int) -> TextRequest:
    form = load().get(ask.form, _BARE)
    seed = zlib.crc32(f"{ask.conversation}/{ask.prompt}".encode())
    return TextRequest(ask.prompt, min(form.room, TOKENS), form.sampling, seed, drafts, form.stop, adapter)


def _readable(ask: Ask, answer: Answer) -> list[str]:
    """Texts for one prompt as a person would read them, begun as the model began; none if it is too long."""
    if isinstance(answer, EngineError):
        return []
    manners = Manners(load().get(ask.form, _BARE).shape)
    return [_lead(draft.text) + clean(draft.text, manners).text for draft in answer]


def _lead(text: str) -> str:
    return text[: len(text) - len(text.lstrip())]


@cache
def _filter() -> Filter:
    return Filter()


def safe(text: str) -> bool:
    """Whether no word of a text is an insult today."""
    words = (word for word in text.split() if word.strip(".,;:!?\"'“”’()-").lower() not in _OLD_WORDS)
    return not _filter().is_profane(" ".join(words))
