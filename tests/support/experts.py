"""Experts who were commissioned, made without the talk that leads there; and the days on which something happens."""

from datetime import UTC, datetime

from handlers.jobs.renew import renew
from handlers.usecases import appointment as usecase
from handlers.usecases import commission
from handlers.usecases import staff as staff_usecase
from models.rules.permissions import SYSTEM, Actor
from models.rules.registration import Action, State
from models.views.registration import ApplicationView
from storage import appointment, organisations, people, registration, registration_views, staff
from storage.database import Database, UnitOfWork
from tests.support.chat import GOOD
from tests.support.world import Phone, World

ANSWERS = {**GOOD["basic"], **GOOD["account"], "name": "山田 太郎"}
VERSION = "2026-11"


def at(world: World, day: str, hour: int = 10) -> None:
    """It is this day, in Tokyo at ten in the morning."""
    moment = datetime.fromisoformat(f"{day}T{hour:02d}:00:00+09:00").astimezone(UTC)
    assert moment > world.clock.now, "time does not run backwards"
    world.clock.now = moment


def clerk(uow: UnitOfWork, email: str = "letters@example.jp") -> Actor:
    """A clerk of the secretariat, the same each time."""
    found = staff.by_email(uow, email)
    user = found.id if found else staff_usecase.create(uow, SYSTEM, email, "事務局 花子", "x", "clerk", found_at())
    view = staff.by_id(uow, user)
    assert view
    return view.actor


def found_at() -> datetime:
    """When the clerk was added."""
    return datetime(2026, 4, 1, tzinfo=UTC)


def published(database: Database, now: datetime, version: str = VERSION) -> None:
    """Terms of this version, once."""
    with database.unit() as uow:
        if appointment.terms(uow, version) is None:
            usecase.publish_terms(uow, SYSTEM, version, "第1条 秘密を守ること。", now)


def agreed(database: Database, person_id: str, now: datetime, inviter_id: str | None = None) -> str:
    """An application whose letter may be issued; returns its id."""
    published(database, now)
    with database.unit() as uow:
        name = "千代田商工会"
        organisation = organisations.id_by_name(uow, name) or organisations.create(uow, name, "東京都", now)
        made = registration.create(uow, person_id, organisation, inviter_id, None, now)
    agree(database, made, now)
    return made


def agree(database: Database, application_id: str, now: datetime) -> None:
    """As if both stages had approved it and the person agreed to the terms."""
    with database.unit() as uow:
        row = registration.lock(uow, application_id)
        assert row
        row.number = f"R-2026-{registration.next_number(uow, 'application-2026'):06d}"
        registration.save_answers(uow, row, ANSWERS)
        appointment.keep_answer(uow, application_id, VERSION, Action.AGREE, now)
        registration.set_state(uow, row, State.TERMS_AGREED, now)


def issue(world: World, application_id: str) -> None:
    """The secretariat issues the letter."""
    with world.service.database.unit() as uow:
        actor = clerk(uow)
    world.service.letters.issue(actor, application_id)
    look_away(world)
    world.settle()


def look_away(world: World) -> None:
    """What comes from now on is new to everybody."""
    for phone in world.phones.values():
        phone.seen = phone._last()


def lettered(world: World, name: str = "山田 太郎", inviter: Phone | None = None) -> tuple[Phone, str]:
    """Somebody whose letter waits to be accepted, and the application's id."""
    phone = world.phone(name)
    phone.follows()
    with world.service.database.read() as uow:
        person, before = people.by_user_id(uow, phone.user_id), inviter and people.by_user_id(uow, inviter.user_id)
    assert person
    made = agreed(world.service.database, person.id, world.clock(), before.id if before else None)
    issue(world, made)
    return phone, made


def commissioned(world: World, name: str = "山田 太郎", inviter: Phone | None = None) -> Phone:
    """An active expert, with the acceptance sent from the phone."""
    phone, _ = lettered(world, name, inviter)
    accept(phone)
    return phone


def accept(phone: Phone) -> None:
    """就任を承諾する, from the letter."""
    phone.taps("委嘱状を開く")
    phone.taps("就任を承諾する")
    phone.taps("はい")
    phone.sees("就任承諾を受け付けました")


def view_of(world: World, phone: Phone) -> ApplicationView:
    """The person's newest application."""
    with world.service.database.read() as uow:
        person = people.by_user_id(uow, phone.user_id)
        found = registration_views.latest(uow, person.id) if person else None
    assert found
    return found


def job(world: World) -> int:
    """The job runs, and what it wrote is delivered; returns how many people it told something."""
    look_away(world)
    told = renew(world.service.database, world.clock())
    world.settle()
    return len(told)


def menu(phone: Phone) -> str:
    """The rich menu the phone shows, by one of its words."""
    return "expert" if "チェックイン" in phone.labels else "newcomer" if "登録状況" in phone.labels else "other"


def steer(world: World, expert: Phone, action: str, reason: str) -> None:
    view = view_of(world, expert)
    look_away(world)
    with world.service.database.unit() as uow:
        getattr(commission, action)(uow, clerk(uow), view.id, view.version, reason, world.clock())
    world.settle()
