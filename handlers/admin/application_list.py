"""The list of applications: its tabs by state, its columns, and where it comes from."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flask import url_for

from bot.text import t
from handlers.admin.context import actor, now
from handlers.admin.lists import Asked, Choice, Column, ListPage
from models.rules.calendar import business_days_between, to_jst
from models.rules.registration import State
from models.views.registration import QueueRow
from storage import registration
from storage.database import UnitOfWork

TABS: Mapping[str, tuple[State, ...]] = {
    "secretariat": (State.SECRETARIAT_REVIEW,),
    "organisation": (State.ORGANISATION_REVIEW,),
    "returned": (State.RETURNED,),
    "approved": (State.TERMS_SENT,),
    "agreed": (State.TERMS_AGREED,),
    "commissioned": (State.COMMISSIONED,),
    "active": (State.ACTIVE,),
    "renewal": (State.RENEWAL_DUE,),
    "suspended": (State.SUSPENDED,),
    "ended": (State.ENDED,),
    "withdrawn": (State.WITHDRAWN,),
    "rejected": (State.REJECTED,),
    "all": tuple(state for state in State if state is not State.DRAFT),
}
WHY_EMPTY: Mapping[str, str] = {
    "secretariat": "支援機関が承認した申請が、ここに並びます。",
    "organisation": "専門家が承認依頼を送ると、ここに並びます。",
    "returned": "差し戻した申請は、直して送られるまでここに並びます。",
    "approved": "事務局が承認した申請と、更新を希望した専門家が、ここに並びます。",
    "agreed": "専門家が委嘱条件に同意すると、ここに並びます。",
    "commissioned": "委嘱状を発行すると、ご本人が承諾するまでここに並びます。",
    "active": "専門家が就任を承諾すると、ここに並びます。",
    "renewal": "年度末が近づくと、更新の返事を待つ専門家がここに並びます。",
    "suspended": "専門家の委嘱を停止すると、ここに並びます。",
    "ended": "委嘱が終わった専門家が、ここに並びます。",
    "withdrawn": "専門家が委嘱条件に同意しなかったとき、就任を辞退したときに、ここに並びます。",
    "rejected": "否認した申請が、ここに並びます。",
    "all": "専門家が承認依頼を送ると、ここに並びます。",
}
SEARCHED = "氏名・フリガナ・受付番号"
NONE = "合う申請はありません。氏名・フリガナの一部か、受付番号でさがせます。"


def tab_name(tab: str) -> str:
    """What a tab is called: its state in words."""
    return "すべて" if tab == "all" else t(f"state.{TABS[tab][0]}")


def states(asked: Asked) -> tuple[State, ...]:
    """The states of the chosen tab."""
    return TABS[asked["state"]]


def late(row: QueueRow, days: int) -> bool:
    """Whether its organisation lets it wait for more than `days` business days (a setting)."""
    if row.state is not State.ORGANISATION_REVIEW:
        return False
    return business_days_between(to_jst(row.since).date(), to_jst(now()).date()) > days


def count(uow: UnitOfWork, asked: Asked) -> int:
    """How many there are in all."""
    return registration.count(uow, actor(), states(asked), words=asked.words)


def rows(uow: UnitOfWork, asked: Asked, limit: int, offset: int) -> Sequence[QueueRow]:
    """Some of them, in the order asked for."""
    wanted: dict[str, Any] = {"words": asked.words, "order": asked.order}
    return registration.queue(uow, actor(), states(asked), **wanted, limit=limit, offset=offset)


def stream(uow: UnitOfWork, asked: Asked) -> Iterator[QueueRow]:
    """All of them, for an export."""
    return registration.stream(uow, actor(), states(asked), words=asked.words, order=asked.order)


def desk(row: QueueRow, asked: Asked) -> str:
    """The desk of a row, which knows the list one came from."""
    return url_for("admin.application", application_id=row.id, **asked.link())


NUMBER = Column[QueueRow]("number", "受付番号", lambda row: row.number, sortable=True)
NAME = Column[QueueRow]("name", "氏名", lambda row: row.name, sortable=True)
ORGANISATION = Column[QueueRow]("organisation", "支援機関", lambda row: row.organisation)
PREFECTURE = Column[QueueRow]("prefecture", "活動地域", lambda row: row.prefecture)
ROW_ID = Column[QueueRow]("id", "ID", lambda row: row.id, shown=False)
APPLICATIONS = ListPage[QueueRow](
    endpoint="application_list",
    title="申請",
    columns=(
        NUMBER, NAME, ORGANISATION, PREFECTURE,
        Column("state", "状態", lambda row: t(f"state.{row.state}")),
        Column("age", "いつから", lambda row: row.since, sortable=True),
        Column("again", "再提出", lambda row: "再提出" if row.again else "", shown=False),
        ROW_ID,
    ),
    count=count, rows=rows, stream=stream, order="age", searched=SEARCHED, none=NONE, here="application",
    head="name", link=desk, template="admin/applications.html",
    filters=(Choice("state", "状態", [(tab, tab) for tab in TABS], default="secretariat", shown=False),),
)  # fmt: skip
