import pytest

from engine.text.echo import EchoGenerator
from engine.text.forms.load import load
from engine.text.plan import in_scheme, is_wish, leads, plan, with_refrain
from engine.text.task import Passage, Task

FORMS = load()


def passages(*texts: str) -> tuple[Passage, ...]:
    return tuple(
        Passage("model" if text.startswith("@") else "person", "" if text.startswith("@") else "Ana", text.lstrip("@"))
        for text in texts
    )


@pytest.mark.parametrize(
    ("form", "text", "yes"),
    [
        ("story", "A lighthouse keeper finds a letter addressed to no one", True),
        ("story", "A lighthouse keeper finds a letter addressed to no one.", True),
        ("story", "The rain had not stopped for three days when Mara", False),
        ("story", "I never meant to steal the horse. It stands there in the moonlight.", False),
        ("story", '"Who is there?"', False),
        ("story", "Once there was a fox who could not lie", False),
        ("poem", "the harbour at night", True),
        ("poem", "The snow came down the whole of the day,\nand nobody came to the door,", False),
        ("scene", "Clara tells Ben that she is leaving", True),
        ("story", "从前有一只猫", True),
        ("story", "word " * 41, False),
    ],
)
def test_tells_a_wish_from_a_beginning(form: str, text: str, yes: bool) -> None:
    assert is_wish(text, FORMS[form]) is yes


def test_the_piece_begins_after_the_wish_and_goes_on_in_the_writers_sentence() -> None:
    made = plan(Task("story", passages("A wet week.", "@It rained.", "Mara"), 1), FORMS["story"], EchoGenerator())
    assert made.wish == "A wet week"
    assert made.prompt.text.endswith("It rained.\n\nMara")


@pytest.mark.parametrize(
    ("form", "texts", "end"),
    [
        ("story", ("A wet week", "@It rained."), "It rained.\n\n"),
        ("story", ("A wet week", "@It rained.", "She slept."), "She slept."),
        ("story", ("A wet week", "@It rained.", "And when Mara"), "And when Mara"),
        ("poem", ("the sea", "@The sea is grey."), "The sea is grey.\n\n"),
        ("poem", ("The sea is grey,\nthe sky is low,",), "the sky is low,\n"),
    ],
)
def test_the_prompts_end_asks_for_what_comes_next(form: str, texts: tuple[str, ...], end: str) -> None:
    assert plan(Task(form, passages(*texts), 1), FORMS[form], EchoGenerator()).prompt.text.endswith(end)


def test_a_shortened_story_is_told_of_once() -> None:
    def remarks(count: int) -> tuple[object, ...]:
        texts = [("@" if at % 2 else "") + "It rained on the harbour and on the house. " * 10 for at in range(count)]
        return plan(Task("story", passages(*texts), 1), FORMS["story"], EchoGenerator()).remarks

    told = [count for count in range(1, 40, 2) if ("shortened", {"section": "story"}) in remarks(count)]
    assert len(told) == 1


def test_a_shortened_memory_is_told_of() -> None:
    task = Task("story", passages("It rained. She slept."), 1, memory="Mara is ten. " * 400)
    assert ("shortened", {"section": "memory"}) in plan(task, FORMS["story"], EchoGenerator()).remarks


def test_a_long_novel_is_planned_quickly() -> None:
    counted = 0

    class Counting(EchoGenerator):
        def count(self, text: str) -> int:
            nonlocal counted
            counted += len(text)
            return super().count(text)

    texts = [("@" if at % 2 else "") + f"It rained on house {at} and Mara slept. " * 50 for at in range(400)]
    plan(Task("story", passages(*texts), 1), FORMS["story"], Counting())
    assert counted < 200_000


def test_nobody_of_the_chat_speaks_in_a_scene() -> None:
    people = frozenset({"Ana"})
    assert leads(FORMS["scene"], "IDA: Come in.\nSAM: No.", "", people, 1)[0] == "IDA:"
    assert leads(FORMS["scene"], "", "Clara tells Ben that she is leaving", people, 1)[:2] == ("CLARA:", "BEN:")
    assert len({*leads(FORMS["scene"], "", "a quarrel", people, 7)}) == 2
    assert leads(FORMS["story"], "", "", people, 1) == ()


def test_a_wish_in_chinese_is_put_to_the_chat_model_not_to_an_english_voice() -> None:
    class Voiced(EchoGenerator):
        def chat(self, system: str, user: str, assistant: str) -> str | None:
            return f"{system}|{user}|{assistant}"

    def adapter(words: str, live: str) -> str:
        return plan(Task("story", passages(words), 1, adapter=live), FORMS["story"], Voiced()).adapter

    assert adapter("A keeper finds a letter", "story@shipped") == "story@shipped"
    assert adapter("从前有一只猫", "story@shipped") == ""
    assert adapter("从前有一只猫", "story@0001") == "story@0001"


def test_a_word_of_the_wish_asks_for_another_scheme_and_is_no_part_of_the_wish() -> None:
    sonnet = load()["sonnet"]
    for wish in ("Petrarchan: an old dog", "an old dog, petrarchan", "an old dog (Italian)", "彼特拉克：an old dog"):
        form, bare = in_scheme(sonnet, wish)
        assert form.lines
        assert form.lines.rhymes == "ABBAABBACDECDE"
        assert bare == "an old dog"
    form, bare = in_scheme(sonnet, "italians at sea")
    assert (form, bare) == (sonnet, "italians at sea")


def test_a_song_that_goes_on_keeps_its_chorus() -> None:
    song = "[Verse]\nOne line of it\nAnother line\n\n[Chorus]\nTake me home,\nTake me where it sings.\n\n[Verse]\nMore"
    lines = with_refrain(load()["lyrics"], song).lines
    assert lines
    assert lines.given == ("", "", "", "", "Take me home,", "Take me where it sings.")
    assert lines.heads[4] == "\n[Chorus]"
    assert len(lines.leads) == len(lines.syllables) == len(lines.rhymes) == len(lines.heads) == 6
    assert with_refrain(load()["lyrics"], "A line of mine") == load()["lyrics"]
