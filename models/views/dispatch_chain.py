"""The chain of a dispatch: what was done by whom, who holds it now and since when, and what is still ahead.

The past comes from the audit, for a dispatch can go round (proposed, reopened, another expert); what is ahead is the
straight way of `domain.md` 3.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from models.rules.dispatch import ENDED, TRANSITIONS, Action, Side, Status, report_deadline
from models.views.dispatch import DispatchView, WordsView


@dataclass(frozen=True)
class Moved:
    """One step as the audit keeps it; `who` is a name, empty for the secretariat and the clock."""

    action: Action
    source: Status
    target: Status
    kind: str
    actor_id: str
    who: str
    at: datetime


@dataclass(frozen=True)
class ChainLink:
    """One link; `status` is done, now, todo or ended. `key`: an action, request, or what is waited for.

    `holders` hold it or did it, `who` is the person's name; `until` is the day by which it is due, if there is one.
    """

    key: str
    status: str
    holders: tuple[Side, ...]
    who: str = ""
    at: datetime | None = None
    until: date | None = None


WAITS = {
    Status.REQUESTED: ("answer", (Side.EXPERT,)),
    Status.COUNTER_PROPOSED: ("choose", (Side.ORGANISATION,)),
    Status.NEEDS_COORDINATION: ("coordinate", (Side.SECRETARIAT,)),
    Status.CONFIRMED: ("visit", (Side.EXPERT,)),
    Status.REPORT_DUE: ("report", (Side.EXPERT,)),
    Status.REPORTED: ("check", (Side.ORGANISATION, Side.SECRETARIAT)),
}
"""What is waited for in a status, and who holds it."""
AHEAD = ("visit", "report", "check", "complete")
_FINAL = {Status.COMPLETED: "complete", Status.DECLINED: "decline", Status.CANCELLED: "cancel"}


def chain(view: DispatchView, moves: Sequence[Moved], side: Side) -> tuple[ChainLink, ...]:
    """All links in order, as `side` may see them: a new expert hears nothing of the one who was asked before."""
    first = ChainLink("request", "done", (Side.ORGANISATION,), view.requester, view.received_at)
    seen = _since_reassigned(moves) if side is Side.EXPERT else moves
    past = tuple(_link(view, move) for move in seen)
    if view.status in WAITS:
        return (first, *past, *_from_now(view))
    if past and moves[-1].target is view.status:
        return (first, *past)
    status = "ended" if view.status in ENDED else "done"
    return (first, *past, ChainLink(_FINAL[view.status], status, (), "", view.status_since))


def _since_reassigned(moves: Sequence[Moved]) -> Sequence[Moved]:
    given = [place for place, move in enumerate(moves) if move.action is Action.REASSIGN]
    return moves[given[-1] :] if given else moves


def _link(view: DispatchView, move: Moved) -> ChainLink:
    status = "ended" if move.target in ENDED else "done"
    return ChainLink(move.action, status, (side_of(view, move),), move.who, move.at)


def side_of(view: DispatchView, move: Moved) -> Side:
    """On which side the step was taken. Where both people's sides may, the expert is known by the id."""
    if move.kind != "person":
        return Side.SECRETARIAT if move.kind == "staff" else Side(move.kind)
    row = TRANSITIONS.get((move.source, move.action))
    people = {Side.EXPERT, Side.ORGANISATION} & (row.by if row else set())
    if len(people) == 1:
        return people.pop()
    return Side.EXPERT if move.actor_id == view.expert_id else Side.ORGANISATION


def _from_now(view: DispatchView) -> tuple[ChainLink, ...]:
    key, holders = WAITS[view.status]
    until = report_deadline(view.day) if view.status is Status.REPORT_DUE else None
    who = view.expert if holders == (Side.EXPERT,) else ""
    rest = AHEAD[AHEAD.index(key) + 1 :] if key in AHEAD else AHEAD
    now = ChainLink(key, "now", holders, who, view.status_since, until)
    return (now, *(ChainLink(later, "todo", ()) for later in rest))


def said(view: DispatchView, links: Sequence[ChainLink], side: Side) -> tuple[WordsView, ...]:
    """What was said with the steps, as `side` may read it: nothing that was said to another expert before."""
    given = [link.at for link in links if link.key == Action.REASSIGN and link.at]
    spoken = tuple(words for words in view.words if words.category or words.comment or words.private)
    if side is not Side.EXPERT or not given:
        return spoken
    return tuple(words for words in spoken if words.at >= given[-1])
