"""Sends what the outbox holds: replies first, then pushes in order, menus, mails (`architecture.md` 2.7).

Nothing here decides anything about the programme. A row's body is frozen before its first push; every repeat sends the
same body under the same retry key.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import accumulate, takewhile
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
from handlers.watch.metrics import NO_METER, Meter
from models.notices import Notice, from_json
from storage import outbox, people, system, trace
from storage.database import Database, Unavailable, UnitOfWork
from storage.inbox import ms
from storage.mail import Mail, Mailer, MailRefused, MailUnavailable
from storage.outbox import MAIL, MENU, Outgoing

if TYPE_CHECKING:
    from bot.line.client import LineClient

Render = Callable[[Notice], list[dict[str, Any]]]
RenderMail = Callable[[Notice], tuple[str, str]]
#: Writes one result into the outbox, once a transaction is open.
Result = Callable[[UnitOfWork], None]
COUNTED = {"reply": "replies", "push": "pushes", "mail": "mails"}
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
    meter: Meter = NO_METER

    def send_due(self, user_id: str) -> list[Result]:
        """Send what the person is owed. The caller holds the person's lease and writes the results down."""
        now = self.clock()
        with self.database.read() as uow:
            rows = outbox.due(uow, user_id, now)
        rows = self._freeze(rows)
        results = self._menus([row for row in rows if row.channel == MENU])
        talk = [row for row in rows if row.channel != MENU]
        live = [row for row in talk if row.reply_token and ms(now) < row.reply_until_ms]
        if live:
            return results + self._with_reply(user_id, live[-1], talk)
        return results + self._in_order(user_id, [row for row in talk if not row.held], now)

    def _with_reply(self, user_id: str, live: Outgoing, talk: list[Outgoing]) -> list[Result]:
        """The turn's words by reply, free: first what it cannot take along goes by push, last what came after it."""
        earlier, chosen, after = _around(talk, live)
        results, go_on = self._push(user_id, earlier)
        if not go_on:
            until = self.clock() + timedelta(seconds=1)
            self._no_longer_free([*chosen, *after])
            return [*results, partial(outbox.behind, seqs=[row.seq for row in (*chosen, *after)], until=until)]
        outcome = self.client.reply(live.reply_token or "", _messages(chosen))
        seqs = [row.seq for row in chosen]
        if isinstance(outcome, Sent):
            results.append(self._left(chosen, "reply"))
            return results + self._push(user_id, after)[0]
        log.info("reply_failed", outcome=type(outcome).__name__, rows=seqs)
        if isinstance(outcome, Retry | Unauthorised):
            self._no_longer_free([*chosen, *after])
            return [*results, self._later([*chosen, *after], outcome)]
        results.append(partial(outbox.forget_reply, seqs=seqs))
        return results + self._push(user_id, [row for row in (*chosen, *after) if not row.held])[0]

    def _in_order(self, user_id: str, rows: list[Outgoing], now: datetime) -> list[Result]:
        """Push up to the first row that waits for another try; those behind it wait with it."""
        waiting = next((at for at, row in enumerate(rows) if row.not_before > now), len(rows))
        results, _ = self._push(user_id, rows[:waiting])
        late = [row for row in rows[waiting:] if row.not_before <= now]
        if late:
            until = rows[waiting].not_before
            self._no_longer_free(late)
            results.append(partial(outbox.behind, seqs=[row.seq for row in late], until=until))
        return results

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
            with trace.bound(row.trace):
                log.exception("message_dead", row=row.seq)
            self.meter.count("dead_messages", what="message")
            return None

    def _push(self, user_id: str, rows: list[Outgoing]) -> tuple[list[Result], bool]:
        """Push these one by one; what to write down, and whether others may follow now."""
        if not rows:
            return [], True
        with self.database.read() as uow:
            person = people.by_user_id(uow, user_id)
        if person and person.blocked:
            return [self._instead_of_line(row, person.mail) for row in rows], True
        self._no_longer_free(rows)
        results: list[Result] = []
        for at, row in enumerate(rows):
            with trace.bound(row.trace):
                outcome = self.client.push(row.recipient, _messages([row]), row.retry_key)
                written, go_on = self._judge(outcome, row, rows[at:])
            results += written
            if not go_on:
                return results, isinstance(outcome, QuotaUsedUp)
        return results, True

    def _judge(self, outcome: Outcome, row: Outgoing, rest: list[Outgoing]) -> tuple[list[Result], bool]:
        """What to write down after a push, and whether those behind it may follow now."""
        match outcome:
            case Sent():
                return [self._left([row], "push")], True
            case Refused(status, _):
                log.error("message_dead", row=row.seq, status=status)
                self.meter.count("dead_messages", what="message")
                return [partial(outbox.dead, seq=row.seq, error=f"refused {status}")], True
            case QuotaUsedUp():
                log.error("quota_used_up", rows=len(rest))
                return [partial(outbox.hold, seqs=[other.seq for other in rest], error="monthly limit")], False
            case TokenDead():
                return [partial(outbox.dead, seq=row.seq, error="refused")], True
            case _:
                until, error = self._again(row.attempts, outcome)
                others = [other.seq for other in rest[1:]]
                wait = partial(outbox.wait, seqs=[row.seq], until=until, error=error)
                return [wait, partial(outbox.behind, seqs=others, until=until)], False

    def _again(self, attempts: int, outcome: Failure) -> tuple[datetime, str]:
        """When to try again, and the failure's name."""
        named = outcome.after if isinstance(outcome, Retry) else None
        seconds = max(named or 0, min(2.0 ** min(attempts, 10), 600))
        if isinstance(outcome, Unauthorised):
            log.error("line_unauthorised", status=outcome.status)
            seconds = max(seconds, 60)
        error = "unknown" if isinstance(outcome, OutcomeUnknown) else type(outcome).__name__
        return self.clock() + timedelta(seconds=seconds), error

    def _later(self, rows: Sequence[Outgoing], outcome: Failure) -> Result:
        until, error = self._again(max(row.attempts for row in rows), outcome)
        return partial(outbox.wait, seqs=[row.seq for row in rows], until=until, error=error)

    def _instead_of_line(self, row: Outgoing, address: str) -> Result:
        """The person blocked us: a notice goes by mail if we know an address."""

        def write(uow: UnitOfWork) -> None:
            if row.notice and address:
                with trace.bound(row.trace):
                    outbox.tell(uow, address, from_json(row.notice), self.clock(), channel=MAIL)
            outbox.dead(uow, row.seq, "blocked, mailed" if row.notice and address else "blocked")

        return write

    def _left(self, rows: Sequence[Outgoing], via: str) -> Result:
        """These were accepted in one send: count it, and say so under the id of each one's cause."""
        if via in COUNTED:
            self.meter.count(COUNTED[via])
        for cause in dict.fromkeys(row.trace for row in rows):
            with trace.bound(cause):
                log.info("sent", via=via, rows=[row.seq for row in rows if row.trace == cause])
        return partial(outbox.sent, seqs=[row.seq for row in rows], via=via, now=self.clock())

    def _no_longer_free(self, rows: Sequence[Outgoing]) -> None:
        """Count the answers among these that had a reply token: now they go by push."""
        if lost := sum(1 for row in rows if row.reply_token):
            self.meter.count("replies_turned_pushes", lost)

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
        with trace.bound(row.trace):
            try:
                self.client.link_menu(row.recipient, menu_id)
            except LineError as error:
                if error.retryable and row.attempts < 8:
                    return self._later([row], error.outcome)
                self.meter.count("dead_messages", what="menu")
                return partial(outbox.dead, seq=row.seq, error="menu refused")
            return self._left([row], "menu")

    def send_mails(self) -> int:
        """Send the mails that are due; returns how many were tried."""
        now = self.clock()
        with self.database.read() as uow:
            if not outbox.mails_are_due(uow, now):
                return 0
        with self.database.unit() as uow:
            rows = outbox.claim_mails(uow, now, now + timedelta(minutes=2))
        for row in rows:
            with trace.bound(row.trace):
                result = self._mail(row)
            with self.database.unit() as uow:
                result(uow)
        return len(rows)

    def _mail(self, row: Outgoing) -> Result:
        try:
            subject, text = self._mail_body(row)
        except Unavailable:
            raise
        except Exception:
            log.exception("mail_dead", row=row.seq)
            self.meter.count("dead_messages", what="mail")
            return partial(outbox.dead, seq=row.seq, error="cannot be rendered")
        try:
            self.mailer.send(Mail(row.recipient, subject, text, row.retry_key))
        except MailRefused:
            log.error("mail_dead", row=row.seq)
            self.meter.count("dead_messages", what="mail")
            return partial(outbox.dead, seq=row.seq, error="mail refused")
        except MailUnavailable:
            until = self.clock() + timedelta(seconds=min(30 * 2.0 ** min(row.attempts, 10), 3600))
            log.warning("mail_put_off", row=row.seq)
            return partial(outbox.wait, seqs=[row.seq], until=until, error="mail unavailable")
        return self._left([row], "mail")

    def _mail_body(self, row: Outgoing) -> tuple[str, str]:
        if row.body is None:
            subject, text = self.render_mail(from_json(row.notice or ""))
            with self.database.unit() as uow:
                outbox.freeze(uow, row.seq, json.dumps([subject, text], ensure_ascii=False))
            return subject, text
        subject, text = json.loads(row.body)
        return subject, text


