"""詳細申請: what the page shows, drafts as they are typed, other devices, banks; how it ends: test_pages_form_end."""

import re
from typing import Any

import pytest

from models.rules.fields import FIELD_BY_KEY
from models.rules.registration import missing_items
from storage.database import sqlite_path
from tests.support.factories import House
from tests.support.forms import Case, marks_of, save, send, typed_form
from tests.support.visitors import Browser


@pytest.fixture
def case(house: House) -> Case:
    return Case(house)


# --- what is shown ----------------------------------------------------------------------------------


def test_the_page_shows_what_is_there_and_how_much_is_done(case: Case, visitor: Browser) -> None:
    page = visitor.get(case.link)
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    form = typed_form(page.text)
    assert form["name"] == "山田 太郎"
    assert form["bank"] == "みずほ銀行（0001）"
    assert form["branch"] == "新宿支店（240）"
    assert form["specialities"] == ["経営戦略", "販路開拓"]
    progress = dict(re.findall(r'data-part="(\w+)">([^<]+)<', page.text))
    assert progress == {"basic": "10/10", "account": "5/5", "papers": "4/4", "detail": "0/5"}
    assert 'inputmode="numeric"' in page.text
    assert 'autocomplete="tel"' in page.text


def test_every_field_has_a_label_a_place_for_its_fault_and_the_rules_limits(case: Case, visitor: Browser) -> None:
    text = visitor.get(case.link).text
    for key in FIELD_BY_KEY:
        assert f'id="{key}-fault"' in text, key
        assert f'for="{key}"' in text or f'<legend id="{key}"' in text or f'id="{key}"' in text, key
    assert text.count('data-most="2000"') == 3


# --- kept as it is typed ----------------------------------------------------------------------------


def test_what_is_typed_is_kept_as_the_rules_write_it(case: Case, visitor: Browser) -> None:
    visitor.get(case.link)
    answer = save(visitor, case.link, {"kana": "やまだ　たろう", "hours": "9:00-18:30", "weekly_off": ["日", "土"]})
    assert answer.status_code == 200
    told = answer.get_json()
    assert told["at"] == "10:00"
    assert told["kept"]["kana"] == {"value": "ヤマダ タロウ", "fault": "", "choices": []}
    assert told["sections"]["detail"] == "2/6"
    kept = case.view().answers
    assert (kept["kana"], kept["hours"], kept["weekly_off"]) == ("ヤマダ タロウ", "09:00-18:30", ["土", "日"])
    assert "ヤマダ タロウ" in visitor.get(case.link).text


def test_what_is_not_accepted_yet_is_kept_as_it_is_and_holds_the_application_back(case: Case, visitor: Browser) -> None:
    visitor.get(case.link)
    changed = {"name": "山田太郎", "invoice_number": "T123", "career_history": "あ" * 2001, "bank": "みず"}
    told = save(visitor, case.link, changed).get_json()
    assert "姓と名" in told["kept"]["name"]["fault"]
    assert told["kept"]["name"]["choices"][0] == {"label": "山田 太郎", "value": "山田 太郎"}
    assert "13桁" in told["kept"]["invoice_number"]["fault"]
    assert len(told["kept"]["bank"]["choices"]) == 10
    view = case.view()
    assert view.answers["invoice_number"] == "T123"
    assert len(view.answers["career_history"]) == 2001
    assert "branch" not in view.answers, "a branch without its bank"
    assert {"basic", "account", "detail"} <= set(missing_items(view.answers, view.paper_counts()))
    form = typed_form(visitor.get(case.link).text)
    assert (form["name"], form["bank"], form["invoice_number"]) == ("山田太郎", "みず", "T123")


def test_an_emptied_answer_is_gone_and_is_not_complained_about_before_the_last_look(case: Case, visitor: Browser):
    visitor.get(case.link)
    told = save(visitor, case.link, {"mail": "", "weekly_off": []}).get_json()
    assert told["kept"]["mail"]["fault"] == ""
    assert "mail" not in case.view().answers


def test_another_bank_asks_for_its_branch_again(case: Case, visitor: Browser) -> None:
    page = visitor.get(case.link).text
    save(visitor, case.link, {"bank": "三菱ＵＦＪ銀行"})
    assert "branch" not in case.view().answers
    again = send(visitor, case.link, page, bank="ゆうちょ銀行（9900）")
    assert again.status_code == 422
    assert "3桁の店番か漢数字の店名" in again.text


def test_control_characters_and_lines_are_tidied(case: Case, visitor: Browser) -> None:
    visitor.get(case.link)
    save(
        visitor, case.link, {"career_history": "2005年\x00\x07\r\n\r\n\r\n\r\n　2015年 ", "affiliation": "山田\n研究所"}
    )
    kept = case.view().answers
    assert (kept["career_history"], kept["affiliation"]) == ("2005年\n\n2015年", "山田 研究所")


