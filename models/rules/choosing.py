"""Judging answers out of a list: area, requirement, qualifications, specialities."""

from __future__ import annotations

import re
from collections.abc import Mapping

from models.rules.judgement import Accepted, Answers, Choice, Judgement, Refused, Unclear, Value, as_text
from models.rules.normalise import search_key, tidy, to_halfwidth_ascii
from models.rules.regions import PREFECTURES, find_prefectures

OTHER_LIMIT = 40
MOST_VALUES = 20
NONE = "なし"

PREFECTURE_CHOICES = tuple(Choice(name, name) for name in PREFECTURES)

REQUIREMENTS = {
    "1": "①中小企業診断士、税理士、公認会計士、弁護士、技術士、その他公的資格を有する者",
    "2": "②会社等の管理者又は技術者等として10年以上の実務経験を有する者",
    "3": (
        "③経営診断、販路開拓、商品開発等の中小企業者等支援に3年以上の経験を有する者、"
        "又は当該分野において相応の実績を有すると認められる者"
    ),
    "4": "④技能等に関する指導・教育機関に所属し、指導、教育、研究に5年以上の経験を有する者",
}
"""The four requirements in the official wording (seeds/004 専門家登録の要件)."""

REQUIREMENT_CHOICES = (
    Choice("①公的資格", "1"),
    Choice("②実務経験10年以上", "2"),
    Choice("③支援経験3年以上", "3"),
    Choice("④指導・教育5年以上", "4"),
)
_REQUIREMENT_WORDS = {
    "公的資格": "1",
    "資格": "1",
    "実務経験": "2",
    "支援経験": "3",
    "指導教育": "4",
    "教育": "4",
}

QUALIFICATIONS = (
    "中小企業診断士",
    "税理士",
    "公認会計士",
    "弁護士",
    "技術士",
    "社会保険労務士",
    "行政書士",
    "司法書士",
    "弁理士",
    "ITコーディネータ",
    "情報処理技術者",
    "その他",
)
QUALIFICATION_CHOICES = tuple(Choice(name, name) for name in (*QUALIFICATIONS, NONE))
_QUALIFICATION_WORDS = {
    "診断士": "中小企業診断士",
    "会計士": "公認会計士",
    "社労士": "社会保険労務士",
    "ITC": "ITコーディネータ",
    "無し": NONE,
    "無": NONE,
    "ない": NONE,
    "特になし": NONE,
    "ありません": NONE,
    "資格なし": NONE,
}

SPECIALITIES = (
    "経営戦略",
    "創業",
    "事業承継",
    "資金調達",
    "販路開拓",
    "マーケティング",
    "IT活用",
    "税務・会計",
    "人事・労務",
    "法務・知的財産",
    "海外展開",
    "生産管理",
    "その他",
)
SPECIALITY_CHOICES = tuple(Choice(name, name) for name in SPECIALITIES)
_SPECIALITY_WORDS = {
    "IT": "IT活用",
    "ITの活用": "IT活用",
    "経営": "経営戦略",
    "起業": "創業",
    "資金繰り": "資金調達",
    "税務": "税務・会計",
    "会計": "税務・会計",
    "財務会計": "税務・会計",
    "人事": "人事・労務",
    "労務": "人事・労務",
    "法務": "法務・知的財産",
    "知的財産": "法務・知的財産",
    "知財": "法務・知的財産",
    "海外": "海外展開",
}

_LINE_BREAKS = re.compile("[\r\n\v\f\x85\u2028\u2029]+")
_SEPARATORS = re.compile("[、,;；]+")
_INNER_SEPARATORS = re.compile("[ ・/+&と]+")
_MARGIN = " 。・-*•●"


def _by_key(words: Mapping[str, str]) -> dict[str, str]:
    return {search_key(word): value for word, value in words.items()}


