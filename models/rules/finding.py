"""What an expert is looked for by, as a talk and a page ask it: the field, and the region or prefecture."""

from models.rules.choosing import OTHER_LIMIT, SPECIALITIES, judge_specialities
from models.rules.judgement import Accepted, Answers, Choice, Field, Judgement, Refused, as_text
from models.rules.normalise import search_key
from models.rules.regions import PREFECTURES, REGIONS, find_prefectures

ANY = "any"
"""Any field, or all of Japan."""
ANY_FIELD, ALL_OF_JAPAN = "どの分野でも", "全国"
FIELD_CHOICES = (*(Choice(name, name) for name in SPECIALITIES), Choice(ANY_FIELD, ANY))
REGION_CHOICES = (Choice(ALL_OF_JAPAN, ANY), *(Choice(region.name, region.name) for region in REGIONS))
_BY_REGION = {region.name: region.prefectures for region in REGIONS}
_ANY_WORDS = frozenset(map(search_key, (ANY, ANY_FIELD, ALL_OF_JAPAN, "すべて", "指定なし", "どこでも", "なし")))


def judge_speciality(text: str, answers: Answers) -> Judgement:
    """One field of expertise, listed or as an expert may have typed it; or any."""
    if search_key(text) in _ANY_WORDS:
        return Accepted(ANY)
    judged = judge_specialities(text, answers)
    if not isinstance(judged, Accepted):
        return judged
    values = list(judged.value)
    return Accepted(values[0]) if len(values) == 1 else Refused("search.one_field")


def judge_area(text: str, _answers: Answers) -> Judgement:
    """A region, a prefecture, or all of Japan."""
    if search_key(text) in _ANY_WORDS:
        return Accepted(ANY)
    found = find_prefectures(text)
    if not found:
        return Refused("search.area_unknown")
    region = next((name for name, prefectures in _BY_REGION.items() if prefectures == found), "")
    if len(found) == 1:
        return Accepted(found[0])
    return Accepted(region) if region else Refused("search.area_unknown")


def prefectures_of(area: str) -> tuple[str, ...]:
    """The prefectures a kept area means; none for all of Japan and for what is no area."""
    return (area,) if area in PREFECTURES else _BY_REGION.get(area, ())


def speciality_of(value: str) -> str:
    """The field a kept answer means; empty for any and for what no expert can have."""
    return "" if value == ANY or len(value) > OTHER_LIMIT else value


def area_words(area: str) -> str:
    """関東, 東京都 or 全国."""
    return area if prefectures_of(area) else ALL_OF_JAPAN


SPECIALITY = Field(
    "search_field", "専門分野", "販路開拓", judge_speciality,
    lambda value: ANY_FIELD if value == ANY else as_text(value), choices=FIELD_CHOICES, kind="choice",
)  # fmt: skip
AREA = Field(
    "search_area", "地域", "関東、または東京都", judge_area, lambda value: area_words(as_text(value)),
    choices=REGION_CHOICES, kind="choice",
)  # fmt: skip
