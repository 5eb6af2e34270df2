"""Erases what is no longer needed: bodies of finished messages, files nothing holds, old attempts and links."""

from datetime import datetime, timedelta

from storage import inbox, outbox, papers, staff, system
from storage.database import Database
from storage.files import FileStore

BODIES_FOR = timedelta(days=7)


def retain(database: Database, files: FileStore, now: datetime) -> dict[str, int]:
    """Erase; returns how many of each. A file goes before its note does, so that none is forgotten."""
    with database.unit() as uow:
        erased = {
            "inbox": inbox.erase_bodies(uow, now - BODIES_FOR),
            "outbox": outbox.erase_bodies(uow, now - BODIES_FOR),
        }
        staff.drop_old_attempts(uow, now)
        system.drop_expired_links(uow, now)
        doomed = papers.doomed_files(uow)
    for key in doomed:
        files.delete(key)
    with database.unit() as uow:
        papers.forget_doomed(uow, doomed)
    return {**erased, "files": len(doomed)}
