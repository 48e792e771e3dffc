"""A real house on a small real base, with voices that differ a little, for tests of who speaks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import torch
from torch import nn
from transformers import AutoModelForCausalLM

from adapters import lora
from adapters.registry import Registry
from deploy.serve import House, house
from deploy.settings import Settings
from engine.text.gpt import Gpt

BASE = "tiny"


def voice(base: Path, folder: Path, seed: int, name: str = BASE, loud: float = 0.1, rank: int = 2) -> Path:
    """An adapter that nudges the model in `base`, enough to be told from it and too little to make it babble."""
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    for layer in lora.insert(model, rank=rank, alpha=float(rank)).values():
        nn.init.normal_(layer.lora_b, std=loud)
    lora.save(model, folder, name)
    return folder


@asynccontextmanager
async def lodging(base: Path, home: Path, most: int = 16, owners: str = "") -> AsyncIterator[tuple[House, Registry]]:
    """The house as `ghostnote run` builds it, and the registry that another process would write."""
    settings = Settings(home=home, owners=owners)
    generator = Gpt(
        base, BASE, device="cpu", dtype="float32", shelf=Registry(settings.adapters).whole, most_voices=most
    )
    async with house(settings, generator) as built:
        yield built, Registry(settings.adapters)
