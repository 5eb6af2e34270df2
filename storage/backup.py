"""A backup as a folder: `<UTC time>/` with the database, the files and `manifest.json`, there as a whole or not at all.

It is written beside its place under another name and gets its own when everything is on the disk, so that what a kill
left behind is never taken for a backup; the next one clears it away.
"""

import fcntl
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import IO

from storage.dump import Dumped
from storage.files import KEY, PIECE, sync_folder

FORMAT = 1
NAME, STAMP = re.compile(r"\d{8}T\d{6}Z"), "%Y%m%dT%H%M%SZ"
UNFINISHED = ".unfinished-"
MANIFEST, DATABASE, FILES = "manifest.json", "database.dump", "files"
PROOF = b"chusho119 backup"
"""What the manifest keeps sealed under each key, to see whether a restored service can open its papers."""


class BackupFailed(Exception):
    """A backup could not be made or is not whole; the text says why and what to do."""


@dataclass(frozen=True)
class Kept:
    """One file of a backup."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a backup holds. `seals`: the proof under each of FIELD_KEYS; `digest`: that of the proof."""

    made_at: str
    database: Dumped
    seals: Sequence[str]
    digest: str
    contents: Mapping[str, Kept]

    @property
    def moment(self) -> datetime:
        """When it was begun: the database is that of this moment."""
        return datetime.fromisoformat(self.made_at)

    @property
    def size(self) -> int:
        """Bytes, the manifest itself left out."""
        return sum(kept.size for kept in self.contents.values())

    @property
    def keys(self) -> list[str]:
        """The keys of the file store, in order."""
        return sorted(name.removeprefix(f"{FILES}/") for name in self.contents if name.startswith(f"{FILES}/"))


@contextmanager
def writing(root: Path, now: datetime) -> Iterator[tuple[Path, Path]]:
    """A fresh folder under `root` to write into, and the place it is moved to when the block ends well."""
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(root):
        for left in root.glob(f"{UNFINISHED}*"):
            shutil.rmtree(left)
        folder, place = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=root)), _free(root, now)
        try:
            yield folder, place
            for inside in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
                sync_folder(inside)
            folder.rename(place)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        sync_folder(root)


def write(path: Path, pieces: Iterable[bytes]) -> Kept:
    """Write one file of a backup, readable by its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    size, digest = 0, sha256()
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        for piece in pieces:
            file.write(piece)
            digest.update(piece)
            size += len(piece)
        file.flush()
        os.fsync(file.fileno())
    return Kept(size, digest.hexdigest())


def sealed_off(path: Path) -> Kept:
    """A file that another program wrote, put on the disk for good."""
    path.chmod(0o600)
    with path.open("rb") as file:
        os.fsync(file.fileno())
        return _measured(file)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """The last file of a backup."""
    text = json.dumps({"format": FORMAT, **asdict(manifest)}, ensure_ascii=False, indent=1)
    write(folder / MANIFEST, [text.encode()])


def read(folder: Path) -> Manifest:
    """The manifest of a backup; BackupFailed when there is none, or one we cannot read."""
    try:
        kept = json.loads((folder / MANIFEST).read_bytes())
        if kept.pop("format") != FORMAT:
            raise BackupFailed(f"{folder} was made by a newer release; restore it with that one.")
        kept["database"] = Dumped(**kept["database"])
        kept["contents"] = {name: Kept(**each) for name, each in kept["contents"].items()}
        manifest = Manifest(**kept)
        stamp(manifest.moment)
    except OSError as error:
        raise BackupFailed(f"{folder} is no backup: {MANIFEST} cannot be read ({error.strerror}).") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupFailed(f"{folder} is no backup of ours: {MANIFEST} is damaged.") from error
    ours = {DATABASE, *(f"{FILES}/{key}" for key in manifest.keys if KEY.fullmatch(key))}
    if ours != manifest.contents.keys():
        raise BackupFailed(f"{folder} is no backup of ours: {MANIFEST} is damaged.")
    return manifest


def verify(folder: Path, manifest: Manifest) -> None:
    """BackupFailed unless every file is there as it was written."""
    for name, kept in manifest.contents.items():
        try:
            with (folder / name).open("rb") as file:
                found = _measured(file)
        except OSError as error:
            raise BackupFailed(f"{folder / name} cannot be read ({error.strerror}); use another backup.") from error
        if found != kept:
            raise BackupFailed(f"{folder / name} is not what was backed up; use another backup.")


def drop_old(root: Path, keep: int) -> list[Path]:
    """Take away all but the newest `keep` backups; returns which."""
    old = sorted(path for path in root.iterdir() if NAME.fullmatch(path.name) and (path / MANIFEST).is_file())[:-keep]
    old = [path for path in old if not path.is_symlink()]
    for path in old:
        gone = path.with_name(f"{UNFINISHED}{path.name}")
        path.rename(gone)
        shutil.rmtree(gone)
    return old


def stamp(moment: datetime) -> str:
    """What a backup of this moment is called."""
    return moment.astimezone(UTC).strftime(STAMP)


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    handle = os.open(root, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupFailed(f"another backup into {root} is running.") from None
        yield
    finally:
        os.close(handle)


def _free(root: Path, now: datetime) -> Path:
    """A name later than every other: two of one second, or a clock set back, never make the newest look old."""
    name = stamp(now)
    newest = max((path.name for path in root.iterdir() if NAME.fullmatch(path.name)), default="")
    if name <= newest:
        name = (datetime.strptime(newest, STAMP).replace(tzinfo=UTC) + timedelta(seconds=1)).strftime(STAMP)
    return root / name


def _measured(file: IO[bytes]) -> Kept:
    size, digest = 0, sha256()
    while piece := file.read(PIECE):
        size += len(piece)
        digest.update(piece)
    return Kept(size, digest.hexdigest())
