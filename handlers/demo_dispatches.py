"""Dispatches of the demo: one at each station of the way, made by the use cases that people's taps run."""

import io
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from handlers.bootstrap import Service
from handlers.usecases.dispatch import answer, request
from handlers.usecases.visit import check_out, declare, record
from models.rules.calendar import JST, add_business_days, is_business_day, to_jst
from models.rules.errors import NotPossible
from models.rules.fields import Value
from models.rules.permissions import Actor
from models.rules.place import PlaceSource, Point
from models.rules.request import ANYBODY, PLACE_SOURCE, POINT, WITH, WITHOUT, point_text
from models.rules.visit import End, Source
from models.views.dispatch import DispatchView
from storage.database import UnitOfWork
from storage.signatures import judge_signature, key_of

Times = tuple[datetime, datetime]
LATEST_START = time(21, 30)
"""When today's visit begins at the latest, so that it ends today however late the demo is opened."""

OUT_OF_SEASON = frozenset({"request.in_the_way", "booking.after_february"})
"""What the use cases say of times in March."""


@dataclass(frozen=True)
class Cast:
    """Who asks (phone ②) and who comes (phone ④)."""

    approver: Actor
    expert: Actor


@dataclass(frozen=True)
class Case:
    """What a request says. `point`: where the map's pin is."""

    business: str
    contact: str
    mail: str
    title: str
    topic: str
    wishes: str
    address: str
    point: Point
    accompany: bool = True


TOKYO = Point(35.681236, 139.767125)
FINISHED = Case(
    "株式会社みほん製作所", "田中 一郎", "tanaka@example.jp", "原価管理の見直し", "経営戦略",
    "製品ごとの原価を出せるようにしたい。\n現場も見てほしい。", "東京都千代田区丸の内1-9-1", TOKYO,
)  # fmt: skip
WEAK = Case(
    "合同会社ためし工房", "中村 優", "nakamura@example.jp", "展示会の準備", "販路開拓",
    "初めての展示会で何を見せるか相談したい。", "東京都台東区見本3-2-1", Point(35.712600, 139.780000), accompany=False,
)  # fmt: skip
COUNTERED = Case(
    "見本屋酒店", "小川 進", "ogawa@example.jp", "ネット販売の始め方", "販路開拓",
    "店の商品を県外のお客様にも売りたい。", "東京都中央区見本橋1-2-3", Point(35.683900, 139.774500),
)  # fmt: skip
TODAY = Case(
    "有限会社れいわ食堂", "木村 由美", "kimura@example.jp", "新しいメニューの値付け", "経営戦略",
    "材料費が上がったので、値段の決め方を見直したい。", "東京都千代田区丸の内1-9-1", TOKYO,
)  # fmt: skip
OPEN = Case(
    "さんぷる運輸株式会社", "山本 剛", "yamamoto@example.jp", "配車の手間を減らす", "IT活用",
    "電話と紙の配車表をやめたい。", "東京都江東区見本2-4-6", Point(35.672800, 139.817400),
)  # fmt: skip
WAITING = Case(
    "みほんベーカリー", "加藤 真理", "kato@example.jp", "2号店の出店計画", "経営戦略",
    "来年の春に2号店を出したい。\n資金と人の計画を一緒に作ってほしい。", "東京都文京区見本1-5-8",
    Point(35.708000, 139.752000),
)  # fmt: skip


def make_dispatches(service: Service, cast: Cast, now: datetime) -> None:
    """One after the other, each as long ago as it needs; the last one waits for phone ④'s answer.

    What the rules refuse at this time of the year (no visit in March) is left out.
    """
    for scene in (_finished, _weak, _countered, _today, _open, _waiting):
        try:
            with service.database.unit() as uow:
                scene(service, uow, cast, now)
        except NotPossible as refused:
            if refused.code not in OUT_OF_SEASON:
                raise
        else:
            service.wake(uow.told)


def _finished(service: Service, uow: UnitOfWork, cast: Cast, now: datetime) -> None:
    """A visit some days ago with good evidence, signed and paid."""
    starts, ends = _slot(_workday_before(now, 4), 13)
    view = _confirmed(uow, cast, FINISHED, (starts, ends), starts - timedelta(days=5))
    came, went = starts - timedelta(minutes=4), ends + timedelta(minutes=3)
    near = Point(TOKYO.latitude + 0.0004, TOKYO.longitude)
    record.record(uow, cast.expert, view.id, End.IN, Source.GPS, came, point=near, accuracy=18)
    drawing = judge_signature(_signature())
    key = key_of(service.database, view.id, "demo", drawing)
    service.files.put(key, uow.vault.seal(drawing), "application/octet-stream")
    fix = check_out.Fix(Source.GPS, near, 24)
    signed = check_out.Signed(FINISHED.contact, key)
    check_out.check_out(uow, cast.expert, view.id, fix, went, minutes=15, signed=signed)


