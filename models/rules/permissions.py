"""Who may do what: one function that every use case and every page asks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from models.rules.dispatch import TRANSITIONS, Side, Status
from models.rules.dispatch import Action as DispatchAction
from models.rules.registration import APPOINTING, EDITABLE, IN_REVIEW, Decider, State, stage_of


@dataclass(frozen=True)
class Actor:
    """Who acts. `person_id`: the human behind a LINE account or a staff user; `organisations`: those approved for."""

    kind: str
    person_id: str | None = None
    staff_id: str | None = None
    staff_role: str | None = None
    organisations: frozenset[str] = frozenset()

    @property
    def id(self) -> str | None:
        """What the audit writes."""
        return self.staff_id if self.kind == "staff" else self.person_id


SYSTEM = Actor("system")
READS = frozenset({"reader", "clerk", "manager"})
DECIDES = frozenset({"clerk", "manager"})


@dataclass(frozen=True)
class ApplicationSubject:
    """What matters of an application. `deciders`: the humans who decided any stage of it so far, by stage.

    `renewing`: the person was commissioned on it before and is being appointed for another year.
    """

    person_id: str
    organisation_id: str
    state: State
    deciders: Mapping[str, frozenset[str]] = field(default_factory=dict)
    renewing: bool = False


@dataclass(frozen=True)
class DispatchSubject:
    """What matters of a dispatch; `expert_id` is None while nobody is asked."""

    organisation_id: str
    expert_id: str | None
    status: Status
    requester_id: str


def _is_applicant(actor: Actor, subject: ApplicationSubject) -> bool:
    return actor.person_id is not None and actor.person_id == subject.person_id


def _is_approver(actor: Actor, subject: ApplicationSubject) -> bool:
    own = actor.kind == "person" and subject.organisation_id in actor.organisations
    return own and not _is_applicant(actor, subject) and subject.state is not State.DRAFT


def _is_staff(actor: Actor, roles: frozenset[str]) -> bool:
    return actor.kind == "staff" and actor.staff_role in roles


def _reads(actor: Actor, subject: ApplicationSubject) -> bool:
    own = actor.kind == "person" and _is_applicant(actor, subject)
    staff = _is_staff(actor, READS) and not _is_applicant(actor, subject)
    return own or _is_approver(actor, subject) or staff


def _edits(actor: Actor, subject: ApplicationSubject) -> bool:
    return actor.kind == "person" and _is_applicant(actor, subject) and subject.state in EDITABLE


def _withdraws(actor: Actor, subject: ApplicationSubject) -> bool:
    open_states = IN_REVIEW | {State.RETURNED}
    return actor.kind == "person" and _is_applicant(actor, subject) and subject.state in open_states


def _answers_own(*states: State) -> Callable[[Actor, ApplicationSubject], bool]:
    """The applicant alone, while the application waits for exactly this answer."""
    return lambda actor, subject: actor.kind == "person" and _is_applicant(actor, subject) and subject.state in states


def _issues(actor: Actor, subject: ApplicationSubject) -> bool:
    ready = subject.state is State.TERMS_AGREED
    return ready and _is_staff(actor, DECIDES) and not _is_applicant(actor, subject)


def _serves(subject: ApplicationSubject) -> bool:
    """Whether an active expert stands behind it: one who was not asked yet, was asked, or is appointed again."""
    again = subject.state in APPOINTING and subject.renewing
    return again or subject.state in (State.ACTIVE, State.RENEWAL_DUE)


def _ends(subject: ApplicationSubject) -> bool:
    return subject.state is State.SUSPENDED or _serves(subject)


def _runs_out(subject: ApplicationSubject) -> bool:
    return _ends(subject) or subject.state is State.COMMISSIONED


def _steers(actor: Actor, subject: ApplicationSubject) -> bool:
    return _is_staff(actor, DECIDES) and not _is_applicant(actor, subject)


def _answers_commission(actor: Actor, subject: ApplicationSubject) -> bool:
    return actor.kind == "person" and _is_applicant(actor, subject) and _serves(subject)


def _keeps_profile(actor: Actor, subject: ApplicationSubject) -> bool:
    return actor.kind == "person" and _is_applicant(actor, subject) and _ends(subject)


def _decides(actor: Actor, subject: ApplicationSubject) -> bool:
    if subject.state not in IN_REVIEW or _is_applicant(actor, subject):
        return False
    stage = stage_of(subject.state)
    others = frozenset[str]().union(*(who for key, who in subject.deciders.items() if key != stage.key))
    if actor.person_id in others:
        return False
    return _is_approver(actor, subject) if stage.decider is Decider.APPROVER else _is_staff(actor, DECIDES)


APPLICATION: Mapping[str, Callable[[Actor, ApplicationSubject], bool]] = MappingProxyType(
    {
        "application.read": _reads,
        "application.edit": _edits,
        "application.submit": _edits,
        "application.withdraw": _withdraws,
        "application.decide": _decides,
        "terms.answer": _answers_own(State.TERMS_SENT),
        "letter.issue": _issues,
        "letter.answer": _answers_own(State.COMMISSIONED),
        "commission.answer": _answers_commission,
        "commission.suspend": lambda actor, subject: _serves(subject) and _steers(actor, subject),
        "commission.lift": lambda actor, subject: subject.state is State.SUSPENDED and _steers(actor, subject),
        "commission.end": lambda actor, subject: _ends(subject) and _steers(actor, subject),
        "commission.run": lambda actor, subject: actor.kind == "system" and _runs_out(subject),
        "profile.edit": _keeps_profile,
        "change.request": _keeps_profile,
        "change.decide": lambda actor, subject: _ends(subject) and _steers(actor, subject),
        "papers.read": lambda actor, subject: _reads(actor, subject) and not _is_applicant(actor, subject),
    }
)
GENERAL: Mapping[str, Callable[[Actor], bool]] = MappingProxyType(
    {
        "invitation.issue": lambda actor: actor.kind == "person" and bool(actor.organisations),
        "invitation.revoke": lambda actor: (
            (actor.kind == "person" and actor.person_id is not None) or _is_staff(actor, DECIDES)
        ),
        "dispatch.request": lambda actor: actor.kind == "person" and bool(actor.organisations),
        "experts.search": lambda actor: (
            (actor.kind == "person" and bool(actor.organisations)) or _is_staff(actor, DECIDES)
        ),
        "fees.read": lambda actor: actor.kind == "person" and actor.person_id is not None,
        "organisation.manage": lambda actor: actor.kind == "system" or _is_staff(actor, DECIDES),
        "move.ask": lambda actor: actor.kind == "person" and actor.person_id is not None and not actor.organisations,
        "move.decide": lambda actor: _is_staff(actor, DECIDES),
        "approver_code.issue": lambda actor: _is_staff(actor, DECIDES) or actor.kind == "system",
        "letters.manage": lambda actor: _is_staff(actor, DECIDES),
        "terms.publish": lambda actor: actor.kind == "system" or _is_staff(actor, frozenset({"manager"})),
        "queue.read": lambda actor: _is_staff(actor, READS),
        "status.read": lambda actor: _is_staff(actor, DECIDES),
        "status.details": lambda actor: _is_staff(actor, frozenset({"manager"})),
        "given_up.settle": lambda actor: _is_staff(actor, DECIDES),
        "audit.read": lambda actor: _is_staff(actor, frozenset({"manager"})),
        "staff.manage": lambda actor: actor.kind == "system" or _is_staff(actor, frozenset({"manager"})),
        "settings.change": lambda actor: _is_staff(actor, frozenset({"manager"})),
        "desk.manage": lambda actor: _is_staff(actor, frozenset({"manager"})),
        "consent.publish": lambda actor: _is_staff(actor, frozenset({"manager"})),
        "import.manage": lambda actor: _is_staff(actor, DECIDES),
        "person.export": lambda actor: _is_staff(actor, frozenset({"manager"})),
        "retention.run": lambda actor: actor.kind == "system",
        "person.erase": lambda actor: _is_staff(actor, frozenset({"manager"})),
    }
)


BUSINESS = Actor("business")
"""Whoever holds a business's one-time link."""
REMINDED = frozenset({Status.REQUESTED, Status.COUNTER_PROPOSED, Status.CONFIRMED, Status.REPORT_DUE})
"""While a dispatch stands here somebody may be reminded of it."""
VISITED = frozenset({Status.CONFIRMED, Status.REPORT_DUE})
"""While a dispatch stands here its visit is recorded."""
HELD = VISITED | {Status.REPORTED, Status.COMPLETED}
"""Where there can have been a visit, which its business may still certify."""


