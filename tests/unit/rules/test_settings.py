"""Settings: each names where its default comes from, and only numbers that make sense are taken."""

import pytest

from models.rules.errors import NotPossible
from models.rules.settings import ALL, BELOW, SETTINGS, Source, judge

DEFAULTS = {setting.key: setting.default for setting in ALL}


@pytest.mark.parametrize("setting", ALL, ids=lambda setting: setting.key)
def test_a_setting_says_what_it_is_and_where_it_comes_from(setting):
    assert setting.name
    assert setting.effect.endswith("。")
    assert setting.where
    assert setting.source in Source
    assert setting.least <= setting.default <= setting.most
    assert judge(setting.key, str(setting.default), DEFAULTS) == setting.default


def test_keys_are_unique_and_fit_their_column():
    assert len(SETTINGS) == len(ALL)
    assert all(len(key) <= 40 for key in SETTINGS)


def test_an_assumption_is_known_as_one():
    assert SETTINGS["colleagues_after_days"].assumed
    assert SETTINGS["retain_rejected_days"].erases
    assert not SETTINGS["invitation_days"].erases


@pytest.mark.parametrize(
    ("text", "number"),
    [("3", 3), (" ３ ", 3), ("3日", 3), ("３日", 3), ("03", 3), ("1,0", 10), ("90", 90), ("1", 1)],
)
def test_a_number_is_read_as_people_type_it(text: str, number: int):
    assert judge("invitation_days", text, DEFAULTS) == number


@pytest.mark.parametrize(
    "text", ["", "0", "91", "-3", "+3", "3.5", "三", "1e1", "十日", "3週", "9" * 5000, "\x00", "٣", "🙂", "3;4"]
)
def test_anything_else_is_refused_with_what_would_fit(text: str):
    with pytest.raises(NotPossible) as refused:
        judge("invitation_days", text, DEFAULTS)
    assert refused.value.code == "setting.number"
    assert (refused.value.data["least"], refused.value.data["most"]) == ("1", "90")


@pytest.mark.parametrize(
    ("key", "text", "code"),
    [
        ("colleagues_after_days", "5", "setting.smaller"),
        ("colleagues_after_days", "4", None),
        ("secretariat_after_days", "2", "setting.larger"),
        ("secretariat_after_days", "3", None),
        ("renewal_remind_days", "60", "setting.smaller"),
        ("renewal_remind_days", "59", None),
        ("renewal_ask_days", "30", "setting.larger"),
        ("renewal_ask_days", "31", None),
    ],
)
def test_what_comes_first_stays_first(key: str, text: str, code: str | None):
    if code is None:
        assert judge(key, text, DEFAULTS) == int(text)
        return
    with pytest.raises(NotPossible) as refused:
        judge(key, text, DEFAULTS)
    assert refused.value.code == code


def test_the_defaults_keep_their_own_order():
    assert all(DEFAULTS[lower] < DEFAULTS[higher] for lower, higher in BELOW)
