"""The learner is killed at random moments: what is live is always whole, and the run ends all the same.

The suite kills a few times; `KILLS=20` with this file alone kills twenty times.
"""

import asyncio
import os
import random
import signal
import sys
from pathlib import Path

from adapters.registry import Registry, Scope
from deploy.settings import Settings
from tests.engine.text.tiny import GPT2
from tests.engine.voices import voice
from tests.flow.served import ROOT

KILLS = int(os.environ.get("KILLS", "3"))
SCOPE = Scope("channel", "studio:local")


def check(registry: Registry, first: str) -> str:
    """What is live is a whole version; every version on disk is whole."""
    live = registry.scopes()[SCOPE.key]
    assert (registry.whole(live) / "adapter_model.safetensors").stat().st_size > 0
    for version in registry.versions():
        registry.show(version.reference)
    assert live == first or registry.show(live).parents == (first,)
    return live


async def test_killed_at_any_moment_the_live_voice_is_whole(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", text_model=str(GPT2))
    registry = Registry(settings.adapters)
    first = registry.publish(voice(GPT2, tmp_path / "sea", 1, str(GPT2)), "sea", scope=SCOPE, base=str(GPT2)).reference
    dice, kills, status = random.Random(5), 0, -signal.SIGKILL
    while status == -signal.SIGKILL:
        command = (sys.executable, "-m", "tests.flow.learner", str(settings.home))
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
        assert process.stdout is not None
        ready = await process.stdout.readline()
        if kills < KILLS and ready:
            await asyncio.sleep(dice.uniform(0.0, 6.0))
            if process.returncode is None:
                process.kill()
                kills += 1
        said, _ = await process.communicate()
        assert process.returncode is not None
        status = process.returncode
        check(registry, first)
        if status == 0 and kills < KILLS:
            status = -signal.SIGKILL  # it was quicker than the hand that kills; begin another
    assert status == 0
    assert said.decode().split()[0] in ("promoted", "rejected")
    assert list((settings.learning / "reports").glob("*.json"))
    assert not list(settings.learning.glob("*/run"))
