"""The words people use for styles, moods, instruments, tempi and modes, in English and Chinese, and what they mean.

Longer phrases come before the words inside them at matching time, so "electric guitar" is not heard as "guitar". What
General MIDI does not have is listed with the nearest thing it has, and the answer says so.
"""

from collections.abc import Mapping

STYLE_WORDS: Mapping[str, str] = {
    "folk": "folk", "folk song": "folk", "folksong": "folk", "民谣": "folk", "民歌": "folk",
    "ballad": "ballad", "lullaby": "ballad", "抒情": "ballad", "叙事曲": "ballad", "摇篮曲": "ballad", "慢歌": "ballad",
    "waltz": "waltz", "圆舞曲": "waltz", "华尔兹": "waltz", "march": "march", "进行曲": "march",
    "reel": "reel", "里尔舞": "reel", "里尔舞曲": "reel", "hornpipe": "hornpipe", "角笛舞": "hornpipe",
    "jig": "jig", "吉格": "jig", "吉格舞曲": "jig", "strathspey": "strathspey",
    "chorale": "chorale", "hymn": "chorale", "众赞歌": "chorale", "圣咏": "chorale", "赞美诗": "chorale",
    "四部合唱": "chorale",
    "pop": "pop", "pop song": "pop", "流行": "pop", "流行歌": "pop",
    "electronic": "electronic", "edm": "electronic", "techno": "electronic", "synthwave": "electronic",
    "电子": "electronic",
    "电子音乐": "electronic",
}  # fmt: skip

MOOD_WORDS: Mapping[str, str] = {
    "joyful": "joyful", "happy": "joyful", "cheerful": "joyful", "merry": "joyful", "bright": "joyful",
    "快乐": "joyful",
    "欢快": "joyful", "欢乐": "joyful", "开心": "joyful", "明亮": "joyful", "tender": "tender", "gentle": "tender",
    "温柔": "tender", "calm": "calm", "peaceful": "calm", "quiet": "calm", "serene": "calm", "relaxed": "calm",
    "平静": "calm", "安静": "calm", "宁静": "calm", "tense": "tense", "dramatic": "tense", "suspenseful": "tense",
    "紧张": "tense", "melancholy": "melancholy", "melancholic": "melancholy", "sad": "melancholy",
    "wistful": "melancholy",
    "mournful": "melancholy", "sorrowful": "melancholy", "忧郁": "melancholy", "忧伤": "melancholy",
    "悲伤": "melancholy",
    "伤感": "melancholy", "哀伤": "melancholy", "dark": "dark", "gloomy": "dark", "spooky": "dark", "阴暗": "dark",
    "黑暗": "dark", "heroic": "heroic", "triumphant": "heroic", "epic": "heroic", "英雄": "heroic", "雄壮": "heroic",
    "dreamy": "dreamy", "ethereal": "dreamy", "梦幻": "dreamy", "playful": "playful", "funny": "playful",
    "俏皮": "playful",
    "活泼": "playful", "mysterious": "mysterious", "神秘": "mysterious", "angry": "angry", "愤怒": "angry",
    "romantic": "romantic", "浪漫": "romantic",
}  # fmt: skip

INSTRUMENT_WORDS: Mapping[str, str] = {
    "electric piano": "electric piano", "rhodes": "electric piano", "piano": "piano", "harpsichord": "harpsichord",
    "celesta": "celesta", "music box": "music box", "vibraphone": "vibraphone", "marimba": "marimba",
    "xylophone": "xylophone", "bells": "bells", "tubular bells": "bells", "dulcimer": "dulcimer", "organ": "organ",
    "church organ": "organ", "accordion": "accordion", "harmonica": "harmonica", "electric guitar": "electric guitar",
    "acoustic guitar": "acoustic guitar", "guitar": "acoustic guitar", "electric bass": "electric bass",
    "bass guitar": "electric bass", "synth bass": "synth bass", "double bass": "double bass",
    "contrabass": "double bass",
    "bass": "bass", "violin": "violin", "violins": "violin", "viola": "viola", "cello": "cello", "cellos": "cello",
    "harp": "harp", "strings": "strings", "string section": "strings", "choir": "choir", "voice": "voice",
    "trumpet": "trumpet", "trombone": "trombone", "tuba": "tuba", "french horn": "horn", "horn": "horn",
    "brass": "brass",
    "saxophone": "saxophone", "sax": "saxophone", "oboe": "oboe", "bassoon": "bassoon", "clarinet": "clarinet",
    "piccolo": "piccolo", "flute": "flute", "recorder": "recorder", "whistle": "whistle", "tin whistle": "whistle",
    "ocarina": "ocarina", "synth": "lead", "synthesizer": "lead", "synth lead": "lead", "synth pad": "pad",
    "sitar": "sitar", "banjo": "banjo", "shamisen": "shamisen", "koto": "koto", "kalimba": "kalimba",
    "bagpipe": "bagpipe", "bagpipes": "bagpipe", "fiddle": "fiddle", "steel drums": "steel drums",
    "steel drum": "steel drums",
    "钢琴": "piano", "电钢琴": "electric piano", "大键琴": "harpsichord", "八音盒": "music box", "管风琴": "organ",
    "手风琴": "accordion", "口琴": "harmonica", "吉他": "acoustic guitar", "木吉他": "acoustic guitar",
    "电吉他": "electric guitar", "贝斯": "electric bass", "低音提琴": "double bass", "小提琴": "violin",
    "中提琴": "viola",
    "大提琴": "cello", "竖琴": "harp", "弦乐": "strings", "合唱": "choir", "人声": "voice", "小号": "trumpet",
    "长号": "trombone", "大号": "tuba", "圆号": "horn", "铜管": "brass", "萨克斯": "saxophone", "双簧管": "oboe",
    "巴松": "bassoon", "单簧管": "clarinet", "长笛": "flute", "短笛": "piccolo", "竖笛": "recorder", "哨笛": "whistle",
    "陶笛": "ocarina", "合成器": "lead", "班卓琴": "banjo", "风笛": "bagpipe", "马林巴": "marimba", "木琴": "xylophone",
}  # fmt: skip

