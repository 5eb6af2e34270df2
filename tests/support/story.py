"""A dispatch from 派遣を依頼 to its fee, through the doors that people use: the talk, the pages, the desk, mails."""

import base64
import itertools
import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any

from itsdangerous import TimestampSigner
from PIL import Image, ImageDraw
from sqlalchemy import update

from bot.emulator import mailbox
from models.rules.calendar import JST, is_business_day, to_jst
from models.rules.dispatch import SLOTS_MAX, Status
from models.rules.place import Point
from models.rules.visit import Evidence, Grade
from models.tables.person import Person
from models.views.dispatch import DispatchView
from models.views.visit import VisitView
from storage import dispatch, visits
from tests.support import dispatches
from tests.support.clerk import Clerk
from tests.support.experts import look_away
from tests.support.ledger import Ledger
from tests.support.page import Page
from tests.support.requests import ADDRESS, house_of, person_of, typed_in
from tests.support.world import Phone, World

NEAR = Point(35.6815, 139.7672)
"""Some 30 m from the place of support."""
EXPERTS = (("山田 太郎", "ヤマダ タロウ"), ("髙橋 美咲", "タカハシ ミサキ"))
_serial = itertools.count(1)


def links_follow(world: World) -> None:
    """Links are stamped by the world's clock, so that a page opens whatever day it is here."""

    class Signer(TimestampSigner):
        def get_timestamp(self) -> int:
            return int(world.clock.now.timestamp())

    world.service.links._signer.signer = Signer


def drawing() -> str:
    """A signature as the canvas gives it."""
    image = Image.new("RGB", (700, 400), "white")
    ImageDraw.Draw(image).line([(60, 100), (200, 250), (340, 120), (480, 260), (620, 140)], "black", 6)
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def moment(text: str) -> datetime:
    """A Japanese time, such as 2026-12-01T13:00."""
    return datetime.fromisoformat(text).replace(tzinfo=JST).astimezone(UTC)


def span(day: date, begins: str = "13:00", minutes: int = 180) -> tuple[datetime, datetime]:
    """A time of a Japanese day."""
    starts = datetime.combine(day, datetime.strptime(begins, "%H:%M").time(), JST)
    return starts, starts + timedelta(minutes=minutes)


