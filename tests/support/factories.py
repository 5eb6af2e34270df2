"""Test data made the way the service makes it: through use cases and storage, with real photo bytes."""

import hashlib
import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from handlers.imports import Imports
from handlers.letters import Letters
from handlers.links import Links
from handlers.services import Services
from handlers.tasks import Tasks
from handlers.usecases import appointment as appointment_usecase
from handlers.usecases import staff as staff_usecase
from handlers.usecases.registration import decide, draft, submit
from models.notices import ApplicationWaits
from models.rules.fields import Value
from models.rules.permissions import SYSTEM, Actor
from models.rules.registration import FIELDS_OF, required_papers
from models.views.appointment import LetterView
from models.views.people import PersonView, StaffView
from storage import appointment, organisations, people, registration, staff
from storage.database import Database, UnitOfWork
from storage.files import FolderStore
from storage.secrets import Vault, new_key
from tests.support import photos
from tests.support.databases import copied
from tests.support.examining import Told

START = datetime(2026, 11, 18, 1, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"
SECRET_KEY = "pages-under-test"
_numbers = itertools.count(1)

ANSWERS: dict[str, Value] = {
    "name": "山田 太郎",
    "kana": "ヤマダ タロウ",
    "birth_date": "1980-04-01",
    "phone": "090-1234-5678",
    "mail": "taro@example.jp",
    "affiliation": "山田経営研究所",
    "prefecture": "東京都",
    "requirement": "1",
    "qualifications": ["中小企業診断士"],
    "specialities": ["経営戦略", "販路開拓"],
    "bank": "0001",
    "branch": "240",
    "account_type": "1",
    "account_number": "1234567",
    "account_holder": "ヤマダ タロウ",
    "career_history": "2005年〜2015年 ○○製作所 生産管理課長\n2015年に独立",
    "support_record": "食品製造業の原価管理を1年支援し、粗利率が5%改善",
    "strengths": "現場を一緒に歩き、数字で見える改善を提案します",
    "employment": "self",
    "hours": "09:00-17:00",
    "weekly_off": ["土", "日", "祝日"],
}


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **delta: float) -> None:
        self.now += timedelta(**delta)


@dataclass
class House:
    """The services of a test, on a database and a folder of its own.

    `told` collects who was woken, `hurried` one entry for each time the jobs were.
    """

    services: Services
    clock: Clock
    told: list[str]
    hurried: list[bool] = field(default_factory=list)

    @property
    def database(self) -> Database:
        return self.services.database

    def work(self) -> set[str]:
        """Go on with all long work, as the jobs do; returns whom it told."""
        at, told = self.services, set[str]()
        imports = Imports(at.database, at.files, self.clock, at.links.friend)
        works = {"letters": at.letters, "import": imports}
        Tasks(at.database, self.clock, works, told.update).advance()
        return told


def open_house(folder: Path) -> House:
    """Services over `folder`, on an empty database."""
    folder.mkdir(parents=True, exist_ok=True)
    return house_on(Database(f"sqlite:///{copied(folder / 'db.sqlite')}", Vault([new_key()])), folder)


def house_on(database: Database, folder: Path) -> House:
    """Services on a database that is at hand, with files in `folder`."""
    clock, told, hurried = Clock(), [], []
    links = Links(SECRET_KEY, "http://localhost")
    files = FolderStore(folder / "files", SECRET_KEY)
    letters = Letters(database, files, clock)
    services = Services(
        database, files, links, clock, told.extend, letters, lambda: hurried.append(True), examiner=Told()
    )  # fmt: skip
    return House(services, clock, told, hurried)


def organisation(uow: UnitOfWork, name: str = "千代田商工会", prefecture: str = "東京都") -> str:
    """A support organisation."""
    return organisations.create(uow, name, prefecture, START)


def person(uow: UnitOfWork, name: str = "") -> PersonView:
    """Somebody with a LINE account."""
    found = people.ensure(uow, f"U{next(_numbers):032x}", START)
    if name:
        people.set_name(uow, found.id, name)
    return people.by_id(uow, found.id) or found


def approver(uow: UnitOfWork, organisation_id: str, name: str = "佐藤 花子") -> PersonView:
    """Somebody who approves for the organisation."""
    member = person(uow, name)
    organisations.add_approver(uow, organisation_id, member.id, START)
    return people.by_id(uow, member.id) or member


@cache
def _password_hash() -> str:
    return staff_usecase.hash_password(PASSWORD)


def staff_user(
    uow: UnitOfWork, email: str = "clerk@example.jp", role: str = "clerk", person_id: str | None = None
) -> StaffView:
    """A user of the secretariat's page; the password is PASSWORD."""
    user = staff_usecase.create(uow, SYSTEM, email, "鈴木 一郎", _password_hash(), role, START)
    if person_id:
        staff.link_person(uow, user, person_id)
        uow.session.expire_all()
    found = staff.by_id(uow, user)
    assert found
    return found


