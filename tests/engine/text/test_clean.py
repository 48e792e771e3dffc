import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.text import sentences
from engine.text.clean import Manners, clean

BEGINNING = "The rain had not stopped for three days when Mara"


def cleaned(raw: str, whole: bool = False, **manners: object) -> str:
    return clean(raw, Manners(**manners), whole=whole).text  # type: ignore[arg-type]  # keywords of Manners


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("He left the house. She sta", "He left the house."),
        ("Sure, here is a story:\n\nHe left the house.", "He left the house."),
        ("Certainly! Here's the next part:\n\nHe left.", "He left."),
        ("**The Letter**\n\nHe left the house.", "He left the house."),
        ("# The Letter\n\nHe left the house.", "He left the house."),
        ("Title: The Letter\n\nHe left.", "He left."),
        ('"The Letter"\n\nHe left the house.', "He left the house."),
        ("He *really* left the **old** house.", "He really left the old house."),
        ("He left.<|im_end|>\n<|im_start|>user\nMore!", "He left."),
        ("He left. <|im_st", "He left."),
        ("He left.\n\nUser: go on\nAssistant: He came.", "He left."),
        ("He left.\n\nHuman: more", "He left."),
        ("He left.\n\nI hope this story helps! Let me know.", "He left."),
        ("He left.\n\nThis story explores the theme of loss.", "He left."),
        ("He left.\n\nNote: The story continues.", "He left."),
        ("As an AI language model, I cannot write this.", ""),
        ("He left.\n\nAna: I like that.", "He left."),
        ("He left.\n\n[Author's note: make it sad]\n\nShe came.", "He left."),
        ("He left. Chapter 2\n\nShe came.", "He left."),
        ("", ""),
        ("no sentence here", ""),
        ('"I know," she said. "But you', '"I know," she said.'),
        ('She said, "I know. I see', 'She said, "I know."'),
        ("She said, “I know. I see", "She said, “I know.”"),
        ('"Why, he said. "Yes," said she. He', '"Why, he said. "Yes," said she.'),
        ("他走了。她也走了。然后", "他走了。她也走了。"),
        ("好的，以下是故事：\n他走了。", "他走了。"),
        ("他走了。\n\n用户：再写一点", "他走了。"),
        ("Mr. Grey came in. He sat", "Mr. Grey came in."),
        ("1843—The boy was tired.", "The boy was tired."),
        ("He left.\n\n16. She had a house.\n\n1st. The king came.", "He left.\n\nShe had a house.\n\nThe king came."),
        ("1963. 1852. A girl came.\n\n1865\n\nShe left.", "A girl came.\n\nShe left."),
        ("12 men came in. 3 of them sat.", "12 men came in. 3 of them sat."),
        ("In 1843 he left.", "In 1843 he left."),
        ("221B Baker Street was dark.", "221B Baker Street was dark."),
        ("He left.\n\n18. THE BEST KING OF ALL.\n\nShe came.", "He left.\n\nShe came."),
        ("He left.\n\n[Illustration]\n\nShe came.", "He left.\n\nShe came."),
        ("He left.\n\nA_long_day.jpgIt was late.", "He left.\n\nIt was late."),
        ("He left.\n\n1982_3014_657-old_dog,a_bone\n\nShe came.", "He left.\n\nShe came."),
        ("He left.\n\nTHE END\n\nShe came.", "He left."),
        ("He left.\n\nThe end of it came.", "He left.\n\nThe end of it came."),
        ('"STOP IT!" he cried.', '"STOP IT!" he cried.'),
    ],
)
def test_leaves_only_the_piece(raw: str, kept: str) -> None:
    assert cleaned(raw) == kept


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        (" opened the door. Then", "opened the door."),
        (" The door was open. Then", "the door was open."),
        (". She opened the door. Then", "She opened the door."),
        (", tired and cold, opened the door.", "tired and cold, opened the door."),
        (" Wolf opened the door.", "Wolf opened the door."),
    ],
)
def test_goes_on_with_the_writers_sentence(raw: str, kept: str) -> None:
    assert cleaned(raw, before=BEGINNING) == kept


def test_keeps_the_numbers_that_the_writer_began_with() -> None:
    assert cleaned("2. She came.", before="1. He left.") == "2. She came."
    assert cleaned(" 12 March. She came.", before="He was born on the") == "12 March. She came."


@pytest.mark.parametrize("so_far", ["1843", "1843—", "16. ", "He left.\n\n1", "He left.\n\n18. "])
def test_unfinished_text_shows_no_number_that_goes_again(so_far: str) -> None:
    shown = clean(so_far, Manners(), final=False).text
    assert not any(letter.isdigit() for letter in shown)


