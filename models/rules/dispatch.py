"""The lifecycle of a dispatch (`domain.md` 3, seeds/002 "派遣申請の状況を確認する" to "キャンセルする").

One table holds every step: from where, by whom, where to, what it writes besides the status, and whom it tells.
`step` is the only way from one status to the next.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from models.rules.calendar import add_business_days, fiscal_year, to_jst
from models.rules.errors import NotPossible


class Status(StrEnum):
    """Where a dispatch stands (002)."""

    REQUESTED = "requested"
    COUNTER_PROPOSED = "counter_proposed"
    NEEDS_COORDINATION = "needs_coordination"
    CONFIRMED = "confirmed"
    REPORT_DUE = "report_due"
    REPORTED = "reported"
    COMPLETED = "completed"
    DECLINED = "declined"
    CANCELLED = "cancelled"


class Action(StrEnum):
    """What moves it on."""

    TAKE_SLOT = "take_slot"
    PROPOSE = "propose"
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    ACCEPT = "accept"
    NONE_FITS = "none_fits"
    SET_TIME = "set_time"
    REASSIGN = "reassign"
    END = "end"
    REOPEN = "reopen"
    CANCEL = "cancel"
    CHECK_OUT = "check_out"
    END_PASSED = "end_passed"
    SEND_REPORT = "send_report"
    NOT_HELD = "not_held"
    RETURN_REPORT = "return_report"
    COMPLETE = "complete"


class Side(StrEnum):
    """Who has a part in a dispatch."""

    EXPERT = "expert"
    ORGANISATION = "organisation"
    SECRETARIAT = "secretariat"
    BUSINESS = "business"
    SYSTEM = "system"


class Writes(StrEnum):
    """What a step changes besides the status; every step writes one audit entry too."""

    TIME = "time"
    SLOTS = "slots"
    WORDS = "words"
    EXPERT = "expert"
    VISIT = "visit"


@dataclass(frozen=True)
class Step:
    """One row of the table. `tells`: sides told, apart from whoever acts; the business only hears of fixed dates."""

    status: Status
    action: Action
    target: Status
    by: frozenset[Side]
    writes: frozenset[Writes] = frozenset()
    tells: frozenset[Side] = frozenset()


_E, _O, _S, _B, _SYS = Side.EXPERT, Side.ORGANISATION, Side.SECRETARIAT, Side.BUSINESS, Side.SYSTEM


def _row(status: Status, action: Action, target: Status, by: set[Side], writes: set[Writes], tells: set[Side]) -> Step:
    return Step(status, action, target, frozenset(by), frozenset(writes), frozenset(tells))


_REQUESTED, _COUNTER, _COORDINATE = Status.REQUESTED, Status.COUNTER_PROPOSED, Status.NEEDS_COORDINATION
_CONFIRMED, _DUE, _CANCELLED = Status.CONFIRMED, Status.REPORT_DUE, Status.CANCELLED
STEPS = (
    _row(_REQUESTED, Action.TAKE_SLOT, _CONFIRMED, {_E}, {Writes.TIME}, {_O, _B}),
    _row(_REQUESTED, Action.PROPOSE, _COUNTER, {_E}, {Writes.SLOTS, Writes.WORDS}, {_O}),
    _row(_REQUESTED, Action.DECLINE, Status.DECLINED, {_E}, {Writes.WORDS}, {_O, _S}),
    _row(_REQUESTED, Action.WITHDRAW, _CANCELLED, {_O}, {Writes.WORDS}, {_E}),
    _row(_REQUESTED, Action.REOPEN, _COORDINATE, {_S}, {Writes.WORDS}, {_E, _O}),
    _row(_COUNTER, Action.ACCEPT, _CONFIRMED, {_O}, {Writes.TIME}, {_E, _B}),
    _row(_COUNTER, Action.NONE_FITS, _COORDINATE, {_O}, {Writes.WORDS}, {_E, _S}),
    _row(_COUNTER, Action.WITHDRAW, _CANCELLED, {_O}, {Writes.WORDS}, {_E}),
    _row(_COUNTER, Action.REOPEN, _COORDINATE, {_S}, {Writes.WORDS}, {_E, _O}),
    _row(_COORDINATE, Action.SET_TIME, _CONFIRMED, {_S}, {Writes.TIME}, {_E, _O, _B}),
    _row(_COORDINATE, Action.REASSIGN, _REQUESTED, {_S}, {Writes.EXPERT, Writes.SLOTS}, {_E, _O}),
    _row(_COORDINATE, Action.END, Status.DECLINED, {_S}, {Writes.WORDS}, {_E, _O}),
    _row(_COORDINATE, Action.WITHDRAW, _CANCELLED, {_O}, {Writes.WORDS}, {_E, _S}),
    _row(_CONFIRMED, Action.CANCEL, _CANCELLED, {_E, _O, _S}, {Writes.WORDS}, {_E, _O, _S, _B}),
    _row(_CONFIRMED, Action.REOPEN, _COORDINATE, {_S}, {Writes.WORDS}, {_E, _O, _B}),
    _row(_CONFIRMED, Action.CHECK_OUT, _DUE, {_E}, {Writes.VISIT}, {_O}),
    _row(_CONFIRMED, Action.END_PASSED, _DUE, {_SYS}, set(), set()),
    _row(_DUE, Action.SEND_REPORT, Status.REPORTED, {_E}, {Writes.WORDS}, {_O, _S}),
    _row(_DUE, Action.NOT_HELD, _CANCELLED, {_S}, {Writes.WORDS}, {_E, _O}),
    _row(Status.REPORTED, Action.RETURN_REPORT, _DUE, {_O, _S}, {Writes.WORDS}, {_E}),
    _row(Status.REPORTED, Action.COMPLETE, Status.COMPLETED, {_SYS}, set(), {_E, _O}),
)
"""`domain.md` 3, and two steps of ours (docs/adr/0012): REOPEN, by which the secretariat takes a dispatch into its own
hands (nobody answers, an expert falls ill), and WITHDRAW of a request that waits for the secretariat."""

TRANSITIONS: Mapping[tuple[Status, Action], Step] = MappingProxyType({(row.status, row.action): row for row in STEPS})
ENDED = frozenset({Status.DECLINED, Status.CANCELLED})
OPEN = frozenset(Status) - ENDED - {Status.COMPLETED}
COUNTED = frozenset(Status) - ENDED
"""What counts towards the visits of a business in a year: requested or later and not ended (`domain.md` 3)."""
FIXED = frozenset({Status.CONFIRMED, Status.REPORT_DUE, Status.REPORTED, Status.COMPLETED})
"""A date is fixed, or the visit took place: the expert's time is taken."""
REPORT_DAYS = 5
"""Business days for the report after the visit (002 "⑤未報告")."""