def _weak(service: Service, uow: UnitOfWork, cast: Cast, now: datetime) -> None:
    """A visit recorded two kilometres away, its end declared afterwards: the secretariat has to look at it."""
    starts, ends = _slot(_workday_before(now, 2), 10)
    view = _confirmed(uow, cast, WEAK, (starts, ends), starts - timedelta(days=4))
    far = Point(WEAK.point.latitude + 0.0195, WEAK.point.longitude)
    record.record(uow, cast.expert, view.id, End.IN, Source.LOCATION, starts, point=far)
    reason = "電話の電池が切れて、チェックアウトを送れませんでした。"
    said = declare.Declared(None, ends, 0, reason)
    link = service.links.certify(view.id)
    declare.declare(uow, cast.expert, view.id, said, ends + timedelta(hours=3), link)


def _countered(_service: Service, uow: UnitOfWork, cast: Cast, now: datetime) -> None:
    """The expert proposed other times: phone ② answers."""
    view = _asked(uow, cast, COUNTERED, _wished(now, (5, 6, 7), 10), now - timedelta(hours=20))
    times = _wished(now, (8, 9), 14)
    answer.propose(
        uow, cast.expert, view.id, view.version, times, "午後でしたら、店の様子もゆっくり拝見できます。",
        now - timedelta(hours=3),
    )  # fmt: skip


def _today(_service: Service, uow: UnitOfWork, cast: Cast, now: datetime) -> None:
    """A visit today, whatever the hour and the day: the expert proposed it, on a day off too."""
    local = to_jst(now)
    half_hour = local.replace(minute=0, second=0, microsecond=0) + timedelta(minutes=30 * (local.minute // 30 + 1))
    starts = min(half_hour, datetime.combine(local.date(), LATEST_START, JST))
    _confirmed(uow, cast, TODAY, (starts, starts + timedelta(hours=2)), now - timedelta(days=3))


def _open(_service: Service, uow: UnitOfWork, cast: Cast, now: datetime) -> None:
    """No expert was named: the secretariat proposes one."""
    _asked(uow, cast, OPEN, _wished(now, (6, 7, 8), 13), now - timedelta(hours=5), expert=ANYBODY)


def _waiting(_service: Service, uow: UnitOfWork, cast: Cast, now: datetime) -> None:
    """Three times to choose from: phone ④ answers."""
    _asked(uow, cast, WAITING, _wished(now, (3, 4, 5), 13), now - timedelta(hours=2))


def _confirmed(uow: UnitOfWork, cast: Cast, case: Case, time: Times, at: datetime) -> DispatchView:
    """Asked for at `at`, and fixed within two hours at a time the expert proposed."""
    view = _asked(uow, cast, case, _wished(at, (6, 7, 8), 10), at)
    view = answer.propose(
        uow, cast.expert, view.id, view.version, [time], "この日でいかがでしょうか。", at + timedelta(hours=1)
    )
    return answer.accept(uow, cast.approver, view.id, view.version, view.proposed[0].id, at + timedelta(hours=2))


def _asked(
    uow: UnitOfWork, cast: Cast, case: Case, times: tuple[Times, ...], at: datetime, expert: str = ""
) -> DispatchView:
    """A request as phone ② sends it."""
    draft = request.begin(uow, cast.approver, "", at)
    slots = {f"slot_{n}": f"{starts:%Y-%m-%dT%H:%M}-{ends:%H:%M}" for n, (starts, ends) in enumerate(times, start=1)}
    answers: dict[str, Value] = {
        "business": case.business,
        "corporate_number": "",
        "business_address": case.address,
        "contact_name": case.contact,
        "contact_phone": "03-1234-5678",
        "contact_mail": case.mail,
        "title": case.title,
        "topic": case.topic,
        "wishes": case.wishes,
        "place": case.address,
        POINT: point_text(case.point),
        PLACE_SOURCE: PlaceSource.PIN,
        "accompany": WITH if case.accompany else WITHOUT,
        "expert": expert or cast.expert.person_id or ANYBODY,
        **slots,
    }
    draft = request.save(uow, cast.approver, draft.id, answers, at)
    return request.send(uow, cast.approver, draft.id, draft.version, at)


def _wished(now: datetime, days: tuple[int, ...], hour: int) -> tuple[Times, ...]:
    """So many business days ahead, from that hour on."""
    today = to_jst(now).date()
    return tuple(_slot(add_business_days(today, n), hour) for n in days)


def _slot(day: date, hour: int, minutes: int = 180) -> Times:
    starts = datetime.combine(day, time(hour), JST)
    return starts, starts + timedelta(minutes=minutes)


def _workday_before(now: datetime, count: int) -> date:
    """The `count`-th business day before today."""
    day = to_jst(now).date()
    while count:
        day -= timedelta(days=1)
        count -= is_business_day(day)
    return day


def _signature() -> bytes:
    """A scrawl, as a finger draws it."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (600, 220), "white")
    pen = ImageDraw.Draw(image)
    strokes = (
        [(60, 60), (60, 160), (170, 160), (170, 60), (60, 60)],
        [(60, 110), (170, 110)],
        [(115, 60), (115, 160)],
        [(220, 50), (330, 55), (225, 110), (340, 105), (230, 165), (350, 160)],
        [(285, 40), (280, 180)],
        [(390, 115), (470, 95), (560, 112)],
    )
    for stroke in strokes:
        pen.line(stroke, fill="black", width=7, joint="curve")
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
