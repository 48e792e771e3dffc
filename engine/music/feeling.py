"""The mood of a passage of words, so that music can be written to it. Pure, and no more than a count of telling words.

A language model could be asked; this costs nothing, says the same each time, and needs no device. Chinese is looked for
as it stands, because it writes no gaps between words.
"""

import re
from collections.abc import Mapping

from engine.music.vocabulary import MOOD_WORDS

_SIGNS: Mapping[str, tuple[str, str]] = {
    "joyful": ("laugh- smil- danc- cheer- sun sunshine sunny sunlight delight- glad feast birthday sang sing singing",
               "笑 阳光 庆祝 歌唱 高兴"),
    "tender": ("mother child baby cradl- caress- whisper- lullab- hugg- soft softly embrac- held",
               "母亲 孩子 拥抱 轻声 抚摸 婴儿"),
    "calm": ("still breez- lake meadow garden sleep- slept rest rested drift- gentl- snow pond",
             "微风 湖 花园 睡 雪 静静 池塘"),
    "tense": ("run ran running chas- hurr- knock- alarm- gun knife footstep breath escap- hid sudden suddenly",
              "逃 追 枪 刀 脚步 警报 突然 躲"),
    "melancholy": ("rain rained tear wept weep- cry cried grave funeral alone empt- lost farewell autumn faded ash-",
                   "雨 泪 哭 坟 葬礼 独自 失去 告别 秋 离开 空荡"),
    "dark": ("blood bloody dead death corpse shadow night scream- murder- bone crypt cellar rotten rotting ghoul-",
             "血 尸 死 阴影 尖叫 谋杀 骨 墓穴"),
    "heroic": ("king queen sword battle banner hero throne victor- crown- army knight shield",
               "国王 剑 战 旗 英雄 王座 胜利 骑士"),
    "dreamy": ("dream- dreamt star moon moonlight cloud float- silver mist misty glimmer- sky wing shimmer-",
               "梦 星 月 云 漂浮 薄雾 天空 翅膀"),
    "playful": ("joke joking trick- giggl- cat puppy toy clown prank- silly tickl- bounc-",
                "玩笑 恶作剧 猫 玩具 小丑 调皮"),
    "mysterious": ("secret- strange- riddle mask masked vanish- hidden key ancient fog foggy lantern unknown door",
                   "秘密 奇怪 谜 面具 消失 古老 灯笼"),
    "angry": ("rage raging fury shout- slam slammed hate hated fist curs- burn- roar- storm stormed",
              "怒 吼 恨 拳头 诅咒 燃烧 暴风"),
    "romantic": ("love loved kiss- heart rose lover wedding darling beloved marri- marry",
                 "爱 吻 心上人 玫瑰 婚礼 恋人"),
}  # fmt: skip
"""Words, and beginnings of words (with a dash)."""


def mood_of(text: str) -> str | None:
    """The mood that most of a text's telling words have, one that `wishes` understands; None where none has any."""
    lower = text.lower()
    counts = {mood: sum(len(find.findall(lower)) for find in finds) for mood, finds in _FINDS.items()}
    best = max(counts, key=counts.__getitem__)
    return best if counts[best] else None


def _finds(mood: str, english: str, chinese: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    named = [word for word, meant in MOOD_WORDS.items() if meant == mood]
    words = [re.escape(word).replace("\\-", r"\w*") for word in english.split()]
    words += [re.escape(word) for word in named if word.isascii()]
    rest = [*chinese.split(), *(word for word in named if not word.isascii())]
    return re.compile(rf"\b(?:{'|'.join(words)})s?\b"), re.compile("|".join(rest))


_FINDS = {mood: _finds(mood, *signs) for mood, signs in _SIGNS.items()}
