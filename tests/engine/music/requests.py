"""Sixty and one wishes as people type them, each with what the file must then say; half English, half Chinese."""

from typing import NamedTuple


class Request(NamedTuple):
    """`key` as MIDI names it; `players` separated by commas, drums last where there are any."""

    words: str
    key: str
    metre: str
    bars: int
    bpm: int
    players: str


ENGLISH = [
    Request("8 bars melancholy waltz in D minor, 90 bpm, piano and strings", "Dm", "3/4", 8, 90, "piano,strings"),
    Request("gimme a quick reel in G, 110bpm, just a fiddle, 8 bars pls", "G", "4/4", 8, 110, "fiddle"),
    Request("Chorale, F major, twelve measures, ♩ = 70, church organ", "F", "4/4", 12, 70, "organ"),
    Request("jig in A for tin whistle and guitar at 160, 8 bars", "A", "6/8", 8, 160, "whistle,acoustic guitar"),
    Request("2/4 march in B-flat major for trumpet, tuba and drums: 16 bars, 112 bpm", "Bb", "2/4", 16, 112,
            "trumpet,tuba,drums"),
    Request("pop song in C, 8 bars, 120 BPM, piano + electric bass + drums", "C", "4/4", 8, 120,
            "piano,electric bass,drums"),
    Request("techno-ish electronic thing, F minor, 128 bpm, 8 bars", "Fm", "4/4", 8, 128, "lead,pad,synth bass,drums"),
    Request("a tender lullaby in E flat, solo piano, bpm 64, four bars", "Eb", "4/4", 4, 64, "piano"),
    Request("folk tune, E minor, 6/8, 6 bars, 90 bpm, violin, guitar", "Em", "6/8", 6, 90, "violin,acoustic guitar"),
    Request("Key: e flat minor. Tempo: 72. Metre: 3/4. Bars: 6. French horn.", "Ebm", "3/4", 6, 72, "horn"),
    Request("HORNPIPE IN D, 8 BARS, 96 BPM, ACCORDION", "D", "4/4", 8, 96, "accordion"),
    Request("SATB in b minor, three-four, 8 bars, tempo 80, choir", "Bm", "3/4", 8, 80, "choir"),
    Request("in F# major, 4 bars of harp, 60 beats per minute", "F#", "4/4", 4, 60, "harp"),
    Request("thirty-two bars of waltz in Gm, 140 bpm: violin, piano, cello", "Gm", "3/4", 32, 140,
            "violin,piano,cello"),
    Request("one bar. C major. piano. 100 bpm.", "C", "4/4", 1, 100, "piano"),
    Request("7-bar march in C minor at 100 bpm with brass and no drums", "Cm", "4/4", 7, 100, "brass"),
    Request("something calm for flute and harp in A, 72 bpm, 8 bars, low register", "A", "4/4", 8, 72, "flute,harp"),
    Request("reel in E dorian, 8 bars, 104 bpm, banjo and fiddle", "Em", "4/4", 8, 104, "banjo,fiddle"),
    Request("strathspey, A mixolydian, 8 bars, 92 bpm, fiddle", "A", "4/4", 8, 92, "fiddle"),
    Request("ballad in D major pentatonic, koto & flute, 60 bpm, 8 bars", "D", "4/4", 8, 60, "koto,flute"),
    Request("dark folk in C# minor, cello alone, 72 bpm, 6 bars", "C#m", "4/4", 6, 72, "cello"),
    Request("joyful waltz in Ab, clarinet, accordion, a dozen bars, 150 bpm", "Ab", "3/4", 12, 150,
            "clarinet,accordion"),
    Request("string quartet in D minor, 8 bars, 66 bpm", "Dm", "4/4", 8, 66, "violin,viola,cello"),
    Request("20 bar jig in E minor on the recorder, 170 bpm", "Em", "6/8", 20, 170, "recorder"),
    Request("pop in A, 10 bars, 118 bpm, chords: A E F#m D, synth, bass, drum machine", "A", "4/4", 10, 118,
            "lead,bass,drums"),
    Request("a busy march in G, 6/8, 5 bars, piccolo & snare drum, 108 bpm", "G", "6/8", 5, 108, "piccolo,drums"),
    Request("harmonic minor tune in A harmonic minor, oboe, 84 bpm, 8 bars, chords Am Dm E Am", "Am", "4/4", 8, 84,
            "oboe"),
    Request("rock in E minor, 8 bars, distorted guitar, electric bass, drums, 140 bpm", "Em", "4/4", 8, 140,
            "distorted guitar,electric bass,drums"),
    Request("pop in G, I-V-vi-IV, 8 bars, 96 bpm, vibraphone and double bass, without drums", "G", "4/4", 8, 96,
            "vibraphone,double bass"),
    Request("20 seconds of a waltz in C at 120 bpm for music box", "C", "3/4", 13, 120, "music box"),
    Request("brass band march in E flat major, 8 bars, 104 bpm, no percussion please", "Eb", "4/4", 8, 104,
            "trumpet,horn,trombone,tuba"),
]  # fmt: skip