@cache
def _photo(text: str) -> bytes:
    return photos.jpeg(text=text)


def photo(house: House, text: str) -> draft.StoredPhoto:
    """A photo in the file store, sealed as the worker seals it."""
    data = _photo(text)
    sha256 = hashlib.sha256(data).hexdigest()
    key = f"papers/{hashlib.sha256(text.encode()).hexdigest()}"
    house.services.files.put(key, house.database.vault.seal(data), "application/octet-stream")
    return draft.StoredPhoto(key, sha256, 1200, 900, f"message-{next(_numbers)}")


def filled_draft(house: House, organisation_id: str, inviter: PersonView, **answers: Value) -> tuple[str, PersonView]:
    """A draft with everything filled in, and its applicant; `answers` override ANSWERS."""
    typed = ANSWERS | answers
    at = house.clock()
    shots = {item: photo(house, f"{item} {typed['name']}") for item in required_papers(typed)}
    with house.database.unit() as uow:
        applicant = person(uow)
        made = registration.create(uow, applicant.id, organisation_id, inviter.id, None, at)
        for section in FIELDS_OF:
            draft.save_answers(uow, applicant.actor, made, section, typed)
        for item, shot in shots.items():
            draft.add_photo(uow, applicant.actor, made, item, shot, at)
    return made, applicant


def submitted(house: House, organisation_id: str, inviter: PersonView, **answers: Value) -> tuple[str, PersonView]:
    """An application that waits for its organisation, and its applicant."""
    made, applicant = filled_draft(house, organisation_id, inviter, **answers)
    with house.database.unit() as uow:
        submit.submit(uow, applicant.actor, made, house.clock())
    return made, applicant


def approved_once(house: House, organisation_id: str, inviter: PersonView, **answers: Value) -> tuple[str, PersonView]:
    """An application that waits for the secretariat, and its applicant."""
    made, applicant = submitted(house, organisation_id, inviter, **answers)
    approve(house, inviter.actor, made)
    return made, applicant


def approve(house: House, actor: Actor, application_id: str) -> None:
    """Say yes for the stage at hand."""
    with house.database.unit() as uow:
        version = decide.read(uow, actor, application_id).version
        decide.approve(uow, actor, application_id, version, house.clock())


TERMS = (
    "第1条 委嘱期間は、委嘱の日からその年度の3月31日までとする。\n第2条 専門家は、知り得た秘密を漏らしてはならない。"
)
TERMS_VERSION = "2026-1"


def office(house: House) -> Actor:
    """A clerk of the secretariat."""
    with house.database.unit() as uow:
        return office_in(uow)


def office_in(uow: UnitOfWork) -> Actor:
    """The same clerk, inside a transaction that is at hand."""
    found = staff.by_email(uow, "office@example.jp")
    user = staff.by_id(uow, found.id) if found else staff_user(uow, "office@example.jp")
    assert user
    return user.actor


def terms_published(house: House) -> None:
    """The first version of the terms, once."""
    with house.database.unit() as uow:
        if appointment.terms(uow, TERMS_VERSION) is None:
            appointment_usecase.publish_terms(uow, SYSTEM, TERMS_VERSION, TERMS, house.clock())


def agreed(house: House, organisation_id: str, inviter: PersonView, **answers: Value) -> tuple[str, PersonView]:
    """An application that waits for its commission letter, and its applicant."""
    terms_published(house)
    made, applicant = approved_once(house, organisation_id, inviter, **answers)
    approve(house, office(house), made)
    with house.database.unit() as uow:
        at = house.clock()
        appointment_usecase.answer_terms(uow, applicant.actor, made, TERMS_VERSION, at, agrees=True)
    return made, applicant


def commissioned(house: House, organisation_id: str, inviter: PersonView, **answers: Value) -> tuple[str, PersonView]:
    """An application whose letter was issued and waits to be accepted, and its applicant."""
    made, applicant = agreed(house, organisation_id, inviter, **answers)
    house.services.letters.issue(office(house), made)
    return made, applicant


def letter_of(house: House, application_id: str) -> LetterView:
    """The newest commission letter of an application."""
    with house.database.read() as uow:
        found = appointment.letter_of(uow, application_id)
    assert found
    return found


def accept(house: House, applicant: PersonView, application_id: str) -> None:
    """就任を承諾する, with the acceptance stored."""
    with house.database.unit() as uow:
        appointment_usecase.answer_letter(uow, applicant.actor, application_id, house.clock(), accepts=True)
    house.services.letters.write_acceptances()


def notice() -> ApplicationWaits:
    """Something to tell somebody."""
    return ApplicationWaits("R-2026-000001", "千代田商工会")
