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
    "jig": "jig", "gigue": "jig", "吉格": "jig", "吉格舞曲": "jig", "strathspey": "strathspey",
    "chorale": "chorale", "hymn": "chorale", "众赞歌": "chorale", "圣咏": "chorale", "赞美诗": "chorale",
    "四部合唱": "chorale",
    "pop": "pop", "pop song": "pop", "流行": "pop", "流行歌": "pop",
    "electronic": "electronic", "edm": "electronic", "techno": "electronic", "synthwave": "electronic",
    "电子": "electronic",
    "电子音乐": "electronic", "chiptune": "electronic", "8-bit": "electronic", "drum and bass": "electronic",
    "drum & bass": "electronic", "dance music": "electronic", "电音": "electronic", "民间小调": "folk", "山歌": "folk",
    "四声部": "chorale", "satb": "chorale", "four-part": "chorale", "four part": "chorale", "four voices": "chorale",
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
    "scary": "dark", "horror": "dark", "tragic": "dark", "恐怖": "dark", "悲壮": "dark", "haunting": "mysterious",
    "eerie": "mysterious", "诡异": "mysterious", "chill": "calm", "mellow": "calm", "solemn": "calm", "轻松": "calm",
    "舒缓": "calm", "庄严": "calm", "warm": "tender", "sweet": "tender", "温暖": "tender", "甜蜜": "tender",
    "nostalgic": "melancholy", "lonely": "melancholy", "bittersweet": "melancholy", "怀旧": "melancholy",
    "孤独": "melancholy", "思念": "melancholy", "惆怅": "melancholy", "hopeful": "joyful", "festive": "joyful",
    "energetic": "joyful", "喜庆": "joyful", "majestic": "heroic", "史诗": "heroic",
    "激昂": "heroic", "furious": "angry", "aggressive": "angry", "激烈": "tense", "cute": "playful", "可爱": "playful",
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
    "pad": "pad", "lead synth": "lead", "fretless bass": "electric bass",
    "slap bass": "electric bass", "honky-tonk piano": "piano", "upright piano": "piano", "keyboard": "piano",
    "keys": "piano", "folk guitar": "steel guitar", "lead guitar": "electric guitar",
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
    "vibes": "vibraphone", "glockenspiel": "glockenspiel", "timpani": "timpani", "grand piano": "piano",
    "upright bass": "double bass", "acoustic bass": "bass", "steel guitar": "steel guitar",
    "steel-string guitar": "steel guitar", "nylon guitar": "acoustic guitar", "classical guitar": "acoustic guitar",
    "distorted guitar": "distorted guitar", "distortion guitar": "distorted guitar", "rock guitar": "distorted guitar",
    "jazz guitar": "jazz guitar", "hammond": "rock organ", "hammond organ": "rock organ", "rock organ": "rock organ",
    "pizzicato": "pizzicato strings", "pizzicato strings": "pizzicato strings", "tremolo strings": "tremolo strings",
    "soprano sax": "soprano sax", "tenor sax": "tenor sax", "baritone sax": "baritone sax", "alto sax": "saxophone",
    "alto saxophone": "saxophone", "tenor saxophone": "tenor sax", "soprano saxophone": "soprano sax",
    "baritone saxophone": "baritone sax", "english horn": "english horn", "cor anglais": "english horn",
    "pan flute": "pan flute", "panpipe": "pan flute", "shakuhachi": "shakuhachi", "choirs": "choir",
    "singers": "choir", "vocals": "voice", "chimes": "bells", "crystal": "celesta", "synth strings": "synth strings",
    "square lead": "lead", "pads": "pad", "sub bass": "synth bass", "muted trumpet": "muted trumpet",
    "钟琴": "glockenspiel", "定音鼓": "timpani", "钢片琴": "celesta", "颤音琴": "vibraphone", "管钟": "bells",
    "低音吉他": "electric bass", "电贝斯": "electric bass", "低音大提琴": "double bass", "倍大提琴": "double bass",
    "英国管": "english horn", "排箫": "pan flute", "尺八": "shakuhachi", "大管": "bassoon", "三味线": "shamisen",
    "日本筝": "koto", "西塔琴": "sitar", "钢鼓": "steel drums", "拇指琴": "kalimba", "卡林巴": "kalimba",
    "古典吉他": "acoustic guitar", "失真吉他": "distorted guitar", "风琴": "organ", "合唱团": "choir",
    "小提琴组": "violin", "拨弦": "pizzicato strings", "贝司": "electric bass", "提琴": "violin",
    "合成贝斯": "synth bass", "合成铺底": "pad", "法国号": "horn", "羽管键琴": "harpsichord",
    "拨弦古钢琴": "harpsichord",
    "中音萨克斯": "saxophone", "次中音萨克斯": "tenor sax", "高音萨克斯": "soprano sax",
}  # fmt: skip

