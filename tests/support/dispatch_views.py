"""Dispatches as screens are given them, made without a database."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product

from bot.line.messages import Message
from bot.screens import dispatch
from bot.screens import dispatch_answers as answers
from models.rules.calendar import JST
from models.rules.dispatch import Action, Side, Status
from models.rules.errors import Stale
from models.rules.place import PlaceSource, Point
from models.views.dispatch import ContactView, DispatchView, PlaceView, SlotView, WordsView

NOW = datetime(2026, 11, 24, 1, tzinfo=UTC)
START = datetime(2026, 12, 1, 13, tzinfo=JST)
HOURS = timedelta(hours=3)


def slots(round_: int, side: str, *days: int) -> tuple[SlotView, ...]:
    """Times on these days after the first one."""
    times = [START + timedelta(days=day) for day in days]
    return tuple(SlotView(f"{round_}{at}" * 16, round_, side, time, time + HOURS) for at, time in enumerate(times))


def view(status: Status, **more: object) -> DispatchView:
    """A dispatch that stands at a status."""
    made = DispatchView(
        id="d" * 32, number="D-2026-000001", version=3, status=status, status_since=NOW, received_at=NOW,
        day=date(2026, 12, 1), organisation_id="o", organisation="千代田商工会", requester_id="r", requester="佐藤 恵",
        business_id="b", business="株式会社みほん製作所", corporate_number="7000012050002", business_address="東京都",
        expert_id="e", expert="山田 太郎", predecessor_id="", title="原価管理の見直し", topic="生産管理",
        topic_other="", wishes="原価を下げたい", accompany=True,
        contact=ContactView("田中 一郎", "03-1234-5678", "tanaka@example.jp"),
        place=PlaceView("東京都千代田区丸の内1-9-1", PlaceSource.ADDRESS, Point(35.681236, 139.767125)),
        slots=slots(0, "organisation", 0, 1, 2), expert_prefecture="東京都",
    )  # fmt: skip
    fixed = status in (Status.CONFIRMED, Status.REPORT_DUE, Status.REPORTED, Status.COMPLETED)
    if fixed:
        made = replace(made, starts=START, ends=START + HOURS)
    if status is Status.COUNTER_PROPOSED:
        proposed = slots(1, "expert", 5, 6)
        made = replace(
            made, slots=made.slots + proposed, words=(WordsView("propose", "expert", "", "", "午前なら", NOW),)
        )
    return replace(made, **more)  # pyright: ignore[reportArgumentType]


def shown(texts: Iterable[str]) -> Iterator[Message]:
    """Every card and every word around an answer, with texts as long as they can get."""
    link = "https://example.jp/p/dispatch/" + "a" * 400
    for text, status in product(texts, Status):
        words = (WordsView("cancel", "expert", "other", "", text, NOW),)
        place = PlaceView(text, PlaceSource.UNKNOWN, None)
        more = view(status, title=text, business=text, wishes=text, expert=text, words=words, place=place)
        for side, made in product((Side.EXPERT, Side.ORGANISATION), (view(status), more)):
            card = dispatch.card(made, side, link=link, now=START - HOURS)
            yield card
            yield answers.next_visit(card, made, START)
            yield from answers.waiting([card] * 6, 1000, "waits")
            for kind in ("fixed", "proposed", "declined", "none_fits", "withdrawn", "cancelled"):
                yield answers.receipt(card, made, kind)
        yield answers.confirm_fix(more, more.wished[0], Action.TAKE_SLOT)
        yield from (answers.late_told(more, minutes) for minutes in (0, 60))
        yield answers.late_before(more)
        late = Stale("dispatch.decided", dispatch=more.id, at="11月24日（火）10:00", who=text, of=text)
        yield answers.too_late(late)
    yield from (answers.no_visit(), answers.calendar(link), answers.no_calendar())
