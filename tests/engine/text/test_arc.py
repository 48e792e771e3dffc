"""The arc is drawn whatever is in a piece, and shows what was measured."""

import io

from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from engine.text import arc
from engine.text.mood import Mood

GLAD = (196, 88, 48)


def test_signs_rise_and_fall_with_the_values() -> None:
    assert arc.sparkline([-1, 0, 1, None]) == "▁▅█·"
    assert arc.sparkline([]) == ""
    long = arc.sparkline([place / 400 for place in range(400)])
    assert len(long) <= arc.WIDEST
    assert list(long) == sorted(long, key=arc.SIGNS.index)


@settings(max_examples=15, deadline=None)
@example("", [("\n", None), ("two\nlines", (0.5, 0.5))])
@given(
    st.text(max_size=80),
    st.lists(st.tuples(st.text(max_size=30), st.none() | st.tuples(st.floats(-1, 1), st.floats(-1, 1))), max_size=60),
)
def test_any_piece_can_be_drawn(title: str, passages: list[tuple[str, tuple[float, float] | None]]) -> None:
    moments = [arc.Moment(n, name, felt and Mood(*felt)) for n, (name, felt) in enumerate(passages, 1)]
    image = Image.open(io.BytesIO(arc.draw(title, moments, "glad", "愉快")))
    assert image.size == (arc.WIDTH, arc.HEIGHT)


def test_a_glad_passage_stands_higher_than_a_gloomy_one() -> None:
    def height(valence: float) -> float:
        picture = arc.draw("", [arc.Moment(1, "", Mood(valence, 0.0))], "", "")
        image = Image.open(io.BytesIO(picture)).convert("RGB")
        found = [y for y in range(40, arc.HEIGHT) for x in range(arc.SIDE, arc.WIDTH - arc.SIDE)
                 if image.getpixel((x, y)) == GLAD]  # fmt: skip
        return sum(found) / len(found)

    assert height(0.8) < height(-0.8)