STAND_INS: Mapping[str, str] = {
    "erhu": "fiddle", "二胡": "fiddle", "guzheng": "koto", "古筝": "koto", "古琴": "koto", "pipa": "shamisen",
    "琵琶": "shamisen", "dizi": "flute", "笛子": "flute", "ukulele": "acoustic guitar", "尤克里里": "acoustic guitar",
    "lute": "acoustic guitar", "mandolin": "acoustic guitar", "kazoo": "harmonica", "theremin": "lead",
    "bouzouki": "banjo",
    "hurdy-gurdy": "bagpipe", "concertina": "accordion", "扬琴": "dulcimer", "唢呐": "oboe", "suona": "oboe",
    "箫": "shakuhachi", "洞箫": "shakuhachi", "xiao": "shakuhachi", "笙": "accordion", "sheng": "accordion",
    "yangqin": "dulcimer", "阮": "acoustic guitar", "月琴": "banjo", "马头琴": "cello", "葫芦丝": "clarinet",
    "巴乌": "clarinet", "bass clarinet": "clarinet", "cornet": "trumpet", "flugelhorn": "trumpet",
    "contrabassoon": "bassoon", "lyre": "harp", "harmonium": "accordion", "bandoneon": "accordion",
    "balalaika": "banjo", "oud": "acoustic guitar", "zither": "dulcimer", "cimbalom": "dulcimer", "didgeridoo": "tuba",
    "euphonium": "tuba", "clavichord": "harpsichord", "mellotron": "flute", "bansuri": "flute", "duduk": "oboe",
    "viol": "cello", "viola da gamba": "cello", "glass harmonica": "celesta", "vuvuzela": "trombone",
    "bugle": "trumpet", "handbells": "bells", "cowbell": "bells", "曼陀林": "acoustic guitar", "短号": "trumpet",
}  # fmt: skip

ENSEMBLE_WORDS: Mapping[str, tuple[str, ...]] = {
    "string quartet": ("violin", "violin", "viola", "cello"), "弦乐四重奏": ("violin", "violin", "viola", "cello"),
    "string trio": ("violin", "viola", "cello"), "弦乐三重奏": ("violin", "viola", "cello"),
    "piano trio": ("violin", "cello", "piano"), "钢琴三重奏": ("violin", "cello", "piano"),
    "brass quintet": ("trumpet", "horn", "trombone", "tuba"), "brass band": ("trumpet", "horn", "trombone", "tuba"),
    "铜管乐队": ("trumpet", "horn", "trombone", "tuba"), "woodwinds": ("flute", "oboe", "clarinet", "bassoon"),
    "wind quartet": ("flute", "oboe", "clarinet", "bassoon"), "木管": ("flute", "oboe", "clarinet", "bassoon"),
    "orchestra": ("flute", "horn", "strings", "double bass"), "管弦乐": ("flute", "horn", "strings", "double bass"),
    "交响乐": ("flute", "horn", "strings", "double bass"),
    "orchestral": ("flute", "horn", "strings", "double bass"),
    "symphonic": ("flute", "horn", "strings", "double bass"),
}  # fmt: skip