@dataclass
class Story:
    """One dispatch in a world; `mail` is its business's own, `id` is known once it was sent."""

    world: World
    approver: Phone
    expert: Phone
    desk: Clerk
    business: str
    mail: str
    id: str = ""
    number: str = ""

    # --- time ---------------------------------------------------------------------------------------

    def at(self, when: str | datetime) -> None:
        """It is this time now (Japanese, or aware)."""
        now = moment(when) if isinstance(when, str) else when.astimezone(UTC)
        assert now >= self.world.clock.now, "time does not run backwards"
        self.world.clock.now = now

    def workday(self, ahead: int = 1) -> date:
        """The business day that many business days from now."""
        day = to_jst(self.world.clock.now).date()
        while ahead:
            day += timedelta(days=1)
            ahead -= is_business_day(day)
        return day

    def jobs(self) -> None:
        """The minute's round of every job, and what it gave to do."""
        look_away(self.world)
        self.world.jobs()
        self.world.acted()

    # --- asking -------------------------------------------------------------------------------------

    def asks(
        self, *times: tuple[datetime, datetime], expert: str = "", title: str = "原価管理の見直し", hours: str = "3時間"
    ) -> None:
        """派遣を依頼 up to the last look: the chat, then its page."""
        say = self.approver
        say.taps("派遣を依頼")
        say.says(self.business)
        if "所在地" in "\n".join(say.answers):
            say.says(ADDRESS)
        say.says(title)
        say.says("生産管理")
        self._place()
        say.taps(hours)
        for starts, _ in times:
            say.taps("日時を選ぶ", {"datetime": f"{to_jst(starts):%Y-%m-%dT%H:%M}"})
        if len(times) < SLOTS_MAX:
            say.taps("スキップ")
        say.says(expert or self.expert.name)
        self.fills_page()
        say.taps("派遣を依頼")
        say.sees(self.business, "原価を下げたい。")

    def _place(self) -> None:
        phone, point = self.approver, dispatches.OFFICE
        phone._do(
            lambda: self.world.platform.send_location(
                phone.user_id, point.latitude, point.longitude, "本社", ADDRESS, wait=True
            )
        )

    def fills_page(self) -> None:
        """担当者 and 希望, on the page."""
        self.approver.taps("派遣を依頼")
        page = self.opens(self.approver, "ページで入力する")
        contact = {"contact_name": "田中 一郎", "contact_phone": "03-1234-5678", "contact_mail": self.mail}
        page.sends({**typed_in(page.text), **contact, "wishes": "原価を下げたい。", "do": "check"})
        assert "送る前の確認" in page.text, page.text

    def sends(self, button: str = "この内容で送る") -> None:
        """The request leaves; its number is known from here on."""
        look_away(self.world)
        self.approver.taps(button)
        shown = "\n".join(self.approver.answers)
        found = re.search(r"D-\d{4}-\d{6}", shown)
        assert found, shown
        self.number = found[0]
        self.id = Ledger(self.world.service.database).one("SELECT id FROM dispatches WHERE number = :n", n=self.number)

    def takes(self, which: int = 0, phone: Phone | None = None) -> None:
        """日程を確定する: one of the times on the newest card."""
        phone = phone or self.expert
        phone.taps([label for label in phone.labels if label.endswith(" で確定")][which])
        phone.sees("に確定しますか")
        look_away(self.world)
        phone.taps("日程を確定する")
        phone.sees("日程を確定しました", self.number)

    def settles(self, page: str, *, act: str = "", **typed: Any) -> str:
        """The clerk opens a page of this dispatch and sends its form (`act`: which one); the page that follows."""
        self.desk.opens(f"dispatches/{self.id}{page}")
        return self.desk.sends(act or f"{self.id}{page.partition('?')[0]}", **typed)

    # --- the visit ----------------------------------------------------------------------------------

    def comes(self, *, point: Point = NEAR, phone: Phone | None = None) -> dict[str, Any]:
        """チェックイン on the page, by GPS."""
        phone = phone or self.expert
        phone.taps("チェックイン")
        page = self.opens(phone, "GPSでチェックイン")
        assert "チェックインする" in page.text
        return self._tells(page, self._act(point))

    def leaves(self, minutes: int = 0, *, point: Point = NEAR, signed: bool = True) -> dict[str, Any]:
        """チェックアウト: the minutes in the chat, the signature on the page."""
        phone = self.expert
        phone.taps("チェックアウト")
        paid, label = str(minutes), f"{minutes}分" if minutes else "なし"
        if label in phone.labels:
            phone.taps(label)
        else:
            phone.taps("ほか")
            phone.says(paid)
        if not signed:
            phone.taps("あとで確認してもらう")
            page = self.opens(phone, "GPSで記録")
            return self._tells(page, self._act(point) | {"minutes": paid, "later": True})
        page = self.opens(phone, "署名画面を開く")
        sheet = {"minutes": paid, "name": "田中 一郎", "signature": drawing()}
        return self._tells(page, self._act(point) | sheet)

    def visits(self, minutes: int = 0, *, stays: int = 180) -> None:
        """The whole visit at its planned time: check-in by GPS, a signature, check-out."""
        starts = self.now.starts
        assert starts
        self.at(starts - timedelta(minutes=5))
        assert self.comes()["state"] == "in"
        self.at(starts + timedelta(minutes=stays - 5))
        assert self.leaves(minutes)["state"] == "out"

    def _act(self, point: Point) -> dict[str, Any]:
        return {
            "nonce": f"journey-{next(_serial):08d}", "phone_at": self.world.clock.now.isoformat(), "waited": 200,
            "latitude": point.latitude, "longitude": point.longitude, "accuracy": 12.4,
        }  # fmt: skip

    def _tells(self, page: Page, act: dict[str, Any]) -> dict[str, Any]:
        """What the page's script does."""
        look_away(self.world)
        before = page.text
        answer = json.loads(page.tells("record", act))
        page.text = before
        assert page.status == 200, answer
        self.world.acted()
        return answer

    def certificate(self) -> Page:
        """The page that the newest mail asks the business to open, opened."""
        link = re.findall(r"http\S+/p/certify/\S+", self.letters())[0]
        page = Page(link)
        assert self.business not in page.text, "the page names nobody before it is opened"
        page._open(f"{link}/open", b"")
        return page

    def certifies(self, name: str = "田中 一郎") -> Page:
        """The business opens the newest link of its mails and confirms."""
        page = self.certificate()
        link = page.url
        assert self.business in page.text
        version = re.search(r'name="version" value="(\d+)"', page.text)
        assert version
        look_away(self.world)
        page.url = f"{link}/confirm"
        page.sends({"name": name, "version": version[1]})
        assert page.status == 200, page.text
        self.world.acted()
        return page

    # --- what there is ------------------------------------------------------------------------------

    def opens(self, phone: Phone, label: str) -> Page:
        """The page behind a button of the talk."""
        page = Page(phone.link(label))
        assert page.status == 200, page.text
        return page

    @property
    def now(self) -> DispatchView:
        with self.world.service.database.read() as uow:
            found = dispatch.view(uow, self.id, private=True)
        assert found
        return found

    @property
    def visit(self) -> VisitView:
        with self.world.service.database.read() as uow:
            found = visits.view(uow, self.id, self.now.expert_id)
        assert found
        return found

    def fees(self) -> list[tuple[int, int, int]]:
        """The stored fees, the oldest first: minutes that are not paid, units, yen."""
        kept = "SELECT non_payable, units, yen FROM fees WHERE dispatch_id = :id ORDER BY seq"
        return [tuple(row) for row in Ledger(self.world.service.database).rows(kept, id=self.id)]

    def letters(self, to: str = "") -> str:
        """The mails to the business (or somebody else) about this dispatch, the newest first."""
        found = mailbox.letters(self.world.platform.mail_dir)
        texts = (f"{letter.subject}\n{letter.text}" for letter in found if (to or self.mail) in letter.to)
        return "\n".join(text for text in texts if not self.number or self.number in text).replace("\r\n", "\n")

    def shown_to(self, phone: Phone) -> str:
        """Everything LINE ever showed on a phone, also what is hidden in a card or a button."""
        entries = self.world.platform.messages(phone.user_id)
        return "\n".join(json.dumps(entry.message, ensure_ascii=False) for entry in entries)


