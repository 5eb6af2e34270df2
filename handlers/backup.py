"""`backup` and `restore`: the database, the files and a manifest in a folder, and back into an empty installation.

The database goes first. A file is stored before the row that names it is committed, so every row of the dump finds its
file among those copied afterwards; the other way round, a paper that came in between would be a row without a file.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from handlers.bootstrap import Service
from models.rules.permissions import SYSTEM
from storage import audit, backup, bucket, dump, outbox, reseal, schema, seals
from storage.backup import BackupFailed, Kept, Manifest
from storage.database import Unavailable
from storage.dump import DumpFailed
from storage.files import FileMissing, StoreUnavailable
from storage.secrets import SealBroken, Vault

Say = Callable[[str], None]


@dataclass(frozen=True)
class Done:
    """A backup that was made. `gone`: files deleted while it was made; `missing`: those that rows name in vain."""

    place: Path
    rows: int
    files: int
    size: int
    gone: int
    dropped: int
    missing: int


def back_up(service: Service, root: Path, keep: int | None = None) -> Done:
    """Make a backup under `root`, then take away all but the newest `keep`; BackupFailed says what to do."""
    began = service.clock()
    with _words(), backup.writing(root, began) as (folder, place):
        dumped = dump.dump(service.database.engine, folder / backup.DATABASE)
        contents = {backup.DATABASE: backup.sealed_off(folder / backup.DATABASE)}
        named = _named(service)
        keys = [key for key in service.files.all_keys() if not _passes(key)]
        for key in keys:
            kept = _copied(service, key, folder / backup.FILES / key)
            contents |= {f"{backup.FILES}/{key}": kept} if kept else {}
        named.difference_update(keys)
        missing = len(named & _named(service)) if named else 0
        if missing and len(contents) == 1:
            raise BackupFailed(
                f"the database names {missing} files, and the store holds none of them: is FILE_STORE_URL right?"
            )
        manifest = _manifest(service, began, dumped, contents)
        backup.write_manifest(folder, manifest)
    with _words(f"The backup was made ({place}), but the service does not know of it."):
        _take_down(service, "backup.make", manifest)
    with _words("The backup was made, but old ones were not taken away."):
        dropped = backup.drop_old(root, keep) if keep else []
    files = len(contents) - 1
    return Done(place, sum(dumped.rows.values()), files, manifest.size, len(keys) - files, len(dropped), missing)


def restore(service: Service, folder: Path, say: Say, *, send_waiting: bool = False) -> None:
    """Make an empty installation what was backed up; BackupFailed, before anything is touched, when that cannot be.

    Messages that waited when the backup was made were perhaps sent since. They are set aside and shown to the
    secretariat, unless `send_waiting`: for a service that was stopped before its backup was made.
    """
    with _words(""):
        manifest = backup.read(folder)
        _refuse(service, manifest)
        say("checking every file of the backup")
        backup.verify(folder, manifest)
        dump.refuse(service.database.engine, manifest.database)
        _refuse_files(service)
        _take_back(service, folder, manifest, say)
        waiting = 0 if send_waiting else _set_aside(service)
        _prove(service, manifest)
        _take_down(service, "backup.restore", manifest)
    for line in _report(manifest, waiting, sent=send_waiting):
        say(line)


def _passes(key: str) -> bool:
    """What lies there passes through within a day, and is not sealed: it is no part of a backup."""
    return key.partition("/")[0] in bucket.PASSING


def _named(service: Service) -> set[str]:
    """The files that rows name now; a row that goes takes its file along. Unknown under another release's schema."""
    if not schema.is_current(service.database.engine):
        return set()
    with service.database.read() as uow:
        return {key for key in reseal.named_files(uow) if not _passes(key)}


def _take_down(service: Service, action: str, manifest: Manifest) -> None:
    """Which backup is the newest, where doctor and the figures look: in the audit of whichever database it now is.

    The dump itself was taken before; a restored database would think that the backup before was its last.
    """
    about = ("backup", backup.stamp(manifest.moment))
    with service.database.unit() as uow:
        audit.record(uow, SYSTEM, action, about, service.clock(), detail=str(manifest.size))


def _manifest(service: Service, began: datetime, dumped: dump.Dumped, contents: dict[str, Kept]) -> Manifest:
    proofs = [Vault([key]).seal(backup.PROOF).decode() for key in service.settings.field_keys]
    digest = service.database.vault.digest(backup.PROOF)
    return Manifest(began.isoformat(), dumped, proofs, digest, contents)


