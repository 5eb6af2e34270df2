"""What the calendar does to commissions: experts are asked to continue, reminded, and a year that is over ends it.

A job calls these, for many experts at once. Each looks again at the locked row, so that a second run, another process
or an answer given meanwhile changes nothing. Permissions are asked of the system, which nobody can log in as.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from handlers.usecases import roles, step, tell
from models.notices import CommissionOver, ExpertsOver, LetterOver, RenewalAsked
from models.rules.calendar import to_jst
from models.rules.commission import Due, due
from models.rules.permissions import Actor, ApplicationSubject, can
from models.rules.registration import APPOINTING, Action, State
from models.tables.registration import Application
from storage import appointment, outbox, registration, settings
from storage.database import UnitOfWork


def attend(uow: UnitOfWork, actor: Actor, application_ids: Iterable[str], now: datetime) -> int:
    """Do what today asks for of each commission; returns for how many there was something to do."""
    year = _Year(uow, actor, now)
    done = sum([year.attend(row) for row in _locked(uow, application_ids)])
    year.tell_inviters()
    return done


def take_back_letters(uow: UnitOfWork, actor: Actor, application_ids: Iterable[str], now: datetime) -> int:
    """Letters whose year ended before they were accepted lapse: the secretariat issues others. Returns how many."""
    done = 0
    for row in _locked(uow, application_ids):
        letter = appointment.letter_of(uow, row.id)
        if letter is None or letter.accepted_at or letter.ends >= to_jst(now).date():
            continue
        if row.state == State.COMMISSIONED and can(actor, "commission.run", _subject(row)):
            step.take(uow, actor, row, Action.LAPSE, now, letter.number)
            tell.person(uow, row.person_id, LetterOver(letter.number), now)
            done += 1
    return done


def rest(uow: UnitOfWork, actor: Actor, application_ids: Iterable[str], now: datetime) -> int:
    """Experts whose year ended while the next letter is still on its way: told so, with the newcomers' menu."""
    done = 0
    for row in _locked(uow, application_ids):
        ends = appointment.accepted_until(uow, row.id)
        if ends is None or ends >= to_jst(now).date() or row.state not in APPOINTING:
            continue
        if can(actor, "commission.run", _subject(row, renewing=True)):
            tell.person(uow, row.person_id, CommissionOver(row.number or "", ends.isoformat(), renewing=True), now)
            roles.show_menu_of(uow, row.person_id, now)
            done += 1
    return done


def _locked(uow: UnitOfWork, application_ids: Iterable[str]) -> Iterable[Application]:
    for application_id in application_ids:
        row = registration.lock(uow, application_id)
        if row:
            yield row


def _subject(row: Application, *, renewing: bool = False) -> ApplicationSubject:
    return ApplicationSubject(row.person_id, row.organisation_id, State(row.state), renewing=renewing)


@dataclass
class _Year:
    """One transaction's work on commissions, and by inviter's account the experts whose year is over."""

    uow: UnitOfWork
    actor: Actor
    now: datetime
    over: dict[str, list[str]] = field(default_factory=dict)

    def attend(self, row: Application) -> bool:
        ends = appointment.accepted_until(self.uow, row.id)
        what = self._due(row, ends) if ends and can(self.actor, "commission.run", _subject(row)) else None
        if ends is None or what is None:
            return False
        if what is Due.LAPSE:
            self._lapse(row, ends)
            return True
        if what is Due.ASK:
            step.take(self.uow, self.actor, row, Action.FALL_DUE, self.now, ends.isoformat())
        else:
            row.reminded_at = self.now
        asked = RenewalAsked(row.number or "", row.id, ends.isoformat(), reminder=what is Due.REMIND)
        tell.person(self.uow, row.person_id, asked, self.now)
        return True

    def _due(self, row: Application, ends: date) -> Due | None:
        return due(
            State(row.state), to_jst(row.state_since).date(), ends, to_jst(self.now).date(),
            ask_days=settings.value(self.uow, "renewal_ask_days"),
            remind_days=settings.value(self.uow, "renewal_remind_days"),
            reminded=row.reminded_at is not None,
        )  # fmt: skip

    def _lapse(self, row: Application, ends: date) -> None:
        step.take(self.uow, self.actor, row, Action.LAPSE, self.now, ends.isoformat())
        tell.person(self.uow, row.person_id, CommissionOver(row.number or "", ends.isoformat()), self.now)
        roles.show_menu_of(self.uow, row.person_id, self.now)
        for account in tell.inviters_of(self.uow, row):
            self.over.setdefault(account, []).append(row.name)

    def tell_inviters(self) -> None:
        for account, names in self.over.items():
            outbox.tell(self.uow, account, ExpertsOver(names[0], len(names)), self.now)
