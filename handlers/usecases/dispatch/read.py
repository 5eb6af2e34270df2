"""One dispatch for whoever may see it, with the side on which they see it."""

from models.rules.dispatch import UNASKED, Side
from models.rules.errors import NotFound
from models.rules.permissions import Actor, can, side_of
from models.rules.roles import Role
from models.views.dispatch import DispatchView
from storage import dispatch, experts, people
from storage.database import UnitOfWork


def read(uow: UnitOfWork, actor: Actor, dispatch_id: str) -> tuple[DispatchView, Side]:
    """The dispatch and the actor's side of it (a reader of the secretariat stands on its side too).

    NotFound for everybody it does not concern, such as an expert who is named but was not asked yet. Words for the
    secretariat alone are there for staff alone.
    """
    view = dispatch.view(uow, dispatch_id, private=actor.kind == "staff")
    if view is None or not can(actor, "dispatch.read", view.subject):
        raise NotFound
    side = side_of(actor, view.subject) or Side.SECRETARIAT
    if side is Side.EXPERT and view.why in UNASKED:
        raise NotFound
    return view, side


def sides(uow: UnitOfWork, actor: Actor) -> tuple[Side, ...]:
    """The sides on which a person can have dispatches; of two, the one whose menu was chosen last comes first."""
    person = people.by_id(uow, actor.person_id or "")
    if person is None:
        return ()
    expert = (Side.EXPERT,) if experts.of_person(uow, person.id) else ()
    held = (*((Side.ORGANISATION,) if person.is_approver else ()), *expert)
    return tuple(reversed(held)) if person.role == Role.EXPERT else held
