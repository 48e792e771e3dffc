"""What happens to a group itself: the bot comes or goes, may write or not, the group becomes a supergroup."""

import logging

from telegram import Chat, ChatMember, ChatMemberUpdated, Message
from telegram.constants import ChatType
from telegram.error import TelegramError

from bot import wording
from bot.telegram.records import PLATFORM, key_of, person_of, place_at
from bot.telegram.replying import Replies
from engine.messages import Person, SessionKey

log = logging.getLogger(__name__)

GROUPS = (ChatType.GROUP, ChatType.SUPERGROUP)
HERE = (ChatMember.MEMBER, ChatMember.ADMINISTRATOR, ChatMember.OWNER)


class Groups:
    """Acts on what happens to groups."""

    def __init__(self, replies: Replies) -> None:
        self._replies, self._moving = replies, replies.conversation.moving

    async def moved(self, message: Message) -> bool:
        """Whether a message only says that a group became a supergroup, under a new number; everything goes along.

        It is said in both chats, and whichever is heard first counts.
        """
        if message.migrate_to_chat_id:
            old, new = message.chat.id, message.migrate_to_chat_id
        elif message.migrate_from_chat_id:
            old, new = message.migrate_from_chat_id, message.chat.id
        else:
            return False
        await self._moving.relocate(SessionKey(PLATFORM, str(old)), str(new))
        log.info("Telegram: the group %s is %s now", old, new)
        return True

    async def present(self, chat: Chat) -> Chat:
        """The chat as it is now: buttons under old messages still name the group it once was."""
        if chat.type != ChatType.GROUP:
            return chat
        key = await self._moving.present(key_of(place_at(chat)))
        return chat if key.chat == str(chat.id) else Chat(int(key.chat), ChatType.SUPERGROUP, chat.title)

    async def standing(self, change: ChatMemberUpdated) -> None:
        """The bot was let in, thrown out, or may do more or less than before."""
        before, now, chat = change.old_chat_member, change.new_chat_member, change.chat
        if chat.type not in GROUPS or (before.status, _may_write(before)) == (now.status, _may_write(now)):
            return
        log.info("Telegram: %s in group %s, was %s", _called(now), chat.id, _called(before))
        if now.status in HERE and before.status in (ChatMember.LEFT, ChatMember.BANNED):
            person = person_of(change.from_user)
            outlet = self._replies.outlet(place_at(chat), person.language)
            await outlet.say(wording.say("hello_group", person.language, name=self._replies.bot.username))

    async def tell(self, person: Person, chat: Chat) -> None:
        """Tell somebody in private that their group keeps us from answering, unless they shut us out, too."""
        sentence = wording.say("telegram_no_voice", person.language, chat=chat.effective_name or "")
        try:
            await self._replies.bot.send_message(int(person.id), sentence)
        except TelegramError as error:
            log.info("Telegram: %s cannot be told: %s", person.id, error.message)


def _may_write(member: ChatMember) -> bool:
    return member.status in HERE or bool(getattr(member, "can_send_messages", False))


def _called(member: ChatMember) -> str:
    return str(member.status) + ("" if _may_write(member) else ", may not write")
