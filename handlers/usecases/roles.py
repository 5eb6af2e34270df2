"""Which roles somebody on LINE holds now, and the rich menu that follows from them."""

from datetime import datetime

from models.rules.calendar import to_jst
from models.rules.roles import Role, other_role, role_shown, roles_held
from models.views.people import PersonView
from storage import audit, experts, outbox, people
from storage.database import UnitOfWork


def held_by(uow: UnitOfWork, person: PersonView, now: datetime) -> tuple[Role, ...]:
    """The person's roles; a suspended expert is one too, and is told why the words of the menu rest."""
    standing = experts.standing_of(uow, person.id, to_jst(now).date())
    return roles_held(approves=person.is_approver, expert=standing.has_expert_menu)


def role_of(uow: UnitOfWork, person: PersonView, now: datetime) -> Role:
    """Whose menu the person sees now."""
    return role_shown(held_by(uow, person, now), person.role)


def switch(uow: UnitOfWork, person: PersonView, now: datetime) -> Role | None:
    """役割をかえる: the other role's menu from now on; returns it, or None for somebody who has one role."""
    held = held_by(uow, person, now)
    other = other_role(held, role_shown(held, person.role))
    if other:
        people.set_role(uow, person.id, other)
        audit.record(uow, person.actor, "role.switch", ("person", person.id), now, detail=other)
    return other


def show_right_menu(uow: UnitOfWork, person: PersonView, now: datetime) -> None:
    """Link the menu of the role that is shown, unless we linked it last or the person has blocked us.

    A choice between two roles is forgotten with one of them.
    """
    held = held_by(uow, person, now)
    if person.role and len(held) == 1:
        people.set_role(uow, person.id, None)
    alias = role_shown(held, person.role).menu
    if person.blocked or not person.user_id or person.menu == alias:
        return
    people.set_menu(uow, person.id, alias)
    outbox.link_menu(uow, person.user_id, alias, now)


def show_menu_of(uow: UnitOfWork, person_id: str, now: datetime) -> None:
    """The same, for a person who does not act in this turn."""
    person = people.by_id(uow, person_id)
    if person:
        show_right_menu(uow, person, now)
