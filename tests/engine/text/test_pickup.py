import pytest

from engine.text import pickup

BEFORE = "Mara walked down to the harbour in the rain. She had lost her key, and the door of the house was shut."


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        ("She looked for the key under the stone, but it was gone, and the rain went on.", 0.0),
        ("I looked for the key under the stone, but it was gone, and the rain went on.", 0.5),
        ("She looks for the key; it is gone, she says, and the rain comes down for hours and hours.", 0.5),
        ('"I am lost," she said, and she looked under the stone, and the key was not there.', 0.0),
        ("Gone.", 0.0),
    ],
)
def test_a_change_of_person_or_tense_costs(text: str, cost: float) -> None:
    assert pickup.drift(text, BEFORE) == cost


def test_taking_up_people_and_things_gains() -> None:
    near = "Mara tried the door of the house, and then she looked for the key again."
    far = "In the city, Roger and his cousin Peter sold their shares, and Paul laughed."
    assert pickup.kinship(near, BEFORE, "") > pickup.kinship(far, BEFORE, "")
    assert pickup.kinship("The keeper opened the letter.", "", "A lighthouse keeper finds a letter") > 0.2


def test_sentences_that_begin_alike_are_monotonous() -> None:
    assert pickup.monotony("He sat. He stood. He went.") == 1.0
    assert pickup.monotony("He sat. Then rain came. Nobody spoke.") == 0.0
    assert pickup.monotony("") == 0.0
