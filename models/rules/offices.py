"""Where the 47 prefectural offices stand: how far an expert's region lies from a place, as far as anybody knows it.

An expert names a prefecture and no address, so the distance to its office is a rough guide and is shown as one.
"""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from models.rules.place import Point, metres

_PLACES = {
    "北海道": (43.0642, 141.3469), "青森県": (40.8244, 140.7400), "岩手県": (39.7036, 141.1525),
    "宮城県": (38.2689, 140.8719), "秋田県": (39.7186, 140.1025), "山形県": (38.2406, 140.3633),
    "福島県": (37.7500, 140.4678), "茨城県": (36.3414, 140.4467), "栃木県": (36.5658, 139.8836),
    "群馬県": (36.3911, 139.0608), "埼玉県": (35.8569, 139.6489), "千葉県": (35.6047, 140.1233),
    "東京都": (35.6894, 139.6917), "神奈川県": (35.4478, 139.6425), "新潟県": (37.9022, 139.0236),
    "富山県": (36.6953, 137.2114), "石川県": (36.5944, 136.6256), "福井県": (36.0653, 136.2219),
    "山梨県": (35.6639, 138.5683), "長野県": (36.6514, 138.1811), "岐阜県": (35.3911, 136.7222),
    "静岡県": (34.9769, 138.3831), "愛知県": (35.1803, 136.9067), "三重県": (34.7303, 136.5086),
    "滋賀県": (35.0044, 135.8683), "京都府": (35.0214, 135.7556), "大阪府": (34.6864, 135.5200),
    "兵庫県": (34.6914, 135.1831), "奈良県": (34.6853, 135.8328), "和歌山県": (34.2261, 135.1675),
    "鳥取県": (35.5036, 134.2383), "島根県": (35.4722, 133.0506), "岡山県": (34.6617, 133.9350),
    "広島県": (34.3964, 132.4594), "山口県": (34.1858, 131.4714), "徳島県": (34.0658, 134.5594),
    "香川県": (34.3403, 134.0433), "愛媛県": (33.8417, 132.7661), "高知県": (33.5597, 133.5311),
    "福岡県": (33.6064, 130.4181), "佐賀県": (33.2494, 130.2989), "長崎県": (32.7447, 129.8736),
    "熊本県": (32.7897, 130.7417), "大分県": (33.2381, 131.6125), "宮崎県": (31.9111, 131.4239),
    "鹿児島県": (31.5603, 130.5581), "沖縄県": (26.2125, 127.6811),
}  # fmt: skip
OFFICES: Mapping[str, Point] = MappingProxyType({name: Point(*place) for name, place in _PLACES.items()})
"""The office of each prefecture, to about ten metres."""


@lru_cache(maxsize=256)
def distances(place: Point) -> Mapping[str, int]:
    """Metres from a place to every prefectural office."""
    return MappingProxyType({name: metres(place, office) for name, office in OFFICES.items()})
