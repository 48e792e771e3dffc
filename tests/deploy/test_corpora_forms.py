"""Haiku, limericks and songs out of lines of verse, and stretches of the corpus that nothing is trained on."""

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.passages import Passage
from deploy.corpora import couplets, haiku, limericks, plans, songs, stretches, verse
from deploy.corpora.premise import Rarity
from deploy.corpora.rhyme import Sounds
from engine.text import rhyme
from engine.text.forms.check import Measure, limerick, lyrics, syllables

LIMERICK = [
    "There was a young goat on a roof",
    "Who danced with remarkable hoof.",
    "The neighbours below",
    "Applauded the show,",
    "But asked for a carpet, as proof.",
]
SONG = [
    "The moon began to light the lane,", "And I began to roam,", "Take me where the kettle sings,", "Take me home.",
    "The lamps along the window shake,", "The boats come through the foam,", "Take me where the kettle sings,",
    "Take me home.", "The stars go over one by one,", "Above the tower and dome,", "Take me where the kettle sings,",
    "Take me home.", "Another poem begins with this,",
]  # fmt: skip


@pytest.fixture(scope="module")
def sounds() -> Sounds:
    """The dictionary of the words above, pronounced as serving pronounces them."""
    text = " ".join([*LIMERICK, *SONG, "still pond before dawn one frog breaks the sleeping moon into silver rings"])
    words = {word for line in [text] for word in rhyme.words(line)}
    entries = (f'"{word}": "{" ".join(rhyme.sounds(word)[0])}"' for word in words if rhyme.sounds(word))
    return Sounds("\n".join(entries))


def test_no_training_line_lies_near_a_held_out_one() -> None:
    found = {at: stretches.split_of(at) for at in range(0, 3_085_117, 1_000)}
    held = [at for at, split in found.items() if split in ("valid", "test")]
    assert {found[at] for at in held} == {"valid", "test"}
    assert min(abs(at - other) for at, split in found.items() if split == "train" for other in held) >= stretches.GUARD


def test_a_sentence_of_seventeen_syllables_that_breathes_becomes_a_haiku(sounds: Sounds) -> None:
    text = haiku.divided("Still pond before dawn, one frog breaks the sleeping moon into silver rings.", sounds)
    assert text == "still pond before dawn,\none frog breaks the sleeping moon\ninto silver rings"
    assert not haiku.divided("Still pond before the dawn, one frog breaks the sleeping moon into rings.", sounds)
    assert not haiku.divided("Still pond before dawn, one Frog breaks the sleeping moon into silver rings.", sounds)


def test_what_was_written_for_the_project_keeps_its_forms() -> None:
    for row in haiku.own(haiku.OWN, 1, "A haiku"):
        assert syllables(row.text, Measure(0, haiku.MEASURE)).holds, row.text
    for row in haiku.own(limericks.OWN, 1, "A limerick"):
        assert limerick(row.text, Measure(0)).holds, row.text


def test_one_in_eight_of_the_projects_own_is_held_out_and_told_once(tmp_path: Path) -> None:
    file = tmp_path / "own.txt"
    file.write_text("".join(f"theme {at} | one {at} | two | three\n" for at in range(16)), encoding="utf-8")
    rows = list(haiku.own(file, 3, "A haiku"))
    assert sum(row.split == "test" for row in rows) == 2
    assert [row.prompt for row in rows[:3]] == ["A haiku: theme 0\n\n"] * 2 + ["A haiku\n\n"]
    assert not {row.text for row in rows if row.split == "test"} & {row.text for row in rows if row.split == "train"}


def test_limericks_are_found_whole_and_in_lears_four_lines(sounds: Sounds) -> None:
    four = [*LIMERICK[:2], "The neighbours below, applauded the show,", LIMERICK[4]]
    found = list(limericks.limericks([*LIMERICK, *SONG, *four, *SONG], sounds))
    assert [at for at, _ in found] == [0, len(LIMERICK) + len(SONG)]
    assert found[0][1] == "\n".join(LIMERICK)
    assert found[1][1].split("\n")[2:4] == ["The neighbours below,", "Applauded the show,"]


@pytest.mark.parametrize(
    ("at", "line"),
    [(4, "But asked for a carpet, as show."), (2, "The neighbours below danced on a remarkable roof"), (0, "hoof")],
    ids=["no rhyme", "too long", "no beginning"],
)
def test_what_is_no_limerick_is_left(at: int, line: str, sounds: Sounds) -> None:
    assert not limericks.fits((*LIMERICK[:at], line, *LIMERICK[at + 1 :]), sounds)


