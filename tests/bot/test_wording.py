import string
import tomllib
from importlib import resources

import pytest

from bot import commands, replies, wording  # noqa: F401  # replies adds an error of its own to the tree
from engine.errors import EngineError, Impossible, UnknownForm


def words(language: str) -> dict[str, dict[str, str]]:
    return tomllib.loads(resources.files("bot").joinpath("words", f"{language}.toml").read_text("utf-8"))


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def tree(root: type[EngineError]) -> set[type[EngineError]]:
    return {root}.union(*(tree(child) for child in root.__subclasses__()))


def test_both_languages_have_the_same_sentences_with_the_same_fields() -> None:
    en, zh = words("en"), words("zh")
    assert {table: set(rows) for table, rows in en.items()} == {table: set(rows) for table, rows in zh.items()}
    for table, rows in en.items():
        for key, sentence in rows.items():
            assert fields(sentence) == fields(zh[table][key]), f"{table}.{key}"


@pytest.mark.parametrize("language", wording.LANGUAGES)
def test_every_table_is_sorted(language: str) -> None:
    for table, rows in words(language).items():
        assert list(rows) == sorted(rows), table


@pytest.mark.parametrize("language", wording.LANGUAGES)
def test_every_error_and_every_command_has_its_sentence(language: str) -> None:
    sentences = words(language)
    assert {kind.code for kind in tree(EngineError)} <= set(sentences["error"])
    assert {f"impossible_{why}" for why in Impossible.WHYS} <= set(sentences["error"])
    assert set(commands.BY_NAME) == set(sentences["command"])
    assert set(commands.FORMS) <= set(sentences["form"])


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("zh-Hans-CN", "zh"),
        ("zh_CN.UTF-8", "zh"),
        ("de;q=0.8, zh;q=0.5", "zh"),
        ("en-GB", "en"),
        ("fr", "en"),
        (None, "en"),
    ],
)
def test_the_language_is_read_off_any_tag(tag: str | None, language: str) -> None:
    assert wording.language_of(tag) == language


def test_a_long_wrong_value_is_quoted_short() -> None:
    assert len(wording.error(UnknownForm(form="x" * 5000, forms="story"), "en")) < 200
