"""From words to a picture without a house: what is understood, what holds, and what a changed file cannot do."""

from collections import Counter
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import lettering
from engine.art import colour, cover, nets, palette
from engine.art.picture import png
from engine.art.sketch import Sketch, from_row, sketched, to_row
from engine.art.vocabulary import COLOUR_WORDS, COLOURS, GENRES, MOODS, SIGHT_WORDS, SIGHTS, STYLES, VERBS
from engine.art.wishes import Look, loaded, read_look, stored
from engine.messages import Flavour
from engine.music.errors import NoWeights
from engine.text.flavour import GENRES as NAMED_GENRES
from engine.text.mood import MOODS as NAMED_MOODS


def look(words: str, **more: Any) -> Look:
    return read_look("cover", words, Flavour(), **more)


def test_every_word_leads_to_something_that_is_there() -> None:
    assert set(COLOUR_WORDS.values()) == set(COLOURS)
    assert {name for names in (*SIGHTS.values(), *GENRES.values(), *MOODS.values()) for name in names} <= set(COLOURS)
    assert set(GENRES) == set(NAMED_GENRES)
    assert set(MOODS) == set(NAMED_MOODS)
    assert set(cover.STYLES) == set(STYLES)
    assert set(SIGHT_WORDS) > VERBS


@pytest.mark.parametrize(
    ("words", "style", "colours", "tints", "mood"),
    [
        ("cubist", "cubist", (), (), ""),
        ("dark blue and gold, geometric", "geometric", ("navy", "gold"), (), ""),
        ("dark", "abstract", (), ("deep",), "dark"),
        ("a pastel MOSAIC of roses", "mosaic", (), ("pastel",), ""),
        ("melancholy stripes in slate blue", "stripes", ("slate blue",), (), "melancholy"),
        ("立体主义，红色和金色，神秘", "cubist", ("red", "gold"), (), "mysterious"),
        ("redder than a golden goose", "abstract", ("gold",), (), ""),
        ("黑白条纹", "stripes", (), ("grey",), ""),
        ("black and white mosaic", "mosaic", (), ("grey",), ""),
        ("黑暗", "abstract", (), ("deep",), "dark"),
        ("黑色和白色", "abstract", ("black", "white"), (), ""),
        ("PİNK, ſilver, blacK", "abstract", ("pink", "silver", "black"), (), ""),
    ],
)
def test_words_are_understood(
    words: str, style: str, colours: tuple[str, ...], tints: tuple[str, ...], mood: str
) -> None:
    found = look(words)
    assert (found.style, found.colours, found.tints, found.mood) == (style, colours, tints, mood)
    assert found.heard


def test_sights_of_the_words_come_before_those_of_the_story_and_of_the_genre() -> None:
    story = "The forest was deep. In the forest stood a tree, and the woods went on."
    assert look("by the sea", story=story).hints == SIGHTS[next(name for name in SIGHTS if name.startswith("sea"))]
    assert look("", story=story).hints[0] == "forest green"
    assert read_look("cover", "", Flavour(genre="horror")).hints == GENRES["horror"]
    assert not look("zxqv").heard
    assert look("").heard


def test_what_is_a_verb_in_a_story_is_not_seen_there() -> None:
    told = "He rose and let the cup fall. She rose, and the leaves of the letter fall to the floor."
    assert look("", story=told).hints == ()
    assert look("a rose").hints == SIGHT_WORDS["rose"]


def test_words_change_what_they_speak_of_and_leave_the_rest_but_for_the_words() -> None:
    first = look("mosaic, sea, pastel, no title", title="The Fox")
    red = look("red and gold", title="The Fox", base=first)
    assert red == replace(first, words="red and gold", colours=("red", "gold"))
    joyful = look("joyful, with a title", title="The Fox", base=red)
    assert (joyful.style, joyful.colours, joyful.tints) == ("mosaic", ("red", "gold"), ("pastel",))
    assert (joyful.mood, joyful.hints, joyful.text) == ("joyful", MOODS["joyful"], "The Fox")
    stripes = look("dark stripes in the forest", title="The Fox", base=joyful)
    assert (stripes.style, stripes.tints, stripes.mood) == ("stripes", ("deep",), "dark")
    assert stripes.hints[0] == "forest green"
    assert look("zxqv", base=stripes) == replace(stripes, words="zxqv", text="", heard=False)


