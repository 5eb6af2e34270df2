"""Normalising typed text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.rules.normalise import (
    graphemes,
    join_long_marks,
    search_key,
    tidy,
    to_halfwidth_ascii,
    to_katakana,
    to_large_kana,
)

ANYTHING = st.text(st.characters(exclude_categories=()), max_size=80)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  山田　　太郎\r\n", "山田 太郎"),
        ("a\x00b\u200b\ufeff\u202ec\ud800", "abc"),
        ("か\u3099", "が"),
        ("髙﨑𠮷\ufa19\ufa10", "髙﨑𠮷\ufa19\ufa10"),
        ("葛\U000e0100城", "葛\U000e0100城"),
        ("\u3164\u2800 ", ""),
    ],
)
def test_tidy(text: str, expected: str) -> None:
    assert tidy(text) == expected


@settings(max_examples=200, deadline=None)
@given(ANYTHING)
def test_tidy_is_final_and_clean(text: str) -> None:
    clean = tidy(text)
    assert tidy(clean) == clean
    assert not any(unicodedata.category(char) in {"Cc", "Cf", "Cs"} for char in clean)
    clean.encode()
    assert "".join(graphemes(clean)) == clean


@settings(max_examples=200, deadline=None)
@given(ANYTHING)
def test_search_key_never_fails_and_ignores_gaps(text: str) -> None:
    assert " " not in search_key(text)
    assert search_key(f" {text}　") == search_key(text)


def test_katakana() -> None:
    assert to_katakana("ﾔﾏﾀﾞ やまだ ｶﾞ か゛ ｰ 山ゞ") == "ヤマダ ヤマダ ガ ガ ー 山ヾ"


def test_halfwidth_ascii_leaves_kana_and_kanji() -> None:
    assert to_halfwidth_ascii("Ａ１！　ア亜－ー") == "A1! ア亜-ー"


def test_long_marks_after_katakana_only() -> None:
    assert join_long_marks("タロ-－ Anne-Marie 1-2") == "タローー Anne-Marie 1-2"


def test_large_kana() -> None:
    assert to_large_kana("ショッカーヶ") == "シヨツカーケ"


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("高橋", "髙橋"),
        ("山崎", "山﨑"),
        ("吉田", "𠮷田"),
        ("浜田", "濵田"),
        ("渡辺", "渡邊"),
        ("斎藤", "齋藤"),
        ("やまだたろう", "ﾔﾏﾀﾞ ﾀﾛｳ"),
        ("サーバ", "サ－バー"),
        ("abc-１", "ＡＢＣ1"),
        ("ジョンスミス", "ジョン・スミス"),
        ("神戸", "\ufa19戸"),
    ],
)
def test_search_finds(typed: str, stored: str) -> None:
    assert search_key(typed) == search_key(stored)


def test_graphemes_count_as_people_do() -> None:
    assert graphemes("e\u0301葛\U000e0100𠮷") == ["e\u0301", "葛\U000e0100", "𠮷"]
