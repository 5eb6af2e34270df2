"""The eight regions and 47 prefectures of Japan, and finding a prefecture in what was typed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from models.rules.normalise import search_key, tidy


@dataclass(frozen=True)
class Region:
    """A region and its prefectures in official order."""

    name: str
    prefectures: tuple[str, ...]


REGIONS = (
    Region("北海道", ("北海道",)),
    Region("東北", ("青森県", "岩手県", "宮城県", "秋田県", "山形県", "福島県")),
    Region("関東", ("茨城県", "栃木県", "群馬県", "埼玉県", "千葉県", "東京都", "神奈川県")),
    Region(
        "中部",
        ("新潟県", "富山県", "石川県", "福井県", "山梨県", "長野県", "岐阜県", "静岡県", "愛知県"),
    ),
    Region("近畿", ("三重県", "滋賀県", "京都府", "大阪府", "兵庫県", "奈良県", "和歌山県")),
    Region("中国", ("鳥取県", "島根県", "岡山県", "広島県", "山口県")),
    Region("四国", ("徳島県", "香川県", "愛媛県", "高知県")),
    Region(
        "九州・沖縄",
        ("福岡県", "佐賀県", "長崎県", "熊本県", "大分県", "宮崎県", "鹿児島県", "沖縄県"),
    ),
)

PREFECTURES = tuple(name for region in REGIONS for name in region.prefectures)

_READINGS = (
    "ホッカイドウ アオモリ イワテ ミヤギ アキタ ヤマガタ フクシマ イバラキ トチギ グンマ サイタマ チバ "
    "トウキョウ カナガワ ニイガタ トヤマ イシカワ フクイ ヤマナシ ナガノ ギフ シズオカ アイチ ミエ シガ "
    "キョウト オオサカ ヒョウゴ ナラ ワカヤマ トットリ シマネ オカヤマ ヒロシマ ヤマグチ トクシマ カガワ "
    "エヒメ コウチ フクオカ サガ ナガサキ クマモト オオイタ ミヤザキ カゴシマ オキナワ"
)
_ROMAN = (
    "hokkaido aomori iwate miyagi akita yamagata fukushima ibaraki tochigi gunma saitama chiba "
    "tokyo kanagawa niigata toyama ishikawa fukui yamanashi nagano gifu shizuoka aichi mie shiga "
    "kyoto osaka hyogo nara wakayama tottori shimane okayama hiroshima yamaguchi tokushima kagawa "
    "ehime kochi fukuoka saga nagasaki kumamoto oita miyazaki kagoshima okinawa"
)
_SUFFIX_READINGS = {"都": "ト", "府": "フ", "県": "ケン", "道": ""}
_FULL_NAMES = re.compile("|".join(PREFECTURES))


@cache
def _spellings() -> dict[str, str]:
    table: dict[str, str] = {}
    for name, reading, roman in zip(PREFECTURES, _READINGS.split(), _ROMAN.split(), strict=True):
        short = name if name == "北海道" else name[:-1]
        for spelling in (name, short, reading, reading + _SUFFIX_READINGS[name[-1]], roman):
            table[search_key(spelling)] = name
    return table


@cache
def _region_names() -> dict[str, Region]:
    extra = {
        "関西": REGIONS[4],
        "九州": REGIONS[7],
        "北陸": REGIONS[3],
        "東海": REGIONS[3],
        "甲信越": REGIONS[3],
    }
    return {search_key(name): region for name, region in {**{r.name: r for r in REGIONS}, **extra}.items()}


def find_prefectures(text: str) -> tuple[str, ...]:
    """Prefectures meant by `text`: one for a name, reading or address, several for a region, or none."""
    key = search_key(text)
    if key in _spellings():
        return (_spellings()[key],)
    region = _region_names().get(key.removesuffix("地方"))
    if region:
        return region.prefectures
    return tuple(dict.fromkeys(_FULL_NAMES.findall(tidy(text))))
