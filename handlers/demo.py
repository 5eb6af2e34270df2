"""Demo data of a local run: invented organisations, desks and people, made through the same doors as real ones."""

import io
import time
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import click

from handlers.bootstrap import Service
from handlers.demo_dispatches import Cast, make_dispatches
from handlers.letters import Letters
from handlers.usecases import appointment, organisation, roles, staff
from handlers.usecases.registration import decide, draft, submit
from models.rules.calendar import day_start, fiscal_year, to_jst
from models.rules.fields import Value
from models.rules.permissions import SYSTEM
from models.rules.registration import Item
from models.views.people import DeskView, PersonView
from models.views.registration import ApplicationView
from storage import desks, outbox, people, registration
from storage import staff as staff_rows
from storage.database import UnitOfWork
from storage.images import judge_photo

if TYPE_CHECKING:
    from bot.emulator import Platform

NEWCOMER, FIRST, SECOND = "新しい専門家", "承認担当（千代田商工会）", "承認担当（みなと商工会議所）"
EXPERT = "登録専門家（伊藤 さくら）"
ORGANISATIONS = (("千代田商工会", "東京都", FIRST, "佐藤 恵"), ("みなと商工会議所", "神奈川県", SECOND, "高橋 誠"))
STAFF = ("jimukyoku@example.jp", "事務局 花子", "demo-password-119")
HOURS = "平日 9:00〜17:00"
DESKS = (
    DeskView(
        "中小企業119 東日本事務局", "03-0000-0119", "east@example.jp", HOURS, "東京都千代田区見本町1-1-9",
        ("東京都", "神奈川県", "千葉県", "埼玉県"),
    ),
    DeskView("中小企業119 全国事務局", "06-0000-0119", "desk@example.jp", HOURS, "大阪府大阪市見本区1-1-9"),
)  # fmt: skip
TERMS_VERSION = "2026-11"
TERMS = """第1条（委嘱の内容）専門家は、支援機関の依頼により中小企業・小規模事業者の経営課題の解決を支援します。
第2条（期間）委嘱の期間は、委嘱状に記した日から年度末までとします。
第3条（謝金）謝金は事業者と直接相対した支援の時間に対して支払います。
第4条（報告）専門家は、支援のあと5営業日以内に支援実施報告書を提出します。
第5条（秘密の保持）専門家は、支援で知った秘密を漏らしてはなりません。委嘱が終わったあとも同じです。
（これは見本の条件です。）"""


def prepare(service: Service, platform: "Platform") -> None:
    """Make the demo data once; a second start finds it there."""
    phones = platform.seed_phones(
        [
            (NEWCOMER, "① 新しい専門家：友だち追加から登録まで"),
            (FIRST, "② 千代田商工会の承認担当"),
            (SECOND, "③ みなと商工会議所の承認担当（別の支援機関）"),
            (EXPERT, "④ 就任を承諾した登録専門家"),
        ]
    )
    now = service.clock()
    with service.database.unit() as uow:
        fresh = staff_rows.by_email(uow, STAFF[0]) is None
    if fresh:
        hashed = staff.hash_password(STAFF[2])
        with service.database.unit() as uow:
            staff.create(uow, SYSTEM, STAFF[0], STAFF[1], hashed, "manager", now)
            appointment.publish_terms(uow, SYSTEM, TERMS_VERSION, TERMS, now)
            for desk in DESKS:
                desks.add(uow, desk)
            codes = [organisation.code_for(uow, name, where, now) for name, where, _, _ in ORGANISATIONS]
        for phone, code, (_, _, _, name) in zip(phones[1:3], codes, ORGANISATIONS, strict=True):
            _join(platform, phone, code, name)
        _sample_applications(service, phones[1])
        _says(platform, phones[3], lambda: platform.follow(phones[3]))
        _commissions(service, platform, phones)
    click.echo(f"  事務局ページ: {service.services.links.admin()}  メール {STAFF[0]}  パスワード {STAFF[2]}")


def _join(platform: "Platform", phone: str, code: str, name: str) -> None:
    """An approver joins as a person would: follow, code, name."""
    for act in (
        lambda: platform.follow(phone),
        lambda: platform.say(phone, f"招待コード {code}"),
        lambda: platform.say(phone, name),
    ):
        _says(platform, phone, act)