STAND_INS: Mapping[str, str] = {
    "erhu": "fiddle", "二胡": "fiddle", "guzheng": "koto", "古筝": "koto", "古琴": "koto", "pipa": "shamisen",
    "琵琶": "shamisen", "dizi": "flute", "笛子": "flute", "ukulele": "acoustic guitar", "尤克里里": "acoustic guitar",
    "lute": "acoustic guitar", "mandolin": "acoustic guitar", "kazoo": "harmonica", "theremin": "lead",
    "bouzouki": "banjo",
    "hurdy-gurdy": "bagpipe", "concertina": "accordion", "扬琴": "dulcimer", "唢呐": "oboe", "suona": "oboe",
}  # fmt: skip

TEMPO_WORDS: Mapping[str, int] = {
    "largo": 50, "very slow": 52, "adagio": 66, "slow": 66, "slowly": 66, "lento": 56, "andante": 84, "moderato": 104,
    "allegretto": 112, "allegro": 132, "fast": 144, "quick": 144, "upbeat": 132, "vivace": 156, "very fast": 172,
    "presto": 176, "很慢": 52, "慢速": 66, "慢板": 66, "慢": 66, "行板": 84, "中速": 104, "中板": 104, "快板": 132,
    "快速": 144,
    "很快": 172, "急板": 176,
}  # fmt: skip

MODE_WORDS: Mapping[str, str] = {
    "major pentatonic": "major pentatonic", "minor pentatonic": "minor pentatonic", "pentatonic": "pentatonic",
    "harmonic minor": "harmonic minor", "melodic minor": "melodic minor", "major": "major", "maj": "major",
    "minor": "minor", "min": "minor", "dorian": "dorian", "phrygian": "phrygian", "lydian": "lydian",
    "mixolydian": "mixolydian", "locrian": "locrian", "ionian": "major", "aeolian": "minor", "natural minor": "minor",
    "blues": "blues", "大调": "major", "小调": "minor", "和声小调": "harmonic minor", "旋律小调": "melodic minor",
    "五声": "pentatonic", "多利亚": "dorian", "弗里几亚": "phrygian", "利底亚": "lydian", "混合利底亚": "mixolydian",
    "布鲁斯": "blues",
}  # fmt: skip

NUMBERS: Mapping[str, int] = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "a dozen": 12, "sixteen": 16, "twenty": 20, "twenty-four": 24, "thirty-two": 32,
    "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10, "十二": 12,
    "十六": 16, "二十": 20, "二十四": 24, "三十二": 32,
}  # fmt: skip

METRE_WORDS: Mapping[str, str] = {
    "common time": "4/4", "cut time": "4/4", "waltz time": "3/4", "triple time": "3/4", "march time": "2/4",
    "四四拍": "4/4", "四三拍": "3/4", "三四拍": "3/4", "四二拍": "2/4", "二四拍": "2/4", "八六拍": "6/8",
    "六八拍": "6/8",
    "三拍子": "3/4", "两拍子": "2/4", "二拍子": "2/4",
}  # fmt: skip

DENSITY_WORDS: Mapping[str, int] = {
    "sparse": 1, "simple": 2, "minimal": 1, "busy": 5, "dense": 5, "ornate": 5, "稀疏": 1, "简单": 2, "密集": 5,
    "繁复": 5,
}  # fmt: skip
