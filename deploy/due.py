"""Whether it is time to learn again, as the owner set it: enough that is new, and long enough ago."""

import time
from datetime import UTC, datetime

from deploy.settings import Settings


def early(settings: Settings, votes: int, seen: int = 0, at: float = 0.0) -> str:
    """Why not yet, as a sentence's end; "" if it is time. The last run saw so many votes, at that time (Unix)."""
    new, hours = votes - seen, (time.time() - at) / 3600
    if new < settings.learn_after:
        return f"{max(new, 0)} new votes since the last run; {settings.learn_after} are awaited"
    if hours < settings.learn_every:
        return f"the last run was {hours:.1f} hours ago; it learns every {settings.learn_every:g}"
    return ""


def moment(stamp: str) -> float:
    """An ISO 8601 time as Unix time; 0 for anything else."""
    try:
        return datetime.fromisoformat(stamp).astimezone(UTC).timestamp()
    except ValueError:
        return 0.0
