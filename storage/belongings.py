"""Everything that is held of one person, read for the page that exports and erases it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, select

from models.rules.registration import State
from models.tables.appointment import CommissionLetter, TermsAnswer
from models.tables.audit import AuditEntry
from models.tables.expert import DayOff, Expert, ExpertSpeciality, ProfileChange, StateReason
from models.tables.organisation import Approver, Invitation, Organisation
from models.tables.person import AccountMove, Consent, Person
from models.tables.registration import Application, Decision, DecisionComment, Paper, Submission
from models.views.privacy import Belongings, Held, HeldApplication, HeldEntry, HeldFile, Holdings
from storage import belongings_dispatch
from storage.database import UnitOfWork

ANYWAY = "消去する"
"""What is typed to erase somebody who has neither a number nor a name."""


def holdings(uow: UnitOfWork, person_id: str) -> Holdings | None:
    """How much is held of a person; None for an id nobody has."""
    person = uow.session.get(Person, person_id)
    if person is None:
        return None
    rows = _applications(uow, person_id)
    ids = [row.id for row in rows]
    photos = _photo_counts(uow, ids)
    full = [row.id for row in rows if row.name or photos.get(row.id)]
    names = [person.name or "", *(row.name for row in rows)]
    words = dict.fromkeys([*(row.number or "" for row in rows), *names])
    return Holdings(
        person_id=person.id,
        name=next((name for name in names if name), ""),
        linked=person.user_id is not None,
        erased_at=person.erased_at,
        applications=tuple(
            Held(row.id, row.number or "", State(row.state), row.state_since, row.id not in full) for row in rows
        ),
        photos=sum(photos.values()),
        documents=len(_documents(uow, full)),
        consents=uow.session.scalar(select(func.count()).where(Consent.person_id == person_id)) or 0,
        entries=uow.session.scalar(select(func.count()).where(_about(person_id, ids))) or 0,
        words=tuple(word for word in words if word) or (ANYWAY,),
        dispatches=belongings_dispatch.count(uow, person_id),
    )


def _applications(uow: UnitOfWork, person_id: str) -> Sequence[Application]:
    own = select(Application).where(Application.person_id == person_id).order_by(Application.created_at, Application.id)
    return uow.session.scalars(own).all()


def _photo_counts(uow: UnitOfWork, ids: Sequence[str]) -> dict[str, int]:
    held = select(Paper.application_id).where(Paper.application_id.in_(ids))
    return Counter(uow.session.scalars(held))


def _about(person_id: str, application_ids: Sequence[str]) -> ColumnElement[bool]:
    """What was done by the person, and to the person or an application of theirs."""
    return (AuditEntry.actor_id == person_id) | AuditEntry.subject_id.in_([person_id, *application_ids])


def of_person(uow: UnitOfWork, person_id: str) -> Belongings | None:
    """All of it, with secrets opened; None for an id nobody has."""
    person = uow.session.get(Person, person_id)
    if person is None:
        return None
    rows = _applications(uow, person_id)
    return Belongings(
        person_id=person.id,
        name=person.name or "",
        mail=person.mail or "",
        linked=person.user_id is not None,
        created_at=person.created_at,
        blocked_at=person.blocked_at,
        consents=_rows(uow, select(Consent.version, Consent.at).where(Consent.person_id == person_id)),
        applications=tuple(_application(uow, row) for row in rows),
        memberships=_rows(
            uow,
            select(Organisation.name, Approver.joined_at, Approver.ended_at)
            .join(Organisation, Organisation.id == Approver.organisation_id)
            .where(Approver.person_id == person_id),
        ),
        invitations=_rows(
            uow,
            select(Invitation.kind, Invitation.issued_at, Invitation.used_at).where(Invitation.issued_by == person_id),
        ),
        moves=_rows(
            uow,
            select(AccountMove.state, AccountMove.asked_at).where(
                (AccountMove.person_id == person_id) | (AccountMove.new_person_id == person_id)
            ),
        ),
        entries=tuple(_entries(uow, person_id, [row.id for row in rows])),
        profile=_profile(uow, person_id),
        days_off=tuple(
            uow.session.scalars(select(DayOff.day).where(DayOff.person_id == person_id).order_by(DayOff.day))
        ),
        dispatches=belongings_dispatch.of_person(uow, person_id),
        draft=belongings_dispatch.draft_of(uow, person_id),
    )


def _rows(uow: UnitOfWork, query: Any) -> tuple[Any, ...]:
    """The rows as plain tuples, in order of their second column: a time."""
    return tuple(sorted((tuple(row) for row in uow.session.execute(query)), key=lambda row: row[1]))


def _application(uow: UnitOfWork, row: Application) -> HeldApplication:
    organisation = uow.session.scalar(select(Organisation.name).where(Organisation.id == row.organisation_id))
    return HeldApplication(
        number=row.number or "",
        state=State(row.state),
        organisation=organisation or "",
        created_at=row.created_at,
        submitted_at=row.submitted_at,
        answers=uow.vault.open_json(row.answers),
        submissions=_submissions(uow, row.id),
        decisions=_decisions(uow, row.id),
        reasons=_rows_last(
            uow, select(StateReason.action, StateReason.reason, StateReason.at), StateReason.application_id == row.id
        ),
        changes=_changes(uow, row.id),
        terms=_rows_last(
            uow, select(TermsAnswer.version, TermsAnswer.answer, TermsAnswer.at), TermsAnswer.application_id == row.id
        ),
        letters=_rows(
            uow,
            select(
                CommissionLetter.number, CommissionLetter.starts, CommissionLetter.ends, CommissionLetter.accepted_at
            ).where(CommissionLetter.application_id == row.id),
        ),
        files=(*_photos(uow, row.id), *_documents(uow, [row.id])),
    )


def _rows_last(uow: UnitOfWork, query: Any, where: Any) -> tuple[Any, ...]:
    """The rows as plain tuples, in order of their last column: a time."""
    return tuple(sorted((tuple(row) for row in uow.session.execute(query.where(where))), key=lambda row: row[-1]))


def _submissions(uow: UnitOfWork, application_id: str) -> tuple[Any, ...]:
    rows = uow.session.execute(
        select(Submission.round, Submission.submitted_at, Submission.snapshot)
        .where(Submission.application_id == application_id)
        .order_by(Submission.round)
    )
    return tuple((number, at, uow.vault.open_json(snapshot)["answers"]) for number, at, snapshot in rows)


def _decisions(uow: UnitOfWork, application_id: str) -> tuple[Any, ...]:
    """Each stage's answer with its words; who decided is somebody else's name and is left out."""
    own = select(Decision).where(Decision.application_id == application_id).order_by(Decision.decided_at)
    rows = uow.session.scalars(own).all()
    comments: dict[str, dict[str, str]] = defaultdict(dict)
    said = select(DecisionComment).where(DecisionComment.decision_id.in_([row.id for row in rows]))
    for comment in uow.session.scalars(said):
        comments[comment.decision_id][comment.item] = comment.comment
    return tuple((row.stage, row.answer, row.decided_at, comments[row.id]) for row in rows)


def _changes(uow: UnitOfWork, application_id: str) -> tuple[Any, ...]:
    own = select(ProfileChange).where(ProfileChange.application_id == application_id)
    rows = uow.session.scalars(own.order_by(ProfileChange.requested_at))
    return tuple((r.item, r.state, r.requested_at, r.reason, uow.vault.open_json(r.answers)) for r in rows)


def _photos(uow: UnitOfWork, application_id: str) -> Iterable[HeldFile]:
    held = select(Paper).where(Paper.application_id == application_id).order_by(Paper.added_at, Paper.id)
    for paper in uow.session.scalars(held):
        yield HeldFile(paper.kind, paper.file_key, "", paper.added_at, paper.removed_at is not None)


def _documents(uow: UnitOfWork, application_ids: Sequence[str]) -> list[HeldFile]:
    rows = uow.session.execute(
        select(CommissionLetter.number, CommissionLetter.file_key, CommissionLetter.acceptance_key).where(
            CommissionLetter.application_id.in_(application_ids)
        )
    )
    pairs = [(number, zip(("letter", "acceptance"), keys, strict=True)) for number, *keys in rows]
    return [HeldFile(kind, key, number) for number, keys in pairs for kind, key in keys if key]


def _profile(uow: UnitOfWork, person_id: str) -> dict[str, Any]:
    row = uow.session.get(Expert, person_id)
    if row is None:
        return {}
    fields = select(ExpertSpeciality.speciality).where(ExpertSpeciality.person_id == person_id)
    return {
        "since": row.since,
        "accepting": row.accepting,
        "weekly_off": row.weekly_off,
        "opens": row.opens,
        "closes": row.closes,
        "hidden": row.hidden,
        "specialities": sorted(uow.session.scalars(fields)),
    }


def _entries(uow: UnitOfWork, person_id: str, application_ids: Sequence[str]) -> Iterable[HeldEntry]:
    rows = uow.session.scalars(select(AuditEntry).where(_about(person_id, application_ids)).order_by(AuditEntry.seq))
    for row in rows:
        moved = (row.from_state, row.to_state)
        yield HeldEntry(row.at, row.actor_id == person_id, row.action, row.subject_kind, moved, row.detail or "")
