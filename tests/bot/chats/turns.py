"""Passages for tests that need one without a conversation."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from engine.messages import Turn


def a_turn(turn: str = "0123456789abcdef", **fields: Any) -> Turn:
    """A passage of the model."""
    plain = Turn(turn, "a" * 16, None, "model", "Ghostnote", "It rained.", "story", datetime(2026, 1, 1, tzinfo=UTC))
    return replace(plain, **fields)
