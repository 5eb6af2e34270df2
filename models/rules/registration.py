"""The lifecycle of a registration application and what it must hold (`domain.md` 2, `seeds/004`).

States, transitions, stages and items are data; `move` is the only way from one state to the next.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from models.rules.errors import NotPossible
from models.rules.fields import ACCOUNT, BASIC, DETAIL, Accepted, Field, Value, as_text


class State(StrEnum):
    """Where an application stands."""

    DRAFT = "draft"
    ORGANISATION_REVIEW = "organisation_review"
    SECRETARIAT_REVIEW = "secretariat_review"
    RETURNED = "returned"
    TERMS_SENT = "terms_sent"
    TERMS_AGREED = "terms_agreed"
    COMMISSIONED = "commissioned"
    ACTIVE = "active"
    RENEWAL_DUE = "renewal_due"
    SUSPENDED = "suspended"
    ENDED = "ended"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Action(StrEnum):
    """What moves it on."""

    SUBMIT = "submit"
    APPROVE = "approve"
    RETURN = "return"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    AGREE = "agree"
    DECLINE = "decline"
    ISSUE = "issue"
    ACCEPT = "accept"
    FALL_DUE = "fall_due"
    CONTINUE = "continue"
    LAPSE = "lapse"
    SUSPEND = "suspend"
    LIFT = "lift"
    LEAVE = "leave"
    END = "end"


TRANSITIONS: Mapping[tuple[State, Action], State] = MappingProxyType(
    {
        (State.DRAFT, Action.SUBMIT): State.ORGANISATION_REVIEW,
        (State.ORGANISATION_REVIEW, Action.APPROVE): State.SECRETARIAT_REVIEW,
        (State.ORGANISATION_REVIEW, Action.RETURN): State.RETURNED,
        (State.ORGANISATION_REVIEW, Action.REJECT): State.REJECTED,
        (State.ORGANISATION_REVIEW, Action.WITHDRAW): State.DRAFT,
        (State.SECRETARIAT_REVIEW, Action.APPROVE): State.TERMS_SENT,
        (State.SECRETARIAT_REVIEW, Action.RETURN): State.RETURNED,
        (State.SECRETARIAT_REVIEW, Action.REJECT): State.REJECTED,
        (State.SECRETARIAT_REVIEW, Action.WITHDRAW): State.DRAFT,
        (State.RETURNED, Action.SUBMIT): State.ORGANISATION_REVIEW,
        (State.RETURNED, Action.WITHDRAW): State.DRAFT,
        (State.TERMS_SENT, Action.AGREE): State.TERMS_AGREED,
        (State.TERMS_SENT, Action.DECLINE): State.WITHDRAWN,
        (State.TERMS_AGREED, Action.ISSUE): State.COMMISSIONED,
        (State.COMMISSIONED, Action.ACCEPT): State.ACTIVE,
        (State.COMMISSIONED, Action.DECLINE): State.WITHDRAWN,
        (State.COMMISSIONED, Action.LAPSE): State.TERMS_AGREED,
        (State.ACTIVE, Action.FALL_DUE): State.RENEWAL_DUE,
        (State.ACTIVE, Action.SUSPEND): State.SUSPENDED,
        (State.ACTIVE, Action.LEAVE): State.ENDED,
        (State.ACTIVE, Action.END): State.ENDED,
        (State.ACTIVE, Action.LAPSE): State.ENDED,
        (State.RENEWAL_DUE, Action.CONTINUE): State.TERMS_SENT,
        (State.RENEWAL_DUE, Action.SUSPEND): State.SUSPENDED,
        (State.RENEWAL_DUE, Action.LEAVE): State.ENDED,
        (State.RENEWAL_DUE, Action.END): State.ENDED,
        (State.RENEWAL_DUE, Action.LAPSE): State.ENDED,
        (State.SUSPENDED, Action.LIFT): State.ACTIVE,
        (State.SUSPENDED, Action.END): State.ENDED,
        (State.SUSPENDED, Action.LAPSE): State.ENDED,
        (State.TERMS_SENT, Action.SUSPEND): State.SUSPENDED,
        (State.TERMS_SENT, Action.LEAVE): State.ENDED,
        (State.TERMS_SENT, Action.END): State.ENDED,
        (State.TERMS_AGREED, Action.SUSPEND): State.SUSPENDED,
        (State.TERMS_AGREED, Action.LEAVE): State.ENDED,
        (State.TERMS_AGREED, Action.END): State.ENDED,
        (State.COMMISSIONED, Action.SUSPEND): State.SUSPENDED,
        (State.COMMISSIONED, Action.LEAVE): State.ENDED,
        (State.COMMISSIONED, Action.END): State.ENDED,
    }
)

"""The last nine are for a renewal only (permissions see to it): the expert who is appointed again is active meanwhile.
A letter whose year ended before it was accepted lapses, and the secretariat issues another."""

EDITABLE = frozenset({State.DRAFT, State.RETURNED})
IN_REVIEW = frozenset({State.ORGANISATION_REVIEW, State.SECRETARIAT_REVIEW})
APPOINTING = frozenset({State.TERMS_SENT, State.TERMS_AGREED, State.COMMISSIONED})
COMMISSION = frozenset({State.ACTIVE, State.RENEWAL_DUE, State.SUSPENDED})
ENDED = frozenset({State.REJECTED, State.WITHDRAWN, State.ENDED})


def move(state: State, action: Action) -> State:
    """The state after `action`; NotPossible when the lifecycle has no such step."""
    try:
        return TRANSITIONS[state, action]
    except KeyError:
        raise NotPossible("error.not_possible", state=state, action=action) from None


class Decider(StrEnum):
    """Which kind of actor answers a stage."""

    APPROVER = "approver"
    STAFF = "staff"


@dataclass(frozen=True)
class Stage:
    """One approval: in which state it waits, and who answers."""

    key: str
    state: State
    decider: Decider


STAGES = (
    Stage("organisation", State.ORGANISATION_REVIEW, Decider.APPROVER),
    Stage("secretariat", State.SECRETARIAT_REVIEW, Decider.STAFF),
)
ANSWERS = (Action.APPROVE, Action.RETURN, Action.REJECT)


def stage_of(state: State) -> Stage:
    """The stage that waits in `state`; NotPossible when none does."""
    for stage in STAGES:
        if stage.state is state:
            return stage
    raise NotPossible("error.not_waiting", state=state)


class Item(StrEnum):
    """What a reviewer looks at, returns and approves, one by one."""

    BASIC = "basic"
    FACE = "face"
    IDENTITY = "identity"
    CERTIFICATE = "certificate"
    CAREER = "career"
    BANKBOOK = "bankbook"
    ACCOUNT = "account"
    DETAIL = "detail"


@dataclass(frozen=True)
class PaperRule:
    """How many photos of a paper are taken, and how small the short side may be (pixels)."""

    most: int
    min_side: int


PAPERS: Mapping[Item, PaperRule] = MappingProxyType(
    {
        Item.FACE: PaperRule(most=1, min_side=300),
        Item.IDENTITY: PaperRule(most=4, min_side=600),
        Item.CERTIFICATE: PaperRule(most=8, min_side=600),
        Item.CAREER: PaperRule(most=8, min_side=600),
        Item.BANKBOOK: PaperRule(most=3, min_side=600),
    }
)
UNSORTED = "unsorted"
FIELDS_OF: Mapping[Item, tuple[Field, ...]] = MappingProxyType(
    {Item.BASIC: BASIC, Item.ACCOUNT: ACCOUNT, Item.DETAIL: DETAIL}
)
NO_QUALIFICATION = "なし"


def needs_career(answers: Mapping[str, Value]) -> bool:
    """Whether a 実務経歴 document takes the certificate's place: requirement 2–4 without a public qualification."""
    held = [name for name in answers.get("qualifications", ()) if name != NO_QUALIFICATION]
    return answers.get("requirement") in ("2", "3", "4") and not held


