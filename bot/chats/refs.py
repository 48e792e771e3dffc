"""Messages of a chat as the engine refers to them, and a passage's messages as the chat shows them. Pure."""

import re
from collections.abc import Iterable

from engine.messages import MessageRef, SessionKey, Vote

_COMMAND = re.compile(r"/([A-Za-z0-9_]+)(?:@\w+)?(?=\s|$)")

_LIKED = "👍❤🔥🥰👏🎉🤩🙏👌😍🐳💯🤣⚡🏆🍓🍾💋😇🤝🤗🫡🎄🆒💘🦄😘😎😁✍🕊💅🤯"
_DISLIKED = "👎💩🤮🥱🖕😡🤬🤡🍌🌭"
VALUES: dict[str, Vote] = {**dict.fromkeys(_LIKED, 1), **dict.fromkeys(_DISLIKED, -1)}
"""What a native reaction says about a passage. Sad or puzzled ones are missing: a good story may want just that."""


def command_in(text: str) -> str:
    """The name of the command a text begins with, "" where there is none."""
    match = _COMMAND.match(text)
    return match[1].lower() if match else ""


def ref_of(key: SessionKey, message: int) -> MessageRef:
    """A message, as the engine refers to it."""
    return MessageRef(key.platform, key.chat, str(message))


def file_refs(key: SessionKey, message: int, kind: str) -> tuple[MessageRef, ...]:
    """A message that holds a file: as any other, so that an answer finds it, and once more with what it holds."""
    return ref_of(key, message), MessageRef(key.platform, key.chat, f"{message}.{kind}")


def showing(refs: Iterable[MessageRef], key: SessionKey) -> tuple[tuple[int, ...], dict[str, int]]:
    """The messages of a chat among these: those that hold a text, oldest first, and those that hold a file, by kind."""
    here = [ref.message.partition(".") for ref in refs if (ref.platform, ref.chat) == (key.platform, key.chat)]
    files = {kind: int(number) for number, _, kind in here if kind}
    held = {number for number, _, kind in here if kind}
    return tuple(sorted(int(number) for number, _, _ in here if number not in held)), files
