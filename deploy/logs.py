"""Keeps secrets out of the log: whatever is logged, by us or a library, passes one filter."""

import logging
from collections.abc import Iterable

from pydantic import SecretStr

HIDDEN = "•••"


class _Redactor(logging.Filter):
    def __init__(self, secrets: tuple[str, ...]) -> None:
        super().__init__()
        self._secrets = secrets

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if any(secret in text for secret in self._secrets):
            record.msg, record.args = self._hide(text), ()
        if record.exc_info:
            trace = logging.Formatter().formatException(record.exc_info)
            record.exc_text, record.exc_info = self._hide(trace), None
        return True

    def _hide(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text


def redact(secrets: Iterable[SecretStr]) -> None:
    """From now on every handler of the root logger writes `HIDDEN` in place of each of these."""
    values = tuple(value for secret in secrets if (value := secret.get_secret_value()))
    for handler in logging.getLogger().handlers:
        handler.addFilter(_Redactor(values))
    logging.getLogger("httpx").setLevel(logging.WARNING)  # a line for every poll, with the token in its address
