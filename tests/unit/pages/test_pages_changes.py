"""Changing name or account, the expert's side: the form, its photos, what waits, and taking it back."""

import io
from functools import partial

import pytest
from flask import Flask

from handlers.jobs.retain import retain
from models.rules.registration import Item
from storage import profile
from tests.support import photos
from tests.support.factories import House
from tests.support.profiles import ACCOUNT, NOBODY, Asking, Desk, sent


@pytest.fixture
def desk(house: House, app: Flask) -> Desk:
    return Desk(house, app)


@pytest.fixture
def expert(desk: Desk) -> Asking:
    return desk.asking()


# --- the expert's side ----------------------------------------------------------------------------


def test_a_new_account_waits_and_the_old_one_stays_in_force(expert: Asking) -> None:
    taken = expert.uploads("account")
    shot = taken["photos"][0]
    assert expert.browser.get(shot["url"]).mimetype == "image/jpeg"
    answer = expert.asks("account")
    page = expert.browser.get(answer.headers["Location"]).text
    assert "口座の変更を事務局へ送りました" in page
    assert "確認待ち" in page
    assert "＊＊＊＊567" in page
    assert expert.answers["account_number"] == "1234567"
    change = expert.change("account")
    assert (change.state, change.answers["account_number"], change.answers["branch"]) == ("waiting", "7654321", "001")
    form = expert.opens("/change/account").text
    assert "変更を取り下げる" in form
    assert "事務局へ送る" not in form
    assert [paper.kind for paper in expert.view().papers if paper.kind.startswith("new_")] == ["new_bankbook"]
    assert "new_bankbook" not in expert.view().items
    with expert.desk.house.database.read() as uow:
        assert profile.waiting(uow) == (1, change.requested_at)


def test_the_form_of_the_name_starts_from_the_name_and_that_of_the_account_is_empty(expert: Asking) -> None:
    assert 'value="山田 太郎"' in expert.opens("/change/basic").text
    page = expert.opens("/change/account").text
    assert 'name="account_number" value=""' in page
    assert "1234567" in page, "what is in force stands above the form"


def test_what_is_missing_or_wrong_is_said_and_nothing_typed_or_sent_is_lost(expert: Asking) -> None:
    refused = expert.asks("account")
    assert refused.status_code == 409
    assert "書類の写真を、1枚以上" in refused.text
    assert "7654321" in refused.text
    expert.uploads("account")
    refused = expert.asks("account", account_number="12")
    assert refused.status_code == 422
    assert 'value="account_number=0000012"' in refused.text
    assert "通帳 1" in refused.text
    assert expert.asks("account", account_number="12", pick="account_number=0000012").status_code == 303
    assert expert.change("account").answers["account_number"] == "0000012"


@pytest.mark.parametrize("missing", list(ACCOUNT))
def test_every_field_is_needed(expert: Asking, missing: str) -> None:
    expert.uploads("account")
    assert expert.asks("account", **{missing: ""}).status_code == 422
    assert "account" not in expert.profile.changes


def test_the_same_as_before_is_no_change(expert: Asking) -> None:
    expert.uploads("basic")
    refused = expert.asks("basic", name="山田　太郎", kana="やまだ たろう")
    assert refused.status_code == 409
    assert "いまの登録と同じ" in refused.text


def test_a_double_tap_is_one_change_and_another_one_must_wait(expert: Asking) -> None:
    expert.uploads("account")
    assert [expert.asks("account").status_code for _ in range(2)] == [303, 303]
    late = expert.asks("account", account_number="9999999")
    assert late.status_code == 409
    assert "先に送られて確認待ち" in late.text
    assert "変更を取り下げる" in late.text
    answer = expert.browser.client.post(f"{expert.path}/photos/begin", json={})
    assert answer.status_code == 200
    assert expert.change("account").answers["account_number"] == "7654321"
    assert [action for action, *_ in expert.actions()] == ["change.request"]
    assert sent(expert, "basic").state == "waiting", "name and account wait side by side"


def test_taken_back_the_form_holds_what_was_sent(expert: Asking) -> None:
    change = sent(expert)
    for _ in range(2):
        assert expert.posts("/change/account/take-back", change=change.id).status_code == 303
    page = expert.opens("/change/account").text
    assert 'value="7654321"' in page
    assert "通帳 1" in page
    assert "確認待ち" not in expert.opens().text
    again = sent(expert, account_number="7654322")
    assert again.id != change.id
    for foreign in (NOBODY, "", "x", "\x00", change.id * 9):
        assert expert.posts("/change/account/take-back", change=foreign).status_code == 404
    assert expert.change("account").state == "waiting"


def test_photos_come_and_go_until_the_change_is_sent(desk: Desk, expert: Asking) -> None:
    first = expert.uploads("account", "one")["photos"][0]
    assert expert.uploads("account", "one")["photos"][0]["url"] == first["url"], "the same photo is kept once"
    expert.uploads("account", "two")
    assert expert.uploads("account", "three")["photos"][0]["name"] == "通帳 3"
    assert "3枚まで" in expert.uploads("account", "four")["error"]
    assert expert.browser.client.post(first["remove"], json={}).status_code == 200
    assert expert.browser.client.post(first["remove"], json={}).status_code == 200
    assert expert.browser.get(first["url"]).status_code == 404
    small = expert.browser.client.post(f"{expert.path}/change/account/photos/take", json={"key": "quarantine/x"})
    assert small.status_code == 404
    assert small.get_json()["error"]
    assert expert.asks("account").status_code == 303
    held = expert.view().papers_of("new_bankbook")[0]
    gone = expert.browser.client.post(f"{expert.path}/change/account/photos/{held.id}/remove", json={})
    assert gone.status_code == 409
    assert len(expert.view().papers_of("new_bankbook")) == 2


def test_papers_in_force_are_not_among_the_photos_of_a_change(expert: Asking) -> None:
    bankbook = expert.view().papers_of(Item.BANKBOOK)[0]
    at = f"/change/account/photos/{bankbook.id}"
    assert expert.opens(f"{at}.jpg").status_code == 404
    expert.browser.client.post(f"{expert.path}{at}/remove", json={})
    assert expert.view().papers_of(Item.BANKBOOK) == (bankbook,)


def test_nobody_takes_in_what_somebody_else_sent(desk: Desk, expert: Asking) -> None:
    other = desk.asking("鈴木 花子")
    form = other.browser.client.post(f"{other.path}/photos/begin", json={"size": 1}).get_json()
    body = {**form["fields"], "file": (io.BytesIO(photos.jpeg(text="theirs")), "photo.jpg")}
    assert other.browser.client.post(form["url"], data=body).status_code == 204
    answer = expert.browser.client.post(f"{expert.path}/change/account/photos/take", json={"key": form["key"]})
    assert answer.status_code == 404
    assert not expert.view().papers_of("new_bankbook")


def test_photos_nobody_sent_on_are_thrown_away_after_a_day(desk: Desk, expert: Asking) -> None:
    expert.uploads("account")
    sent(expert, "basic")
    house = desk.house
    house.clock.advance(hours=30)
    retain(house.database, house.services.files, house.clock())
    assert not expert.view().papers_of("new_bankbook")
    assert expert.view().papers_of("new_identity"), "those of a change that waits stay"


def test_banks_are_found_for_the_pages_script(expert: Asking) -> None:
    find = partial(expert.browser.client.post, f"{expert.path}/find")
    assert "みずほ銀行（0001）" in find(json={"field": "bank", "words": "みずほ"}).get_json()["found"]
    assert find(json={"field": "name", "words": "x"}).status_code == 404
