"""Makes commission letters and acceptances as documents: rendered outside any transaction, stored once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from handlers.tasks import Piece
from handlers.usecases import appointment as usecase
from models.rules.errors import NotFound
from models.rules.permissions import Actor
from models.views.appointment import LetterView
from models.views.tasks import TaskView
from storage import appointment, desks
from storage.database import Database, UnitOfWork
from storage.documents import Acceptance, Letter, acceptance_pdf, letter_pdf
from storage.files import FileStore

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
            if usecase.was_issued(uow, application_id):
                return set()
        with self.database.unit() as uow:
            letter = usecase.prepare_letter(uow, actor, application_id, self.clock())
        key = letter.file_key or self._print(letter)
        with self.database.unit() as uow:
            usecase.issue_letter(uow, actor, letter.id, key, self.clock())
        return uow.told

    def _print(self, letter: LetterView) -> str:
        key = f"letters/{letter.id}.pdf"
        self.files.put(key, self.database.vault.seal(letter_pdf(self._letter(letter))), PDF)
        return key

    def _letter(self, letter: LetterView) -> Letter:
        with self.database.read() as uow:
            desk = desks.desk_for(uow, letter.prefecture)
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

    def begin(self, task: TaskView) -> Piece:  # noqa: ARG002
        """Letters for many as a long task: a piece is the id of an application."""
        return self.issue

    def end(self, uow: UnitOfWork, task: TaskView, now: datetime) -> None:
        """Nothing is left to tidy up."""

    def write_acceptances(self) -> int:
        """Print the acceptances that are not stored yet; returns how many."""
        with self.database.read() as uow:
            waiting = appointment.unwritten_acceptances(uow)
        return sum([self._write_acceptance(letter) for letter in waiting])

    def _write_acceptance(self, letter: LetterView) -> bool:
        """Whether it was printed: one that cannot be keeps no other waiting."""
        try:
            document = acceptance_pdf(_acceptance(letter))
        except Exception as error:
            log.error("acceptance_not_printed", letter=letter.id, error=type(error).__name__)
            return False
        key = f"acceptances/{letter.id}.pdf"
        self.files.put(key, self.database.vault.seal(document), PDF)
        with self.database.unit() as uow:
            appointment.set_acceptance_file(uow, letter.id, key)
        return True

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
