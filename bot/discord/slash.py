"""Discord's menus, made from the table of commands: slash commands with their options, and what a message offers."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import discord
from discord import app_commands
from discord.app_commands import Choice, Range, locale_str

from bot import commands, wording
from bot.calls import Command, Takes
from engine.books.formats import FORMATS
from engine.lorebook import MOST_ORDER, MOST_STICKY
from engine.text.mood import MOODS
from engine.together.asked import DRAFTS
from engine.together.state import MODES

Interaction = discord.Interaction[Any]
Sent = discord.Attachment | None

MOST = DRAFTS[1]
ON_MESSAGES = ("continue", "retry", "branch", "edit", "music")
"""What the menu of a message offers, five at most: `continue` goes on from there, `edit` asks for the new words in a
form, `music` is written in the mood of the passage."""

_CHINESE = (discord.Locale.chinese, discord.Locale.taiwan_chinese)


class Acts(Protocol):
    """Who acts on what people choose. Each of these only begins; none raises."""

    async def command(self, interaction: Interaction, name: str, words: str = "", file: Sent = None) -> None:
        """A slash command."""

    async def on_message(self, interaction: Interaction, action: str, message: discord.Message) -> None:
        """A choice from the menu of a message."""

    async def pieces(self, interaction: Interaction) -> list[tuple[str, str]]:
        """The pieces of the chat: what to show, what to send."""

    async def branches(self, interaction: Interaction) -> list[tuple[str, str]]:
        """The branches of the open piece, likewise."""

    async def lore(self, interaction: Interaction) -> list[tuple[str, str]]:
        """The entries of the lore, likewise."""

    async def writers(self, interaction: Interaction) -> list[tuple[str, str]]:
        """Who takes part in the open piece, likewise."""


class Chinese(app_commands.Translator):
    """Tells Discord the Chinese sentences; their keys travel in the English ones."""

    async def translate(
        self, string: locale_str, locale: discord.Locale, context: app_commands.TranslationContextTypes
    ) -> str | None:
        """The sentence in a locale, None where there is none but the English one."""
        key = string.extras.get("key")
        return wording.say(key, "zh") if key and locale in _CHINESE else None


def fill(tree: app_commands.CommandTree[Any], acts: Acts) -> None:
    """Put every command into the tree."""
    for command in commands.TABLE:
        tree.add_command(
            app_commands.Command(
                name=command.name, description=_said(f"command_{command.name}"), callback=_callback(command, acts)
            )
        )
    for action in ON_MESSAGES:
        tree.add_command(app_commands.ContextMenu(name=_said(f"menu_{action}"), callback=_menu(action, acts)))


def _said(key: str) -> locale_str:
    return locale_str(wording.say(key, "en"), key=key)


def _menu(action: str, acts: Acts) -> Any:
    async def chosen(interaction: discord.Interaction, message: discord.Message) -> None:
        await acts.on_message(interaction, action, message)

    return chosen


def _callback(command: Command, acts: Acts) -> Any:
    """The function whose parameters discord.py reads the options from."""
    name = command.name
    if name in _SPECIAL:
        return _SPECIAL[name](name, acts)
    if command.group == "music" and name not in ("notes", "score", "motif"):
        return _musical(name, acts)
    if command.takes is Takes.NOTHING:
        return _bare(name, acts)
    return _worded(name, acts, needed=command.takes is Takes.TEXT and name != "edit")


def _bare(name: str, acts: Acts) -> Any:
    async def run(interaction: discord.Interaction) -> None:
        await acts.command(interaction, name)

    return run


def _worded(name: str, acts: Acts, *, needed: bool) -> Any:
    async def must(interaction: discord.Interaction, text: str) -> None:
        await acts.command(interaction, name, text)

    async def may(interaction: discord.Interaction, text: str | None = None) -> None:
        await acts.command(interaction, name, text or "")

    said = _said("option_code" if name == "link" else "option_text")
    return app_commands.describe(text=said)(must if needed else may)


def _musical(name: str, acts: Acts) -> Any:
    async def run(
        interaction: discord.Interaction, text: str | None = None, file: discord.Attachment | None = None
    ) -> None:
        await acts.command(interaction, name, text or "", file)

    return app_commands.describe(text=_said("option_text"), file=_said("option_file"))(run)


def _filed(name: str, acts: Acts) -> Any:
    async def run(interaction: discord.Interaction, file: discord.Attachment | None = None) -> None:
        await acts.command(interaction, name, "", file)

    return app_commands.describe(file=_said("option_brought"))(run)


def _counted(name: str, acts: Acts) -> Any:
    async def run(interaction: discord.Interaction, count: Range[int, 1, 6] | None = None) -> None:
        await acts.command(interaction, name, str(count or ""))

    return app_commands.describe(count=_said("option_count"))(run)


def _picked(name: str, acts: Acts) -> Any:
    async def run(interaction: discord.Interaction, version: Range[int, 1, 2]) -> None:
        await acts.command(interaction, name, str(version))

    return app_commands.describe(version=_said("option_version"))(run)


def _voted(name: str, acts: Acts) -> Any:
    async def run(interaction: discord.Interaction, number: Range[int, 1, MOST]) -> None:
        await acts.command(interaction, name, str(number))

    return app_commands.describe(number=_said("option_vote"))(run)


def _ruled(name: str, acts: Acts) -> Any:
    async def run(interaction: discord.Interaction, mode: str | None = None, details: str | None = None) -> None:
        await acts.command(interaction, name, f"{mode or ''} {details or ''}".strip())

    described = app_commands.describe(mode=_said("option_mode"), details=_said("option_details"))(run)
    return app_commands.choices(mode=[Choice(name=mode, value=mode) for mode in MODES])(described)


def _passage(name: str, acts: Acts) -> Any:
    async def run(interaction: discord.Interaction, passage: Range[int, 1, 99_999] | None = None) -> None:
        await acts.command(interaction, name, str(passage or ""))

    return app_commands.describe(passage=_said("option_passage"))(run)


def _lored(name: str, acts: Acts) -> Any:
    async def run(
        interaction: discord.Interaction,
        keys: str | None = None,
        text: str | None = None,
        second: str | None = None,
        never: str | None = None,
        always: bool | None = None,
        order: Range[int, 0, MOST_ORDER] | None = None,
        sticky: Range[int, 0, MOST_STICKY] | None = None,
    ) -> None:
        head = [keys or "", second and f" + {second}", never and f" - {never}"]
        head += [None if always is None else "; always" if always else "; not always"]
        head += [None if order is None else f"; order {order}", None if sticky is None else f"; sticky {sticky}"]
        words = "".join(filter(None, head)).lstrip("; ")
        await acts.command(interaction, name, words if text is None else f"{words}: {text}")

    names = ("keys", "text", "second", "never", "always", "order", "sticky")
    described = app_commands.describe(**{each: _said(f"option_lore_{each}") for each in names})(run)
    return app_commands.autocomplete(keys=_offers(acts.lore))(described)


def _chosen(key: str, *values: str) -> Callable[[str, Acts], Any]:
    """An option with a few values to choose from."""

    def build(name: str, acts: Acts) -> Any:
        async def run(interaction: discord.Interaction, choice: str | None = None) -> None:
            await acts.command(interaction, name, choice or "")

        described = app_commands.describe(choice=_said(key))(run)
        return app_commands.choices(choice=[Choice(name=value, value=value) for value in values])(described)

    return build


def _named(key: str, *, needed: bool) -> Callable[[str, Acts], Any]:
    """An option that offers what there is while one types."""

    def build(name: str, acts: Acts) -> Any:
        found = {"option_branch": acts.branches, "option_pen": acts.writers}.get(key, acts.pieces)

        async def must(interaction: discord.Interaction, which: str) -> None:
            await acts.command(interaction, name, which)

        async def may(interaction: discord.Interaction, which: str | None = None) -> None:
            await acts.command(interaction, name, which or "")

        described = app_commands.describe(which=_said(key))(must if needed else may)
        return app_commands.autocomplete(which=_offers(found))(described)

    return build


def _offers(found: Callable[[Interaction], Awaitable[list[tuple[str, str]]]]) -> Any:
    async def offer(interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        typed = current.casefold()
        rows = [row for row in await found(interaction) if typed in row[0].casefold()]
        return [Choice(name=shown[:100], value=value[:100]) for shown, value in rows[:25]]

    return offer


_SPECIAL: dict[str, Callable[[str, Acts], Any]] = {
    "alternatives": _counted,
    "context": _passage,
    "lore": _lored,
    "pick": _picked,
    "export": _chosen("option_format", *FORMATS),
    "import": _filed,
    "branches": _chosen("option_picture", "picture"),
    "consent": _chosen("option_consent", "on", "off"),
    "mood": _chosen("option_mood", *MOODS, "off"),
    "corpse": _chosen("option_corpse", "on", "off"),
    "choose": _voted,
    "turns": _ruled,
    "give": _named("option_pen", needed=True),
    "kick": _named("option_pen", needed=True),
    "forgetme": _chosen("option_sure", "yes"),
    "open": _named("option_piece", needed=True),
    "delete": _named("option_piece", needed=False),
    "switch": _named("option_branch", needed=True),
    "beside": _named("option_branch", needed=True),
}
