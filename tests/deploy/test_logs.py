import io
import logging
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from deploy.logs import HIDDEN, redact


@pytest.fixture
def output() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    root.addHandler(handler)
    redact([SecretStr("123:abc"), SecretStr("")])
    yield stream
    root.removeHandler(handler)
    for other in root.handlers:
        other.filters.clear()


def test_a_secret_is_hidden_in_message_arguments_and_traceback(output: io.StringIO) -> None:
    failure = RuntimeError("POST /bot123:abc/getMe failed")
    logging.getLogger("any").error("asking %s", "/bot123:abc/getMe", exc_info=failure)
    assert "123:abc" not in output.getvalue()
    assert output.getvalue().count(HIDDEN) == 2
    assert "RuntimeError" in output.getvalue()