def side_of(actor: Actor, subject: DispatchSubject) -> Side | None:
    """On which side of a dispatch somebody acts; None for a stranger, a reader, and staff who are the expert."""
    if actor.kind in ("system", "business"):
        return Side(actor.kind)
    if actor.kind == "staff":
        return Side.SECRETARIAT if _is_staff(actor, DECIDES) and not _is_expert(actor, subject) else None
    if _is_expert(actor, subject):
        return Side.EXPERT
    return Side.ORGANISATION if subject.organisation_id in actor.organisations else None


def _is_expert(actor: Actor, subject: DispatchSubject) -> bool:
    return actor.person_id is not None and actor.person_id == subject.expert_id


def _looks(actor: Actor, subject: DispatchSubject) -> bool:
    reads = _is_staff(actor, READS) and not _is_expert(actor, subject)
    return reads or side_of(actor, subject) in (Side.EXPERT, Side.ORGANISATION, Side.SECRETARIAT)


def _steps(action: DispatchAction) -> Callable[[Actor, DispatchSubject], bool]:
    """Whoever the table of steps names, while the dispatch stands where it says."""

    def may(actor: Actor, subject: DispatchSubject) -> bool:
        row = TRANSITIONS.get((subject.status, action))
        return row is not None and side_of(actor, subject) in row.by

    return may


