"""A persona's file is read as it was written, and anything else is refused with what is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.text import persona_file
from engine.text.persona_file import BadPersona

TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=60) | st.just('a "b"\n\tc\\d')


@given(TEXT.filter(str.strip), TEXT, TEXT)
def test_what_was_written_is_read(name: str, description: str, sample: str) -> None:
    file, mime, data = persona_file.write(name, description, sample)
    assert persona_file.read(data) == (name, description, sample)
    assert file.endswith(".toml")
    assert mime == "application/toml"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\xff\xfe\x00", "bytes"),
        (b"[persona]\nname = Old", "syntax"),
        (b"[[[[", "syntax"),
        (b"", "table"),
        (b"persona = 3", "table"),
        (b'[persona]\nname = "  "', "name"),
        (b'[persona]\nname = "A"\nvoice = "B"', "unknown"),
        (b"[persona]\nname = 3", "text"),
        (b"#" * 30_000, "large"),
    ],
)
def test_anything_else_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(BadPersona) as refused:
        persona_file.read(data)
    assert refused.value.fields["why"] == why


def test_a_mistake_is_told_with_its_line() -> None:
    with pytest.raises(BadPersona) as refused:
        persona_file.read(b'[persona]\nname = "A"\nsample = oh no\n')
    assert refused.value.fields["line"] == 3
