"""People by their LINE account, with the roles they hold."""

from datetime import datetime

from sqlalchemy import bindparam, select, update

from models.rules.permissions import Actor
from models.tables.base import new_id, table_of
from models.tables.organisation import Approver, Organisation
from models.tables.person import Consent, Person
from models.views.people import PersonView
from storage.database import UnitOfWork

_people, _approvers, _organisations = table_of(Person), table_of(Approver), table_of(Organisation)
_SEEN = (
    select(
        _people.c.id, _people.c.user_id, _people.c.name, _people.c.mail, _people.c.blocked_at, _people.c.menu,
        _people.c.role,
        _approvers.c.organisation_id, _organisations.c.name.label("organisation"),
    )
    .outerjoin_from(_people, _approvers, (_approvers.c.person_id == _people.c.id) & _approvers.c.ended_at.is_(None))
    .outerjoin(_organisations, _organisations.c.id == _approvers.c.organisation_id)
    .where((_people.c.user_id == bindparam("who")) | (_people.c.id == bindparam("id")), _people.c.erased_at.is_(None))
    .order_by(_organisations.c.name)
)  # fmt: skip


def by_user_id(uow: UnitOfWork, user_id: str) -> PersonView | None:
    """The person behind a LINE account."""
    return _seen(uow, {"who": user_id, "id": None})


def by_id(uow: UnitOfWork, person_id: str) -> PersonView | None:
    """The person by id; None also once they were erased."""
    return _seen(uow, {"who": None, "id": person_id})


def ensure(uow: UnitOfWork, user_id: str, now: datetime) -> PersonView:
    """The person behind a LINE account, created at first sight."""
    found = by_user_id(uow, user_id)
    if found:
        return found
    uow.session.add(Person(user_id=user_id, created_at=now))
    uow.session.flush()
    created = by_user_id(uow, user_id)
    assert created
    return created


def create(uow: UnitOfWork, now: datetime) -> str:
    """A person without a LINE account (imported, or a sample); returns the id."""
    person = Person(id=new_id(), created_at=now)
    uow.session.add(person)
    uow.session.flush()
    return person.id


def _seen(uow: UnitOfWork, who: dict[str, str | None]) -> PersonView | None:
    """One look for the person and the organisations they approve for; built once, for every turn asks."""
    rows = uow.session.execute(_SEEN, who).all()
    if not rows:
        return None
    person, held = rows[0], [row for row in rows if row.organisation_id]
    actor = Actor("person", person_id=person.id, organisations=frozenset(row.organisation_id for row in held))
    return PersonView(
        id=person.id,
        user_id=person.user_id or "",
        name=person.name or "",
        mail=person.mail or "",
        blocked=person.blocked_at is not None,
        menu=person.menu or "",
        actor=actor,
        organisations=tuple(row.organisation for row in held),
        role=person.role or "",
    )


def set_name(uow: UnitOfWork, person_id: str, name: str) -> None:
    """What colleagues and applicants call an approver."""
    uow.session.execute(update(Person).where(Person.id == person_id).values(name=name))


def set_mail(uow: UnitOfWork, person_id: str, mail: str) -> None:
    """Where notices go while LINE is blocked."""
    uow.session.execute(update(Person).where(Person.id == person_id).values(mail=mail))


def set_menu(uow: UnitOfWork, person_id: str, alias: str | None) -> None:
    """Which rich menu we last asked LINE to show."""
    uow.session.execute(update(Person).where(Person.id == person_id).values(menu=alias))


def set_role(uow: UnitOfWork, person_id: str, role: str | None) -> None:
    """Whose menu somebody with two roles sees; None for the usual one."""
    uow.session.execute(update(Person).where(Person.id == person_id).values(role=role))


def set_blocked(uow: UnitOfWork, person_id: str, at: datetime | None) -> None:
    """The person blocked the account at `at`, or (None) came back; LINE forgets the menu then."""
    uow.session.execute(update(Person).where(Person.id == person_id).values(blocked_at=at, menu=None))


def consent(uow: UnitOfWork, person_id: str, version: str, now: datetime) -> None:
    """Keep that the person agreed to this version of the privacy text."""
    uow.session.add(Consent(person_id=person_id, version=version, at=now))
    uow.session.flush()


def approvers_of(uow: UnitOfWork, organisation_id: str) -> list[PersonView]:
    """The people who approve for an organisation now."""
    ids = uow.session.scalars(
        select(Approver.person_id)
        .where(Approver.organisation_id == organisation_id, Approver.ended_at.is_(None))
        .order_by(Approver.joined_at)
    ).all()
    return [person for person in (by_id(uow, person_id) for person_id in ids) if person]


def user_ids_with_menu(uow: UnitOfWork, alias: str) -> list[str]:
    """Accounts that were given this menu and have not blocked us."""
    held = select(Person.user_id).where(Person.menu == alias, Person.blocked_at.is_(None), Person.user_id.is_not(None))
    return [user_id for user_id in uow.session.scalars(held) if user_id]
