"""An organisation that asks for dispatches and two experts, for tests of the desk that settles them."""

from datetime import datetime

from handlers.usecases.dispatch import coordinate
from models.rules.dispatch import Status, Why
from models.views.dispatch import DispatchView
from storage import dispatch
from tests.support import dispatches, factories
from tests.support.factories import House

WHY = "お電話で双方に確かめました"


class Place:
    """An organisation that asks, and two experts."""

    def __init__(self, house: House) -> None:
        self.house = house
        with house.database.unit() as uow:
            self.organisation = factories.organisation(uow)
            self.approver = factories.approver(uow, self.organisation)
        self.expert = dispatches.expert(house, self.organisation, self.approver)
        self.other = dispatches.expert(
            house, self.organisation, self.approver, name="髙橋 美咲", kana="タカハシ ミサキ", prefecture="北海道",
            specialities=["IT活用"],
        )  # fmt: skip

    def ask(self, status: Status = Status.NEEDS_COORDINATION, **more) -> DispatchView:
        self.house.clock.advance(minutes=1)
        why = more.pop("why", Why.NO_AGREEMENT if status is Status.NEEDS_COORDINATION else None)
        expert = more.pop("expert", self.expert)
        return dispatches.request(self.house, self.organisation, self.approver, expert, status=status, why=why, **more)

    def slot(self, days: int = 8, hour: int = 13, minutes: int = 120) -> tuple[datetime, datetime]:
        return dispatches.slot(self.house.clock(), days, hour, minutes)

    def now(self, view: DispatchView) -> DispatchView:
        with self.house.database.read() as uow:
            found = dispatch.view(uow, view.id, private=True)
        assert found
        return found

    def reopened(self, view: DispatchView) -> None:
        """Somebody else was quicker."""
        with self.house.database.unit() as uow:
            other = factories.staff_user(uow, "other@example.jp").actor
            coordinate.reopen(uow, other, view.id, self.now(view).version, WHY, "", self.house.clock())


def inputs(time: tuple[datetime, datetime], at: str = "") -> dict[str, str]:
    starts, ends = time
    names = (f"day{at}", f"from{at}", f"to{at}")
    return dict(zip(names, (starts.date().isoformat(), f"{starts:%H:%M}", f"{ends:%H:%M}"), strict=True))