# What people ask for and the styles that come nearest; the answer says so.
STYLE_STAND_INS: Mapping[str, str] = {
    "rock": "pop", "rock and roll": "pop", "metal": "pop", "punk": "pop", "jazz": "pop", "swing": "pop", "funk": "pop",
    "soul": "pop", "bossa nova": "pop", "latin": "pop", "reggae": "pop", "hip hop": "pop", "hip-hop": "pop",
    "rap": "pop", "trap": "electronic", "disco": "pop", "country": "folk", "bluegrass": "reel", "celtic": "folk",
    "irish": "folk", "medieval": "folk", "sea shanty": "folk", "shanty": "folk", "tango": "march", "polka": "march",
    "minuet": "waltz", "mazurka": "waltz", "nocturne": "ballad", "classical": "ballad", "serenade": "ballad",
    "barcarolle": "ballad", "ambient": "ballad", "lofi": "pop", "lo-fi": "pop", "house": "electronic",
    "trance": "electronic", "dubstep": "electronic", "gospel": "chorale", "fanfare": "march", "anthem": "march",
    "soundtrack": "ballad", "film music": "ballad", "new age": "ballad", "gavotte": "folk", "bourree": "folk",
    "摇滚": "pop", "爵士": "pop", "放克": "pop", "嘻哈": "pop", "说唱": "pop", "雷鬼": "pop", "乡村音乐": "folk",
    "凯尔特": "folk", "爱尔兰": "folk", "探戈": "march", "波尔卡": "march", "小步舞曲": "waltz", "夜曲": "ballad",
    "古典": "ballad", "小夜曲": "ballad", "古风": "folk", "中国风": "folk", "氛围": "ballad", "国歌": "march",
}  # fmt: skip

PACE_WORDS: Mapping[str, float] = {
    "much faster": 1.45, "a lot faster": 1.45, "a little faster": 1.1, "a bit faster": 1.1, "slightly faster": 1.1,
    "faster": 1.2, "quicker": 1.2, "speed it up": 1.2, "speed up": 1.2, "much slower": 0.7, "a lot slower": 0.7,
    "a little slower": 0.9, "a bit slower": 0.9, "slightly slower": 0.9, "slower": 0.8, "slow it down": 0.8,
    "slow down": 0.8, "快很多": 1.45, "快得多": 1.45, "稍快": 1.1, "快一点": 1.2, "快一些": 1.2, "快点": 1.2,
    "更快": 1.2, "再快": 1.2, "加快": 1.2, "慢很多": 0.7, "慢得多": 0.7, "稍慢": 0.9, "慢一点": 0.8, "慢一些": 0.8,
    "慢点": 0.8, "更慢": 0.8, "再慢": 0.8, "放慢": 0.8,
}  # fmt: skip

REGISTER_WORDS: Mapping[str, int] = {
    "high register": 5, "higher register": 5, "high range": 5, "high pitched": 5, "high-pitched": 5, "high pitch": 5,
    "higher pitch": 5, "high notes": 5, "very high": 5, "low register": 1, "lower register": 1, "low range": 1,
    "low pitched": 1, "low-pitched": 1, "low pitch": 1, "lower pitch": 1, "low notes": 1, "very low": 1,
    "高音区": 5, "高音域": 5, "音区高": 5, "低音区": 1, "低音域": 1, "音区低": 1,
}  # fmt: skip

TEMPO_WORDS: Mapping[str, int] = {
    "not too fast": 96, "not so fast": 96, "not too slow": 104, "不要太快": 96, "不太快": 96, "别太快": 96,
    "不要太慢": 104, "不太慢": 104, "别太慢": 104,
    "largo": 50, "very slow": 52, "adagio": 66, "slow": 66, "slowly": 66, "lento": 56, "andante": 84, "moderato": 104,
    "allegretto": 112, "allegro": 132, "fast": 144, "quick": 144, "upbeat": 132, "vivace": 156, "very fast": 172,
    "presto": 176, "很慢": 52, "慢速": 66, "慢板": 66, "慢": 66, "行板": 84, "中速": 104, "中板": 104, "快板": 132,
    "快速": 144,
    "很快": 172, "急板": 176, "轻快": 132, "缓慢": 60, "快": 144, "larghetto": 62, "grave": 44, "lively": 132,
    "brisk": 128, "uptempo": 140, "up-tempo": 140, "mid-tempo": 104, "medium tempo": 104, "walking pace": 84,
    "广板": 50, "柔板": 66, "小快板": 112, "活板": 156, "徐缓": 60,
}  # fmt: skip

