"""はじめ: what waits and since when, what happened today, and what went wrong; every number leads to its list."""

from dataclasses import dataclass
from datetime import date, datetime

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from bot.text import t
from handlers.admin import dispatches
from handlers.admin.application_list import TABS
from handlers.admin.context import actor, now, services
from handlers.checks.finding import ATTENTION, Level
from models.rules.calendar import day_start, late_before, to_jst
from models.rules.dispatch import Status
from models.rules.permissions import can
from models.rules.registration import State
from storage import audit, evidence, inbox, moves, organisations, outbox, profile, registration, settings
from storage.database import UnitOfWork

ON_START = ("secretariat", "agreed", "organisation", "returned")
LIST = "admin.application_list"
DISPATCHES = "admin.dispatch_list"
SAID_ELSEWHERE = frozenset({"held", "dead", "dead_events", "links_old"})
"""Findings with a line of their own here, or that can wait for a quiet day."""
DECIDED = ("dispatch.take_slot", "dispatch.accept", "dispatch.set_time")
Oldest = tuple[int, datetime | None]


@dataclass(frozen=True)
class Waiting:
    """One queue: what it is called, where its list is, how many, since when the oldest, how many for too long."""

    name: str
    link: str
    count: int
    oldest: datetime | None
    late: int = 0


@dataclass(frozen=True)
class Event:
    """Something that happens in a day: the audit's actions and the state they led to ("" for any), and its list."""

    name: str
    actions: tuple[str, ...]
    to: str = ""
    tab: str = "all"
    endpoint: str = LIST


EVENTS = (
    Event("承認依頼が届いた", ("application.submit",), tab="organisation"),
    Event("支援機関が承認した", ("application.approve",), State.SECRETARIAT_REVIEW, "secretariat"),
    Event("事務局が承認した", ("application.approve",), State.TERMS_SENT, "approved"),
    Event("差し戻した", ("application.return",), tab="returned"),
    Event("否認した", ("application.reject",), tab="rejected"),
    Event("委嘱条件に同意した", ("application.agree",), tab="agreed"),
    Event("委嘱状を発行した", ("application.issue",), tab="commissioned"),
    Event("就任を承諾した", ("application.accept",), tab="active"),
    Event("更新を希望した", ("application.continue",), tab="approved"),
    Event("停止した", ("application.suspend",), tab="suspended"),
    Event("停止を解いた", ("application.lift",), tab="active"),
    Event("辞退・取り下げ", ("application.decline", "application.withdraw"), tab="withdrawn"),
    Event("委嘱が終わった", ("application.leave", "application.end", "application.lapse"), tab="ended"),
    Event("派遣の依頼が届いた", ("dispatch.request",), endpoint=DISPATCHES, tab="all"),
    Event("派遣の日程が決まった", DECIDED, Status.CONFIRMED, Status.CONFIRMED, DISPATCHES),
    Event("派遣が辞退された", ("dispatch.decline",), endpoint=DISPATCHES, tab=Status.DECLINED),
    Event("派遣のキャンセル・取り下げ", ("dispatch.cancel", "dispatch.withdraw"), "", Status.CANCELLED, DISPATCHES),
    Event("氏名・口座の変更が届いた", ("change.request",), endpoint="admin.change_list"),
    Event("LINEの引き継ぎを決めた", ("move.approve", "move.refuse"), endpoint="admin.move_list"),
)


@dataclass(frozen=True)
class Happened:
    """One line of what happened today."""

    name: str
    count: int
    link: str


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    bp.add_url_rule("/", view_func=start)


def start() -> ResponseReturnValue:
    """The first page; the number of its queries hangs on nothing."""
    today = to_jst(now()).date()
    with services().database.read() as uow:
        late_days = settings.value(uow, "secretariat_after_days")
        queues = _queues(uow, late_before(today, late_days))
        wrong = {**outbox.troubles(uow), "inbox": inbox.count_dead(uow)}
        lonely = organisations.count_without_approver(uow)
        happened = _happened(uow, today)
    return render_template(
        "admin/start.html", queues=queues, late_days=late_days, wrong=wrong, lonely=lonely, happened=happened,
        today=today, audited=can(actor(), "audit.read"), system=_system(),
    )  # fmt: skip


def _system() -> str:
    """A line where the system needs somebody's attention; what has a line of its own already is left out."""
    examiner = services().examiner
    if examiner is None or not can(actor(), "status.read"):
        return ""
    levels = [each.level for each in examiner.recent() if each.level in ATTENTION and each.code not in SAID_ELSEWHERE]
    errors = levels.count(Level.ERROR)
    return t("status.attention", errors=errors, warnings=len(levels) - errors) if levels else ""


def _queues(uow: UnitOfWork, late_since: datetime) -> list[Waiting]:
    found = registration.waiting(uow, actor())
    late = registration.count(uow, actor(), [State.ORGANISATION_REVIEW], before=late_since)
    others = (
        ("start.visits", "admin.visit_list", evidence.waiting(uow, actor())),
        ("start.changes", "admin.change_list", profile.waiting(uow)),
        ("start.moves", "admin.move_list", moves.waiting(uow)),
    )
    return [
        *(_waiting(tab, found.get(TABS[tab][0], (0, None)), late) for tab in ON_START),
        *(_of_dispatches(queue) for queue in dispatches.queues(uow)),
        *(Waiting(t(name), url_for(endpoint), *waiting) for name, endpoint, waiting in others),
    ]


def _of_dispatches(queue: dispatches.Queue) -> Waiting:
    name = t("coordinate.unanswered_waits" if queue.tab == dispatches.UNANSWERED else "coordinate.waits")
    return Waiting(name, url_for("admin.dispatch_list", state=queue.tab), queue.count, queue.oldest)


def _waiting(tab: str, waiting: Oldest, late: int) -> Waiting:
    state = TABS[tab][0]
    agreed = state is State.TERMS_AGREED
    link = url_for("admin.letter_list") if agreed else url_for("admin.application_list", state=tab)
    return Waiting(t(f"state.{state}"), link, *waiting, late if state is State.ORGANISATION_REVIEW else 0)


def _happened(uow: UnitOfWork, today: date) -> list[Happened]:
    """What happened since midnight in Japan, in the order of a registration; what did not is left out."""
    counts = audit.counts_since(uow, day_start(today), {action for event in EVENTS for action in event.actions})
    found: list[Happened] = []
    for event in EVENTS:
        count = sum(
            number for (action, to), number in counts.items() if action in event.actions and event.to in ("", to)
        )
        if count:
            tabbed = event.endpoint in (LIST, DISPATCHES)
            link = url_for(event.endpoint, state=event.tab) if tabbed else url_for(event.endpoint)
            found.append(Happened(event.name, count, link))
    return found