def test_begins_anew_after_a_whole_sentence() -> None:
    assert cleaned(" The door was open.", before="It rained.") == "The door was open."


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("The sea was grey. He waited long. The sea was grey. He slept.", "The sea was grey. He waited long."),
        ("He ran and ran and ran and ran and ran and ran. He", ""),
        ("He sang. La la la la. He left.", "He sang."),
    ],
)
def test_stops_before_it_goes_in_circles(raw: str, kept: str) -> None:
    assert cleaned(raw) == kept


def test_drops_what_was_said_in_an_earlier_passage() -> None:
    before = "The old keeper climbed the stairs and lit the great lamp once more."
    raw = "He waited. The old keeper climbed the stairs and lit the great lamp again. He slept."
    assert cleaned(raw, before=before) == "He waited."


@pytest.mark.parametrize(
    ("raw", "whole", "kept"),
    [
        ("The sea is grey\nThe sky is low\nThe boats co", False, "The sea is grey\nThe sky is low"),
        ("The sea is grey,\nThe sky is low,", True, "The sea is grey,\nThe sky is low."),
        ("Here's a poem:\n\nThe sea is grey\nThe sky is low", True, "The sea is grey\nThe sky is low"),
        ("Row on\nThe sea\nRow on\nThe sky\nRow on\nThe sea", False, "Row on\nThe sea\nRow on\nThe sky\nRow on"),
    ],
)
def test_verse_ends_with_a_line(raw: str, whole: bool, kept: str) -> None:
    assert cleaned(raw, whole=whole, shape="verse") == kept


def test_a_refrain_may_return_once() -> None:
    text = "The tide comes in again,\nthe gulls\nThe tide comes in again,\nthe boats\nThe tide comes in again,\nno"
    assert cleaned(text, whole=True, shape="verse").count("The tide") == 2


def test_a_list_keeps_its_items() -> None:
    raw = "1. A door that sings.\n2. A cat that pays rent.\n3. A house wi"
    assert cleaned(raw, shape="list") == "1. A door that sings.\n2. A cat that pays rent."


def test_a_script_keeps_its_speakers_but_not_the_people_of_the_chat() -> None:
    raw = "MARA: Come in.\nTOM: No.\nAna: I like this scene!"
    assert cleaned(raw, shape="script", people=frozenset({"Ana"})) == "MARA: Come in.\nTOM: No."


@pytest.mark.parametrize("end", ["<|im_e", "<", "<|", "[INST", "\nUser", "\n\nI ho"])
def test_unfinished_text_shows_no_half_markup(end: str) -> None:
    shown = clean("He left the house and went down to the sea" + end, Manners(), final=False)
    assert shown.text == "He left the house and went down to the" or shown.text.endswith("the sea")
    assert "<" not in shown.text
    assert "User" not in shown.text


def test_unfinished_text_is_closed_where_something_foreign_begins() -> None:
    shown = clean("He left the house.\nUser: more", Manners(), final=False)
    assert shown.closed
    assert shown.text == "He left the house."


ANY = st.text(max_size=200) | st.lists(
    st.sampled_from(
        [
            "He left. ",
            "User: ",
            "<|im_end|>",
            "\n\n",
            '"',
            "“",
            "The sea ",
            "1. ",
            "**",
            "。",
            "他走了",
            "Note: ",
            "la ",
        ]
    ),
    max_size=30,
).map("".join)


@settings(deadline=None)
@given(ANY, st.sampled_from(["prose", "verse", "list", "script"]), st.booleans(), st.booleans(), ANY)
def test_any_text_comes_out_clean(raw: str, shape: str, final: bool, whole: bool, before: str) -> None:
    result = clean(raw, Manners(shape, before), final=final, whole=whole)
    assert "<|im_end|>" not in result.text
    assert "\x00" not in result.text
    assert result.text == result.text.strip()
    assert "\n\n\n" not in result.text
    if final and shape == "prose" and result.text:
        assert sentences.finished(result.text) or result.text[-1] in '"”」'


@settings(deadline=None)
@given(ANY)
def test_cleaning_prose_twice_changes_nothing_more_than_once(raw: str) -> None:
    once = clean(raw, Manners()).text
    assert len(clean(once, Manners()).text) <= len(once)


def test_a_chorus_may_come_back_and_anything_else_may_not() -> None:
    chorus = "[Chorus]\nTake me where the kettle sings,\nTake me home tonight."
    verses = [
        "[Verse]\nThe lamps along the platform shake,\nThe rain comes down in lines;",
        "[Verse]\nA stranger shares a paper cup,\nWe watch the fields go by;",
        "[Verse]\nAnd one by one the towns light up\nLike stars that missed the sky.",
    ]
    song = "\n\n".join(f"{verse}\n\n{chorus}" for verse in verses)
    assert clean(song, Manners("verse"), whole=True).text == song
    assert clean(f"{verses[1]}\n\n{chorus}", Manners("verse", before=f"{verses[0]}\n\n{chorus}"), whole=True).text
    circles = "\n\n".join(f"{verses[0]}\n\n{chorus}" for _ in range(3))
    assert clean(circles, Manners("verse"), whole=True).closed
