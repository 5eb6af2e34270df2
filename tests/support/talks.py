"""Longer stretches of talk that several journeys share."""

import re

from handlers.usecases import staff
from handlers.usecases.registration import decide
from models.rules.fields import DETAIL
from models.rules.permissions import SYSTEM
from models.rules.registration import State
from storage import registration
from storage import staff as staff_rows
from tests.support import photos
from tests.support.factories import ANSWERS
from tests.support.forms import filled_in
from tests.support.page import Page
from tests.support.world import Phone, World

DETAIL_ANSWERS = {field.key: ANSWERS[field.key] for field in DETAIL if field.key in ANSWERS}


def code_of(approver: Phone) -> str:
    """A fresh invitation code from an approver."""
    approver.taps("専門家を招待")
    found = re.search(r"招待コード (\S{4}-\S{4})", "\n".join(approver.answers))
    assert found, approver.answers
    return found[1]


def invited(
    world: World, name: str, *, approver: Phone | None = None, consent: bool = True, phone: Phone | None = None
) -> Phone:
    """Somebody who joined with an expert's code (and consented)."""
    code = code_of(approver or world.approver("佐藤 恵"))
    expert = phone or world.phone(name)
    if phone is None:
        expert.follows()
    expert.says(f"招待コード {code}")
    if consent:
        expert.taps("同意して始める")
    return expert


def fill_basic(
    expert: Phone,
    name: str = "山田 太郎",
    *,
    requirement: str = "①公的資格",
    qualifications: tuple[str, ...] = ("中小企業診断士",),
    finish: bool = True,
) -> None:
    """基本情報, by typing and tapping."""
    expert.taps("基本情報")
    expert.says(name)
    expert.says("ヤマダ タロウ")
    expert.picks("1980-04-01")
    expert.says("０９０１２３４５６７８")
    expert.says("taro@example.jp")
    expert.taps("個人（所属なし）")
    expert.taps("関東")
    expert.taps("東京都")
    expert.taps(requirement)
    for qualification in qualifications:
        expert.says(qualification)
    if "選び終わった" in expert.labels:
        expert.taps("選び終わった")
    expert.taps("経営戦略")
    expert.taps("販路開拓")
    expert.taps("選び終わった")
    if finish:
        expert.taps("完了")


def fill_papers(expert: Phone) -> None:
    """写真: one face, two sides of an identity paper, a certificate, the bankbook."""
    expert.taps("写真")
    expert.sends(photos.jpeg(800, 1000, "face"))
    expert.taps("このまま使う")
    expert.sends(photos.jpeg(1200, 800, "front"), photos.jpeg(1200, 800, "back"))
    expert.taps("次へ")
    expert.sends(photos.jpeg(1200, 800, "certificate"))
    expert.taps("次へ")
    expert.sends(photos.jpeg(1200, 800, "bankbook"))
    expert.taps("次へ")
    expert.taps("完了")


def fill_account(expert: Phone, *, holder: str = "ﾔﾏﾀﾞ ﾀﾛｳ") -> None:
    """口座."""
    expert.taps("口座")
    expert.says("みずほ銀行")
    expert.says("新宿")
    expert.taps("普通")
    expert.says("１２３４５６７")
    expert.says(holder)
    expert.taps("完了")


def fill_detail(expert: Phone) -> None:
    """詳細申請, on the page that the chat leads to: typed, looked at once more, and kept."""
    with expert.world.browsing():
        expert.taps("詳細申請")
        page = Page(expert.link("ページを開く"))
        look = page.sends({**filled_in(page.text, DETAIL_ANSWERS), "do": "check"})
        assert "まだ送られていません" in look, look
        receipt = page.sends({})
        assert "LINEにもどって承認依頼を送ってください" in receipt, receipt
    expert.world.acted()


def registered(world: World, approver: Phone, name: str) -> Phone:
    """Somebody whose 承認依頼 has just been sent."""
    expert = invited(world, name, approver=approver)
    fill_basic(expert, name)
    fill_papers(expert)
    fill_account(expert)
    fill_detail(expert)
    expert.taps("プロフィール登録")
    expert.taps("承認依頼を送る")
    expert.taps("この内容で送る")
    return expert


def staff_user(world: World, email: str = "clerk@example.jp", role: str = "clerk") -> str:
    """A user of the secretariat; returns the id."""
    hashed = staff.hash_password("correct horse battery")
    with world.service.database.unit() as uow:
        return staff.create(uow, SYSTEM, email, "事務局 花子", hashed, role, world.clock())


def approve_by_secretariat(world: World) -> None:
    """The second approval of the application that waits longest, as the page does it."""
    user = staff_user(world)
    for phone in world.phones.values():
        phone.seen = phone._last()
    with world.service.database.unit() as uow:
        view = staff_rows.by_id(uow, user)
        assert view
        row = registration.queue(uow, view.actor, (State.SECRETARIAT_REVIEW,))[0]
        decide.approve(uow, view.actor, row.id, row.version, world.clock())
    world.settle()