def required_papers(answers: Mapping[str, Value]) -> tuple[Item, ...]:
    """The papers this application needs, in the order they are asked for."""
    third = Item.CAREER if needs_career(answers) else Item.CERTIFICATE
    return (Item.FACE, Item.IDENTITY, third, Item.BANKBOOK)


def items_of(answers: Mapping[str, Value]) -> tuple[Item, ...]:
    """Every item of this application, in the order of its card."""
    return (Item.BASIC, *required_papers(answers), Item.ACCOUNT, Item.DETAIL)


def invalid_fields(fields: Collection[Field], answers: Mapping[str, Value]) -> tuple[str, ...]:
    """The keys of fields that are unanswered or whose answer would not be accepted today."""
    return tuple(field.key for field in fields if not _holds(field, answers))


def answered(fields: Collection[Field], answers: Mapping[str, Value]) -> tuple[int, int]:
    """How many fields hold, and of how many; an optional one counts once something was typed there."""
    counted = [field for field in fields if not field.optional or answers.get(field.key)]
    return len(counted) - len(invalid_fields(counted, answers)), len(counted)


def _holds(field: Field, answers: Mapping[str, Value]) -> bool:
    value = answers.get(field.key)
    if value is None or value == []:
        return field.optional
    others = {key: other for key, other in answers.items() if key != field.key}
    return isinstance(field.judge(as_text(value), others), Accepted)


def missing_items(answers: Mapping[str, Value], papers: Mapping[str, int]) -> tuple[Item, ...]:
    """The items that keep the application from being submitted. `papers`: photos held, by kind."""
    missing: list[Item] = []
    for item in items_of(answers):
        fields = FIELDS_OF.get(item)
        lacking = invalid_fields(fields, answers) if fields else papers.get(item, 0) == 0
        if lacking:
            missing.append(item)
    return tuple(missing)


def editable_items(
    state: State, reopened: Collection[str], answers: Mapping[str, Value], judged: Collection[str]
) -> tuple[Item, ...]:
    """What the applicant may change now: everything in a draft; in a returned application the named items.

    `judged`: items a reviewer has seen. A paper that a mended answer newly asks for was never seen, so it is open too.
    """
    if state is State.DRAFT:
        return items_of(answers)
    if state is State.RETURNED:
        return tuple(item for item in items_of(answers) if item in reopened or item not in judged)
    return ()