_REQUIREMENT_KEYS = _by_key(
    _REQUIREMENT_WORDS
    | {choice.label: choice.value for choice in REQUIREMENT_CHOICES}
    | {choice.label[1:]: choice.value for choice in REQUIREMENT_CHOICES}
    | {wording: value for value, wording in REQUIREMENTS.items()}
    | {wording[1:]: value for value, wording in REQUIREMENTS.items()}
    | {form.format(value): value for value in REQUIREMENTS for form in ("{}", "{}番", "{}つ目", "({})")}
)
_QUALIFICATION_KEYS = _by_key({name: name for name in (*QUALIFICATIONS, NONE)} | _QUALIFICATION_WORDS)
_SPECIALITY_KEYS = _by_key({name: name for name in SPECIALITIES} | _SPECIALITY_WORDS)


def judge_prefecture(text: str, _answers: Answers) -> Judgement:
    """One prefecture by name, reading or address; a region or several prefectures ask which."""
    found = find_prefectures(text)
    if not found:
        return Refused("prefecture.unknown")
    if len(found) == 1:
        return Accepted(found[0])
    choices = tuple(Choice(name, name) for name in found[:10])
    return Unclear("prefecture.which", choices, more=len(found) > len(choices))


def judge_requirement(text: str, _answers: Answers) -> Judgement:
    """One of the four requirements by number, short label or official wording."""
    value = _REQUIREMENT_KEYS.get(search_key(text))
    return Accepted(value) if value else Refused("requirement.choose")


def show_requirement(value: Value) -> str:
    """The full official wording of a requirement."""
    return REQUIREMENTS.get(as_text(value), as_text(value))


def read_list(text: str, known: Mapping[str, str]) -> list[str]:
    """The values in `text`, divided by 、 or line breaks; `known` maps search keys to list words."""
    plain = tidy(to_halfwidth_ascii(_LINE_BREAKS.sub("、", text)))
    values: list[str] = []
    for part in (piece.strip(_MARGIN) for piece in _SEPARATORS.split(plain)):
        pieces = [part] if search_key(part) in known else _INNER_SEPARATORS.split(part)
        keys = [search_key(piece) for piece in pieces]
        values += [known[key] for key in keys] if all(key in known for key in keys) else [part]
    return list(dict.fromkeys(value for value in values if value))


def _fault(values: list[str]) -> str:
    if any(len(value) > OTHER_LIMIT for value in values):
        return "long"
    if len(values) > MOST_VALUES:
        return "many"
    named = all(any(char.isalpha() for char in value) for value in values)
    return "" if values and named else "empty"


_QUALIFICATION_FAULTS = {
    "long": Refused("qualifications.long", {"limit": str(OTHER_LIMIT)}),
    "many": Refused("qualifications.many", {"limit": str(MOST_VALUES)}),
    "empty": Refused("qualifications.empty"),
}
_SPECIALITY_FAULTS = {
    "long": Refused("specialities.long", {"limit": str(OTHER_LIMIT)}),
    "many": Refused("specialities.many", {"limit": str(MOST_VALUES)}),
    "empty": Refused("specialities.empty"),
}


def judge_qualifications(text: str, answers: Answers) -> Judgement:
    """Listed or typed qualifications; なし alone, and not by one who registers by requirement ①."""
    values = read_list(text, _QUALIFICATION_KEYS)
    if fault := _fault(values):
        return _QUALIFICATION_FAULTS[fault]
    if NONE in values and len(values) > 1:
        return Refused("qualifications.mixed")
    if values == [NONE] and answers.get("requirement") == "1":
        return Refused("qualifications.required")
    return Accepted(values)


def judge_specialities(text: str, _answers: Answers) -> Judgement:
    """One or more fields of expertise, listed or typed."""
    values = [value for value in read_list(text, _SPECIALITY_KEYS) if value != NONE]
    fault = _fault(values)
    return _SPECIALITY_FAULTS[fault] if fault else Accepted(values)
