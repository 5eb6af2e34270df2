"""Both of LINE's units of counting, and cutting to them."""

import pytest

from bot.line.limits import clusters, cut_utf16, graphemes, shorten, utf16_units

FAMILY = "👨\u200d👩\u200d👧\u200d👦"
ENGLAND = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


@pytest.mark.parametrize(
    ("text", "readers", "units"),
    [
        ("", 0, 0),
        ("abc", 3, 3),
        ("承認する", 4, 4),
        ("が", 1, 1),
        ("か\u3099", 1, 2),
        ("ｶﾞ", 1, 2),
        ("髙﨑𠮷", 3, 4),
        ("葛\U000e0100", 1, 3),
        ("👍", 1, 2),
        ("👍🏽", 1, 4),
        ("✔\ufe0f", 1, 2),
        ("1\ufe0f\u20e3", 1, 3),
        (FAMILY, 1, 11),
        (ENGLAND, 1, 14),
        ("🇯🇵", 1, 4),
        ("🇯🇵🇫🇷", 2, 8),
        ("🇯🇵🇫", 2, 6),
        ("a\u200db", 2, 3),
        ("한국", 2, 2),
        ("\u1112\u1161\u11ab", 1, 3),
        ("a\r\nb", 3, 4),
        ("あ\r\nい", 3, 4),
        ("あ\n\u3099", 3, 3),
        ("\ud800", 1, 1),
    ],
)
def test_counts(text: str, readers: int, units: int) -> None:
    assert graphemes(text) == readers
    assert utf16_units(text) == units
    assert "".join(clusters(text)) == text


@pytest.mark.parametrize(
    ("text", "most", "short"),
    [
        ("あ" * 20, 20, "あ" * 20),
        ("あ" * 21, 20, "あ" * 19 + "…"),
        (FAMILY * 3, 2, FAMILY + "…"),
        (FAMILY * 2, 2, FAMILY * 2),
    ],
)
def test_shortens_by_what_a_reader_counts(text: str, most: int, short: str) -> None:
    assert shorten(text, most) == short


@pytest.mark.parametrize(
    ("text", "most", "cut"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "abc"),
        ("👍👍", 3, "👍"),
        ("a" + FAMILY, 11, "a"),
        ("a" + FAMILY, 12, "a" + FAMILY),
    ],
)
def test_cuts_between_clusters(text: str, most: int, cut: str) -> None:
    assert cut_utf16(text, most) == cut
