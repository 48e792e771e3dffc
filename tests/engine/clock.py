"""A clock that a test puts forward, so that nobody sleeps."""

from datetime import UTC, datetime, timedelta


class Clock:
    """It stands still until it is put forward."""

    def __init__(self) -> None:
        self.moment = datetime(2030, 1, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, **by: float) -> None:
        """So many seconds, minutes, hours later."""
        self.moment += timedelta(**by)
