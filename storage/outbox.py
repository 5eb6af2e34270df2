"""What must go out: rows are written with the change they tell of, and sent afterwards."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, case, delete, exists, func, or_, select, true, update

from models import notices
from models.rules.calendar import quiet_until
from models.tables.base import table_of
from models.tables.conversation import DEAD, PENDING, SENT, OutboxRow
from storage import trace
from storage.database import UnitOfWork

LINE, MENU, MAIL = "line", "menu", "mail"
MESSAGES_MAX = 5
"""Message objects a send (LINE Messaging API)."""
SET_ASIDE = "restored from a backup: perhaps sent before"


@dataclass(frozen=True)
class Outgoing:
    """A row to send. `body` is None until it has been rendered and frozen.

    `held`: kept for the next free reply, for want of quota. `not_before` lies ahead while another try is waited for.
    """

    seq: int
    retry_key: str
    recipient: str
    channel: str
    notice: str | None
    body: str | None
    turn: str | None
    reply_token: str | None
    reply_until_ms: int
    attempts: int
    held: bool
    not_before: datetime
    trace: str | None


@dataclass(frozen=True)
class ReplyTo:
    """The turn that may answer free of charge, and until when (milliseconds)."""

    turn: str
    token: str | None
    until_ms: int


def _row(recipient: str, channel: str, now: datetime, **values: Any) -> OutboxRow:
    return OutboxRow(
        retry_key=str(uuid.uuid4()), recipient=recipient, channel=channel, created_at=now, trace=trace.current(),
        **{"not_before": now, **values},
    )  # fmt: skip


def tell(
    uow: UnitOfWork, recipient: str, notice: notices.Notice, now: datetime, *, channel: str = LINE, asked: bool = False
) -> None:
    """Tell somebody: quiet by night on LINE (`ux.md`), at once by mail or for what the person did (`asked`)."""
    not_before = (quiet_until(now) or now) if channel == LINE and not asked else now
    uow.session.add(_row(recipient, channel, now, notice=notices.to_json(notice), not_before=not_before))
    uow.told.add(recipient if channel == LINE else MAIL)


def answer(uow: UnitOfWork, recipient: str, messages: Sequence[dict[str, Any]], reply: ReplyTo, now: datetime) -> None:
    """The turn's own words to the person who acted; already rendered, so frozen at once.

    What does not fit into one reply follows in rows of its own.
    """
    for at in range(0, len(messages), MESSAGES_MAX):
        body = json.dumps(messages[at : at + MESSAGES_MAX], ensure_ascii=False)
        own = {} if at else {"reply_token": reply.token, "reply_until_ms": reply.until_ms}
        uow.session.add(_row(recipient, LINE, now, body=body, turn=reply.turn, **own))


def link_menu(uow: UnitOfWork, recipient: str, alias: str, now: datetime) -> None:
    """Give the person the rich menu of their role."""
    uow.session.add(_row(recipient, MENU, now, body=alias))
    uow.told.add(recipient)


def readdress(uow: UnitOfWork, account: str, to: str) -> None:
    """Somebody goes on with the LINE account `to`: notices that have not left go there, as sends of their own.

    Dead ones would go there if somebody tried them again. Answers to what was done on the old account, and its menu,
    have nobody to go to and are dropped.
    """
    theirs = (OutboxRow.recipient == account, OutboxRow.state.in_((PENDING, DEAD)), OutboxRow.channel != MAIL)
    uow.session.flush()
    uow.session.execute(delete(OutboxRow).where(*theirs, OutboxRow.notice.is_(None)))
    for seq, state in uow.session.execute(select(OutboxRow.seq, OutboxRow.state).where(*theirs)).all():
        fresh = {"recipient": to, "retry_key": str(uuid.uuid4())}
        again = {"attempts": 0, "error": None} if state == PENDING else {}
        uow.session.execute(update(OutboxRow).where(OutboxRow.seq == seq).values(**fresh, **again))
        uow.told.update({to} if state == PENDING else ())


COLUMNS = (
    OutboxRow.seq, OutboxRow.retry_key, OutboxRow.recipient, OutboxRow.channel, OutboxRow.notice, OutboxRow.body,
    OutboxRow.turn, OutboxRow.reply_token, OutboxRow.reply_until_ms, OutboxRow.attempts, OutboxRow.held,
    OutboxRow.not_before, OutboxRow.trace,
)  # fmt: skip


_outbox = table_of(OutboxRow).c
_again = (_outbox.channel == LINE) & (_outbox.attempts > 0)
_DUE = (
    select(*(_outbox[column.key] for column in COLUMNS))
    .where(_outbox.recipient == bindparam("who"), _outbox.state == PENDING, _outbox.channel != MAIL)
    .where((_outbox.not_before <= bindparam("now")) | _again)
    .order_by(_outbox.held, _outbox.seq)
    .limit(bindparam("most"))
)
_SENT = (
    update(table_of(OutboxRow))
    .where(_outbox.seq.in_(bindparam("seqs", expanding=True)), _outbox.state == PENDING)
    .values(state=SENT, sent_at=bindparam("now"), via=bindparam("way"), held=False, attempts=_outbox.attempts + 1)
)


def due(uow: UnitOfWork, recipient: str, now: datetime, *, limit: int = 20) -> list[Outgoing]:
    """What the person is owed now, in order, with what is held and what waits for another try: neither is overtaken."""
    found = uow.session.execute(_DUE, {"who": recipient, "now": now, "most": limit})
    return sorted((Outgoing(*row) for row in found), key=lambda row: row.seq)


def claim_mails(uow: UnitOfWork, now: datetime, until: datetime, limit: int = 20) -> list[Outgoing]:
    """Mails that are due, taken until `until` so that nobody else sends them meanwhile."""
    chosen = (
        select(OutboxRow.seq)
        .where(OutboxRow.state == PENDING, OutboxRow.channel == MAIL, OutboxRow.not_before <= now)
        .order_by(OutboxRow.seq)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    seqs = list(uow.session.scalars(chosen))
    if not seqs:
        return []
    taken = uow.session.execute(
        update(OutboxRow).where(OutboxRow.seq.in_(seqs)).values(not_before=until).returning(*COLUMNS)
    )
    return sorted((Outgoing(*row) for row in taken), key=lambda row: row.seq)


def freeze(uow: UnitOfWork, seq: int, body: str) -> None:
    """Keep the rendered body: every repeat sends exactly this."""
    uow.session.execute(update(OutboxRow).where(OutboxRow.seq == seq, OutboxRow.body.is_(None)).values(body=body))


def sent(uow: UnitOfWork, seqs: Sequence[int], via: str, now: datetime) -> None:
    """These have left, by reply, push, menu or mail."""
    uow.session.execute(_SENT, {"seqs": list(seqs), "now": now, "way": via})


def dead(uow: UnitOfWork, seq: int, error: str) -> None:
    """This can never leave; it is shown to the secretariat and blocks nobody."""
    _set(uow, [seq], state=DEAD, error=error[:200], attempts=OutboxRow.attempts + 1)


def wait(uow: UnitOfWork, seqs: Sequence[int], until: datetime, error: str) -> None:
    """Try these again later, by push (the reply token is spent or dead)."""
    _set(
        uow, seqs, not_before=until, error=error[:200], attempts=OutboxRow.attempts + 1, reply_token=None
    )  # fmt: skip


def behind(uow: UnitOfWork, seqs: Sequence[int], until: datetime) -> None:
    """These wait for one before them, without a try of their own; then they go by push."""
    _set(uow, seqs, not_before=until, reply_token=None)


def forget_reply(uow: UnitOfWork, seqs: Sequence[int]) -> None:
    """The reply did not go: from now on these go by push."""
    _set(uow, seqs, reply_token=None)


def hold(uow: UnitOfWork, seqs: Sequence[int], error: str) -> None:
    """The month's quota is used up: keep these for the person's next free reply."""
    _set(uow, seqs, held=True, error=error[:200], reply_token=None)


def _set(uow: UnitOfWork, seqs: Sequence[int], **values: Any) -> None:
    uow.session.execute(update(OutboxRow).where(OutboxRow.seq.in_(seqs), OutboxRow.state == PENDING).values(**values))


def mails_are_due(uow: UnitOfWork, now: datetime) -> bool:
    """Whether any mail waits to be sent."""
    waiting = exists().where(OutboxRow.state == PENDING, OutboxRow.channel == MAIL, OutboxRow.not_before <= now)
    return bool(uow.session.scalar(select(waiting)))


def troubles(uow: UnitOfWork) -> dict[str, int]:
    """Counts for the secretariat: messages held for want of quota, and dead ones."""
    held = select(func.count()).where(OutboxRow.state == PENDING, OutboxRow.held.is_(True))
    lost = select(func.count()).where(OutboxRow.state == DEAD)
    return {"held": uow.session.scalar(held) or 0, "dead": uow.session.scalar(lost) or 0}


def release_held(uow: UnitOfWork, now: datetime, before: datetime | None = None) -> int:
    """Let held messages go again (a bigger plan; with `before`: those that were due before it); returns how many."""
    late = OutboxRow.not_before < before if before else true()
    freed = uow.session.execute(
        update(OutboxRow)
        .where(OutboxRow.state == PENDING, OutboxRow.held.is_(True), late)
        .values(held=False, not_before=now)
        .returning(OutboxRow.seq)
    )
    return len(freed.all())


def set_aside(uow: UnitOfWork) -> int:
    """After a restore, messages and mails that waited are not sent but shown as such; returns how many. Menus go."""
    waiting = (OutboxRow.state == PENDING, OutboxRow.channel != MENU)
    found = uow.session.scalar(select(func.count()).select_from(OutboxRow).where(*waiting)) or 0
    uow.session.execute(update(OutboxRow).where(*waiting).values(state=DEAD, error=SET_ASIDE))
    return found


def erase_bodies(uow: UnitOfWork, before: datetime) -> int:
    """Erase what was said in rows finished before `before`, and the addresses of mails; returns how many."""
    erased = uow.session.execute(
        update(OutboxRow)
        .where(
            OutboxRow.state != PENDING,
            OutboxRow.created_at < before,
            or_(OutboxRow.body.is_not(None), OutboxRow.notice.is_not(None)),
        )
        .values(
            body=None,
            notice=None,
            reply_token=None,
            recipient=case((OutboxRow.channel == MAIL, ""), else_=OutboxRow.recipient),
        )
        .returning(OutboxRow.seq)
    )
    return len(erased.all())
