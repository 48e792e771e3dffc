"""Whose taste in music counts here: the narrowest that is live, asked anew for each piece.

What `engine/speaking` is for voices; a taste is small enough to be read when it is wanted.
"""

import logging
from functools import lru_cache

from adapters import provenance
from adapters.manifest import RegistryError
from adapters.registry import Registry
from engine.messages import Person, SessionKey
from engine.music.taste import Taste, read_taste

log = logging.getLogger(__name__)

MUSIC = "music"


class Tasting:
    """The tastes of one registry."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self._read = lru_cache(maxsize=64)(self._load)  # a version never changes

    def taste(self, key: SessionKey, person: Person) -> tuple[str, Taste | None]:
        """The reference and the taste for a person's music here; ("", None) where nothing was learnt."""
        channel, whose = f"{key.platform}:{key.chat}", f"{person.platform}:{person.id}"
        try:
            found = self.registry.candidates(form=MUSIC, channel=channel, thread=key.thread, person=whose, floor="")
        except RegistryError as damaged:
            log.error("%s", damaged)  # noqa: TRY400  # one sentence says it all
            return "", None
        for reference in found:
            taste = self._read(reference)
            if taste:
                return reference, taste
        return "", None

    def known(self, reference: str) -> Taste | None:
        """A taste by its reference; None for none that can be had."""
        return self._read(reference)

    def saw(self, person: str) -> tuple[str, ...]:
        """The tastes that learnt from the person with this id."""
        try:
            return provenance.saw(self.registry.versions(), person)
        except RegistryError as damaged:
            log.error("%s", damaged)  # noqa: TRY400
            return ()

    def _load(self, reference: str) -> Taste | None:
        try:
            return read_taste(self.registry.whole(reference))
        except (RegistryError, ValueError) as unfit:
            log.error("the taste %s was passed over: %s", reference, unfit)  # noqa: TRY400
            return None
