"""プロフィール as talks and pages: the card, the switch, days off, and an account that changes."""

import io
import re
from typing import Any
from urllib.parse import urlsplit

import time_machine
from werkzeug.test import Client, TestResponse

from bot.postbacks import CardTap, encode
from models.rules.registration import State
from storage import registration, registration_views
from tests.journeys.test_appointment import approved, issue
from tests.support import photos
from tests.support.talks import staff_user
from tests.support.world import Phone, World


def active(world: World) -> tuple[Phone, Phone]:
    expert, approver = approved(world)
    expert.taps("委嘱条件を開く")
    expert.taps("同意する")
    issue(world)
    expert.taps("委嘱状を開く")
    expert.taps("就任を承諾する")
    expert.taps("はい")
    return expert, approver


def test_the_card_shows_what_the_full_application_said_and_the_switch_works_both_ways(world: World):
    expert, _ = active(world)
    expert.taps("プロフィール")
    expert.sees("山田 太郎", "受付中", "登録専門家", "休みの日", "設定なし", "〔プロフィールを開く〕", "〔登録状況〕")
    expert.taps("受付を止める")
    expert.sees("受付を止めました", "受付停止中", "〔受付を再開する〕")
    expert.taps("受付を止める")
    expert.sees("受付停止中")
    expert.taps("受付を再開する")
    expert.sees("受付を再開しました", "受付中", "〔受付を止める〕")
    expert.taps("登録状況")
    expert.sees("登録専門家", "就任承諾")
    expert.says("プロフィール")
    expert.sees("受付中")


def test_help_speaks_of_the_experts_own_menu(world: World):
    expert, _ = active(world)
    expert.taps("使い方")
    expert.sees("「プロフィール」で", "アカウントをかえる")
    expert.says("どうすればいいですか")
    expert.sees("お答えできませんでした")
    expert.taps("プロフィール")
    expert.sees("受付中")
    expert.taps("登録状況")
    expert.taps("委嘱状を開く")
    expert.sees("委嘱状", "承諾済み")
    expert.sees_not("要対応")


def test_before_the_commission_the_word_shows_where_the_registration_stands(world: World):
    expert, _ = approved(world)
    expert.says("プロフィール")
    expert.sees("登録状況", "委嘱条件の同意待ち")
    expert.sees_not("プロフィールを開く")
    newcomer = world.phone("新人")
    newcomer.follows()
    newcomer.says("プロフィール")
    newcomer.sees("まだ始まっていません")


def test_a_forged_or_foreign_switch_changes_at_most_ones_own(world: World):
    expert, approver = active(world)
    for value, words in (("off", "登録専門家の方だけ"), ("x", "古くなった")):
        data = encode(CardTap("accepting", "f" * 32, 0, value))
        approver._do(lambda data=data: world.platform.tap_postback(approver.user_id, data, wait=True))
        approver.sees(words)
    expert.taps("プロフィール")
    expert.sees("受付中")


class Pages:
    """A browser on the world's pages, through the same WSGI app that the server runs."""

    def __init__(self, world: World) -> None:
        self.client = Client(world.service.web())
        self.token = ""

    def get(self, address: str) -> TestResponse:
        answer = self.client.get(address)
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', answer.text)
        self.token = found[1] if found else self.token
        return answer

    def post(self, address: str, **form: Any) -> TestResponse:
        return self.client.post(address, data={"csrf_token": self.token, **form})

    def uploads(self, path: str, photo: bytes) -> None:
        """What the page's script does with a chosen photo."""
        asked = self.client.post(f"{path}/photos/begin", json={"size": len(photo)}).get_json()
        body = {**asked["fields"], "file": (io.BytesIO(photo), "book.jpg")}
        assert self.client.post(asked["url"], data=body).status_code == 204
        taken = self.client.post(f"{path}/change/account/photos/take", json={"key": asked["key"]})
        assert taken.status_code == 200, taken.text


ACCOUNT = {
    "bank": "みずほ銀行",
    "branch": "新宿",
    "account_type": "1",
    "account_number": "7654321",
    "account_holder": "ヤマダ タロウ",
}


def answers(world: World) -> dict[str, Any]:
    with world.service.database.read() as uow:
        (row,) = registration.in_state(uow, State.ACTIVE)
        view = registration_views.view_of(uow, row)
    return dict(view.answers)


def test_from_the_switch_to_a_new_account(world: World):
    with time_machine.travel(world.clock.now):
        expert, _ = active(world)
        expert.taps("プロフィール")
        expert.taps("受付を止める")
        links = [action["uri"] for action in world.platform.actions_of(expert.user_id) if action["type"] == "uri"]
        path = urlsplit(next(link for link in links if "/p/profile/" in link)).path
        own = Pages(world)
        assert "受付停止中" in own.get(path).text
        saved = own.client.post(f"{path}/days", json={"was": [], "off": ["2026-11-25", "2026-12-01"]})
        assert saved.get_json()["days"] == ["2026-11-25", "2026-12-01"]
        own.uploads(path, photos.jpeg(1200, 800, "new bankbook"))
        assert own.post(f"{path}/change/account", **ACCOUNT).status_code == 303
        expert.taps("プロフィール")
        expert.sees("受付停止中", "11/25（水）、12/1（火）", "確認待ち", "口座")
        assert answers(world)["account_number"] == "1234567"

        staff_user(world, "desk@example.jp")
        desk = Pages(world)
        desk.get("/admin/login")
        desk.post("/admin/login", email="desk@example.jp", password="correct horse battery")
        (change,) = re.findall(r'href="(/admin/changes/[0-9a-f]{32})"', desk.get("/admin/changes").text)
        version = re.search(r'name="version" value="(\d+)"', desk.get(change).text)
        assert version
        form = {"version": version[1], "reason": "通帳の名義が読めません"}
        assert desk.post(f"{change}/return", **form).status_code == 302
        expert.seen = expert._last()
        world.settle()
        expert.sees("【要対応】口座の変更が差し戻されました", "通帳の名義が読めません", "〔プロフィール〕")
        assert answers(world)["account_number"] == "1234567"

        own.uploads(path, photos.jpeg(1200, 800, "sharper bankbook"))
        assert own.post(f"{path}/change/account", **ACCOUNT).status_code == 303
        (change,) = re.findall(r'href="(/admin/changes/[0-9a-f]{32})"', desk.get("/admin/changes").text)
        version = re.search(r'name="version" value="(\d+)"', desk.get(change).text)
        assert version
        assert desk.post(f"{change}/approve", version=version[1]).status_code == 302
        expert.seen = expert._last()
        world.settle()
        expert.sees("口座の変更を事務局が確認しました")
        assert answers(world)["account_number"] == "7654321"
        expert.taps("プロフィール")
        expert.sees_not("確認待ち")