def _says(platform: "Platform", phone: str, act: Callable[[], object]) -> None:
    """Do something on a phone and wait for the answer."""
    before = len(platform.received(phone))
    act()
    _until(lambda: len(platform.received(phone)) > before)


def _offered(platform: "Platform", phone: str, label: str) -> bool:
    """Whether a button of that label is on the phone now."""
    return any(action.get("label") == label for action in platform.actions_of(phone))


def _owed(service: Service, account: str) -> bool:
    """Whether something is on its way to a phone."""
    with service.database.read() as uow:
        return bool(outbox.due(uow, account, service.clock()))


def _until(done, seconds: float = 15) -> None:
    until = time.monotonic() + seconds
    while not done() and time.monotonic() < until:
        time.sleep(0.02)


BASE: dict[str, Value] = {
    "birth_date": "1978-05-12",
    "phone": "090-1234-5678",
    "affiliation": "個人（所属なし）",
    "prefecture": "東京都",
    "requirement": "1",
    "bank": "0001",
    "branch": "001",
    "account_type": "1",
    "account_number": "1234567",
    "career_history": "2003年〜2014年 見本製作所 管理部長\n2014年に独立し、中小企業の支援を続けています。",
    "support_record": "小売業・製造業を中心に年間20社ほどを支援しています。",
    "strengths": "現場の方と一緒に数字を見ながら、続けられる改善を提案します。",
    "employment": "self",
    "hours": "09:00-17:00",
    "weekly_off": ["土", "日", "祝日"],
}
SAMPLES = (
    ("鈴木 花子", "スズキ ハナコ", "hanako@example.jp", ["税理士"], ["税務・会計"], "スズキ ハナコ"),
    ("髙橋 健一", "タカハシ ケンイチ", "kenichi@example.jp", ["中小企業診断士"], ["経営戦略"], "カ）タカハシケイエイ"),
)
"""The first waits for ②, the second for the secretariat."""
EXPERT_SAMPLE = (
    "伊藤 さくら", "イトウ サクラ", "sakura@example.jp", ["中小企業診断士"], ["経営戦略", "販路開拓"], "イトウ サクラ",
)  # fmt: skip
OTHER_EXPERTS = (
    (
        (
            "渡辺 隆", "ワタナベ タカシ", "takashi@example.jp", ["中小企業診断士"], ["生産管理", "IT活用"],
            "ワタナベ タカシ",
        ),
        {"prefecture": "千葉県", "strengths": "紙と電話の仕事を、使いなれた道具で少しずつ減らします。"},
    ),
    (
        (
            "小林 美咲", "コバヤシ ミサキ", "misaki@example.jp", ["税理士"], ["税務・会計", "経営戦略"],
            "コバヤシ ミサキ",
        ),
        {"prefecture": "神奈川県", "strengths": "決算書を一緒に読み、値段と資金繰りを考えます。"},
    ),
)  # fmt: skip
"""Without phones here; 専門家を探す finds them."""
COMMISSIONED_FOR = timedelta(days=30)
SAMPLE_FIELDS = ("name", "kana", "mail", "qualifications", "specialities", "account_holder")


def _answers(sample: Sequence[Value]) -> dict[str, Value]:
    return BASE | dict(zip(SAMPLE_FIELDS, sample, strict=True))


def _sample_applications(service: Service, approver_phone: str) -> None:
    """Two applications by people without a phone here: one waits for ②, one for the secretariat."""
    now = service.clock() - timedelta(days=1, hours=3)
    for sample, approved in zip(SAMPLES, (False, True), strict=True):
        with service.database.unit() as uow:
            person = people.by_id(uow, people.create(uow, now))
            assert person
            sent = _apply(uow, service, approver_phone, person, _answers(sample), now)
            if approved:
                _approve(uow, approver_phone, sent, now + timedelta(hours=2))


