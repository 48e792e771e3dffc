"""Buttons and forms as discord.py wants them. What they mean stands in their ids, so nothing of them is remembered."""

import re
from typing import Any, Self

import discord

from bot import wording
from bot.chats import buttons

LONGEST = 4000  # characters that Discord takes in one field
FORMS = ("edit", "memory", "note")
_FORM = re.compile(rf"({'|'.join(FORMS)}):([0-9a-f]{{16}})?")
_FIELD = "text"


class Pressed(discord.ui.DynamicItem[discord.ui.Button[Any]], template=re.compile(r".*", re.DOTALL)):
    """A button of any message, also one that was sent by an earlier process."""

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """The button that was pressed, as far as it matters."""
        return cls(discord.ui.Button(custom_id=match[0] or "?"))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Hand it to whoever acts on what people do."""
        interaction.client.choosing.pressed(interaction, self.custom_id)


def view_of(rows: buttons.Rows) -> discord.ui.View | None:
    """Rows of buttons."""
    if not rows:
        return None
    view = discord.ui.View(timeout=None)
    for number, row in enumerate(rows):
        for each in row:
            still = each.data.startswith(buttons.STILL)
            view.add_item(Pressed(discord.ui.Button(label=each.label, custom_id=each.data, disabled=still), row=number))
    return view


def form(what: str, turn: str, text: str, language: str) -> discord.ui.Modal:
    """A form with one large field, filled with `text` if that fits."""
    field: discord.ui.TextInput[Any] = discord.ui.TextInput(
        custom_id=_FIELD,
        style=discord.TextStyle.paragraph,
        default=text if len(text) <= LONGEST else None,
        max_length=LONGEST,
    )
    modal = discord.ui.Modal(title=wording.say(f"form_{what}", language), custom_id=f"{what}:{turn}", timeout=900)
    return modal.add_item(discord.ui.Label(text=wording.say("form_field", language), component=field))


def read_form(data: Any) -> tuple[str, str, str] | None:
    """What a form that was sent asks for: the command, the passage and the words; None for one that is not ours."""
    match = _FORM.fullmatch(data.get("custom_id", ""))
    text = _value(data.get("components", ()))
    return (match[1], match[2] or "", text) if match and text is not None else None


def _value(components: Any) -> str | None:
    for component in components:
        if component.get("custom_id") == _FIELD:
            return str(component.get("value", ""))
        inner = [*component.get("components", ()), *filter(None, [component.get("component")])]
        found = _value(inner)
        if found is not None:
            return found
    return None