def _copied(service: Service, key: str, to: Path) -> Kept | None:
    """The sealed bytes as they are; None for a file that was deleted since it was listed."""
    pieces = service.files.pieces(key)
    try:
        first = list(itertools.islice(pieces, 1))
    except FileMissing:
        return None
    return backup.write(to, itertools.chain(first, pieces))


def _refuse(service: Service, manifest: Manifest) -> None:
    """What can be said against it without asking anybody."""
    if not schema.is_known(manifest.database.revision):
        newer = f"the backup's schema {manifest.database.revision} is newer than this release"
        raise BackupFailed(f"{newer}; restore it with the release that made it.")
    vault = service.database.vault
    try:
        known = all(vault.open(seal.encode()) == backup.PROOF for seal in manifest.seals)
    except SealBroken:
        known = False
    if not known:
        raise BackupFailed(
            "FIELD_KEYS belong to another installation: they do not open what this backup sealed."
            " Set all the keys of that service."
        )
    if vault.digest(backup.PROOF) != manifest.digest:
        raise BackupFailed("digests hang on another key: set DIGEST_KEY, or the last of FIELD_KEYS, as it was.")


def _refuse_files(service: Service) -> None:
    service.files.check()
    some = list(itertools.islice(service.files.all_keys(), 3))
    if some:
        raise BackupFailed(f"the file store is not empty; it holds {', '.join(some)} … Name an empty one.")


def _take_back(service: Service, folder: Path, manifest: Manifest, say: Say) -> None:
    """Files first: as long as they are not all there, the database is empty and nobody takes it for a service."""
    keys = manifest.keys
    say(f"putting {len(keys)} files into the store")
    try:
        for key in keys:
            service.files.put_file(key, folder / backup.FILES / key, "application/octet-stream")
        say("loading the database")
        dump.load(service.database.engine, folder / backup.DATABASE, manifest.database)
    except (DumpFailed, StoreUnavailable) as error:
        why = error.reason if isinstance(error, StoreUnavailable) else str(error)
        raise BackupFailed(f"{why} Nothing is restored: empty the file store, and begin again.") from error


def _prove(service: Service, manifest: Manifest) -> None:
    """The rows are those of the manifest, and sealed values of the restored tables open."""
    engine = service.database.engine
    with engine.connect() as connection:
        found = dump.count(connection)
    if found != dict(manifest.database.rows):
        raise BackupFailed("the restored database does not hold the rows that were backed up; use another backup.")
    if not schema.is_current(engine):
        return
    with service.database.read() as uow:
        samples = seals.samples(uow)
    broken = {one.place for one, opener in seals.opened_by([service.database.vault], samples) if opener is None}
    if broken:
        raise BackupFailed(f"FIELD_KEYS do not open {', '.join(sorted(broken))}: a key of that service is missing.")


def _set_aside(service: Service) -> int:
    with service.database.unit() as uow:
        return outbox.set_aside(uow)


def _report(manifest: Manifest, waiting: int, *, sent: bool) -> Iterable[str]:
    rows = sum(manifest.database.rows.values())
    yield f"restored {rows} rows and {len(manifest.keys)} files of {manifest.made_at}; FIELD_KEYS open them"
    if waiting:
        yield f"{waiting} messages that waited then are not sent, for they may have been; the page lists them"
        yield "(事務局ページ, はじめ, 届かなかったもの)"
    if sent:
        yield "messages that waited then are sent when the service starts"
    if manifest.database.revision != schema.head():
        yield f"the schema is {manifest.database.revision}; run: chusho119 db upgrade"
    yield "then: chusho119 richmenu sync, and chusho119 doctor"


@contextmanager
def _words(left: str = "Nothing was kept.") -> Iterator[None]:
    """Whatever stops a backup, as a sentence; `left`: what that leaves."""
    try:
        yield
    except StoreUnavailable as error:
        raise BackupFailed(f"the file store does not answer: {error.reason}") from error
    except DumpFailed as error:
        raise BackupFailed(str(error)) from error
    except Unavailable as error:
        raise BackupFailed(f"the database does not answer: {error}. {left}".rstrip()) from error
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise BackupFailed(f"the disk: {error.strerror}{where}. {left}".rstrip()) from error
