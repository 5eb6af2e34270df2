"""Makes commission letters and acceptances as documents: rendered outside any transaction, stored once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from handlers.usecases import appointment as usecase
from models.rules.calendar import fiscal_year, to_jst
from models.rules.errors import DomainError, NotFound
from models.rules.permissions import SYSTEM, Actor
from models.views.appointment import LetterView
from storage import appointment, people, staff
from storage.database import Database, Unavailable
from storage.documents import Acceptance, Letter, acceptance_pdf, letter_pdf
from storage.files import FileStore, StoreUnavailable

ISSUER = "中小企業119事務局"
PDF = "application/pdf"
log = structlog.get_logger()


@dataclass(frozen=True)
class Letters:
    """The printing room. Every document is sealed before it is stored."""

    database: Database
    files: FileStore
    clock: Callable[[], datetime]

    def issue(self, actor: Actor, application_id: str) -> set[str]:
        """Number, print and hand out one letter; safe to repeat after a crash. Returns whom to wake."""
        with self.database.read() as uow:
            before = appointment.letter_of(uow, application_id, fiscal_year(to_jst(self.clock()).date()))
        if before and before.file_key:
            return set()
        with self.database.unit() as uow:
            letter = usecase.prepare_letter(uow, actor, application_id, self.clock())
        key = self._print(letter)
        with self.database.unit() as uow:
            usecase.issue_letter(uow, actor, letter.id, key, self.clock())
        return uow.told

    def _print(self, letter: LetterView) -> str:
        key = f"letters/{letter.id}.pdf"
        self.files.put(key, self.database.vault.seal(letter_pdf(self._letter(letter))), PDF)
        return key

    def _letter(self, letter: LetterView) -> Letter:
        with self.database.read() as uow:
            desk = people.desk_for(uow, letter.prefecture)
        return Letter(
            number=letter.number,
            name=letter.name,
            fiscal_year=letter.fiscal_year,
            starts=letter.starts,
            ends=letter.ends,
            issued=letter.issued_on,
            issuer=ISSUER,
            desk=desk.name if desk else ISSUER,
            desk_phone=desk.phone if desk else "",
        )

    def advance_tasks(self, mine: Callable[[], bool] = lambda: True) -> set[str]:
        """Go on with every unfinished task while it is `mine`, one letter a transaction; returns whom to wake."""
        told: set[str] = set()
        with self.database.read() as uow:
            tasks = appointment.open_tasks(uow)
        for task, _, starter, ids in tasks:
            for application_id in ids:
                if not mine():
                    return told
                told |= self._piece(task, starter, application_id)
        return told

    def _piece(self, task: str, starter: str | None, application_id: str) -> set[str]:
        with self.database.read() as uow:
            user = staff.by_id(uow, starter) if starter else None
        told, failed = set[str](), False
        try:
            told = self.issue(user.actor if user else SYSTEM, application_id)
        except (StoreUnavailable, Unavailable):
            raise
        except Exception as error:
            code = error.code if isinstance(error, DomainError) else type(error).__name__
            log.warning("letter_not_issued", task=task, application=application_id, code=code)
            failed = True
        with self.database.unit() as uow:
            appointment.advance(uow, task, self.clock(), failed=failed)
        return told

    def write_acceptances(self) -> int:
        """Print the acceptances that are not stored yet; returns how many."""
        with self.database.read() as uow:
            waiting = appointment.unwritten_acceptances(uow)
        for letter in waiting:
            key = f"acceptances/{letter.id}.pdf"
            self.files.put(key, self.database.vault.seal(acceptance_pdf(_acceptance(letter))), PDF)
            with self.database.unit() as uow:
                appointment.set_acceptance_file(uow, letter.id, key)
        return len(waiting)

    def document(self, letter: LetterView, kind: str) -> bytes:
        """The stored letter or acceptance; NotFound before it exists."""
        key = letter.file_key if kind == "letter" else letter.acceptance_key
        if key is None:
            raise NotFound
        return self.database.vault.open(self.files.get(key))


def _acceptance(letter: LetterView) -> Acceptance:
    assert letter.accepted_at
    return Acceptance(
        letter_number=letter.number,
        name=letter.name,
        accepted_at=letter.accepted_at,
        terms_version=letter.terms_version,
        starts=letter.starts,
        ends=letter.ends,
        issuer=ISSUER,
    )
