"""Bringing typed text into one form: width, kana, invisible characters, spaces, variant kanji."""

from __future__ import annotations

import re
import unicodedata

HYPHENS = "\\-‐‑‒–—―−－─━ｰ"
"""Characters typed for a hyphen or a long mark, for use inside a character class."""

_BLANK = "\u2800"
_FILLERS = frozenset("\u034f\u115f\u1160\u3164\uffa0")
_HIDDEN = frozenset({"Cc", "Cf", "Cs"})
_COMPATIBLE_KANJI = re.compile("([\uf900-\ufaff\U0002f800-\U0002fa1f]+)")
_HALF_KANA = re.compile("[\uff61-\uff9f]+")
_KATAKANA = {code: code + 0x60 for code in (*range(0x3041, 0x3097), 0x309D, 0x309E)}
_VOICED = {0x309B: 0x3099, 0x309C: 0x309A}
_ASCII = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_LARGE = str.maketrans("ァィゥェォッャュョヮヵヶ", "アイウエオツヤユヨワカケ")
_LONG_MARK = re.compile(f"(?<=[ァ-ヺー])[{HYPHENS}]+")
_LINE_END = re.compile("\r\n|[\r\n\v\f\x85\u2028\u2029]")
_UNSEARCHED = re.compile(f"[\\s・'’.ー{HYPHENS}]+")

_VARIANTS = str.maketrans(
    {
        variant: plain
        for plain, variants in {
            "高": "髙",
            "崎": "﨑嵜碕",
            "吉": "𠮷",
            "浜": "濵濱",
            "辺": "邊邉",
            "斎": "齋齊斉",
            "沢": "澤",
            "島": "嶋嶌",
            "広": "廣",
            "国": "國",
            "桜": "櫻",
            "真": "眞",
            "瀬": "瀨",
            "徳": "德",
            "恵": "惠",
            "栄": "榮",
            "富": "冨",
            "峰": "峯",
            "淵": "渕",
            "館": "舘",
            "薮": "藪籔",
            "竜": "龍",
            "滝": "瀧",
            "渋": "澁",
            "寿": "壽",
            "円": "圓",
            "応": "應",
            "静": "靜",
            "県": "縣",
            "会": "會",
            "学": "學",
            "来": "來",
            "条": "條",
            "豊": "豐",
            "鉄": "鐵",
            "寛": "寬",
            "曽": "曾",
            "弥": "彌",
            "礼": "禮",
            "蔵": "藏",
            "実": "實",
            "与": "與",
            "ケ": "ヶ",
            "カ": "ヵ",
        }.items()
        for variant in variants
    }
)


def _visible(char: str) -> str:
    if char.isspace() or char == _BLANK:
        return " "
    return "" if char in _FILLERS or unicodedata.category(char) in _HIDDEN else char


def compose(text: str) -> str:
    """NFC, but compatibility kanji (神, 塚 as in some family names) stay as they were typed."""
    parts = _COMPATIBLE_KANJI.split(text)
    return "".join(part if i % 2 else unicodedata.normalize("NFC", part) for i, part in enumerate(parts))


def tidy(text: str) -> str:
    """One line in NFC: no control, zero-width or surrogate characters, single ASCII spaces inside."""
    visible = "".join(map(_visible, text))
    return re.sub(" +", " ", compose(visible)).strip(" ")


def tidy_lines(text: str) -> str:
    """Several lines, each tidy, with at most one empty line between two."""
    lines = "\n".join(tidy(line) for line in _LINE_END.split(text))
    return re.sub("\n{3,}", "\n\n", lines).strip("\n")


def to_halfwidth_ascii(text: str) -> str:
    """Full-width letters, digits, signs and the ideographic space become ASCII; kana and kanji stay."""
    return text.translate(_ASCII)


def to_katakana(text: str) -> str:
    """Hiragana and half-width katakana become full-width katakana, loose voicing marks join their kana."""
    full = _HALF_KANA.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
    return compose(full.translate(_VOICED).translate(_KATAKANA))


def join_long_marks(text: str) -> str:
    """Each hyphen variant that follows katakana becomes the long mark ー."""
    return _LONG_MARK.sub(lambda marks: "ー" * len(marks[0]), text)


def to_large_kana(text: str) -> str:
    """Small katakana become large ones, as bank data writes them (シヨウ for ショウ)."""
    return text.translate(_LARGE)


def graphemes(text: str) -> list[str]:
    """`text` cut into characters as people count them: a base with its marks and selectors."""
    found: list[str] = []
    for char in text:
        if found and (unicodedata.category(char) in {"Mn", "Me", "Mc"} or char == "\u200d"):
            found[-1] += char
        else:
            found.append(char)
    return found


def search_key(text: str) -> str:
    """The key two spellings share: NFKC, katakana, plain kanji for variants, upper case.

    Spaces, ・, ', full stops, hyphens and long marks are left out:
    髙橋 is found by 高橋, サーバー by サーバ.
    """
    wide = unicodedata.normalize("NFKC", tidy(text))
    plain = to_katakana(wide).translate(_VARIANTS).upper()
    return _UNSEARCHED.sub("", plain)