def _commissions(service: Service, platform: "Platform", phones: Sequence[str]) -> None:
    """The person of phone ④ by ②, the other experts by ③; and then the dispatches that ② asks ④ for."""
    _, approver_phone, other_approver, phone = phones
    now = service.clock()
    since = max(now - COMMISSIONED_FOR, day_start(date(fiscal_year(to_jst(now).date()), 4, 1)))
    with service.database.unit() as uow:
        own = people.by_user_id(uow, phone)
        others = [people.by_id(uow, people.create(uow, since)) for _ in OTHER_EXPERTS]
    assert own
    _commission(service, approver_phone, own, _answers(EXPERT_SAMPLE), since)
    for person, (sample, more) in zip(others, OTHER_EXPERTS, strict=True):
        assert person
        _commission(service, other_approver, person, _answers(sample) | more, since)
    service.letters.write_acceptances()
    _until(lambda: _offered(platform, phone, "チェックイン"))
    with service.database.read() as uow:
        requester = people.by_user_id(uow, approver_phone)
    assert requester
    make_dispatches(service, Cast(requester.actor, own.actor), now)
    for account in (approver_phone, phone):
        _until(lambda account=account: not _owed(service, account))


def _commission(
    service: Service, approver_phone: str, person: PersonView, answers: dict[str, Value], at: datetime
) -> None:
    """Somebody goes the whole way, from the application to the accepted letter, in one morning."""
    with service.database.unit() as uow:
        user = staff_rows.by_email(uow, STAFF[0])
        clerk = staff_rows.by_id(uow, user.id) if user else None
        assert clerk
        sent = _apply(uow, service, approver_phone, person, answers, at)
        seen = _approve(uow, approver_phone, sent, at + timedelta(minutes=30))
        decide.approve(uow, clerk.actor, seen.id, seen.version, at + timedelta(minutes=60))
        appointment.answer_terms(uow, person.actor, sent.id, TERMS_VERSION, at + timedelta(minutes=75), agrees=True)
    service.wake(uow.told)
    office = Letters(service.database, service.files, lambda: at + timedelta(minutes=90))
    service.wake(office.issue(clerk.actor, sent.id))
    with service.database.unit() as uow:
        accepted_at = at + timedelta(minutes=100)
        appointment.answer_letter(uow, person.actor, sent.id, accepted_at, accepts=True)
        roles.show_menu_of(uow, person.id, accepted_at)
    service.wake(uow.told)


def _apply(
    uow: UnitOfWork, service: Service, approver_phone: str, person: PersonView, answers: dict[str, Value], now: datetime
) -> ApplicationView:
    inviter = people.by_user_id(uow, approver_phone)
    assert inviter
    draft.give_consent(uow, person, now)
    application = registration.create(
        uow, person.id, next(iter(inviter.actor.organisations)), inviter.id, None, now, answers
    )
    row = registration.lock(uow, application)
    assert row
    registration.save_answers(uow, row, answers)
    for item, title in _PAPERS:
        photo = judge_photo(_drawn(title, str(answers["name"])))
        key = f"papers/{uow.vault.digest(application + item)}"
        service.files.put(key, uow.vault.seal(photo.jpeg), "application/octet-stream")
        stored = draft.StoredPhoto(key, photo.sha256, photo.width, photo.height, "")
        draft.add_photo(uow, person.actor, application, item, stored, now)
    return submit.submit(uow, person.actor, application, now)


def _approve(uow: UnitOfWork, approver_phone: str, sent: ApplicationView, at: datetime) -> ApplicationView:
    reviewer = people.by_user_id(uow, approver_phone)
    assert reviewer
    return decide.approve(uow, reviewer.actor, sent.id, sent.version, at)


_PAPERS = (
    (Item.FACE, "顔写真"),
    (Item.IDENTITY, "運転免許証"),
    (Item.CERTIFICATE, "資格証明書"),
    (Item.BANKBOOK, "普通預金通帳"),
)


def _drawn(title: str, name: str) -> bytes:
    """A picture that stands for a paper; clearly marked 見本."""
    from PIL import Image, ImageDraw, ImageFont
    from pylopdf_fonts_jp import sans_path

    image = Image.new("RGB", (1200, 800), "#F4F1E8")
    pen = ImageDraw.Draw(image)
    large, small = (ImageFont.truetype(str(sans_path()), size) for size in (84, 52))
    pen.rectangle((40, 40, 1160, 760), outline="#6B6B6B", width=6)
    pen.text((100, 110), title, fill="#333333", font=large)
    pen.text((100, 320), f"氏名　{name}", fill="#333333", font=small)
    pen.text(
        (100, 430),
        "みずほ銀行　東京営業部　普通 1234567" if "通帳" in title else "番号　000-119-000",
        fill="#333333",
        font=small,
    )
    pen.text((860, 620), "見本", fill="#B54708", font=large)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()
