"""A whole house for tests: real storage, worker, writer and conversation; only the model is the echo generator."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from deploy.serve import house
from deploy.settings import Settings
from engine.conversation import Conversation
from engine.text.echo import EchoGenerator

# Machines are shared and noisy: how long an example takes says nothing about the code.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")


@pytest.fixture
async def conversation(tmp_path: Path) -> AsyncIterator[Conversation]:
    async with house(Settings(home=tmp_path / "home"), EchoGenerator()) as built:
        yield built.conversation