def test_answers_are_sealed_in_the_database(case: Case, house: House, visitor: Browser) -> None:
    visitor.get(case.link)
    save(visitor, case.link, {"account_number": "7654321", "strengths": "見つからない言葉"})
    assert case.view().answers["account_number"] == "7654321"
    raw = sqlite_path(house.database.url).read_bytes()
    assert b"7654321" not in raw
    assert "見つからない言葉".encode() not in raw


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{", b'"x"', b"\xff\xfe", b'{"changed": 5}', b'{"changed": [1]}', b'{"changed": {"name": 5}}',
        b'{"changed": {"name": {"a": 1}}}', b'{"changed": {"weekly_off": [1]}}', b'{"changed": null, "marks": []}',
        b'{"changed": {"password": "x", "__class__": "y", "": "z"}}', b'{"marks": {"name": 7}}',
        b"[" * 100_000, b'{"changed":' * 20_000,
    ],
)  # fmt: skip
def test_what_is_no_field_or_no_answer_is_ignored(case: Case, visitor: Browser, body: bytes) -> None:
    visitor.get(case.link)
    before = case.view()
    answer = visitor.client.post(f"{case.link}/save", data=body, content_type="application/json")
    assert answer.status_code == 200
    assert case.view() == before


def test_an_answer_beyond_all_measure_is_not_kept_and_says_so(case: Case, visitor: Browser) -> None:
    page = visitor.get(case.link).text
    told = save(visitor, case.link, {"strengths": "あ" * 10_001, "mail": "taro@example.com"}).get_json()
    assert "10,000文字" in told["kept"]["strengths"]["fault"] or told["kept"]["strengths"]["value"] == ""
    assert case.view().answers["mail"] == "taro@example.com"
    sent = send(visitor, case.link, page, strengths="い" * 10_001)
    assert sent.status_code == 422
    assert "い" * 10_001 in sent.text
    assert "10,000文字" in sent.text
    huge = save(visitor, case.link, {"strengths": "あ" * 300_000})
    assert huge.status_code == 413
    assert "strengths" not in case.view().answers


def test_an_address_of_any_length_fits_the_columns_of_the_list(case: Case, visitor: Browser) -> None:
    visitor.get(case.link)
    assert save(visitor, case.link, {"name": "山" * 5000, "prefecture": "どこか遠いところの県"}).status_code == 200
    assert len(case.view().answers["name"]) == 5000


# --- another device ---------------------------------------------------------------------------------


def test_another_device_wins_field_by_field_and_both_are_told(case: Case, visitor: Browser) -> None:
    seen = marks_of(visitor.get(case.link).text)
    save(visitor, case.link, {"phone": "03-1234-5678", "strengths": "電話で書いた"}, seen)
    told = save(visitor, case.link, {"strengths": "パソコンで書いた"}, seen).get_json()
    elsewhere = {each["key"]: each for each in told["elsewhere"]}
    assert elsewhere["phone"]["value"] == "03-1234-5678"
    assert elsewhere["phone"]["lost"] is False
    assert elsewhere["strengths"]["lost"] is True
    assert elsewhere["strengths"]["words"] == "電話で書いた"
    assert case.view().answers["strengths"] == "パソコンで書いた"
    quiet = save(visitor, case.link, {}, told["marks"]).get_json()
    assert (quiet["elsewhere"], quiet["kept"]) == ([], {})


def test_the_same_words_from_two_devices_are_no_conflict(case: Case, visitor: Browser) -> None:
    seen = marks_of(visitor.get(case.link).text)
    save(visitor, case.link, {"strengths": "同じ"}, seen)
    assert save(visitor, case.link, {"strengths": "同じ"}, seen).get_json()["elsewhere"] == []


def test_a_plain_form_of_an_old_page_overwrites_only_what_was_changed_on_it(case: Case, visitor: Browser) -> None:
    page = visitor.get(case.link).text
    save(visitor, case.link, {"phone": "03-1234-5678"})
    assert send(visitor, case.link, page, do="save", mail="hanako@example.jp").status_code == 303
    kept = case.view().answers
    assert (kept["phone"], kept["mail"]) == ("03-1234-5678", "hanako@example.jp")


# --- banks and branches -----------------------------------------------------------------------------


def find(visitor: Browser, link: str, **asked: str) -> Any:
    return visitor.client.post(f"{link}/find", json=asked).get_json()


def test_banks_and_branches_are_found_by_a_part_and_by_code(case: Case, visitor: Browser) -> None:
    visitor.get(case.link)
    assert find(visitor, case.link, field="bank", words="みずほ")["found"][0] == "みずほ銀行（0001）"
    assert find(visitor, case.link, field="bank", words="0001")["found"] == ["みずほ銀行（0001）"]
    many = find(visitor, case.link, field="bank", words="信用")
    assert len(many["found"]) <= 10
    branches = find(visitor, case.link, field="branch", words="新宿", bank="みずほ銀行（0001）")["found"]
    assert "新宿支店（240）" in branches
    assert find(visitor, case.link, field="branch", words="240", bank="0001")["found"][0] == "新宿支店（240）"
    for asked in ({"field": "bank"}, {"field": "bank", "words": "\x00" * 300}, {"field": "branch", "words": "新宿"}):
        assert find(visitor, case.link, **asked) == {"found": [], "more": False}
    for junk in ([], 5, {}, {"field": "name", "words": "a"}, {"field": ["bank"]}):
        assert visitor.client.post(f"{case.link}/find", json=junk).status_code == 404
