"""Colours against what is known of them: OKLab's own table, WCAG's extremes, and the mood of plain cases."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.art import colour

HEX = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize(
    ("code", "lab"),
    [("#ffffff", (1.0, 0.0, 0.0)), ("#ff0000", (0.628, 0.225, 0.126)), ("#0000ff", (0.452, -0.032, -0.312))],
)
def test_oklab_is_that_of_its_author(code: str, lab: tuple[float, float, float]) -> None:
    assert colour.lab_of([code])[0] == pytest.approx(lab, abs=2e-3)


@given(st.lists(HEX, min_size=1, max_size=5))
def test_there_and_back_is_the_same_colour(codes: list[str]) -> None:
    assert list(colour.hex_of(colour.lab_of(codes))) == codes
    assert np.abs(colour.clipped(colour.lab_of(codes)) - colour.rgb_of(colour.lab_of(codes))).max() < 1e-3


@given(st.tuples(st.floats(0.15, 1.2), st.floats(-0.5, 0.5), st.floats(-0.5, 0.5)))  # in the dark, rounding is all
def test_what_no_screen_shows_keeps_its_hue_and_lightness(lab: tuple[float, float, float]) -> None:
    (shown,) = colour.lab_of(colour.hex_of(np.array([lab])))
    assert abs(shown[0] - np.clip(lab[0], 0, 1)) < 0.03
    wanted, found = np.hypot(lab[1], lab[2]), np.hypot(shown[1], shown[2])
    assert found < wanted + 0.02
    if found > 0.05:
        assert (shown[1] * lab[1] + shown[2] * lab[2]) / (wanted * found) > 0.97


def test_contrast_is_wcags() -> None:
    assert colour.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert colour.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)  # famous for just failing AA
    assert colour.contrast("#123456", "#123456") == 1


def test_moods_of_palettes_lie_where_people_put_them() -> None:
    def mood(*codes: str) -> tuple[float, float]:
        return colour.mood_of(colour.lab_of(codes))

    assert mood("#fff3b0", "#ffd1dc", "#c1f0dc")[0] > 0.5  # light is pleasant
    assert mood("#101018", "#2a0a12", "#1b1b1b")[0] < -0.8
    assert mood("#ff0033", "#7700ff", "#ff6600")[1] > 0.6  # rich stirs up
    assert mood("#d8d8d8", "#e6e6e2", "#c8ccd0")[1] < -0.7


def test_two_that_look_the_same_have_no_spread() -> None:
    assert colour.spread(colour.lab_of(["#102030", "#ffffff", "#102031"])) < 0.01
    assert colour.spread(colour.lab_of(["#000000", "#ffffff"])) == pytest.approx(1, abs=1e-3)
