"""The runner of long work on both databases: resumed after a kill, alone among processes, fair to every task."""

import os
import signal
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from handlers.tasks import AT_A_TIME, Piece, Tasks
from models.rules.errors import NotPossible
from models.rules.permissions import Actor
from models.views.tasks import TaskView
from storage import audit, tasks
from storage.database import Conflict, Database, UnitOfWork
from storage.files import StoreUnavailable
from storage.secrets import Vault, new_key
from tests.support.databases import KINDS, fresh
from tests.support.factories import START, Clock, staff_user

KEY = new_key()


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    opened = Database(fresh(request.param, tmp_path), Vault([KEY]))
    yield opened
    opened.close()


@dataclass
class Diary:
    """A kind of work that writes down each piece; `wrong` maps pieces to what they raise, once or always."""

    seen: list[str] = field(default_factory=list)
    actors: list[Actor] = field(default_factory=list)
    wrong: dict[str, Exception] = field(default_factory=dict)
    once: set[str] = field(default_factory=set)
    begun: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    unreadable: Exception | None = None

    def begin(self, task: TaskView) -> Piece:
        self.begun.append(task.id)
        if self.unreadable:
            raise self.unreadable

        def piece(actor: Actor, name: str) -> Iterable[str]:
            error = self.wrong.pop(name, None) if name in self.once else self.wrong.get(name)
            if error:
                raise error
            self.seen.append(name)
            self.actors.append(actor)
            return {f"U{name}"}

        return piece

    def end(self, uow: UnitOfWork, task: TaskView, now: datetime) -> None:
        self.ended.append(task.id)


def runner(database: Database, owner: str = "one", /, **works: Diary) -> tuple[Tasks, set[str]]:
    told: set[str] = set()
    return Tasks(database, Clock(), works, told.update, owner), told


def begun(database: Database, kind: str, pieces: list[str], staff_id: str | None = None) -> str:
    with database.unit() as uow:
        return tasks.add(uow, kind, pieces, staff_id, START, "f" * 32)


def seen(database: Database, task: str) -> tuple[int, int, bool]:
    with database.read() as uow:
        view = tasks.view(uow, task)
    assert view
    return view.done, view.failed, view.finished


def test_every_piece_is_done_once_in_order_by_whoever_started_it(database: Database):
    with database.unit() as uow:
        clerk = staff_user(uow)
    diary = Diary()
    task = begun(database, "diary", ["a", "b", "c"], clerk.id)
    work, told = runner(database, diary=diary)
    assert work.advance() == 3
    assert diary.seen == ["a", "b", "c"]
    assert diary.actors == [clerk.actor] * 3
    assert told == {"Ua", "Ub", "Uc"}
    assert seen(database, task) == (3, 0, True)
    assert diary.ended == [task]
    assert work.advance() == 0


def test_a_piece_that_fails_is_counted_and_stops_nothing(database: Database):
    diary = Diary(wrong={"b": NotPossible("import.bad_line"), "c": ValueError("never shown")})
    task = begun(database, "diary", ["a", "b", "c", "d"])
    runner(database, diary=diary)[0].advance()
    assert diary.seen == ["a", "d"]
    assert seen(database, task) == (2, 2, True)


def test_a_piece_that_met_another_transaction_is_tried_once_more(database: Database):
    diary = Diary(wrong={"a": Conflict("unique"), "b": Conflict("unique")}, once={"a"})
    task = begun(database, "diary", ["a", "b"])
    runner(database, diary=diary)[0].advance()
    assert diary.seen == ["a"]
    assert seen(database, task) == (1, 1, True)


def test_a_store_that_does_not_answer_puts_one_task_off_and_no_other(database: Database):
    diary, other = Diary(wrong={"b": StoreUnavailable("gone")}, once={"b"}), Diary()
    task, second = begun(database, "diary", ["a", "b", "c"]), begun(database, "other", ["x", "y"])
    work, _ = runner(database, diary=diary, other=other)
    work.advance()
    assert (diary.seen, other.seen) == (["a"], ["x", "y"])
    assert seen(database, task) == (1, 0, False)
    assert seen(database, second) == (2, 0, True)
    work.advance()
    assert diary.seen == ["a", "b", "c"]
    assert seen(database, task) == (3, 0, True)


