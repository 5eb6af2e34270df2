"""Erasing: what an application or a person leaves behind when nothing of theirs may be kept (`architecture.md` 5.5).

Rows stay where others refer to them, with their ids, states and times; every word, photo and sealed answer goes. The
audit is never touched.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, case, delete, exists, false, or_, select, update

from models.rules.moves import OPEN, MoveState
from models.rules.registration import State
from models.tables.appointment import CommissionLetter
from models.tables.conversation import PENDING, Conversation, InboxEvent, OutboxRow
from models.tables.expert import DayOff, Expert, ExpertSpeciality, ProfileChange, StateReason
from models.tables.imports import ImportedExpert
from models.tables.organisation import Approver, Invitation
from models.tables.person import AccountMove, Person
from models.tables.registration import Application, Decision, DecisionComment, ItemVerdict, Paper, Submission
from models.tables.staff import Presence
from models.tables.system import Upload
from storage import papers, profile
from storage.database import UnitOfWork

IGNORED = "ignored"
AT_ONCE = 50
"""How many words one statement looks for: the databases limit how long a condition may be."""
CODE_GONE = b""


def due(uow: UnitOfWork, states: Collection[State], before: datetime, limit: int) -> list[str]:
    """Applications that ended in one of these states before `before` and still hold something."""
    holds = or_(Application.name != "", exists().where(Paper.application_id == Application.id))
    query = select(Application.id).where(Application.state.in_([*states]), Application.state_since < before, holds)
    return list(uow.session.scalars(query.order_by(Application.state_since).limit(limit)))


def lock_person(uow: UnitOfWork, person_id: str) -> tuple[Person, list[Application]] | None:
    """The person and all their applications, held until the transaction ends.

    Applications first: whoever works on one locks it before the person's row.
    """
    own = select(Application).where(Application.person_id == person_id).order_by(Application.id).with_for_update()
    fresh = own.execution_options(populate_existing=True)
    uow.session.scalars(fresh).all()
    person = uow.session.scalar(
        select(Person).where(Person.id == person_id).with_for_update().execution_options(populate_existing=True)
    )
    return (person, list(uow.session.scalars(fresh))) if person else None


def approves(uow: UnitOfWork, person_id: str) -> bool:
    """Whether the person is an approver of any organisation now."""
    held = select(Approver.id).where(Approver.person_id == person_id, Approver.ended_at.is_(None)).limit(1)
    return uow.session.scalar(held) is not None


def erase_application(uow: UnitOfWork, row: Application, now: datetime) -> None:
    """Leave number, state and times of an application, and nothing a person said, sent or was told in it."""
    _erase_files(uow, row, now)
    row.answers = uow.vault.seal_json({})
    row.name = row.search_key = row.prefecture = row.reopened = ""
    row.version += 1
    uow.session.flush()
    nothing = uow.vault.seal_json({"answers": {}, "papers": []})
    uow.session.execute(update(Submission).where(Submission.application_id == row.id).values(snapshot=nothing))
    decided = select(Decision.id).where(Decision.application_id == row.id)
    uow.session.execute(delete(DecisionComment).where(DecisionComment.decision_id.in_(decided)))
    uow.session.execute(update(ItemVerdict).where(ItemVerdict.decision_id.in_(decided)).values(digest=""))
    uow.session.execute(delete(StateReason).where(StateReason.application_id == row.id))
    uow.session.execute(delete(Presence).where(Presence.application_id == row.id))
    _erase_changes(uow, row.id, now)
    _erase_expert(uow, row)
    uow.session.execute(
        update(ImportedExpert)
        .where(ImportedExpert.invitation_id == row.invitation_id)
        .values(answers=uow.vault.seal_json({}))
    )


def delete_application(uow: UnitOfWork, row: Application) -> None:
    """A draft that was never sent, after it was erased: no submission, decision or letter refers to it."""
    uow.session.delete(row)
    uow.session.flush()


def _erase_files(uow: UnitOfWork, row: Application, now: datetime) -> None:
    """Photos that no other application holds, and the documents; the letters' rows keep their numbers and dates."""
    keys = set(uow.session.scalars(select(Paper.file_key).where(Paper.application_id == row.id)))
    uow.session.execute(delete(Paper).where(Paper.application_id == row.id))
    papers.doom(uow, sorted(keys - _needed(uow, keys)), now)
    for letter in uow.session.scalars(select(CommissionLetter).where(CommissionLetter.application_id == row.id)):
        if letter.accepted_at and letter.acceptance_key is None:
            letter.acceptance_key = f"acceptances/{letter.id}.pdf"
        papers.doom(uow, [key for key in (letter.file_key, letter.acceptance_key) if key], now)


def _needed(uow: UnitOfWork, keys: Collection[str]) -> set[str]:
    """Files another application holds now, or was decided on."""
    sent = exists().where(Submission.application_id == Paper.application_id, Submission.submitted_at >= Paper.added_at)
    held = select(Paper.file_key).where(Paper.file_key.in_(keys), Paper.removed_at.is_(None) | sent)
    return set(uow.session.scalars(held))


def _erase_changes(uow: UnitOfWork, application_id: str, now: datetime) -> None:
    waiting = ProfileChange.state == profile.WAITING
    uow.session.execute(
        update(ProfileChange)
        .where(ProfileChange.application_id == application_id)
        .values(
            answers=uow.vault.seal_json({}),
            reason="",
            state=case((waiting, profile.TAKEN_BACK), else_=ProfileChange.state),
            decided_at=case((waiting, now), else_=ProfileChange.decided_at),
        )
    )