def test_a_mood_is_read_off_the_story_only_where_its_words_tell_of_one() -> None:
    assert look("", story="The man went to the house and opened the door.").mood == ""
    grim = "Death and murder. The corpse lay dead in blood, a horrible grave of despair, ruin and terror. " * 3
    assert look("", story=grim).mood in ("dark", "tense", "angry", "melancholy", "mysterious")
    assert look("joyful", story=grim).mood == "joyful"


def test_no_title_means_none() -> None:
    assert look("cubist", title="The  Fox").text == "The Fox"
    assert look("cubist, no title", title="The Fox").text == ""
    assert read_look("palette", "", Flavour(), title="The Fox").text == ""


@given(st.text(max_size=200))
@settings(max_examples=150, deadline=None)
def test_any_words_make_a_look_that_is_stored_and_read_again(words: str) -> None:
    found = look(words, title="A title")
    assert loaded(stored(found)) == found


@pytest.mark.parametrize(
    "words", ["", "purple and gold", "pastel", "monochrome teal", "dark horror", "white and black"]
)
def test_a_palette_holds_what_was_said(words: str) -> None:
    wished = look(words)
    for seed in range(4):
        codes = palette.choose(wished, seed)
        lab = colour.lab_of(codes)
        assert codes == palette.choose(wished, seed)
        assert list(lab[:, 0]) == sorted(lab[:, 0])
        assert colour.spread(lab) > 0.03
        if not wished.tints:
            assert {COLOURS[name] for name in wished.colours} <= set(codes)
            assert colour.contrast(codes[0], codes[-1]) > 4
        if "pastel" in wished.tints:
            assert lab[:, 0].min() > 0.68
        if "monochrome" in wished.tints:
            hues = np.arctan2(lab[:, 2], lab[:, 1])[np.hypot(lab[:, 1], lab[:, 2]) > 0.03]
            assert np.ptp(hues) < 0.4


def test_a_palette_is_of_the_mood_that_was_asked_for() -> None:
    """Nearer to it than to the middle, in four of five, for every mood: what words and music are measured by."""
    for name, aim in NAMED_MOODS.items():
        felt = [colour.mood_of(colour.lab_of(palette.choose(look(name), seed))) for seed in range(6)]
        right = sum(aim.valence * one.valence + aim.energy * one.energy > 0 for one in felt)
        assert right >= 5, name


def test_names_of_colours_are_those_nearby_and_each_is_given_once() -> None:
    assert palette.named(("#000000", "#ffffff", "#c9302c")) == ("black", "white", "red")
    assert len(set(palette.named(("#c9302c", "#c8302c", "#c9312c")))) == 3


@pytest.mark.parametrize("style", STYLES)
def test_a_cover_is_in_its_colours_only_and_none_of_them_is_missing(style: str) -> None:
    sketch = sketched(look(f"{style} red and navy, no title"), 5)
    image = np.asarray(cover.paint(sketch).convert("RGB"), float)
    assert image.shape == (1600, 960, 3)
    lab = colour.lab_of([f"#{r:02x}{g:02x}{b:02x}" for r, g, b in image[::40, ::40].reshape(-1, 3).astype(int)])
    far = np.linalg.norm(lab[:, None] - colour.lab_of(sketch.colours)[None], axis=-1)
    seen = Counter(far.argmin(1)[far.min(1) < 0.12].tolist())
    assert len(seen) >= (3 if style == "minimal" else 4)
    assert max(seen.values()) < 0.85 * len(lab)


