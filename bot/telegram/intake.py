"""Starts every update once, and knows when it is safe to tell Telegram that it has come.

Telegram forgets an update that is acknowledged and repeats one that is not, so that must wait: at least until the
person's words are stored, better until they are answered.
"""

from telegram import Update

from bot.chats.intake import Intake as AnyIntake
from bot.chats.intake import Taken
from bot.telegram.fetching import brings_file
from bot.telegram.receiving import Receiver
from bot.telegram.records import urgent
from bot.telegram.replying import Replies


class Intake(AnyIntake):
    """Takes updates from polling or from the webhook. `ready` is set when Telegram has told who the bot is."""

    def __init__(self, replies: Replies) -> None:
        super().__init__(replies)
        self.ready = False
        self._receiver = Receiver(replies)

    def take(self, update: Update) -> Taken:
        """Begin to act on an update, unless it has come before."""
        chat = update.effective_chat.id if update.effective_chat else 0
        return self.begin(
            update.update_id,
            chat,
            lambda stored: self._receiver.receive(update, stored),
            urgent=urgent(update),
            fetches=brings_file(update),
        )
