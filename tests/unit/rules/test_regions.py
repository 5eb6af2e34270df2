"""Regions and prefectures."""

from __future__ import annotations

import pytest

from models.rules.regions import PREFECTURES, REGIONS, find_prefectures


def test_eight_regions_hold_47_prefectures() -> None:
    assert len(REGIONS) == 8
    assert len(PREFECTURES) == len(set(PREFECTURES)) == 47
    assert max(len(region.prefectures) for region in REGIONS) <= 10


@pytest.mark.parametrize("name", PREFECTURES)
def test_each_prefecture_finds_itself(name: str) -> None:
    assert find_prefectures(name) == (name,)
    assert find_prefectures(f"{name}中央市１－２") == (name,)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("東京", ("東京都",)),
        ("京都", ("京都府",)),
        ("おおさかふ", ("大阪府",)),
        ("ｶﾅｶﾞﾜ", ("神奈川県",)),
        ("Tokyo", ("東京都",)),
        ("ほっかいどう", ("北海道",)),
        ("東京都府中市", ("東京都",)),
        ("大阪府と京都府", ("大阪府", "京都府")),
        ("東北地方", REGIONS[1].prefectures),
        ("関西", REGIONS[4].prefectures),
        ("パリ", ()),
        ("", ()),
    ],
)
def test_find(text: str, found: tuple[str, ...]) -> None:
    assert find_prefectures(text) == found
