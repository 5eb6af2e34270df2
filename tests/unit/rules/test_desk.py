"""Regional desks: one for all others, each prefecture with one desk, and words that lead to somebody."""

import pytest

from models.rules.desk import Plan, Served, judge_words, plan
from models.rules.judgement import Refused

GOOD = {"name": "東日本事務局", "phone": "03-1234-5678", "mail": "d@example.jp", "hours": "平日 9:00〜17:00"}
GENERAL = Served("g", "全国", ())
EAST = Served("e", "東", ("東京都", "千葉県"))
WEST = Served("w", "西", ("大阪府",))
ALL = (GENERAL, EAST, WEST)


def test_good_words_are_kept_in_their_usual_form():
    words, faults = judge_words({**GOOD, "phone": "０３ １２３４ ５６７８", "name": " 東日本　事務局 ", "address": ""})
    assert not faults
    assert (words["phone"], words["name"], words["address"]) == ("03-1234-5678", "東日本 事務局", "")


@pytest.mark.parametrize("phone", ["0120-123-456", "0570-000-111", "03-1234-5678", "+81 3-1234-5678", "050-3123-4567"])
def test_a_desk_may_have_any_number_that_can_be_called(phone: str):
    assert not judge_words({**GOOD, "phone": phone})[1]


@pytest.mark.parametrize("phone", ["", "119", "+1 212 555 0100", "03-1234", "電話", "\x00", "9" * 500, "🙂"])
def test_other_numbers_are_refused(phone: str):
    assert judge_words({**GOOD, "phone": phone})[1]["phone"].code == "desk.phone"


@pytest.mark.parametrize(
    ("field", "typed", "code"),
    [
        ("name", "", "desk.name"),
        ("name", "長" * 61, "desk.name"),
        ("hours", "", "desk.hours"),
        ("hours", "長" * 81, "desk.hours"),
        ("address", "長" * 201, "desk.address"),
        ("mail", "", "mail.at"),
        ("mail", "d@example", "mail.domain"),
        ("mail", "d@gmial.com", "desk.mail_mistyped"),
    ],
)
def test_words_that_help_nobody_are_refused(field: str, typed: str, code: str):
    assert judge_words({**GOOD, field: typed})[1] == {field: judge_words({**GOOD, field: typed})[1][field]}
    assert judge_words({**GOOD, field: typed})[1][field].code == code


def refusal(made: Plan | Refused) -> str:
    assert isinstance(made, Refused)
    return made.code


def test_the_first_desk_serves_all_others():
    assert plan("", (), others=True, desks=()) == Plan(())
    assert refusal(plan("", ("東京都",), others=False, desks=())) == "desk.others_needed"


def test_there_is_one_desk_for_all_others():
    assert refusal(plan("", (), others=True, desks=ALL)) == "desk.others_taken"
    assert refusal(plan("g", ("東京都",), others=False, desks=ALL)) == "desk.others_needed"
    assert plan("g", (), others=True, desks=ALL) == Plan(())


def test_a_desk_that_takes_all_others_changes_places():
    assert plan("e", (), others=True, desks=ALL) == Plan((), others=(Served("g", "全国", ("東京都", "千葉県")),))


def test_a_prefecture_moves_and_says_from_where():
    made = plan("w", ("大阪府", "千葉県"), others=False, desks=ALL)
    expected = Plan(("千葉県", "大阪府"), (("千葉県", "東"),), (Served("e", "東", ("東京都",)),))
    assert made == expected


def test_no_desk_is_left_without_a_prefecture():
    assert refusal(plan("", ("大阪府",), others=False, desks=ALL)) == "desk.emptied"


@pytest.mark.parametrize("wanted", [(), ("江戸",), ("",)])
def test_a_desk_serves_something(wanted: tuple[str, ...]):
    assert refusal(plan("e", wanted, others=False, desks=ALL)) == "desk.prefectures"


def test_keeping_ones_own_moves_nothing():
    assert plan("e", EAST.prefectures, others=False, desks=ALL) == Plan(("千葉県", "東京都"))
