import re
from pathlib import Path

import pytest

from engine.text import rhyme
from engine.text.forms import check
from engine.text.forms.check import Measure
from engine.text.forms.load import FOLDER, FormMistake, load, read

GOOD = (FOLDER / "story.toml").read_text(encoding="utf-8")

TITLES = {
    "character": "人物",
    "couplets": "对句诗",
    "design": "设计",
    "haiku": "俳句",
    "ideas": "点子",
    "limerick": "五行打油诗",
    "lyrics": "歌词",
    "poem": "诗",
    "quest": "任务",
    "scene": "场景",
    "slogan": "标语",
    "sonnet": "十四行诗",
    "story": "故事",
    "world": "世界",
}


def test_the_shipped_forms_load_with_titles_in_both_languages() -> None:
    forms = load()
    assert {name: form.title("zh") for name, form in forms.items()} == TITLES
    assert forms["story"].title("fr") == "Story"


def test_the_shipped_examples_keep_their_own_rules() -> None:
    for form in load().values():
        for example in form.examples:
            verdict = check.CHECKERS[form.checker](example.answer, form.measure)
            assert verdict.holds, (form.name, example.ask, verdict.rule)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("[titles]\nen", "[titles]\nfr"), "English title"),
        (('checker = "prose"', 'checker = "proze"'), "checker = 'proze' is not one of"),
        (('checker = "prose"', "checker = 3"), "checker must be a text in quotes"),
        (('checker = "prose"', 'colour = "red"'), "unknown setting 'colour'"),
        (("tokens = 160", 'tokens = "many"'), "[length] tokens must be a whole number"),
        (("tokens = 160", "tokens = 999999"), "[length] tokens must be a whole number"),
        (("temperature = 0.7", 'temperature = "hot"'), "[sampling] temperature must be a number"),
        (("temperature = 0.7", "temperature = -1"), "[sampling] temperature is out of range"),
        (("temperature = 0.7", "warmth = 1"), "unknown setting 'warmth'"),
        (("A story: {premise}", "A story"), "[voice] asked has no {premise}"),
        (("[sampling]", "[samplings]"), "unknown setting 'samplings'"),
        (("drafts = 3", "drafts = 0"), "drafts must be from 1 to 16"),
        (("drafts = 3", "drafts = true"), "drafts must be a whole number"),
        (("[length]", "[length"), "line"),
        (("[length]", '[lines]\nleads = ["a"]\nsyllables = [5, 7]\n[length]'), "[lines] leads"),
        (("[length]", '[lines]\nleads = ["{a}"]\n[length]'), "[lines] cast"),
        (
            ("[length]", "[lines]\nsyllables = [8, 8]\nrhymes = 'ABA'\n[length]"),
            "[lines] rhymes needs a letter for each of the 2",
        ),
        (("[length]", "[lines]\nsyllables = [8, 99]\n[length]"), "[lines] syllables must be numbers"),
        (("[length]", "[lines]\nsyllables = [8, 8]\nslack = true\n[length]"), "[lines] slack must be a whole number"),
        (
            ("[length]", "[lines]\nsyllables = [8, 8]\nagain = [2, 0]\n[length]"),
            "[lines] again may only name earlier lines",
        ),
        (("[length]", "[lines]\nsyllables = [8, 8]\nheads = ['x']\n[length]"), "[lines] heads needs one for each"),
        (("Elara", "(Elara"), "stale has a pattern"),
        (("[length]", '[[examples]]\nask = "x"\n[length]'), "every [[examples]] needs ask and answer"),
    ],
)
def test_a_mistake_names_the_file_and_the_reason(tmp_path: Path, change: tuple[str, str], reason: str) -> None:
    assert change[0] in GOOD
    path = tmp_path / "ballad.toml"
    path.write_text(GOOD.replace(*change), encoding="utf-8")
    with pytest.raises(FormMistake) as mistake:
        load(tmp_path)
    assert re.match(r"ballad\.toml, line \d+: ", str(mistake.value))
    assert reason in str(mistake.value)


@pytest.mark.parametrize(
    ("change", "begins"),
    [
        (("temperature = 0.7", "warmth = 1"), "warmth"),
        (("tokens = 160", 'tokens = "many"'), "tokens"),
        (("drafts = 3", "drafts = 0"), "drafts"),
        (("A story: {premise}", "A story"), "asked"),
        (("[length]", "[lines]\nsyllables = [8, 8]\nslack = 9\n[length]"), "slack"),
        (("[length]", "[lengths]"), "[lengths]"),
        (("[length]", "[length"), "[length"),
    ],
)
def test_a_mistake_names_the_line(tmp_path: Path, change: tuple[str, str], begins: str) -> None:
    path = tmp_path / "ballad.toml"
    path.write_text(GOOD.replace(*change), encoding="utf-8")
    with pytest.raises(FormMistake) as mistake:
        read(path)
    number = int(str(mistake.value).removeprefix("ballad.toml, line ").partition(":")[0])
    assert path.read_text(encoding="utf-8").splitlines()[number - 1].startswith(begins)


def test_a_file_that_is_no_text_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "odd.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FormMistake, match=r"odd\.toml: it is not UTF-8 text"):
        load(tmp_path)
    with pytest.raises(FormMistake, match=r"gone\.toml: it cannot be read"):
        read(tmp_path / "gone.toml")


