"""Telling Discord the menus, only when they differ from what it has: it takes two hundred new commands a day."""

import json
import logging
from typing import Any

from discord import app_commands
from discord.http import Route

from bot.discord.sending import ERRORS

log = logging.getLogger(__name__)

_COMPARED = (
    *("name", "type", "description", "name_localizations", "description_localizations", "options", "choices"),
    *("required", "autocomplete", "value", "min_value", "max_value"),
)


async def sync(tree: app_commands.CommandTree[Any]) -> bool:
    """Bring Discord's menus to ours; whether anything was sent. Raises discord.py's errors."""
    client = tree.client
    translator = tree.translator or app_commands.Translator()
    ours = [await command.get_translated_payload(tree, translator) for command in tree.get_commands()]
    route = Route("GET", "/applications/{application_id}/commands", application_id=client.application_id)
    theirs = await client.http.request(route, params={"with_localizations": "true"})
    if _same(ours, theirs):
        return False
    await tree.sync()
    return True


async def offer(tree: app_commands.CommandTree[Any]) -> None:
    """`sync`, with a line in the log if Discord does not take the menus; the old ones work on then."""
    try:
        sent = await sync(tree)
    except ERRORS as error:
        log.warning("Discord: the menu of commands was not taken: %s", error)
    else:
        log.info("Discord: the menu of commands is %s", "new" if sent else "as it was")


def _same(ours: list[Any], theirs: list[Any]) -> bool:
    return _rows(ours) == _rows(theirs)


def _rows(commands: list[Any]) -> list[str]:
    return sorted(json.dumps(_plain({"type": 1, **command}), sort_keys=True) for command in commands)


def _plain(value: Any) -> Any:
    """What counts of a command, whoever wrote it down: no ids, nothing that is empty."""
    if isinstance(value, dict) and ("name" in value or "description" in value):
        kept = {name: _plain(value[name]) for name in _COMPARED if name in value}
        return {name: each for name, each in kept.items() if each not in (None, False, {}, [], "")}
    if isinstance(value, dict):
        return dict(sorted(value.items()))
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value
