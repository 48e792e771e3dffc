"""The words people use for styles, colours and sights, in English and Chinese, and what they mean in a picture."""

from collections.abc import Mapping

STYLE_WORDS: Mapping[str, str] = {
    "abstract": "abstract", "抽象": "abstract",
    "cubist": "cubist", "cubism": "cubist", "facets": "cubist", "facetted": "cubist", "faceted": "cubist",
    "shards": "cubist", "立体主义": "cubist", "立体派": "cubist", "立体": "cubist",
    "geometric": "geometric", "geometrical": "geometric", "geometry": "geometric", "bauhaus": "geometric",
    "shapes": "geometric", "几何": "geometric", "包豪斯": "geometric",
    "mosaic": "mosaic", "tiles": "mosaic", "stained glass": "mosaic", "pointillist": "mosaic", "马赛克": "mosaic",
    "镶嵌": "mosaic", "彩色玻璃": "mosaic",
    "stripes": "stripes", "striped": "stripes", "bands": "stripes", "lines": "stripes", "条纹": "stripes",
    "minimal": "minimal", "minimalist": "minimal", "minimalism": "minimal", "simple": "minimal", "plain": "minimal",
    "极简": "minimal", "简约": "minimal",
    "watercolour": "watercolour", "watercolor": "watercolour", "painterly": "watercolour", "soft": "watercolour",
    "misty": "watercolour", "水彩": "watercolour", "柔和": "watercolour",
    "kaleidoscope": "kaleidoscope", "kaleidoscopic": "kaleidoscope", "mandala": "kaleidoscope",
    "symmetric": "kaleidoscope", "symmetrical": "kaleidoscope", "万花筒": "kaleidoscope", "对称": "kaleidoscope",
}  # fmt: skip

STYLES = tuple(dict.fromkeys(STYLE_WORDS.values()))

TINT_WORDS: Mapping[str, str] = {
    "pastel": "pastel", "pastels": "pastel", "粉彩": "pastel", "粉嫩": "pastel",
    "muted": "muted", "dusty": "muted", "earthy": "muted", "faded": "muted", "desaturated": "muted", "低饱和": "muted",
    "淡雅": "muted", "大地色": "muted",
    "vivid": "vivid", "bold": "vivid", "neon": "vivid", "saturated": "vivid", "colourful": "vivid",
    "colorful": "vivid", "鲜艳": "vivid", "霓虹": "vivid",
    "monochrome": "monochrome", "monochromatic": "monochrome", "one colour": "monochrome", "one color": "monochrome",
    "单色": "monochrome",
    "black and white": "grey", "greyscale": "grey", "grayscale": "grey", "黑白": "grey", "灰度": "grey",
    "light": "light", "pale": "light", "浅色": "light", "明亮": "light", "bright": "light",
    "deep": "deep", "darker": "deep", "深色": "deep", "dark": "deep", "黑暗": "deep", "阴暗": "deep",
    "warm": "warm", "warmer": "warm", "暖色": "warm", "温暖": "warm", "cool": "cool", "cold": "cool", "icy": "cool",
    "冷色": "cool",
}  # fmt: skip
"""What is done to all colours of a palette; some of these words name a mood as well, and then do both."""

COLOURS: Mapping[str, str] = {
    "black": "#16161a", "charcoal": "#3a3d42", "grey": "#85888d", "silver": "#c3c7cc", "white": "#f7f6f2",
    "cream": "#f3e7cf", "beige": "#dcc7a6", "sand": "#d3b17d", "brown": "#7a4f2e", "umber": "#45301f",
    "red": "#c9302c", "crimson": "#9b1b30", "wine": "#5e1a2e", "coral": "#f2785c", "orange": "#ea7c1f",
    "rust": "#a8471f", "gold": "#d9a520", "yellow": "#f4d63c", "olive": "#7d7a2f", "lime": "#a8cf45",
    "green": "#3f9447", "forest green": "#23512f", "mint": "#a5dcc0", "teal": "#16777a", "turquoise": "#3fc1c0",
    "sky blue": "#86c5ea", "blue": "#2b66c2", "slate blue": "#5b718c", "navy": "#182a52", "indigo": "#3a2c7d",
    "purple": "#73398f", "lavender": "#bda9dd", "plum": "#4b2447", "magenta": "#c22f86", "pink": "#f2a5bd",
    "rose": "#cf5d76",
}  # fmt: skip
"""The colours that people have names for here, and where they lie."""

