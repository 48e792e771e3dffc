"""Who speaks: which adapter answers this person, here, in this form, asked anew for each message.

The registry knows what is live, the device's thread loads it; this stands between them, so that a publication or a
rollback holds from the next message on, and a version whose files turn out to be damaged gives way to the next wider
one rather than to an error.
"""

import functools
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from adapters import provenance
from adapters.manifest import RegistryError
from adapters.registry import Registry, holding
from adapters.runs import Run, Runs
from engine.errors import BadValue
from engine.messages import Person, SessionKey
from engine.ports import TextGenerator

log = logging.getLogger(__name__)


class Device(Protocol):
    """What is needed of `engine.worker.Worker`."""

    @property
    def generator(self) -> TextGenerator:
        """The model."""

    async def call(self, job: Callable[[], None]) -> None:
        """Run `job` on the device's thread, between two steps."""


class Speaks(Protocol):
    """What the conversation needs of `Speaking`."""

    @property
    def registry(self) -> Registry | None:
        """Every version there is, and what is live; None where only the base speaks."""

    async def voice(self, form: str, key: SessionKey, person: Person) -> str:
        """The adapter that is live for this person, here, in this form; "" for none."""

    def candidates(self, form: str, key: SessionKey | None, person: Person | None) -> Sequence[str]:
        """Everything that is live for them, the narrowest first."""

    def run(self, form: str, key: SessionKey, person: Person) -> Run | None:
        """How the newest learning run for one of them went; None if there was none."""

    async def prepare(self, reference: str) -> None:
        """Have an adapter in memory, whether it is live or not; raises BadValue."""

    def saw(self, person: str) -> tuple[str, ...]:
        """The adapters that learnt from the person with this id."""


class NoVoices:
    """Only the base speaks."""

    registry = None

    async def voice(self, form: str, key: SessionKey, person: Person) -> str:
        """None."""
        return ""

    def candidates(self, form: str, key: SessionKey | None, person: Person | None) -> Sequence[str]:
        """None."""
        return ()

    def run(self, form: str, key: SessionKey, person: Person) -> Run | None:
        """None."""
        return None

    async def prepare(self, reference: str) -> None:
        """There is none to be had."""
        raise BadValue(name="adapter", value=reference, allowed="none")

    def saw(self, person: str) -> tuple[str, ...]:
        """None."""
        return ()


class Speaking:
    """The voices of one registry on one device, and the reports of how they were learnt.

    `floors` names the shipped voice of each form that has one.
    """

    def __init__(self, device: Device, registry: Registry, floors: Mapping[str, str], runs: Runs | None = None) -> None:
        self._device = device
        self._registry = registry
        self._floors = floors
        self._runs = runs
        self._told: set[str] = set()

    @property
    def registry(self) -> Registry:
        """Every version there is, and what is live."""
        return self._registry

    async def voice(self, form: str, key: SessionKey | None = None, person: Person | None = None) -> str:
        """The narrowest adapter that is live and can be had, in memory when this returns; "" for the base itself."""
        for reference in self.candidates(form, key, person):
            try:
                await self.prepare(reference)
            except BadValue as unfit:
                self._tell(f"{reference} was passed over: {unfit.fields['allowed']}")
            else:
                return reference
        return ""

    async def prepare(self, reference: str) -> None:
        """Have an adapter in memory, whether it is live or not; raises BadValue for one that cannot be had."""
        if reference not in self._device.generator.voices:
            await self._device.call(functools.partial(self._device.generator.prepare, reference))

    def saw(self, person: str) -> tuple[str, ...]:
        """The adapters that learnt from the person with this id, themselves or through those they began from."""
        try:
            return provenance.saw(self._registry.versions(), person)
        except RegistryError as damaged:
            self._tell(str(damaged))
            return ()

    def candidates(self, form: str, key: SessionKey | None, person: Person | None) -> list[str]:
        """Everything that is live for this person, here, in this form, the narrowest first."""
        floor, base = self._floors.get(form, ""), self._device.generator.name
        try:
            return self._registry.candidates(**_where(form, key, person), floor=floor, base=base)
        except RegistryError as damaged:
            self._tell(str(damaged))
            return self._registry.shipped(floor, base)

    def run(self, form: str, key: SessionKey, person: Person) -> Run | None:
        """How the newest learning run for one of their scopes went; None if there was none. Reads files."""
        return self._runs.latest(holding(**_where(form, key, person))) if self._runs else None

    def _tell(self, problem: str) -> None:
        """Once in the log, not with every message."""
        if problem not in self._told:
            self._told.add(problem)
            log.error("%s", problem)


def _where(form: str, key: SessionKey | None, person: Person | None) -> dict[str, str]:
    """What the registry asks, in its words."""
    return {
        "form": form,
        "channel": f"{key.platform}:{key.chat}" if key else "",
        "thread": key.thread if key else "",
        "person": f"{person.platform}:{person.id}" if person else "",
    }
