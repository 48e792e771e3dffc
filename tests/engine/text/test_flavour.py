"""What people say of genre, mood and teller is understood, and reaches the prompt and the choice among drafts."""

from dataclasses import dataclass, replace

import pytest

from engine.errors import BadValue
from engine.messages import Flavour, Teller
from engine.text import flavour, mood
from engine.text.echo import EchoGenerator
from engine.text.forms.load import load
from engine.text.plan import plan
from engine.text.task import Passage, Task

FORMS = load()
GLAD, GLOOMY = "They laughed in the happy sunshine.", "They wept at the lonely grave."


@pytest.mark.parametrize(
    ("said", "meant"),
    [("Horror", "horror"), ("SCIENCE  fiction", "sci-fi"), ("童话", "fairy tale"), ("off", ""), ("关", ""),
     ("a tale of the sea", "a tale of the sea")],
)  # fmt: skip
def test_genres_are_known_or_free(said: str, meant: str) -> None:
    assert flavour.read_genre(said) == meant


@pytest.mark.parametrize(
    ("said", "meant"), [("Sad", "melancholy"), ("紧张", "tense"), ("happy", "joyful"), ("none", "")]
)
def test_moods_are_said_in_many_words(said: str, meant: str) -> None:
    assert flavour.read_mood(said) == meant


def test_what_is_no_mood_is_refused_with_the_moods() -> None:
    with pytest.raises(BadValue) as refused:
        flavour.read_mood("purple")
    assert all(name in str(refused.value.fields["allowed"]) for name in mood.MOODS)
    with pytest.raises(BadValue):
        flavour.read_genre("x" * 61)


@pytest.mark.parametrize(
    ("said", "teller"),
    [
        ("first person", Teller("first")),
        ("第一人称", Teller("first")),
        ("Narrator.", Teller("narrator")),
        ("like this: The rain fell.\nIt fell.", Teller("like", sample="The rain fell.\nIt fell.")),
        ("像这样：雨下了。", Teller("like", sample="雨下了。")),
        ("off", Teller()),
        ("Old  Sailor", Teller("persona", "Old Sailor")),
    ],
)
def test_tellers_are_understood_and_kept(said: str, teller: Teller) -> None:
    assert flavour.read_teller(said) == teller
    assert flavour.stored_teller(flavour.write_teller(teller)) == teller


@pytest.mark.parametrize("form", FORMS)
def test_the_flavour_stands_in_the_prompt_as_sections_of_its_own(form: str) -> None:
    chosen = Flavour("horror", "tense", Teller("persona", "Old Sailor", "dry and slow", "The sea gave back her dead."))
    for passages in ((), (Passage("person", "Ann", "a cellar"),), (Passage("person", "Ann", "She ran. It was dark."),)):
        made = plan(Task(form, passages, 7, flavour=chosen), FORMS[form], EchoGenerator())
        sections = {name: "".join(s.text for s in made.prompt.sections if s.name == name) for name in
                    ("genre", "mood", "teller")}  # fmt: skip
        assert "horror" in sections["genre"]
        assert any(hint in sections["mood"] for hint in mood.HINTS["tense"])
        assert "Old Sailor" in sections["teller"]
        assert "The sea gave back her dead." in sections["teller"]
        assert made.prompt.text == "".join(section.text for section in made.prompt.sections)
        assert (made.sampling.mood, made.sampling.pull) == ("tense", flavour.PULL)


def test_without_a_choice_nothing_changes() -> None:
    passages = (Passage("person", "Ann", "a cellar"),)
    made = plan(Task("story", passages, 7), FORMS["story"], EchoGenerator())
    assert (made.suits, made.sampling) == (None, FORMS["story"].sampling)
    assert {section.name for section in made.prompt.sections} <= {"instruction", "premise", "story"}


def test_another_seed_hints_at_other_things() -> None:
    hinted = {flavour.asides(Flavour(mood="dark"), seed) for seed in range(20)}
    assert len(hinted) > 5


def test_drafts_that_suit_are_worth_more() -> None:
    worth = flavour.suiting(Flavour(mood="melancholy"))
    assert worth
    assert worth(GLOOMY) > worth(GLAD)
    first, narrator = (flavour.suiting(Flavour(teller=Teller(kind))) for kind in ("first", "narrator"))
    assert first
    assert narrator
    assert first("I went home.") > first("She went home.")
    assert narrator("She went home.") > narrator("I went home.")
    assert first('"I will," she said.') < first("I will, I said.")
    horror = flavour.suiting(Flavour("horror"))
    assert horror
    assert horror("A ghost came.") > horror("A cat came.")


@pytest.mark.parametrize(
    "told", ["The dog came, dark, a crypt, death.", "The house by the sea; dark, bones, blood.", "A ghost, a cellar."]
)
def test_hints_told_off_as_in_the_prompt_are_worth_less(told: str) -> None:
    worth = flavour.suiting(Flavour("horror", "dark"))
    assert worth
    assert worth(told) < worth(told.replace(",", " and").replace(";", " and")) - 1


@dataclass
class Counting(EchoGenerator):
    """Tokens a character, as another model's vocabulary has them."""

    tokens: float

    def __post_init__(self) -> None:
        super().__init__()

    def count(self, text: str) -> int:
        return int(len(text) * self.tokens)


def test_chinese_is_owned_up_to_where_the_model_does_not_know_it() -> None:
    task = Task("story", (Passage("person", "Ann", "一只狐狸在寒夜里出门。"),), 7, flavour=Flavour(mood="dark"))
    for tokens, known in ((1.85, False), (3.0, False), (0.7, True)):
        made = plan(task, FORMS["story"], Counting(tokens))
        assert [name for name, _ in made.remarks] == ["chinese_base"] * (not known) + ["chinese_mood"]
        assert not made.sampling.mood
    later = replace(task, passages=(*task.passages, Passage("model", "", "它走了。")))
    assert plan(later, FORMS["story"], Counting(1.85)).remarks == ()
