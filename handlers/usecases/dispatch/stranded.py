"""Dispatches of an expert who is no expert any more, or rests: the secretariat has to find somebody else in time."""

from datetime import datetime

from handlers.usecases.dispatch import step
from handlers.usecases.dispatch.step import NOTHING
from models.rules.dispatch import Side
from storage import dispatch
from storage.database import UnitOfWork

STRANDED = "stranded"


def tell(uow: UnitOfWork, expert_id: str, now: datetime) -> None:
    """Tell the secretariat of each request and each visit that the expert still holds."""
    for view in dispatch.held_by(uow, expert_id):
        step.tell(uow, Side.SECRETARIAT, view, STRANDED, Side.SYSTEM, NOTHING, now)
