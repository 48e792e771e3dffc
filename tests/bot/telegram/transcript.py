"""A chat as the person in it sees it, as plain text."""

from aiogram.types import Chat, Message

from tests.bot.telegram.world import World


def render(world: World, chat: Chat) -> str:
    """Every message of a chat as it stands now, with its buttons."""
    return "\n\n".join(_message(message) for message in world.chats[chat.id].values())


def _message(message: Message) -> str:
    author = message.from_user.first_name if message.from_user else "?"
    document = f"📎 {message.document.file_name}" if message.document else ""
    edited = " (edited)" if message.edit_date and message.from_user and not message.from_user.is_bot else ""
    rows = message.reply_markup.inline_keyboard if message.reply_markup else []
    buttons = ["  ".join(f"[{button.text}]" for button in row) for row in rows]
    return "\n".join([f"── {author}{edited}", message.text or document, *buttons])
