"""専門家: everybody who was commissioned at least once, found by name, number, field, region, state, organisation."""

from collections.abc import Iterator, Sequence

from flask import Blueprint, url_for

from bot.text import t
from handlers.admin import lists
from handlers.admin.context import actor
from handlers.admin.lists import Asked, Choice, Column, ListPage, Text
from models.rules.calendar import to_jst
from models.rules.choosing import SPECIALITY_CHOICES
from models.rules.regions import PREFECTURES, REGIONS
from models.rules.registration import APPOINTING, State
from models.views.expert_list import ExpertRow
from storage import expert_lists
from storage.database import UnitOfWork
from storage.expert_lists import Wanted

STATES = {
    "active": (State.ACTIVE,),
    "renewal": (State.RENEWAL_DUE,),
    "renewing": tuple(state for state in State if state in APPOINTING),
    "suspended": (State.SUSPENDED,),
    "ended": (State.ENDED,),
}
STATE_NAMES = {
    "active": "登録専門家", "renewal": "更新待ち", "renewing": "更新の手続き中", "suspended": "停止中", "ended": "終了",
}  # fmt: skip
ACCEPTING = {"yes": True, "no": False}
PLACES = (
    *(("r" + str(at), f"【{region.name}】") for at, region in enumerate(REGIONS)),
    *((name, name) for name in PREFECTURES),
)


def places(chosen: str) -> tuple[str, ...]:
    """The prefectures that a choice of the filter means: those of a region, or one."""
    if not chosen:
        return ()
    return (chosen,) if chosen in PREFECTURES else REGIONS[int(chosen[1:])].prefectures


def _wanted(asked: Asked) -> Wanted:
    return Wanted(
        words=asked.words,
        speciality=asked["field"],
        prefectures=places(asked["place"]),
        states=STATES.get(asked["state"], ()),
        organisation=asked["organisation"],
        accepting=ACCEPTING.get(asked["accepting"]),
    )


def _rows(uow: UnitOfWork, asked: Asked, limit: int, offset: int) -> Sequence[ExpertRow]:
    return expert_lists.listed(uow, actor(), _wanted(asked), asked.order, limit, offset)


def _stream(uow: UnitOfWork, asked: Asked) -> Iterator[ExpertRow]:
    return expert_lists.stream(uow, actor(), _wanted(asked), asked.order)


EXPERTS = ListPage[ExpertRow](
    endpoint="expert_list",
    title="専門家",
    columns=(
        Column("number", "受付番号", lambda row: row.number, sortable=True),
        Column("name", "氏名", lambda row: row.name, sortable=True),
        Column("fields", "専門分野", lambda row: "、".join(row.specialities)),
        Column("prefecture", "活動地域", lambda row: row.prefecture),
        Column("organisation", "支援機関", lambda row: row.organisation),
        Column("state", "状態", lambda row: t(f"state.{row.state}")),
        Column("accepting", "受付", lambda row: "受付中" if row.accepting else "受付停止"),
        Column("since", "登録日", lambda row: to_jst(row.since).date(), sortable=True),
        Column("letter", "委嘱番号", lambda row: row.letter, shown=False),
        Column("ends", "委嘱期間の終わり", lambda row: row.ends, shown=False),
        Column("id", "ID", lambda row: row.person_id, shown=False),
    ),
    count=lambda uow, asked: expert_lists.count(uow, actor(), _wanted(asked)),
    rows=_rows, stream=_stream, order="-since", searched="氏名・フリガナ・受付番号・委嘱番号",
    none="合う専門家はいません。氏名・フリガナの一部か、受付番号（R-）、委嘱番号（C-）でさがせます。",
    empty="専門家が就任を承諾すると、ここに並びます。", here="expert", head="name", template="admin/experts.html",
    link=lambda row, asked: url_for("admin.expert", person_id=row.person_id, **asked.link()),
    filters=(
        Choice("field", "専門分野", [(choice.value, choice.label) for choice in SPECIALITY_CHOICES]),
        Choice("place", "地方・都道府県", PLACES),
        Choice("state", "状態", list(STATE_NAMES.items())),
        Choice("accepting", "受付", [("yes", "受付中"), ("no", "受付停止")]),
        Text("organisation", "支援機関", "名前の一部"),
    ),
)  # fmt: skip


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    lists.add(bp, "/experts", EXPERTS)