def test_a_limerick_with_its_rhymes_first_names_the_ends_of_its_lines(sounds: Sounds) -> None:
    row = Passage("A limerick: a goat\n\n", "\n".join(LIMERICK), True, "", "here", "train")
    found = plans.planned(row, sounds)
    assert found is not None
    assert found.prompt == "A limerick: a goat\nRhymes:"
    assert found.text == " roof / hoof / below / show / proof\n\n" + row.text
    again = "\n".join([*LIMERICK[:4], "They called it the goat on the roof."])
    assert plans.planned(replace(row, text=again), sounds) is None
    assert plans.planned(replace(row, text="\n".join(reversed(LIMERICK))), sounds) is None


def test_rhymes_alone_are_of_two_families_that_limericks_and_verse_know(sounds: Sounds) -> None:
    ends = [plans.closing("\n".join(LIMERICK), sounds)]
    verse_ends = Counter({"home": 9000, "foam": 9000, "roam": 9000, "dome": 9000, "bow": 9000, "go": 2000, "so": 9000,
                          "flow": 9000, "aloof": 9000, "spoof": 100})  # fmt: skip
    known = Sounds("\n".join(f'"{word}": "{" ".join(rhyme.sounds(word)[0])}"' for word in
                             (*verse_ends, "roof", "hoof", "proof", "below", "show", "woof")))  # fmt: skip
    found = plans.families([*ends, ("woof",)], verse_ends, known)
    assert [set(family) for family in found] == [
        {"roof", "hoof", "proof", "aloof", "woof"}, {"below", "show", "go", "so", "flow"}
    ]  # fmt: skip
    rows = list(plans.plans(found, ["a goat"], 1))
    assert rows == list(plans.plans(found, ["a goat"], 1))
    assert len(rows) == plans.PLANS
    for row in rows[:200]:
        words = row.text.strip().split(" / ")
        assert len(set(words)) == 5
        assert all(known.rhyme(words[one], words[other]) for one, other in ((0, 1), (0, 4), (2, 3)))
        assert not known.rhyme(words[0], words[2])
    assert {row.prompt for row in rows} == {"A limerick\nRhymes:", "A limerick: a goat\nRhymes:"}


def test_a_limerick_is_asked_for_by_its_hero_or_by_words() -> None:
    text = "\n".join(LIMERICK)
    asked = {limericks.theme(text, Rarity([text] * 3), random.Random(seed)) for seed in range(40)}
    assert "A limerick: a young goat on a roof\n\n" in asked
    assert "A limerick\n\n" in asked


def test_of_a_couplet_only_the_word_that_rhymes_is_learnt(sounds: Sounds, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [*LIMERICK[:2], *SONG]
    assert [(at, one, two) for at, one, two in couplets.couplets(lines, sounds)] == [(0, *LIMERICK[:2])]
    far = ["The moon"] * 20_000  # so far on nothing is held out
    monkeypatch.setattr(verse, "opened", lambda read, say: (far + lines * 40, sounds))
    monkeypatch.setattr(couplets, "EACH", 7)
    rows = list(couplets.build(lambda source: b"", lambda line: None, 1))
    assert len(rows) == 7
    assert {(row.prompt, row.text, row.ends) for row in rows} == {
        (f"A verse\n\n{LIMERICK[0]}\nWho danced with remarkable", " hoof.", False)
    }
    monkeypatch.setattr(couplets, "OFTEN", 41)
    assert not list(couplets.build(lambda source: b"", lambda line: None, 1))


def test_a_song_is_its_verses_and_the_refrain_that_returns(sounds: Sounds) -> None:
    (song,) = songs.songs(["A line that closes a poem before.", *SONG], sounds)
    assert song.refrain == ("Take me where the kettle sings,", "Take me home.")
    assert [verse[0] for verse in song.verses] == [SONG[0], SONG[4], SONG[8]]
    text, whole = song.text()
    assert whole
    assert text.count("[Chorus]") == 3
    assert lyrics(text, Measure(10)).holds
    assert songs.theme(song, Rarity([text] * 3), random.Random(1)).startswith("Song lyrics")


def test_a_song_whose_beginning_is_another_poems_loses_that_verse(sounds: Sounds) -> None:
    (song,) = songs.songs(["A line that is not closed", *SONG], sounds)
    assert [verse[0] for verse in song.verses] == [SONG[4], SONG[8]]
