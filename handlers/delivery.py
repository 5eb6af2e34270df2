"""Sends what the outbox holds: replies first, then pushes in order, menus, mails (`architecture.md` 2.7).

Nothing here decides anything about the programme. A row's body is frozen before its first push; every repeat sends the
same body under the same retry key.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from bot.line.limits import MESSAGES_MAX
from bot.line.outcomes import (
    Failure,
    LineError,
    Outcome,
    OutcomeUnknown,
    QuotaUsedUp,
    Refused,
    Retry,
    Sent,
    TokenDead,
    Unauthorised,
)  # fmt: skip
from models.notices import Notice, from_json
from storage import outbox, people, system
from storage.database import Database, UnitOfWork
from storage.inbox import ms
from storage.mail import Mail, Mailer, MailRefused, MailUnavailable
from storage.outbox import MAIL, MENU, Outgoing

if TYPE_CHECKING:
    from bot.line.client import LineClient

Render = Callable[[Notice], list[dict[str, Any]]]
RenderMail = Callable[[Notice], tuple[str, str]]
#: Writes one result into the outbox, once a transaction is open.
Result = Callable[[UnitOfWork], None]
log = structlog.get_logger()


@dataclass(frozen=True)
class Delivery:
    """Sends to LINE and by mail. `render` gives a notice's messages, `render_mail` subject and text."""

    database: Database
    client: "LineClient"
    mailer: Mailer
    render: Render
    render_mail: RenderMail
    clock: Callable[[], datetime]

    def send_due(self, user_id: str) -> list[Result]:
        """Send what the person is owed. The caller holds the person's lease and writes the results down."""
        now = self.clock()
        with self.database.read() as uow:
            rows = outbox.due(uow, user_id, now, with_held=True)
        live = [row for row in rows if row.reply_token and ms(now) < row.reply_until_ms]
        if not live:
            with self.database.read() as uow:
                rows = outbox.due(uow, user_id, now)
        if not rows:
            return []
        rows = self._freeze(rows)
        results = self._menus([row for row in rows if row.channel == MENU])
        talk = [row for row in rows if row.channel != MENU]
        replied, left = self._reply(live[-1], talk) if live else ([], talk)
        return results + replied + self._push(user_id, left)

    def _freeze(self, rows: Sequence[Outgoing]) -> list[Outgoing]:
        bare = [row for row in rows if row.body is None]
        if not bare:
            return list(rows)
        bodies = {row.seq: self._rendered(row) for row in bare}
        with self.database.unit() as uow:
            for seq, body in bodies.items():
                if body is None:
                    outbox.dead(uow, seq, "cannot be rendered")
                else:
                    outbox.freeze(uow, seq, body)
        full = [replace(row, body=bodies[row.seq]) if row.body is None else row for row in rows]
        return [row for row in full if row.body is not None]

    def _rendered(self, row: Outgoing) -> str | None:
        """The body, or None for a row nobody can put into words: it must not stop those behind it."""
        try:
            return json.dumps(self.render(from_json(row.notice or "")), ensure_ascii=False)
        except Exception:
            log.exception("message_dead", row=row.seq)
            return None

    def _reply(self, live: Outgoing, rows: list[Outgoing]) -> tuple[list[Result], list[Outgoing]]:
        """One free reply for this turn's words, with as many earlier rows before them as fit."""
        chosen = _fitting(rows, live)
        messages = [message for row in chosen for message in json.loads(row.body or "[]")]
        outcome = self.client.reply(live.reply_token or "", messages)
        seqs = [row.seq for row in chosen]
        left = [row for row in rows if row.seq not in seqs]
        if isinstance(outcome, Sent):
            return [partial(outbox.sent, seqs=seqs, via="reply", now=self.clock())], left
        log.info("reply_failed", outcome=type(outcome).__name__, rows=seqs)
        if isinstance(outcome, Retry | Unauthorised):
            return [self._later(rows, outcome)], []
        return [partial(outbox.forget_reply, seqs=seqs)], rows

    def _push(self, user_id: str, rows: list[Outgoing]) -> list[Result]:
        if not rows:
            return []
        with self.database.read() as uow:
            person = people.by_user_id(uow, user_id)
        if person and person.blocked:
            return [self._instead_of_line(row, person.mail) for row in rows]
        results: list[Result] = []
        for at, row in enumerate(rows):
            outcome = self.client.push(row.recipient, json.loads(row.body or "[]"), row.retry_key)
            result, go_on = self._judge(outcome, row, rows[at:])
            results.append(result)
            if not go_on:
                break
        return results

    def _judge(self, outcome: Outcome, row: Outgoing, rest: list[Outgoing]) -> tuple[Result, bool]:
        """What to write down after a push, and whether those behind it may follow now."""
        match outcome:
            case Sent():
                return partial(outbox.sent, seqs=[row.seq], via="push", now=self.clock()), True
            case Refused(status, _):
                log.error("message_dead", row=row.seq, status=status)
                return partial(outbox.dead, seq=row.seq, error=f"refused {status}"), True
            case QuotaUsedUp():
                log.error("quota_used_up", rows=len(rest))
                return partial(outbox.hold, seqs=[other.seq for other in rest], error="monthly limit"), False
            case TokenDead():
                return partial(outbox.dead, seq=row.seq, error="refused"), True
            case _:
                return self._later(rest[:1], outcome), False

    def _later(self, rows: Sequence[Outgoing], outcome: Failure) -> Result:
        attempts = max(row.attempts for row in rows)
        named = outcome.after if isinstance(outcome, Retry) else None
        seconds = max(named or 0, min(2.0**attempts, 600))
        if isinstance(outcome, Unauthorised):
            log.error("line_unauthorised", status=outcome.status)
            seconds = max(seconds, 60)
        error = "unknown" if isinstance(outcome, OutcomeUnknown) else type(outcome).__name__
        until = self.clock() + timedelta(seconds=seconds)
        return partial(outbox.wait, seqs=[row.seq for row in rows], until=until, error=error)

    def _instead_of_line(self, row: Outgoing, address: str) -> Result:
        """The person blocked us: a notice goes by mail if we know an address."""

        def write(uow: UnitOfWork) -> None:
            if row.notice and address:
                outbox.tell(uow, address, from_json(row.notice), self.clock(), channel=MAIL)
            outbox.dead(uow, row.seq, "blocked")

        return write

    def _menus(self, rows: Sequence[Outgoing]) -> list[Result]:
        if not rows:
            return []
        with self.database.read() as uow:
            ids = system.menu_ids(uow)
        return [self._menu(row, ids.get(row.body or "")) for row in rows]

    def _menu(self, row: Outgoing, menu_id: str | None) -> Result:
        if menu_id is None:
            return partial(
                outbox.wait, seqs=[row.seq], until=self.clock() + timedelta(minutes=5), error="no rich menus yet"
            )
        try:
            self.client.link_menu(row.recipient, menu_id)
        except LineError as error:
            if error.retryable and row.attempts < 8:
                return self._later([row], error.outcome)
            return partial(outbox.dead, seq=row.seq, error="menu refused")
        return partial(outbox.sent, seqs=[row.seq], via="menu", now=self.clock())

    def send_mails(self) -> int:
        """Send the mails that are due; returns how many were tried."""
        now = self.clock()
        with self.database.read() as uow:
            if not outbox.mails_are_due(uow, now):
                return 0
        with self.database.unit() as uow:
            rows = outbox.claim_mails(uow, now, now + timedelta(minutes=2))
        for row in rows:
            result = self._mail(row)
            with self.database.unit() as uow:
                result(uow)
        return len(rows)

    def _mail(self, row: Outgoing) -> Result:
        subject, text = self._mail_body(row)
        try:
            self.mailer.send(Mail(row.recipient, subject, text, row.retry_key))
        except MailRefused:
            log.error("mail_dead", row=row.seq)
            return partial(outbox.dead, seq=row.seq, error="mail refused")
        except MailUnavailable:
            until = self.clock() + timedelta(seconds=min(30 * 2.0**row.attempts, 3600))
            return partial(outbox.wait, seqs=[row.seq], until=until, error="mail unavailable")
        return partial(outbox.sent, seqs=[row.seq], via="mail", now=self.clock())

    def _mail_body(self, row: Outgoing) -> tuple[str, str]:
        if row.body is None:
            subject, text = self.render_mail(from_json(row.notice or ""))
            with self.database.unit() as uow:
                outbox.freeze(uow, row.seq, json.dumps([subject, text], ensure_ascii=False))
            return subject, text
        subject, text = json.loads(row.body)
        return subject, text


def _fitting(rows: Sequence[Outgoing], live: Outgoing) -> list[Outgoing]:
    """The rows of the live turn, and before them as many earlier ones as LINE takes in one reply."""
    own = [row for row in rows if row.turn == live.turn]
    room = MESSAGES_MAX - sum(len(json.loads(row.body or "[]")) for row in own)
    before: list[Outgoing] = []
    for row in rows:
        size = len(json.loads(row.body or "[]"))
        if row.turn == live.turn or row.seq > live.seq or size > room:
            continue
        before.append(row)
        room -= size
    return [*before, *own]
