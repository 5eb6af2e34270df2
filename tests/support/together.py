"""Several people at once."""

from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

from models.rules.errors import DomainError
from storage.database import Database, UnitOfWork

PATIENCE = 60


def together(database: Database, *acts: Callable[[UnitOfWork], Any]) -> list[Any]:
    """All at once, each in a transaction of its own; what each gave, or why it was refused."""
    gate, found = Barrier(len(acts)), dict[int, Any]()

    def run(place: int, act: Callable[[UnitOfWork], Any]) -> None:
        gate.wait()
        try:
            with database.unit() as uow:
                found[place] = act(uow)
        except DomainError as refused:
            found[place] = refused

    threads = [Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    return [found[place] for place in range(len(acts))]
