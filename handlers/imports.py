"""Files of experts to import: kept sealed in the file store, read again when they are looked at or worked through."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from handlers.tasks import Piece
from handlers.usecases import imports as usecase
from models.rules.calendar import to_jst
from models.rules.errors import NotFound, NotPossible
from models.rules.imports import Header, Line, judge_line, read_header, repeated
from models.rules.permissions import Actor
from models.views.imports import ImportView
from models.views.tasks import TaskView
from storage import imports, sheets
from storage.database import Database, UnitOfWork
from storage.files import FileMissing, FileStore, new_key

OCTETS = "application/octet-stream"
MOST_KEPT = 2
KEPT_WITHIN = timedelta(hours=1)
"""So long a stored file may wait for its row; after a crash it is deleted then."""


@dataclass(frozen=True)
class Table:
    """A file's lines under its header, as texts. `again`: lines whose key an earlier line has, with its number."""

    header: Header
    rows: Mapping[int, tuple[str, ...]]
    again: Mapping[int, int]

    def line(self, number: int, today: date) -> Line:
        """One line, judged; NotPossible when the file has no such line."""
        if number not in self.rows:
            raise NotPossible("import.bad_line")
        return judge_line(self.header, number, self.rows[number], today, self.again.get(number))


@dataclass(frozen=True)
class Sheet:
    """A file's table with every line judged."""

    table: Table
    lines: Sequence[Line]


def read(data: bytes) -> Table:
    """The table in an uploaded file; NotPossible says why there is none."""
    head, *rows = sheets.read(data)
    header = read_header(head.cells)
    if not rows:
        raise NotPossible("import.no_lines")
    again = repeated(header, ((row.number, row.cells) for row in rows))
    return Table(header, {row.number: row.cells for row in rows}, again)


class _Shelf:
    """The files looked at last, judged, so that leafing through their pages does not judge them anew."""

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[str, date], Sheet] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, at: tuple[str, date]) -> Sheet | None:
        with self._lock:
            return self._held.get(at)

    def put(self, at: tuple[str, date], sheet: Sheet) -> None:
        with self._lock:
            self._held[at] = sheet
            while len(self._held) > MOST_KEPT:
                self._held.popitem(last=False)

    def clear(self, import_id: str) -> None:
        with self._lock:
            for at in [at for at in self._held if at[0] == import_id]:
                del self._held[at]


_SHELF = _Shelf()


@dataclass(frozen=True)
class Imports:
    """Keeps and opens the files, and invites their experts as a long task. `link_to`: see `usecases.imports.invite`."""

    database: Database
    files: FileStore
    clock: Callable[[], datetime]
    link_to: Callable[[str], str]

    def keep(self, actor: Actor, name: str, data: bytes) -> str:
        """Keep a file that `read` could read; returns the import's id."""
        key = new_key("imports")
        with self.database.unit() as uow:
            imports.expect(uow, key, self.clock() + KEPT_WITHIN)
        self.files.put(key, self.database.vault.seal(data), OCTETS)
        with self.database.unit() as uow:
            return usecase.keep(uow, actor, key, name, self.clock())

    def table(self, view: ImportView) -> Table:
        """What the file of an import holds; NotFound once it was deleted."""
        try:
            sealed = self.files.get(view.file_key)
        except FileMissing:
            raise NotFound from None
        return read(self.database.vault.open(sealed))

    def sheet(self, view: ImportView) -> Sheet:
        """The file with every line judged as of today; slow the first time."""
        today = to_jst(self.clock()).date()
        held = _SHELF.get((view.id, today))
        if held is None:
            table = self.table(view)
            held = Sheet(table, [table.line(number, today) for number in table.rows])
            _SHELF.put((view.id, today), held)
        return held

    def let_go(self, import_id: str) -> None:
        """The import was started or thrown away: nothing of it stays in memory."""
        _SHELF.clear(import_id)

    def begin(self, task: TaskView) -> Piece:
        """Read the file once; a piece is the number of a line."""
        with self.database.read() as uow:
            view = imports.view(uow, task.subject_id or "")
            places = imports.organisations_by_key(uow)
        if view is None:
            raise NotFound
        table = self.table(view)

        def piece(actor: Actor, number: str) -> set[str]:
            now = self.clock()
            line = table.line(int(number), to_jst(now).date())
            with self.database.unit() as uow:
                usecase.invite(uow, actor, view.id, line, places, self.link_to, now)
            return uow.told

        return piece

    def end(self, uow: UnitOfWork, task: TaskView, now: datetime) -> None:
        """Every line is done: the file goes."""
        usecase.finish(uow, task.subject_id or "", now)
