"""Where a name typed without a gap may be divided, the most plausible place first."""

from __future__ import annotations

import re

from models.rules.normalise import graphemes

MOST_CHOICES = 4
_LONGEST = 15
_SECOND_CHARACTERS = frozenset(
    "田山川本村木野原井島嶋沢澤藤口崎﨑谷岡部上下松橋内中林森石尾浦辺邊邉塚津池葉形城瀬宮倉坂場屋江水賀泉々地東西北関"
)
_THREE_CHARACTER_FAMILIES = (
    "佐々木 長谷川 五十嵐 久保田 小野寺 大久保 佐久間 長谷部 小笠原 日比野 宇佐美 喜多村 小野田 大河原 "
    "大和田 久保寺 曽我部 東海林 波多野 海老原 海老沢 海老名 小田切 小田島 小山田 大河内 宇都宮 二階堂 "
    "小日向 小早川 美濃部 仲宗根 与那嶺 我那覇 阿久津 伊集院 加賀谷 加賀美 八重樫 一ノ瀬 三田村 和久井"
)
_CAPITAL = re.compile("(?<=[a-z])(?=[A-Z])")
_CANNOT_START = frozenset("々ーゝゞヽヾぁぃぅぇぉっゃゅょァィゥェォッャュョンん")


def _script(char: str) -> str:
    if "ぁ" <= char[0] <= "ゟ":
        return "hiragana"
    return "katakana" if "゠" <= char[0] <= "ヿ" else "kanji"


def _likely_family_length(parts: list[str]) -> int:
    if len(parts) > 3 and "".join(parts[:3]) in _THREE_CHARACTER_FAMILIES.split():
        return 3
    changes = [i for i in range(1, len(parts)) if _script(parts[i]) != _script(parts[i - 1])]
    if len(changes) == 1:
        return changes[0]
    if len(parts) == 2 or (len(parts) == 3 and parts[1] not in _SECOND_CHARACTERS):
        return 1
    return len(parts) // 2 if len(parts) > 5 else 2


def _divided(parts: list[str], lengths: list[int]) -> tuple[str, ...]:
    fitting = [n for n in dict.fromkeys(lengths) if 0 < n < len(parts) and parts[n] not in _CANNOT_START]
    return tuple("".join(parts[:n]) + " " + "".join(parts[n:]) for n in fitting[:MOST_CHOICES])


def split_name(name: str) -> tuple[str, ...]:
    """At most four ways to divide a name without a gap (山田太郎); none where no way is plausible."""
    dots = [found.start() for found in re.finditer("[・=゠]", name)]
    if dots:
        pairs = [(name[:at].strip("・=゠"), name[at + 1 :].strip("・=゠")) for at in dots]
        return tuple(dict.fromkeys(f"{a} {b}" for a, b in pairs if a and b))[:MOST_CHOICES]
    if name.isascii():
        cuts = [found.start() for found in _CAPITAL.finditer(name)]
        return tuple(f"{name[:at]} {name[at:]}" for at in cuts[:MOST_CHOICES])
    parts = graphemes(name)
    if not 2 <= len(parts) <= _LONGEST or not all(part[0].isalpha() for part in parts):
        return ()
    return _divided(parts, [_likely_family_length(parts), 2, 1, 3, 4, len(parts) // 2])


def split_kana(kana: str) -> tuple[str, ...]:
    """At most four ways to divide a reading without a gap, the middle first; a part has two kana or more."""
    length = len(kana)
    if not 4 <= length <= _LONGEST:
        return ()
    middle = (length + 1) // 2
    near = sorted(range(2, length - 1), key=lambda n: (abs(n - middle), n))
    return _divided(list(kana), near)
