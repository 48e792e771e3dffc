"""A piece linked between a private chat on Telegram and a channel on Discord, as it is seen in both."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiogram.types import Message

from bot import discord_app, telegram_app
from engine.conversation import Conversation
from engine.messages import MessageRef, Person, SessionKey
from tests.bot.chats.house import house
from tests.bot.discord.server import HALL, TOKEN, Server, serving, until
from tests.bot.telegram.bot_api import BotApi
from tests.bot.telegram.conftest import Desk
from tests.fakes import EchoWriter

HOME, ROOM = SessionKey("telegram", "77"), SessionKey("discord", HALL)
ANN = Person("discord", "77", "Ann")


@dataclass
class Two:
    """Mara at her phone, Ann in the hall, and one house between them."""

    talk: Conversation
    desk: Desk
    room: Server
    numbers: int = 500

    async def say(self, words: str) -> None:
        """Mara writes, and everything about it is done."""
        self.desk.say(words)
        await self.desk.api.until(lambda: not self.desk.world.updates)

    async def slash(self, name: str, text: str = "") -> None:
        """Ann uses a command, and has its answer."""
        self.numbers += 1
        await self.room.slash(self.numbers, name, text, HALL)
        await until(lambda: str(self.numbers) in self.room.messages)

    async def mention(self, words: str) -> None:
        """Ann writes with a mention, and Ghostnote answers."""
        self.numbers += 1
        count = len(self.room.finished(HALL))
        await self.room.say(self.numbers, words, HALL)
        await until(lambda: len(self.room.finished(HALL)) > count)

    async def link(self) -> None:
        await self.say("/link")
        offer = (await self.desk.said("/link ")).text or ""
        code = re.search(r"/link (\S+)", offer)
        assert code
        count = len(self.room.finished(HALL))
        await self.slash("link", code[1])
        await until(lambda: len(self.room.finished(HALL)) > count)  # the last passage

    def here(self) -> list[str]:
        """What the bot has said on Telegram."""
        return [each.text or "" for each in self.desk.world.from_bot(self.desk.chat)]

    def there(self) -> list[str]:
        """What it has said in the hall."""
        return [each["content"] for each in self.room.shown(HALL)]

    async def heard(self, words: str) -> dict[str, Any]:
        """The message in the hall with these words."""
        await until(lambda: any(words in each for each in self.there()))
        return next(each for each in self.room.shown(HALL) if words in each["content"])

    async def last(self) -> str:
        return (await self.talk.piece(HOME)).turns[-1].text


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Two]:
    async with BotApi().serving() as api, serving(Server()) as room:
        person = api.world.person(77, "Mara")
        async with (
            house(folder / "g.db", EchoWriter()) as talk,
            telegram_app.serve(talk, token=api.token, api=api.root),
            discord_app.serve(talk, token=TOKEN, api=room.api, gateway=room.line),
        ):
            await until(lambda: room.lines)
            yield Two(talk, Desk(api, api.world.private(person), person), room)


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Two]:
    async with opened(tmp_path) as found:
        await found.say("/story A lighthouse keeper finds a letter.")
        yield found


def message_now(two: Two, words: str) -> dict[str, Any]:
    return next(each for each in two.room.shown(HALL) if words in each["content"])


def buttons(message: dict[str, Any] | Message) -> str:
    if isinstance(message, Message):
        return message.model_dump_json(include={"reply_markup"})
    return json.dumps(message["components"], ensure_ascii=False)


async def test_each_sees_the_other_with_names_and_ghostnote_with_buttons(two: Two) -> None:
    first = await two.last()
    await two.link()
    await until(lambda: len(two.there()) == 2)
    assert "Passages so far: 2" in two.there()[0]
    assert two.there()[1] == first
    linked = await two.desk.said("Ann has linked a Discord chat")
    await two.say("It rained.")
    assert "👍" not in buttons(await two.heard("Mara: It rained."))
    assert "👍" in buttons(await two.heard(await two.last()))
    await two.mention("It stopped.")
    mirrored = await two.desk.said("Ann: It stopped.")
    answer = await two.desk.said(await two.last())
    assert linked.message_id < mirrored.message_id < answer.message_id
    assert "👍" in "".join(two.desk.labels(answer))
    assert two.desk.labels(mirrored) == []


async def test_a_long_passage_is_cut_as_each_platform_wants_it(two: Two) -> None:
    await two.link()
    words = " ".join(f"Sentence number {number} of a long letter." for number in range(90))
    assert 2000 < len(words) < 4096
    await two.say(words)
    await two.heard("Mara: Sentence number 0 ")
    await until(lambda: any("number 89 of" in each for each in two.there()))
    parts = [each for each in two.there() if "of a long letter." in each and "🔁" not in each]
    assert " ".join(parts[:2]) == f"Mara: {words}"
    assert all(len(part) <= 2000 for part in parts)


async def test_versions_and_edits_change_where_they_stand_and_moves_are_told(two: Two) -> None:
    await two.link()
    await two.say("It rained.")
    before = await two.last()
    await two.heard(before)
    count = len(two.there())
    await two.say("/retry")
    again = await two.last()
    assert again != before
    assert "2/2" in buttons(await two.heard(again))
    assert before not in two.there()
    await two.say("/edit It was over.")
    await two.heard("It was over.")
    assert len(two.there()) == count, "all of it in the same message"
    await two.say("/undo")
    await two.heard(again)
    await two.say("/undo")
    told = (await two.heard("Mara went one step back."))["content"]
    assert " ".join(before.split())[-40:] in told
    await two.slash("redo")
    await two.desk.said("Ann went forward again.")
    assert await two.last() == again


async def test_a_thumb_counts_for_each_even_in_the_private_chat(two: Two) -> None:
    await two.link()
    await two.mention("It rained.")
    turn = (await two.talk.piece(HOME)).turns[-1]
    shown = await two.desk.said(turn.text)
    await two.desk.api.until(lambda: "👍" in "".join(two.desk.labels(shown)))
    await two.slash("like")
    await two.desk.press(shown, "👍")
    assert (await two.talk.turn(HOME, turn.id)).likes == 2
    assert "👍 2" in two.desk.labels(two.desk.now(shown))
    await two.desk.press(shown, "👍")
    assert (await two.talk.turn(HOME, turn.id)).likes == 1, "one's own is taken back"


async def test_an_answer_to_a_message_from_elsewhere_means_its_passage(two: Two) -> None:
    await two.link()
    await two.mention("It rained.")
    shown = await two.desk.said("Ann: It rained.")
    async with asyncio.timeout(20):
        while (found := await two.talk.turn_at(_ref(shown), HOME)) is None:  # noqa: ASYNC110  # written down a little later
            await asyncio.sleep(0.01)
    assert (found.author, found.text) == ("Ann", "It rained.")


async def test_a_vote_has_its_buttons_in_both_chats(two: Two) -> None:
    await two.link()
    await two.slash("join")
    await two.say("/turns vote drafts 2")
    await two.say("It rained")
    ballot = (await two.talk.gathering.state(HOME)).ballot
    assert ballot
    message = await two.heard("One vote each")
    assert ballot.options[0] in buttons(message)
    vote = await two.desk.said("One vote each")
    await two.desk.press(vote, "2")
    await two.room.say(901, "/choose 2", HALL)
    winner = (await two.talk.turn(ROOM, ballot.options[1])).text
    await two.desk.said("Number 2 is written")
    await two.desk.api.until(lambda: two.here()[-1] == winner)
    assert two.desk.labels(two.desk.now(vote)) == [], "there is nothing left to choose"
    await until(lambda: ballot.options[0] not in buttons(message_now(two, "One vote each")))


async def test_music_goes_along_with_its_files(two: Two) -> None:
    await two.link()
    await two.say("/music 1 bar folk air in C major, piano")

    def files() -> list[str]:
        held = [each["attachments"][0]["filename"] for each in two.room.shown(HALL) if each.get("attachments")]
        return sorted(name.rpartition(".")[2] for name in held)

    await until(lambda: len(files()) == 3)
    assert files() == ["mid", "ogg", "png"]


async def test_where_ghostnote_was_sent_away_nothing_holds_up_the_others(two: Two) -> None:
    await two.link()
    two.room.trouble("POST", f"/channels/{HALL}/messages", 403, {"code": 50001, "message": "Missing Access"}, 99)
    for words in ("It rained.", "It poured."):
        await two.say(words)
    assert len(two.desk.replies()) == 3
    await two.talk.linking.caught_up(ROOM)
    assert any(each.status == 403 for each in two.room.calls)
    two.room.troubles.clear()
    await two.say("It stopped.")
    await two.heard("Mara: It stopped.")
    assert not any("It rained." in each for each in two.there())


async def test_another_piece_is_open_and_nothing_of_the_linked_one_is_shown(two: Two) -> None:
    await two.link()
    await two.slash("new")
    await two.say("It rained.")
    await two.talk.linking.caught_up(ROOM)
    await two.room.say(900, "/open 1", HALL)
    await two.heard("is open. It ends:")
    await two.say("It poured.")
    await two.heard("Mara: It poured.")
    assert not any("It rained." in each for each in two.there() if "ends" not in each)


async def test_what_was_shown_of_somebody_who_is_forgotten_is_taken_back(two: Two) -> None:
    await two.link()
    await two.mention("Secret words.")
    await two.desk.said("Ann: Secret words.")
    await two.talk.linking.caught_up(HOME)  # it is known, too, in which message that stands
    await two.talk.privacy.forget(ANN)
    await two.desk.api.until(lambda: not any("Secret" in each for each in two.here()))


async def test_unlinking_is_said_in_both(two: Two) -> None:
    await two.link()
    await two.slash("unlink")
    assert "no longer writes" in two.there()[-1]
    await two.desk.said("Ann has taken a Discord chat out")
    count = len(two.there())
    await two.say("It rained.")
    assert len(two.there()) == count
    await two.link()
    await two.say("/unlink")
    await two.desk.said("written only here again")
    await two.heard("is no longer written here")


async def test_a_wrong_code_is_one_sentence(two: Two) -> None:
    await two.slash("link", "ABCD-EFGH")
    assert two.there() == ["There is no such code; nothing was changed."]
    await two.slash("unlink")
    assert two.there()[-1] == "This chat writes no linked piece; /link gives a code for one."


def _ref(message: Message) -> MessageRef:
    return MessageRef("telegram", str(message.chat.id), str(message.message_id))
