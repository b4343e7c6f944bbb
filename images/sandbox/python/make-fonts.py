"""Writes what fonts.py reads, when the image is built: fonts.json, and matplotlib's own list of fonts."""
import glob
import json
import os
import shutil
import sys

import matplotlib
from matplotlib import font_manager

SANS, SERIF, MONO, NARROW = ("Liberation " + kind for kind in ("Sans", "Serif", "Mono", "Sans Narrow"))
CJK, SYMBOLS = "WenQuanYi Micro Hei", "Symbola"
# Families that people ask for by name, and the one of the image that takes their place.
ALIKE = {
    SANS: "Arial, Helvetica, Helvetica Neue, Nimbus Sans",
    SERIF: "Times New Roman, Times, Nimbus Roman",
    MONO: "Courier New, Courier, Nimbus Mono PS",
    NARROW: "Arial Narrow",
    CJK: "SimHei, SimSun, NSimSun, KaiTi, FangSong, Microsoft YaHei, Microsoft JhengHei, PMingLiU, MingLiU, PingFang SC, PingFang TC, PingFang HK, "
    "Heiti SC, Heiti TC, STHeiti, STSong, Songti SC, Arial Unicode MS, WenQuanYi Zen Hei, Droid Sans Fallback, AR PL UMing CN, AR PL UKai CN, "
    "Noto Sans CJK SC, Noto Sans CJK TC, Noto Sans CJK JP, Noto Sans CJK KR, Noto Serif CJK SC, Noto Serif CJK JP, Noto Serif CJK KR, "
    "Noto Sans SC, Noto Sans TC, Noto Sans JP, Noto Sans KR, Source Han Sans SC, Source Han Sans CN, Source Han Sans JP, Source Han Sans KR, "
    "Malgun Gothic, NanumGothic, Nanum Gothic, NanumBarunGothic, AppleGothic, Apple SD Gothic Neo, Gulim, Dotum, Batang, UnDotum, "
    "MS Gothic, MS PGothic, MS Mincho, Yu Gothic, Yu Mincho, Meiryo, Hiragino Sans, Hiragino Maru Gothic Pro, Hiragino Kaku Gothic Pro, "
    "IPAGothic, IPAexGothic, IPAPGothic, TakaoGothic, TakaoPGothic, VL Gothic",
    SYMBOLS: "Segoe UI Emoji, Segoe UI Symbol, Apple Color Emoji, Noto Color Emoji, Noto Emoji, Twemoji Mozilla",
}
# In this order a glyph is looked for that the font of a text lacks.
LAST = ("DejaVu Sans", CJK, SYMBOLS, "Unifont", "Unifont Upper")
FOLDER = sys.argv[1]


def path_of(family):
    """The file of a family's regular face."""
    return font_manager.findfont(font_manager.FontProperties(family), fallback_to_default=False)


entries = [entry for entry in font_manager.fontManager.ttflist if not os.path.islink(entry.fname)]
alike = [
    dict({key: getattr(entry, key) for key in ("fname", "style", "variant", "weight", "stretch", "size")}, name=name)
    for family, names in ALIKE.items()
    for name in names.split(", ")
    for entry in entries
    if entry.name == family
]
missing = set(ALIKE) - {entry.name for entry in entries}
if missing:
    sys.exit("The image lacks fonts: %s." % ", ".join(sorted(missing)))
with open(os.path.join(FOLDER, "fonts.json"), "w", encoding="utf-8") as file:
    json.dump({"alike": alike, "last": [path_of(family) for family in LAST]}, file)
for path in glob.glob(os.path.join(matplotlib.get_cachedir(), "fontlist-*.json")):
    shutil.copy(path, FOLDER)
