"""What an expert is looked for by, and how far the prefectural offices lie."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.finding import (
    AREA,
    SPECIALITY,
    area_words,
    judge_area,
    judge_speciality,
    prefectures_of,
    speciality_of,
)
from models.rules.judgement import Accepted, Refused
from models.rules.offices import OFFICES, distances
from models.rules.place import Point
from models.rules.regions import PREFECTURES, REGIONS


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("販路開拓", "販路開拓"), ("IT", "IT活用"), ("ロボット導入", "ロボット導入"), ("どの分野でも", "any"),
        ("すべて", "any"), (" 創業 ", "創業"),
    ],
)  # fmt: skip
def test_one_field_or_any(text: str, value: str):
    assert judge_speciality(text, {}) == Accepted(value)


@pytest.mark.parametrize("text", ["創業、販路開拓", "", "！！", "あ" * 41])
def test_what_is_no_single_field_is_refused(text: str):
    assert isinstance(judge_speciality(text, {}), Refused)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("関東", "関東"), ("関東地方", "関東"), ("とうきょう", "東京都"), ("北海道", "北海道"), ("九州", "九州・沖縄"),
        ("全国", "any"), ("どこでも", "any"), ("沖縄", "沖縄県"), ("関西", "近畿"),
    ],
)  # fmt: skip
def test_a_region_a_prefecture_or_all_of_japan(text: str, value: str):
    assert judge_area(text, {}) == Accepted(value)


@pytest.mark.parametrize("text", ["火星", "", "東京都と大阪府", "12"])
def test_what_is_no_area_is_refused(text: str):
    assert isinstance(judge_area(text, {}), Refused)


def test_what_an_area_and_a_field_mean():
    assert prefectures_of("東京都") == ("東京都",)
    assert prefectures_of("四国") == ("徳島県", "香川県", "愛媛県", "高知県")
    assert prefectures_of("any") == prefectures_of("火星") == prefectures_of("") == ()
    assert (area_words("四国"), area_words("any"), area_words("火星")) == ("四国", "全国", "全国")
    assert (speciality_of("any"), speciality_of("創業"), speciality_of("あ" * 41)) == ("", "創業", "")
    for field in (SPECIALITY, AREA):
        for choice in field.choices:
            assert field.judge(choice.label, {}) == Accepted(choice.value)
            assert field.judge(choice.value, {}) == Accepted(choice.value)


@given(st.text(max_size=200))
def test_no_text_breaks_it(text: str):
    assert isinstance(judge_area(text, {}), Accepted | Refused)
    assert isinstance(judge_speciality(text, {}), Accepted | Refused)


def test_every_prefecture_has_its_office_in_its_part_of_japan():
    assert tuple(OFFICES) == PREFECTURES
    assert all(office.in_japan for office in OFFICES.values())
    for region in REGIONS:
        for name in region.prefectures:
            nearest = sorted(distances(OFFICES[name]).items(), key=lambda pair: pair[1])
            assert nearest[0] == (name, 0)
            assert len(region.prefectures) == 1 or any(other in region.prefectures for other, _ in nearest[1:5])


def test_distances_are_those_of_the_map():
    station = distances(Point(35.681236, 139.767125))
    assert 6_000 < station["東京都"] < 8_000
    assert 390_000 < station["大阪府"] < 410_000
    assert min(station, key=lambda name: station[name]) == "東京都"