def _messages(rows: Sequence[Outgoing]) -> list[dict[str, Any]]:
    return [message for row in rows for message in json.loads(row.body or "[]")]


def _around(rows: list[Outgoing], live: Outgoing) -> tuple[list[Outgoing], list[Outgoing], list[Outgoing]]:
    """What is pushed before the reply, what the reply takes along, and what follows it.

    As many of the rows right before the turn's own as fit, unless one was tried before: its outcome may be unknown, and
    only a push is recognised as a repeat. Held rows, the oldest first, go before all others; the rest stays held.
    """
    room = MESSAGES_MAX - len(_messages([live]))
    before = [row for row in rows if row.seq < live.seq]
    held = _that_fit([row for row in before if row.held], room)
    room -= len(_messages(held))
    fresh = [] if held else list(takewhile(lambda row: not row.attempts, reversed([r for r in before if not r.held])))
    taken = _that_fit(fresh, room)[::-1]
    earlier = [row for row in before if not row.held and row not in taken]
    return earlier, [*held, *taken, live], [row for row in rows if row.seq > live.seq]


def _that_fit(rows: Sequence[Outgoing], room: int) -> list[Outgoing]:
    """The first of the rows, as many as have room together."""
    sizes = accumulate(len(_messages([row])) for row in rows)
    return [row for row, size in zip(rows, sizes, strict=True) if size <= room]