def test_a_task_that_cannot_be_read_has_failed_and_keeps_no_other_waiting(database: Database):
    broken, fine = Diary(unreadable=KeyError("x")), Diary()
    task, other = begun(database, "broken", ["a", "b"]), begun(database, "fine", ["x"])
    runner(database, broken=broken, fine=fine)[0].advance()
    assert seen(database, task) == (0, 2, True)
    assert broken.ended == [task]
    assert seen(database, other) == (1, 0, True)


def test_a_task_whose_file_store_is_away_at_the_start_is_taken_up_later(database: Database):
    diary = Diary(unreadable=StoreUnavailable("gone"))
    task = begun(database, "diary", ["a"])
    work, _ = runner(database, diary=diary)
    work.advance()
    assert seen(database, task) == (0, 0, False)
    diary.unreadable = None
    work.advance()
    assert seen(database, task) == (1, 0, True)


def test_a_kind_of_a_newer_version_is_left_alone(database: Database):
    task = begun(database, "unheard-of", ["a"])
    assert runner(database, diary=Diary())[0].advance() == 0
    assert seen(database, task) == (0, 0, False)


def test_a_small_task_does_not_wait_for_a_big_one(database: Database):
    diary = Diary()
    begun(database, "diary", [f"big {number}" for number in range(3 * AT_A_TIME)])
    begun(database, "diary", ["small"])
    runner(database, diary=diary)[0].advance()
    assert diary.seen.index("small") <= AT_A_TIME
    assert len(diary.begun) == 2, "each payload is read once"


def test_two_processes_never_do_a_piece_twice(database: Database):
    """One of them holds the lease; the other one leaves at once."""
    diary = Diary()
    task = begun(database, "diary", [str(number) for number in range(60)])
    works = [runner(database, f"process {number}", diary=diary)[0] for number in range(2)]
    threads = [threading.Thread(target=work.advance) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(diary.seen, key=int) == [str(number) for number in range(60)]
    assert seen(database, task) == (60, 0, True)


def test_while_another_process_holds_the_lease_nothing_is_done(database: Database):
    diary = Diary()
    begun(database, "diary", ["a"])
    first, second = (runner(database, owner, diary=diary)[0] for owner in ("first", "second"))
    first.hold()
    assert second.advance() == 0
    assert first.advance() == 1
    begun(database, "diary", ["b"])
    assert second.advance() == 1, "the lease was given back"


def test_a_late_word_about_a_piece_that_is_behind_changes_nothing(database: Database):
    task = begun(database, "diary", ["a", "b"])
    with database.unit() as uow:
        assert not tasks.advance(uow, task, 0, START, failed=False)
    with database.unit() as uow:
        assert not tasks.advance(uow, task, 0, START, failed=True), "done twice"
        assert not tasks.advance(uow, task, 5, START, failed=True), "not there yet"
    assert seen(database, task) == (1, 0, False)
    with database.unit() as uow:
        assert tasks.advance(uow, task, 1, START, failed=False)
        assert not tasks.give_up(uow, task, START)


def test_a_task_killed_in_the_middle_goes_on_where_it_was(database: Database):
    """The process dies after a piece had its effect and before the task could say so: that piece is repeated."""
    task = begun(database, "kill", [str(number) for number in range(10)])
    child = os.fork()
    if child == 0:
        own = Database(database.url, Vault([KEY]))
        Tasks(own, Clock(), {"kill": Deadly(own, at=6)}, lambda _: None, "dying").advance()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL
    assert seen(database, task) == (6, 0, False)
    later = Clock()
    later.advance(minutes=4)
    assert Tasks(database, later, {"kill": Deadly(database)}, lambda _: None, "next").advance() == 4
    assert seen(database, task) == (10, 0, True)
    with database.read() as uow:
        written = [entry.action for entry in audit.of_subject(uow, "task", task)]
    assert written == [*"0123456", *"6789"]


@dataclass
class Deadly:
    """Work that writes each piece into the audit, and kills its process after piece `at`."""

    database: Database
    at: int = -1

    def begin(self, task: TaskView) -> Piece:
        def piece(actor: Actor, name: str) -> Iterable[str]:
            with self.database.unit() as uow:
                audit.record(uow, actor, name, ("task", task.id), START)
            if int(name) == self.at:
                os.kill(os.getpid(), signal.SIGKILL)
            return ()

        return piece

    def end(self, uow: UnitOfWork, task: TaskView, now: datetime) -> None:
        pass
