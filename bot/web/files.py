"""Files that a reply brought along, kept in memory for a while so that the page can fetch them by address.

They can be made again (an export, a rendering), so the oldest go when there are too many.
"""

import secrets
from collections import OrderedDict

from bot.replies import Attachment

ROOM = 64_000_000


class Files:
    """At most `room` bytes; the newest always fits."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._kept: OrderedDict[str, Attachment] = OrderedDict()

    def keep(self, file: Attachment) -> str:
        """Keep a file; the key under which it is found again."""
        key = secrets.token_urlsafe(12)
        self._kept[key] = file
        while len(self._kept) > 1 and sum(len(each.data) for each in self._kept.values()) > self._room:
            self._kept.popitem(last=False)
        return key

    def find(self, key: str) -> Attachment | None:
        """The file, if it is still kept."""
        return self._kept.get(key)