def test_a_persons_own_form_is_one_file(tmp_path: Path) -> None:
    (tmp_path / "ballad.toml").write_text(GOOD, encoding="utf-8")
    assert load(tmp_path)["ballad"].name == "ballad"


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("still pond before dawn\none frog breaks the sleeping moon\ninto silver rings", True),
        ("still pond before dawn\none frog breaks the moon\ninto silver rings", False),
        ("still pond before dawn\none frog breaks the sleeping moon", False),
        ("", False),
    ],
)
def test_haiku_must_have_their_syllables(text: str, holds: bool) -> None:
    verdict = check.syllables(text, Measure(3, (5, 7, 5)))
    assert verdict.holds is holds
    assert (verdict.rule == "") is holds
    assert holds == ([rhyme.syllables(line) for line in text.split("\n")] == [5, 7, 5])


def test_verse_is_not_prose() -> None:
    prose = (
        "The sea was grey and the boats lay in the harbour while the men sat in the inn and drank and waited for it."
    )
    verse = (
        "The boats are in, the ropes are tied,\nThe gulls walk up the pier;\nA little ice comes with the tide\nAnd none"
    )
    measure = Measure(8)
    assert not check.verse(prose, measure).holds
    assert check.verse(verse, measure).holds
    unrhymed = verse.replace("tide", "waves").replace("tied", "wet")
    assert check.verse(verse, measure).score > check.verse(unrhymed, measure).score


QUATRAIN = (
    "The boats are in, the ropes are tied,\nThe gulls walk up and down the pier;\n"
    "A little ice comes with the tide\nAnd no one else is out to hear"
)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (QUATRAIN, ""),
        (QUATRAIN.replace("tide", "sea"), "ABAB"),
        (QUATRAIN.replace("the pier", "the very long pier"), "4 lines"),
        (QUATRAIN.rpartition("\n")[0], "4 lines"),
    ],
    ids=["held", "no rhyme", "too long", "three lines"],
)
def test_measured_verse_keeps_its_count_and_its_scheme(text: str, rule: str) -> None:
    verdict = check.syllables(text, Measure(4, (8, 8, 8, 8), 1, "ABAB"))
    assert (verdict.holds, verdict.rule) == (not rule, rule)
    assert check.syllables(text, Measure(4, (8, 8, 8, 8), 1, "----")).holds is (rule in ("", "ABAB"))


CARD = "Name: Anders Holm.\nWants: To cross the river once.\nFears: The bridge."


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        (CARD, True),
        (CARD.replace("Wants:", "Likes:"), False),
        (CARD.replace("The bridge.", ""), False),
        (CARD.replace("The bridge.", "To cross the river once."), False),
    ],
    ids=["whole", "another label", "an empty line", "said twice"],
)
def test_a_card_has_its_lines_in_their_order(text: str, holds: bool) -> None:
    assert check.card(text, Measure(0, labels=("Name:", "Wants:", "Fears:"))).holds is holds


def test_ideas_differ() -> None:
    same = "1. A cat that pays the rent.\n2. A cat that pays the rent.\n3. A cat that pays the bill."
    assert not check.ideas(same, Measure(3)).holds
    assert not check.ideas("1. One.\n2. Two.", Measure(3)).holds


def test_dialogue_needs_two_who_speak() -> None:
    measure = Measure(4)
    assert check.dialogue("MARA: Come in.\nTOM: I would rather not.", measure).holds
    assert not check.dialogue("MARA: Come in.\nMARA: I would rather not.", measure).holds
    assert not check.dialogue("Mara came in and sat down by the fire.", measure).holds


def test_prose_needs_its_length_and_varied_beginnings() -> None:
    measure = Measure(10)
    alike = "He was tall. He was old. He was sad. He was alone in the house."
    varied = "He was tall. Rain fell. Nobody came that day. The house stood alone."
    assert not check.prose("Too short.", measure).holds
    assert check.prose(varied, measure).score > check.prose(alike, measure).score


BAKER = """A baker who lived by the quay
Put salt by mistake in the tea.
Said his wife, "It's a shame,
But it tastes just the same
As a mouthful of Wednesday's sea." """


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        (BAKER, True),
        (BAKER.replace("Wednesday's sea", "Wednesday's rain"), False),
        (BAKER.replace("of Wednesday's sea", "from under the quay by the tea"), False),
        ("\n".join(BAKER.split("\n")[:4]), False),
    ],
    ids=["AABBA", "no third rhyme", "a word rhymes with itself", "four lines"],
)
def test_limericks_must_rhyme_aabba(text: str, holds: bool) -> None:
    verdict = check.limerick(text, Measure(0))
    assert verdict.holds is holds
    assert verdict.rule == ("" if holds else "AABBA")


VERSE, CHORUS = (
    "[Verse]\nThe lamps along the platform shake\nI count the stops I used to make",
    "[Chorus]\nTake me home",
)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        (f"{VERSE}\n\n{CHORUS}\n\n{VERSE} again\n\n{CHORUS}", True),
        (f"{VERSE}\n\n{CHORUS}\n\n{VERSE}\n\n{CHORUS}", False),
        (f"{VERSE}\n\n{CHORUS}", False),
        (f"{VERSE}\n\n{CHORUS}\n\n{VERSE} again\n\n{CHORUS} tonight", False),
        (f"{CHORUS}\n\n{CHORUS}", False),
        ("The lamps along the platform shake", False),
    ],
    ids=["returns", "the same verse", "once", "changed", "no verse", "no parts"],
)
def test_a_song_needs_a_chorus_that_returns(text: str, holds: bool) -> None:
    assert check.lyrics(text, Measure(4)).holds is holds