def step(status: Status, action: Action) -> Step:
    """The table's row; NotPossible when the lifecycle has no such step."""
    try:
        return TRANSITIONS[status, action]
    except KeyError:
        raise NotPossible("dispatch.not_possible", status=status, action=action) from None


class Why(StrEnum):
    """Why the secretariat has to settle a dispatch."""

    NO_AGREEMENT = "no_agreement"
    NO_EXPERT = "no_expert"
    EXCEPTION = "exception"
    REOPENED = "reopened"


UNASKED = frozenset({Why.NO_EXPERT, Why.EXCEPTION})
"""An expert who is named on such a dispatch has not been asked yet, and hears nothing of it until then."""


@dataclass(frozen=True)
class Category:
    """Why somebody declines or cancels, as one of a few; `key` is stored, `label` shown."""

    key: str
    label: str


DECLINING = (
    Category("dates", "日程が合わない"),
    Category("field", "専門分野が合わない"),
    Category("distance", "場所が遠い"),
    Category("relation", "利害関係がある"),
    Category("other", "その他"),
)
CANCELLING = (
    Category("schedule", "日程の都合"),
    Category("health", "体調不良・忌引など"),
    Category("business", "事業者の都合"),
    Category("solved", "課題が解決した"),
    Category("weather", "天候・交通"),
    Category("other", "その他"),
)
"""002 names a category (キャンセル区分) but does not list any: these are an assumption."""
CATEGORY_WORDS: Mapping[str, str] = MappingProxyType({one.key: one.label for one in (*CANCELLING, *DECLINING)})
SLOTS_MAX = 3
PROPOSALS_MAX = 5
WORDS_MAX = 500
NEAR = timedelta(hours=12)
"""How long before a visit it is near, whatever the date."""


def last_visit_day(day: date) -> date:
    """The last day of February of the fiscal year `day` lies in (004): no visit after it until April."""
    return date(fiscal_year(day) + 1, 3, 1) - timedelta(days=1)


def is_near(starts: datetime, ends: datetime, now: datetime) -> bool:
    """Whether it is the Japanese day of a visit, or less than 12 hours before it, and it is not over."""
    same_day = to_jst(now).date() == to_jst(starts).date()
    return now < ends and (same_day or starts - now < NEAR)


def report_deadline(visited: date) -> date:
    """Until when the report of a visit on a Japanese day is due."""
    return add_business_days(visited, REPORT_DAYS)
