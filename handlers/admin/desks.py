"""窓口: the regional desks, and which prefectures each serves."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.text import t
from handlers.admin import lists
from handlers.admin.context import actor, now, services
from handlers.admin.lists import Asked, Column, ListPage
from handlers.usecases import desk as usecase
from handlers.usecases.desk import Saved, Typed
from models.rules.desk import OTHERS
from models.rules.errors import NotAllowed, NotFound, NotPossible, Stale
from models.rules.normalise import tidy
from models.rules.permissions import can
from models.rules.regions import PREFECTURES, REGIONS
from models.views.people import DeskView
from storage import desks
from storage.database import UnitOfWork

FIELDS = ("name", "phone", "mail", "hours", "address")
ALL_OTHERS = "ほかのすべての都道府県"


def served(desk: DeskView) -> str:
    """The prefectures of a desk in words."""
    return "、".join(desk.prefectures) or ALL_OTHERS


def _chosen(uow: UnitOfWork, asked: Asked) -> list[DeskView]:
    """Desks whose name or prefectures hold the words, in the order asked for; there are few."""
    found = [desk for desk in desks.everything(uow) if asked.words in f"{desk.name} {served(desk)}"]
    return found[::-1] if asked.order.startswith("-") else found


LIST = ListPage[DeskView](
    endpoint="desk_list",
    title="窓口",
    columns=(
        Column("name", "名前", lambda desk: desk.name, sortable=True),
        Column("prefectures", "担当", served),
        Column("phone", "電話", lambda desk: desk.phone),
        Column("mail", "メール", lambda desk: desk.mail),
        Column("hours", "受付時間", lambda desk: desk.hours),
        Column("address", "住所", lambda desk: desk.address, shown=False),
    ),
    count=lambda uow, asked: len(_chosen(uow, asked)),
    rows=lambda uow, asked, limit, offset: _chosen(uow, asked)[offset : offset + limit],
    order="name",
    searched="名前・都道府県",
    empty="「窓口を加える」から加えると、ここに並び、使い方と委嘱状に載ります。",
    none="合う窓口はありません。",
    here="settings",
    link=lambda desk, _asked: url_for("admin.desk", desk_id=desk.id),
    template="admin/desks.html",
)


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    lists.add(bp, "/desks", LIST, lambda: lists.show(LIST, may=can(actor(), "desk.manage"), also=_general))
    bp.add_url_rule("/desks/new", view_func=new_desk)
    bp.add_url_rule("/desks/new", view_func=add_desk, methods=["POST"])
    bp.add_url_rule("/desks/<row_id:desk_id>", view_func=desk)
    bp.add_url_rule("/desks/<row_id:desk_id>", view_func=change_desk, methods=["POST"])
    bp.add_url_rule("/desks/<row_id:desk_id>/remove", view_func=remove_desk, methods=["POST"])


def _general(uow: UnitOfWork) -> dict[str, Any]:
    """Whether one desk serves all others, as there must be once there is any."""
    known = desks.everything(uow)
    return {"lacking": bool(known) and all(each.prefectures for each in known)}


def new_desk() -> ResponseReturnValue:
    """The empty form."""
    return _form(None)


def desk(desk_id: str) -> ResponseReturnValue:
    """One desk, to be read or changed."""
    return _form(desk_id)


def _form(
    desk_id: str | None, typed: Typed | None = None, faults: Mapping[str, str] | None = None, status: int = 200
) -> ResponseReturnValue:
    with services().database.read() as uow:
        known = desks.everything(uow)
    found = next((each for each in known if each.id == desk_id), None)
    if desk_id and found is None:
        raise NotFound
    may = can(actor(), "desk.manage")
    if not desk_id and not may:
        raise NotAllowed
    owners = {name: each.name for each in known if each.id != desk_id for name in each.prefectures}
    general = next((each for each in known if not each.prefectures and each.id != desk_id), None)
    page = render_template(
        "admin/desk.html", desk=found, typed=typed or _as_typed(found, known), faults=faults or {}, may=may,
        owners=owners, general=general, regions=REGIONS, seen=usecase.stamp(known), others=OTHERS, served=served,
    )  # fmt: skip
    return page, status


def _as_typed(found: DeskView | None, known: Sequence[DeskView]) -> Typed:
    if found is None:
        return Typed({}, others=not known)
    words = {field: str(getattr(found, field)) for field in FIELDS}
    return Typed(words, found.prefectures, others=not found.prefectures)


def add_desk() -> ResponseReturnValue:
    """Add one."""
    return _save("")


def change_desk(desk_id: str) -> ResponseReturnValue:
    """Change one."""
    return _save(desk_id)


def _save(desk_id: str) -> ResponseReturnValue:
    """Keep what was typed, or show it again with what is wrong."""
    typed = _read()
    try:
        with services().database.unit() as uow:
            saved = usecase.save(uow, actor(), desk_id, typed, request.form.get("seen", ""), now())
    except Stale as error:
        return _form(desk_id or None, typed, {"": t(error.code)}, 409)
    if saved.desk is None:
        faults = {
            field: t(saved.faults[field].code, **saved.faults[field].data)
            for field in (*FIELDS, "prefectures")
            if field in saved.faults
        }
        return _form(desk_id or None, typed, faults, 422)
    flash(_said(saved, saved.desk))
    return redirect(url_for("admin.desk_list"))


def _read() -> Typed:
    words = {field: tidy(request.form.get(field, ""))[:400] for field in FIELDS}
    ticked = request.form.getlist("prefecture")
    wanted = tuple(name for name in PREFECTURES if name in ticked)
    return Typed(words, wanted, others=request.form.get("serves") == OTHERS)


def _said(saved: Saved, kept: DeskView) -> str:
    """What was saved, and every prefecture that changed hands."""
    if not kept.prefectures and saved.plan.others:
        other = saved.plan.others[0]
        return t("desk.swapped", name=kept.name, prefectures="、".join(other.prefectures), desk=other.name)
    moved: dict[str, list[str]] = {}
    for prefecture, owner in saved.plan.takes:
        moved.setdefault(owner, []).append(prefecture)
    parts = [t("desk.moved_from", prefectures="、".join(names), desk=owner) for owner, names in moved.items()]
    return t("desk.moved", name=kept.name, moved="".join(parts)) if parts else t("desk.saved", name=kept.name)


def remove_desk(desk_id: str) -> ResponseReturnValue:
    """Close one; its prefectures go to the desk of all others."""
    try:
        with services().database.unit() as uow:
            gone = usecase.remove(uow, actor(), desk_id, request.form.get("seen", ""), now())
    except Stale as error:
        return _form(desk_id, None, {"": t(error.code)}, 409)
    except NotPossible as error:
        return _form(desk_id, None, {"": t(error.code)}, 422)
    flash(t("desk.removed", name=gone.name, prefectures="、".join(gone.prefectures)))
    return redirect(url_for("admin.desk_list"))