def test_a_title_is_lettered_where_there_is_one_and_fits_however_long() -> None:
    plain = Sketch("cover", "abstract", ("#101018", "#402030", "#a05040", "#d0b060", "#f7f6f2"), 3)
    bare = np.asarray(cover.paint(plain))
    for text in ("The Fox", "W" * 90, "A " * 45, "狐狸的故事"):
        titled = Sketch("cover", "abstract", plain.colours, 3, text=text)
        changed = (np.asarray(cover.paint(titled)) != bare).any(2)
        rows, columns = np.nonzero(changed)
        if text.isascii() or lettering.written(text):
            assert columns.min() >= 69
            assert columns.max() <= 960 - 69
            assert rows.max() - rows.min() < 500
        else:
            assert not changed.any()


def test_the_same_sketch_is_the_same_file_and_another_seed_is_not() -> None:
    one, other = (sketched(look("mosaic"), seed) for seed in (1, 2))
    assert png(one) == png(one)
    assert png(one) != png(other)
    wished = look("mosaic, teal", title="The Fox")
    assert from_row(to_row(wished, sketched(wished, 9))) == sketched(wished, 9)


ROW = to_row(look("minimal red", title="The Fox"), sketched(look("minimal red"), 4))
_PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
BROKEN = _PLAIN | st.lists(_PLAIN, max_size=6) | st.dictionaries(st.text(max_size=4), _PLAIN, max_size=2)


@given(st.sampled_from(list(product(("", "sketch"), [*ROW, *ROW["sketch"]]))), BROKEN)
@settings(max_examples=200, deadline=None)
def test_a_changed_file_is_refused_or_can_be_painted(place: tuple[str, str], value: Any) -> None:
    inside, name = place
    row = {**ROW, "sketch": {**ROW["sketch"], name: value}} if inside else {**ROW, name: value}
    try:
        sketch = from_row(row)
    except ValueError:
        return
    assert sketch.style in STYLES
    assert 0 <= sketch.lead < 5
    assert len(sketch.text) <= 90
    assert np.random.default_rng(sketch.seed) is not None


def test_networks_in_numpy_are_those_that_were_trained() -> None:
    torch = pytest.importorskip("torch")
    from engine.art import train  # noqa: PLC0415  # T

    chance = np.random.default_rng(2)
    numbers = {size: chance.standard_normal((3, size)).astype(np.float32) for size in (2, 8, 16)}
    maker = train.Palettes()
    maker.load_state_dict({name: torch.tensor(value) for name, value in nets.weights("palettes").items()})
    there = maker(torch.tensor(numbers[8]), torch.tensor(numbers[2])).detach().numpy()
    assert np.abs(nets.palettes(nets.weights("palettes"), numbers[8], numbers[2]) - there).max() < 1e-5
    fields = train.Fields()
    fields.load_state_dict({name: torch.tensor(value) for name, value in nets.weights("fields").items()})
    points = train.grid(7, 11)
    there = fields(torch.tensor(numbers[16]), torch.tensor(numbers[2]), points).detach().numpy()
    for row in range(3):
        here = nets.field(nets.weights("fields"), numbers[16][row], numbers[2][row], points.numpy())
        assert np.abs(here - there[row]).max() < 1e-4


@pytest.mark.parametrize("name", ["palettes", "fields"])
def test_weights_that_are_missing_or_anothers_are_refused_by_name(tmp_path: Path, name: str) -> None:
    file = tmp_path / f"{name}.safetensors"
    with pytest.raises(NoWeights, match="looks_missing"):
        nets.load(file)
    file.write_bytes(b"no weights")
    with pytest.raises(NoWeights, match="looks_damaged"):
        nets.load(file)
    other = {"palettes": "fields", "fields": "palettes"}[name]
    file.write_bytes((nets.FOLDER / f"{other}.safetensors").read_bytes())
    with pytest.raises(NoWeights, match="looks_damaged"):
        nets.load(file)
