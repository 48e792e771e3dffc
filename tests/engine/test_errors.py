"""Errors keep their fields on the way from one process to another."""

import pickle

import pytest

from engine.errors import Busy, EngineError, TextTooLong
from engine.music.errors import UnclearWish


@pytest.mark.parametrize(
    "error", [EngineError(), TextTooLong(limit=5, length=9), Busy(place=2), UnclearWish(why="bars", bars=0)]
)
def test_an_error_arrives_as_it_was_sent(error: EngineError) -> None:
    arrived = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert type(arrived) is type(error)
    assert arrived.fields == error.fields
    assert str(arrived) == str(error)