COLOUR_WORDS: Mapping[str, str] = {
    **{name: name for name in COLOURS},
    "gray": "grey", "ivory": "cream", "tan": "sand", "ochre": "gold", "amber": "gold", "golden": "gold",
    "bronze": "rust", "copper": "rust", "scarlet": "red", "ruby": "crimson", "blood red": "crimson",
    "burgundy": "wine", "maroon": "wine", "peach": "coral", "salmon": "coral", "emerald": "green", "jade": "mint",
    "cyan": "turquoise", "aqua": "turquoise", "azure": "sky blue", "cobalt": "blue", "violet": "purple",
    "lilac": "lavender", "mauve": "lavender", "fuchsia": "magenta", "dark blue": "navy", "light blue": "sky blue",
    "dark green": "forest green", "midnight blue": "navy",
    "黑": "black", "炭": "charcoal", "灰": "grey", "银": "silver", "白": "white", "米色": "beige", "奶油": "cream",
    "棕": "brown", "褐": "brown", "红": "red", "深红": "crimson", "酒红": "wine", "珊瑚": "coral", "橙": "orange",
    "橘": "orange", "金": "gold", "黄": "yellow", "橄榄": "olive", "绿": "green", "墨绿": "forest green",
    "薄荷": "mint", "青": "teal", "蓝": "blue", "天蓝": "sky blue", "藏青": "navy", "靛": "indigo", "紫": "purple",
    "薰衣草": "lavender", "粉红": "pink", "粉色": "pink", "玫瑰": "rose", "洋红": "magenta",
}  # fmt: skip

SIGHTS: Mapping[str, tuple[str, ...]] = {
    "sea ocean waves lighthouse harbour harbor boat ship island 海 港 船 岛": ("navy", "teal", "sky blue"),
    "forest wood woods jungle leaves garden tree 森林 林 花园 树": ("forest green", "green", "olive"),
    "fire flame ember burning lava dragon 火 焰 龙": ("red", "orange", "black"),
    "night midnight stars moon space galaxy 夜 星 月 宇宙 银河": ("navy", "indigo", "silver"),
    "snow ice winter frost glacier 雪 冰 冬 霜": ("white", "sky blue", "slate blue"),
    "autumn fall october harvest 秋 落叶": ("rust", "orange", "gold"),
    "spring blossom flowers meadow 春 花 草地": ("mint", "pink", "lime"),
    "summer sun sunshine beach noon 夏 太阳 阳光 沙滩": ("yellow", "sky blue", "coral"),
    "desert dune sand canyon 沙漠 沙丘": ("sand", "rust", "cream"),
    "sunset dusk evening dawn sunrise 日落 黄昏 晚霞 黎明 日出": ("coral", "plum", "gold"),
    "sky heaven 天空": ("sky blue", "white", "slate blue"),
    "rain fog mist storm cloud clouds 雨 雾 暴风 云": ("slate blue", "grey", "charcoal"),
    "blood murder knife crypt 血 谋杀 墓穴": ("crimson", "black", "charcoal"),
    "rose roses love wedding kiss 玫瑰 爱 婚礼 吻": ("rose", "wine", "cream"),
    "city street neon train 城市 街 霓虹 火车": ("charcoal", "turquoise", "magenta"),
    "castle king queen crown treasure 城堡 国王 女王 王冠 宝藏": ("gold", "wine", "navy"),
}  # fmt: skip
"""What has its own colours when it is named."""

SIGHT_WORDS: Mapping[str, tuple[str, ...]] = {
    word: colours for words, colours in SIGHTS.items() for word in words.split()
}

VERBS = frozenset({"fall", "leaves", "rose", "spring", "train", "waves"})
"""Sights of a wish that are something else in most stories."""

GENRES: Mapping[str, tuple[str, ...]] = {
    "fantasy": ("forest green", "gold", "plum"), "sci-fi": ("indigo", "turquoise", "black"),
    "realism": ("slate blue", "beige", "brown"), "fairy tale": ("rose", "gold", "teal"),
    "horror": ("black", "crimson", "charcoal"), "romance": ("rose", "cream", "wine"),
    "mystery": ("navy", "slate blue", "gold"), "adventure": ("teal", "orange", "sand"),
    "western": ("rust", "sand", "turquoise"), "historical": ("wine", "gold", "umber"),
    "comedy": ("yellow", "coral", "sky blue"), "fable": ("olive", "orange", "cream"),
    "myth": ("navy", "gold", "white"), "war": ("olive", "charcoal", "rust"), "noir": ("black", "grey", "crimson"),
}  # fmt: skip
"""What book covers of a genre are known by."""

MOODS: Mapping[str, tuple[str, ...]] = {
    "joyful": ("yellow", "coral"), "playful": ("orange", "turquoise"), "heroic": ("gold", "crimson", "navy"),
    "romantic": ("rose", "wine", "cream"), "tender": ("pink", "cream"), "calm": ("sky blue", "mint"),
    "dreamy": ("lavender", "sky blue"), "melancholy": ("slate blue", "grey"), "mysterious": ("indigo", "plum"),
    "dark": ("black", "wine"), "tense": ("black", "orange"), "angry": ("crimson", "black"),
}  # fmt: skip
"""The hues that a mood brings to mind where nothing else does; how light and rich it is, the network knows."""

BARE_WORDS: Mapping[str, bool] = {
    "no title": True, "untitled": True, "without title": True, "without a title": True, "without the title": True,
    "no words": True, "no text": True, "无标题": True, "不要标题": True, "没有标题": True, "无字": True,
    "with title": False, "with a title": False, "with the title": False, "加标题": False, "有标题": False,
}  # fmt: skip
"""What leaves a cover without letters, or brings them back."""