def _erase_expert(uow: UnitOfWork, row: Application) -> None:
    """What the person said of being dispatched, unless a newer application carries it on."""
    held = select(Expert.person_id).where(Expert.application_id == row.id)
    if uow.session.scalar(held) is None:
        return
    for table in (ExpertSpeciality, DayOff, Expert):
        uow.session.execute(delete(table).where(table.person_id == row.person_id))


def holds_nothing(uow: UnitOfWork, person_id: str) -> bool:
    """Whether the person has no application with anything in it (a draft counts) and no membership."""
    ended = Application.state.in_([State.REJECTED, State.WITHDRAWN, State.ENDED])
    empty = ended & (Application.name == "") & ~exists().where(Paper.application_id == Application.id)
    left = select(Application.id).where(Application.person_id == person_id, ~empty).limit(1)
    return uow.session.scalar(left) is None and not approves(uow, person_id)


def forget_person(uow: UnitOfWork, person_id: str) -> None:
    """Name, address and the talk's state of somebody of whom nothing else is left; they may still come back."""
    user_id = uow.session.scalar(select(Person.user_id).where(Person.id == person_id))
    uow.session.execute(update(Person).where(Person.id == person_id).values(name=None, mail=None))
    if user_id:
        uow.session.execute(update(Conversation).where(Conversation.user_id == user_id).values(session=None))


def mails_of(uow: UnitOfWork, person: Person, rows: Iterable[Application]) -> set[str]:
    """Every address the person gave us, in answers and submissions too."""
    rows = list(rows)
    ids = [row.id for row in rows]
    sealed = [row.answers for row in rows]
    found = [uow.vault.open_json(answers).get("mail") for answers in sealed]
    for snapshot in uow.session.scalars(select(Submission.snapshot).where(Submission.application_id.in_(ids))):
        found.append(uow.vault.open_json(snapshot)["answers"].get("mail"))
    return {str(mail) for mail in (*found, person.mail) if mail}


def erase_person(uow: UnitOfWork, person: Person, mails: Collection[str], now: datetime) -> None:
    """The person's own row, talk and messages; the row stays as nobody's. Applications are erased before."""
    others = select(Person.mail).where(Person.mail.in_(mails), Person.id != person.id, Person.erased_at.is_(None))
    shared = set(uow.session.scalars(others))
    reached = [*(set(mails) - shared), *([person.user_id] if person.user_id else [])]
    if person.user_id:
        uow.session.execute(delete(Conversation).where(Conversation.user_id == person.user_id))
        uow.session.execute(
            update(InboxEvent)
            .where(InboxEvent.user_id == person.user_id)
            .values(body=None, user_id=None, state=case((InboxEvent.state == PENDING, IGNORED), else_=InboxEvent.state))
        )
    uow.session.execute(delete(OutboxRow).where(OutboxRow.recipient.in_(reached)))
    kept = list(uow.session.scalars(select(Upload.file_key).where(Upload.person_id == person.id)))
    papers.doom(uow, kept, now)
    uow.session.execute(delete(Upload).where(Upload.person_id == person.id))
    _erase_moves(uow, person.id, now)
    person.user_id = person.name = person.mail = person.menu = person.role = None
    person.blocked_at, person.erased_at = None, now
    uow.session.flush()


def _erase_moves(uow: UnitOfWork, person_id: str, now: datetime) -> None:
    going_on = AccountMove.state.in_(OPEN)
    uow.session.execute(
        update(AccountMove)
        .where((AccountMove.person_id == person_id) | (AccountMove.new_person_id == person_id))
        .values(
            code_digest=None,
            state=case((going_on, MoveState.TAKEN_BACK), else_=AccountMove.state),
            decided_at=case((going_on, now), else_=AccountMove.decided_at),
        )
    )


def erase_mentions(uow: UnitOfWork, numbers: Sequence[str], names: Sequence[str]) -> None:
    """What was or will be said to others about the person.

    A notice that waits goes when it names a number of theirs: a name alone may be somebody else's.
    """
    said = [*numbers, *names]
    for at in range(0, len(said), AT_ONCE):
        words = said[at : at + AT_ONCE]
        by_number = _said([word for word in words if word in {*numbers}])
        uow.session.execute(delete(OutboxRow).where(OutboxRow.state == PENDING, by_number))
        uow.session.execute(
            update(OutboxRow)
            .where(OutboxRow.state != PENDING, _said(words))
            .values(body=None, notice=None, reply_token=None)
        )


def _said(words: Sequence[str]) -> ColumnElement[bool]:
    columns = (OutboxRow.body, OutboxRow.notice)
    return or_(false(), *(column.contains(word, autoescape=True) for word in words if word for column in columns))


def erase_codes(uow: UnitOfWork, before: datetime) -> int:
    """Codes that ended before `before`, and the imported answers behind those nobody used; returns how many."""
    ended = or_(Invitation.used_at < before, Invitation.revoked_at < before, Invitation.expires_at < before)
    gone = list(
        uow.session.scalars(
            update(Invitation)
            .where(Invitation.code_sealed != CODE_GONE, ended)
            .values(code_sealed=CODE_GONE)
            .returning(Invitation.id)
        )
    )
    if gone:
        nothing = uow.vault.seal_json({})
        behind = select(Invitation.id).where(Invitation.code_sealed == CODE_GONE)
        uow.session.execute(
            update(ImportedExpert).where(ImportedExpert.invitation_id.in_(behind)).values(answers=nothing)
        )
    return len(gone)
