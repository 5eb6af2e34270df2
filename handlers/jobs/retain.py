"""Erases what is no longer needed: applications long over, bodies of finished messages, files nothing holds, …"""

from datetime import datetime, timedelta

import structlog

from handlers.usecases import imports
from handlers.usecases import privacy as usecase
from models.rules.permissions import SYSTEM
from storage import inbox, outbox, papers, presence, profile, settings, staff, system, uploads
from storage.database import Database, Unavailable
from storage.files import HANDOVER, FileStore

UPLOADS_FOR = timedelta(days=1)
HANDOVER_FOR = timedelta(hours=1)
log = structlog.get_logger()


def retain(database: Database, files: FileStore, now: datetime) -> dict[str, int]:
    """Erase; returns how many of each. A file goes before its note does, so that none is forgotten."""
    over = _retire(database, now)
    with database.unit() as uow:
        bodies_before = now - timedelta(days=settings.value(uow, "retain_bodies_days"))
        erased = {
            "applications": over,
            "codes": usecase.retire_codes(uow, SYSTEM, now),
            "imports": imports.retire(uow, SYSTEM, now),
            "dispatches": usecase.retire_dispatches(uow, SYSTEM, now),
            "positions": usecase.retire_positions(uow, SYSTEM, now),
            "drafts": usecase.retire_drafts(uow, SYSTEM, now),
            "inbox": inbox.erase_bodies(uow, bodies_before),
            "outbox": outbox.erase_bodies(uow, bodies_before),
        }
        staff.drop_old_attempts(uow, now)
        presence.drop_before(uow, now - timedelta(days=1))
        system.drop_expired_links(uow, now)
        uploads.forget_before(uow, now - UPLOADS_FOR)
        profile.drop_forgotten(uow, now - UPLOADS_FOR, now)
        doomed = papers.doomed_files(uow, now)
    for key in doomed:
        files.delete(key)
    with database.unit() as uow:
        papers.forget_doomed(uow, doomed)
    left = files.older_than(uploads.QUARANTINE, now - UPLOADS_FOR)
    answers = files.older_than(HANDOVER, now - HANDOVER_FOR)
    for key in (*left, *answers):
        files.delete(key)
    return {**erased, "files": len(doomed), "uploads": len(left), "answers": len(answers)}


def _retire(database: Database, now: datetime) -> int:
    """Applications whose time is over, one a transaction: whatever stops this, the next round goes on."""
    with database.read() as uow:
        over = usecase.overdue(uow, now)
    done = 0
    for application_id in over.applications:
        try:
            with database.unit() as uow:
                done += usecase.retire(uow, SYSTEM, application_id, over.before, now)
        except Unavailable:
            raise
        except Exception as error:
            log.error("not_retired", application=application_id, error=type(error).__name__)
    return done
