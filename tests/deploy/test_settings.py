import os
from pathlib import Path

import pytest

from deploy import settings as config
from deploy.settings import SettingsError


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in config.describe(config.Settings.model_construct()):
        monkeypatch.delenv(name[0], raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GHOSTNOTE_PORT", "70000"),
        ("GHOSTNOTE_PORT", "studio"),
        ("GHOSTNOTE_DEVICE", "tpu"),
        ("GHOSTNOTE_DATABASE_URL", "mysql://here"),
        ("GHOSTNOTE_TELEGRAM_API", "not an address"),
        ("GHOSTNOTE_INBOX", "0"),
        ("GHOSTNOTE_TEXT_MODEL", ""),
        ("GHOSTNOTE_LOG_LEVEL", "loud"),
    ],
)
def test_a_wrong_value_is_one_sentence_that_names_the_setting(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        config.load()
    sentence = str(caught.value)
    assert sentence.startswith(name)
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(config.FILE).write_text('port = 9000\ntext_model = "gpt2"\n')
    monkeypatch.setenv("GHOSTNOTE_PORT", "9001")
    settings = config.load()
    assert (settings.port, settings.text_model) == (9001, "gpt2")


@pytest.mark.parametrize("content", ["colour = 3\n", "port = \n", "\x00", 'port = "x"\n'])
def test_a_wrong_file_is_one_sentence(content: str) -> None:
    Path(config.FILE).write_text(content)
    with pytest.raises(SettingsError) as caught:
        config.load()
    assert "\n" not in str(caught.value)


def test_off_loopback_the_studio_needs_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GHOSTNOTE_HOST", "0.0.0.0")
    with pytest.raises(SettingsError, match="GHOSTNOTE_TOKEN"):
        config.load()
    monkeypatch.setenv("GHOSTNOTE_TOKEN", "a-token")
    assert config.load().token.get_secret_value() == "a-token"


def test_secrets_are_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GHOSTNOTE_TELEGRAM_TOKEN", "123:abc")
    settings = config.load()
    assert "123:abc" not in repr(settings)
    assert not any("123:abc" in cell for row in config.describe(settings) for cell in row)


def test_a_misspelt_setting_is_named_with_the_likely_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GHOSTNOTE_TEXTMODEL", "gpt2")
    assert config.unknown() == ["GHOSTNOTE_TEXTMODEL (did you mean GHOSTNOTE_TEXT_MODEL?)"]


@pytest.mark.parametrize("writable", [True, False])
def test_what_is_compiled_is_kept_at_home_where_the_code_may_not_be_written(
    writable: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "code"
    place.mkdir()
    monkeypatch.setattr(config, "COMPILED", place if writable else tmp_path / "none")
    monkeypatch.setenv("GHOSTNOTE_HOME", str(tmp_path))
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")  # so that what is set below is taken back
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    config.load()
    assert os.environ.get("NUMBA_CACHE_DIR") == (None if writable else str(tmp_path / "compiled"))
