"""An organisation, two experts and a clerk who settles what they ask for."""

from collections.abc import Callable
from datetime import datetime

from models.notices import DispatchTold, from_json
from models.rules.dispatch import Status, Why
from models.rules.permissions import Actor
from models.rules.visit import End, Evidence, Source
from models.views.dispatch import DispatchView
from models.views.people import PersonView
from storage import dispatch, visits
from tests.support import dispatches, factories
from tests.support.factories import House
from tests.support.ledger import Ledger

WHY = "双方にお電話で確かめました"
Told = list[tuple[str, str, str]]


class Desk:
    """An organisation, two experts, and a clerk who settles what they ask for."""

    def __init__(self, house: House, approver: PersonView) -> None:
        self.house, self.approver = house, approver
        self.organisation = next(iter(approver.actor.organisations))
        self.expert = dispatches.expert(house, self.organisation, approver)
        self.other = dispatches.expert(house, self.organisation, approver, name="髙橋 美咲", kana="タカハシ ミサキ")
        with house.database.unit() as uow:
            self.clerk = factories.staff_user(uow).actor
        self.ledger = Ledger(house.database)

    def slot(self, days: int = 8, hour: int = 13, minutes: int = 120) -> tuple[datetime, datetime]:
        return dispatches.slot(self.house.clock(), days, hour, minutes)

    def ask(self, status: Status = Status.NEEDS_COORDINATION, **more) -> DispatchView:
        why = more.pop("why", Why.NO_AGREEMENT if status is Status.NEEDS_COORDINATION else None)
        expert = more.pop("expert", self.expert)
        return dispatches.request(self.house, self.organisation, self.approver, expert, status=status, why=why, **more)

    def do(self, act: Callable[..., DispatchView], view: DispatchView, *rest, actor: Actor | None = None):
        with self.house.database.unit() as uow:
            return act(uow, actor or self.clerk, view.id, view.version, *rest, self.house.clock())

    def now(self, view: DispatchView) -> DispatchView:
        with self.house.database.read() as uow:
            found = dispatch.view(uow, view.id, private=True)
        assert found
        return found

    def told(self, view: DispatchView) -> Told:
        """(act, to, recipient) of every notice about it."""
        found: Told = []
        for text, who in self.ledger.rows("SELECT notice, recipient FROM outbox WHERE notice LIKE '%DispatchTold%'"):
            notice = from_json(text)
            if isinstance(notice, DispatchTold) and notice.dispatch_id == view.id:
                found.append((notice.act, notice.to, who))
        return sorted(found)

    def audited(self, view: DispatchView) -> list[str]:
        query = "SELECT action FROM audit WHERE subject_kind = 'dispatch' AND subject_id = :id ORDER BY seq"
        return [row[0] for row in self.ledger.rows(query, id=view.id)]

    def come(self, view: DispatchView, yen: int | None = None) -> None:
        with self.house.database.unit() as uow:
            at = self.house.clock()
            held = visits.open_row(uow, view.id, self.expert.id, at)
            visits.add_act(uow, self.expert.actor, view.id, self.expert.id, End.IN, Source.GPS, at, at)
            held.came_at, held.yen, held.evidence = at, yen, Evidence.WAITING