CHINESE = [
    Request("8小节 圆舞曲 D小调 每分钟90拍 钢琴和弦乐", "Dm", "3/4", 8, 90, "piano,strings"),
    Request("十六小节 进行曲 C大调 速度120 小号和大号，不要鼓", "C", "4/4", 16, 120, "trumpet,tuba"),
    Request("降B大调 流行 八小节 每分钟116拍 吉他、贝斯、鼓", "Bb", "4/4", 8, 116,
            "acoustic guitar,electric bass,drums"),
    Request("四部合唱 G大调 12小节 每分钟72拍 管风琴", "G", "4/4", 12, 72, "organ"),
    Request("民谣 A小调 四三拍 8小节 每分钟100拍 长笛", "Am", "3/4", 8, 100, "flute"),
    Request("来一首忧伤的钢琴曲，e小调，六小节，66bpm", "Em", "4/4", 6, 66, "piano"),
    Request("二胡独奏，D羽调式，8个小节，速度=60", "Dm", "4/4", 8, 60, "fiddle"),
    Request("写一段古筝和笛子的民歌，G宫调式，八小节，每分钟84拍", "G", "4/4", 8, 84, "koto,flute"),
    Request("吉格舞曲，A大调，风笛，8小节，168 bpm", "A", "6/8", 8, 168, "bagpipe"),
    Request("升F小调，华尔兹，小提琴、钢琴、大提琴，三十二小节，140拍", "F#m", "3/4", 32, 140,
            "violin,piano,cello"),
    Request("梦幻的八音盒，C大调，4小节，♩=72", "C", "4/4", 4, 72, "music box"),
    Request("电子音乐 F小调 128BPM 8小节", "Fm", "4/4", 8, 128, "lead,pad,synth bass,drums"),
    Request("弦乐四重奏，d小调，八小节，速度：六十六拍？66 bpm", "Dm", "4/4", 8, 66, "violin,viola,cello"),
    Request("八六拍的民谣，E小调，小提琴和吉他，六小节，每分钟90拍", "Em", "6/8", 6, 90, "violin,acoustic guitar"),
    Request("二四拍进行曲，降E大调，短笛，5小节，108拍", "Eb", "2/4", 5, 108, "piccolo"),
    Request("圣咏，b小调，3/4拍，八小节，合唱，每分钟80拍", "Bm", "3/4", 8, 80, "choir"),
    Request("黑暗的民谣，#C小调，大提琴，六小节，72拍", "C#m", "4/4", 6, 72, "cello"),
    Request("欢快的圆舞曲 降A大调 手风琴与单簧管 十二小节 150拍", "Ab", "3/4", 12, 150, "accordion,clarinet"),
    Request("爵士，F大调，萨克斯、电钢琴、低音提琴和鼓，八小节，120bpm", "F", "4/4", 8, 120,
            "saxophone,electric piano,double bass,drums"),
    Request("里尔舞曲 E多利亚 班卓琴 8小节 104bpm", "Em", "4/4", 8, 104, "banjo"),
    Request("Ｇ大调，流行，８小节，１００ｂｐｍ，钢琴", "G", "4/4", 8, 100, "piano"),
    Request("♭E大調 圓舞曲 豎琴 四小節 每分鐘96拍", "Eb", "3/4", 4, 96, "harp"),
    Request("神秘的，g小调，马林巴，七小节，112拍", "Gm", "4/4", 7, 112, "marimba"),
    Request("摇篮曲，F大调，长笛和竖琴，四小节，每分钟60拍，稀疏一点", "F", "4/4", 4, 60, "flute,harp"),
    Request("流行，和弦 C G Am F，C大调，八小节，电吉他、电贝斯、架子鼓，每分钟110拍", "C", "4/4", 8, 110,
            "electric guitar,electric bass,drums"),
    Request("英雄的进行曲 D大调 铜管和定音鼓 8小节 100拍 不要鼓", "D", "4/4", 8, 100, "brass,timpani"),
    Request("1=D 民歌 口琴 八小节 96拍", "D", "4/4", 8, 96, "harmonica"),
    Request("琵琶和洞箫，a小调五声，8小节，每分钟72拍", "Am", "4/4", 8, 72, "shamisen,shakuhachi"),
    Request("一小节，钢琴，C大调，100拍", "C", "4/4", 1, 100, "piano"),
    Request("俏皮的角笛舞，D大调，竖笛，二十小节，96拍", "D", "4/4", 20, 96, "recorder"),
]  # fmt: skip

# Changes of what was made before: the words, and what is then different from the wish of the first English request.
CHANGES = [
    ("now in E minor, faster, with flute", {"key": "Em", "bpm": 108, "players": "flute"}),
    ("add drums", {"players": "piano,strings,drums"}),
    ("slower and 4 bars", {"bpm": 72, "bars": 4}),
    ("the same in major", {"key": "D"}),
    ("without the strings", {"players": "piano"}),
    ("换成长笛，快一点", {"bpm": 108, "players": "flute"}),
    ("改成G大调，加上大提琴", {"key": "G", "players": "piano,strings,cello"}),
    ("做成进行曲", {"metre": "4/4", "players": "piano,strings,drums"}),
]