def _visits(*sides: Side) -> Callable[[Actor, DispatchSubject], bool]:
    return lambda actor, subject: subject.status in VISITED and side_of(actor, subject) in sides


def _settles(actor: Actor, subject: DispatchSubject) -> bool:
    """The secretariat, once there can have been a visit."""
    return subject.status in HELD and side_of(actor, subject) is Side.SECRETARIAT


DISPATCH: Mapping[str, Callable[[Actor, DispatchSubject], bool]] = MappingProxyType(
    {
        **{f"dispatch.{action}": _steps(action) for action in DispatchAction},
        "dispatch.read": _looks,
        "dispatch.except": lambda actor, subject: (
            can(actor, f"dispatch.{DispatchAction.SET_TIME}", subject) and actor.person_id != subject.requester_id
        ),
        "dispatch.remind": lambda actor, subject: actor.kind == "system" and subject.status in REMINDED,
        "dispatch.late": lambda actor, subject: (
            subject.status is Status.CONFIRMED and side_of(actor, subject) is Side.EXPERT
        ),
        "visit.record": _visits(Side.EXPERT),
        "visit.undo": _visits(Side.EXPERT, Side.SECRETARIAT),
        "visit.certify": lambda actor, subject: (
            subject.status in HELD and side_of(actor, subject) in (Side.EXPERT, Side.BUSINESS)
        ),
        "visit.judge": _settles,
        "visit.correct": _settles,
        "visit.answer": lambda actor, subject: side_of(actor, subject) is Side.EXPERT,
        "evidence.read": lambda actor, subject: _looks(actor, subject) and actor.kind == "staff",
    }
)


def can(actor: Actor, action: str, subject: ApplicationSubject | DispatchSubject | None = None) -> bool:
    """Whether `actor` may do `action` (to `subject`); KeyError for an action nobody defined."""
    if subject is None:
        return GENERAL[action](actor)
    if isinstance(subject, DispatchSubject):
        return DISPATCH[action](actor, subject)
    return APPLICATION[action](actor, subject)