def paid(story: Story, yen: int, units: int, *, minutes: int = 0) -> None:
    """The visit is an A that waits for nobody, its one fee is stored, and all three sides see the same."""
    assert (story.visit.grade, story.visit.reasons, story.visit.evidence) == (Grade.A, (), Evidence.CLEAR)
    assert story.fees() == [(minutes, units, yen)]
    assert story.now.status is Status.REPORT_DUE
    story.expert.taps("謝金")
    story.expert.sees(f"{yen:,}円")
    page = story.desk.opens(f"visits/{story.id}")
    for words in ("証跡A", f"{yen:,}円", "田中 一郎", "スマートフォンの画面で署名した"):
        assert words in page, words
    assert f"{yen:,}円" in story.desk.opens(f"dispatches/{story.id}")
    story.approver.taps("派遣状況")
    story.approver.sees("未報告")
    assert f"{yen:,}" not in story.shown_to(story.approver)


def joins(world: World, approver: Phone, name: str, **answers: str) -> Phone:
    """An expert of the approver's organisation who can be dispatched, with a phone of that name."""
    inviter = person_of(world, approver)
    made = dispatches.expert(house_of(world), min(inviter.actor.organisations), inviter, name=name, **answers)
    phone = world.phone(name)
    with world.service.database.unit() as uow:
        uow.session.execute(update(Person).where(Person.id == made.id).values(user_id=phone.user_id))
    phone.follows()
    return phone


class Stage:
    """A world with an approver, an expert or two and a clerk, for one dispatch after another. `day`: it begins then."""

    def __init__(self, world: World, day: str = "", *, experts: int = 2) -> None:
        self.world = world
        world.clock.now = moment(f"{day}T10:00") if day else world.clock.now
        links_follow(world)
        self.approver = world.approver("佐藤 恵")
        self.experts = [joins(world, self.approver, name, kana=kana) for name, kana in EXPERTS[:experts]]
        self.desk = Clerk(world)
        self.told = 0

    def story(self) -> Story:
        """The next dispatch, at ten on the morning of the next working day."""
        made = self.today()
        made.at(span(made.workday(), "10:00")[0])
        Ledger(self.world.service.database).change("DELETE FROM dispatch_drafts")
        self.world.settle()
        look_away(self.world)
        return made

    def today(self) -> Story:
        """The next dispatch, at once."""
        self.told += 1
        return Story(
            self.world, self.approver, self.experts[0], self.desk,
            business=f"株式会社みほん{self.told}号", mail=f"business{self.told}@example.jp",
        )  # fmt: skip