MODE_WORDS: Mapping[str, str] = {
    "major pentatonic": "major pentatonic", "minor pentatonic": "minor pentatonic", "pentatonic": "pentatonic",
    "harmonic minor": "harmonic minor", "melodic minor": "melodic minor", "major": "major", "maj": "major",
    "minor": "minor", "min": "minor", "dorian": "dorian", "phrygian": "phrygian", "lydian": "lydian",
    "mixolydian": "mixolydian", "locrian": "locrian", "ionian": "major", "aeolian": "minor", "natural minor": "minor",
    "blues": "blues", "大调": "major", "小调": "minor", "和声小调": "harmonic minor", "旋律小调": "melodic minor",
    "五声": "pentatonic", "多利亚": "dorian", "弗里几亚": "phrygian", "利底亚": "lydian", "混合利底亚": "mixolydian",
    "布鲁斯": "blues", "蓝调": "blues", "自然小调": "minor", "洛克里亚": "locrian", "五声音阶": "pentatonic",
    "宫调式": "major pentatonic", "羽调式": "minor pentatonic", "大调五声": "major pentatonic",
    "小调五声": "minor pentatonic", "伊奥尼亚": "major", "爱奥尼亚": "minor", "大调音阶": "major", "小调音阶": "minor",
}  # fmt: skip

METRE_WORDS: Mapping[str, str] = {
    "common time": "4/4", "cut time": "4/4", "waltz time": "3/4", "triple time": "3/4", "march time": "2/4",
    "四四拍": "4/4", "四三拍": "3/4", "三四拍": "3/4", "四二拍": "2/4", "二四拍": "2/4", "八六拍": "6/8",
    "六八拍": "6/8",
    "three-four": "3/4", "four-four": "4/4", "six-eight": "6/8", "two-four": "2/4", "three four time": "3/4",
    "四分之四": "4/4", "四分之三": "3/4", "四分之二": "2/4", "八分之六": "6/8", "五四拍": "5/4", "四五拍": "5/4",
    "七八拍": "7/8", "八七拍": "7/8", "五拍子": "5/4", "五拍": "5/4", "四分之五": "5/4", "八分之七": "7/8",
    "七拍": "7/8",
    "five-four": "5/4", "seven-eight": "7/8", "三拍": "3/4", "四拍子": "4/4",
    "三拍子": "3/4", "两拍子": "2/4", "二拍子": "2/4",
}  # fmt: skip

DENSITY_WORDS: Mapping[str, int] = {
    "sparse": 1, "simple": 2, "minimal": 1, "busy": 5, "dense": 5, "ornate": 5, "稀疏": 1, "简单": 2, "密集": 5,
    "繁复": 5, "sparser": 1, "few notes": 1, "denser": 5, "busier": 5, "many notes": 5, "lots of notes": 5,
    "virtuosic": 5, "simpler": 2, "华丽": 5, "疏朗": 1,
}  # fmt: skip

# Traditional characters of the words above, so that both ways of writing are understood.
TRADITIONAL = str.maketrans(
    "樂鋼圓舞節調個憂鬱傷溫進電貝簡單聲眾讚詩歡開靜寧緊張暗雄壯夢活潑祕憤裡爾長號銅薩克斯雙單豎風馬琴組龍無沒與兩種"
    "變體鐘輕緩廣鼓點爾茲謠華爾敘頌發揚琵嗩吶簫蘆絲",
    "乐钢圆舞节调个忧郁伤温进电贝简单声众赞诗欢开静宁紧张暗雄壮梦活泼秘愤里尔长号铜萨克斯双单竖风马琴组龙无没与两种"
    "变体钟轻缓广鼓点尔兹谣华尔叙颂发扬琵唢呐箫芦丝",
)
