"""Going on with another LINE account: the states of a move, and the reasons for which one is refused."""

from enum import StrEnum


class MoveState(StrEnum):
    """Where a move stands. CODE_SENT: a code was given out and not yet brought back; WAITING: for the secretariat."""

    CODE_SENT = "code_sent"
    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"
    TAKEN_BACK = "taken_back"


OPEN = (MoveState.CODE_SENT, MoveState.WAITING)
SHOWN = (MoveState.WAITING, MoveState.APPROVED, MoveState.REFUSED, MoveState.TAKEN_BACK)
"""What the secretariat's list holds: a code that nobody brought back is nobody's business."""
REASONS = ("not_same", "no_contact", "not_needed")
