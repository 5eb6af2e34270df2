"""Who may do what: one function that every use case and every page asks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from models.rules.registration import EDITABLE, IN_REVIEW, Decider, State, stage_of


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
    """What matters of an application. `deciders`: the humans who decided any stage of it so far, by stage."""

    person_id: str
    organisation_id: str
    state: State
    deciders: Mapping[str, frozenset[str]] = field(default_factory=dict)


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
        "papers.read": lambda actor, subject: _reads(actor, subject) and not _is_applicant(actor, subject),
    }
)
GENERAL: Mapping[str, Callable[[Actor], bool]] = MappingProxyType(
    {
        "invitation.issue": lambda actor: actor.kind == "person" and bool(actor.organisations),
        "approver_code.issue": lambda actor: _is_staff(actor, DECIDES) or actor.kind == "system",
        "letters.manage": lambda actor: _is_staff(actor, DECIDES),
        "terms.publish": lambda actor: actor.kind == "system" or _is_staff(actor, frozenset({"manager"})),
        "queue.read": lambda actor: _is_staff(actor, READS),
        "staff.manage": lambda actor: actor.kind == "system" or _is_staff(actor, frozenset({"manager"})),
    }
)


def can(actor: Actor, action: str, subject: ApplicationSubject | None = None) -> bool:
    """Whether `actor` may do `action` (to `subject`); KeyError for an action nobody defined."""
    if subject is None:
        return GENERAL[action](actor)
    return APPLICATION[action](actor, subject)
