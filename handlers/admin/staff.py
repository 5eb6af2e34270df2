"""職員: who uses the secretariat's pages, in which role; adding and ending them, and what a lost phone needs."""

from collections.abc import Callable, Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.text import t
from handlers.admin import lists
from handlers.admin.again import dangerous
from handlers.admin.context import actor, me, now, services
from handlers.admin.lists import Asked, Choice, Column, ListPage
from handlers.admin.password import link_for
from handlers.usecases import staff_admin as usecase
from models.rules.errors import NotAllowed, NotFound, NotPossible
from models.rules.normalise import tidy
from models.rules.permissions import Actor, can
from models.rules.staff import ABOUT, ROLES
from storage import staff
from storage.database import Conflict, UnitOfWork
from storage.staff import StaffRow

Act = Callable[[UnitOfWork, Actor, str], None]
ACTS: Mapping[str, Act] = {
    "role": lambda uow, who, id_: usecase.change_role(uow, who, id_, request.form.get("role", ""), now()),
    "end": lambda uow, who, id_: usecase.end(uow, who, id_, now()),
    "restore": lambda uow, who, id_: usecase.restore(uow, who, id_, link_for, now()),
    "everywhere": lambda uow, who, id_: usecase.end_sessions(uow, who, id_, now()),
    "code": lambda uow, who, id_: usecase.reset_code(uow, who, id_, now()),
    "link": lambda uow, who, id_: usecase.send_link(uow, who, id_, link_for, now()),
}


def standing(row: StaffRow) -> str:
    """Whether the user gets in, in words."""
    if row.ended_at:
        return "利用を終えました"
    return "利用中" if row.ready else "パスワード未設定"


def _chosen(uow: UnitOfWork, asked: Asked) -> list[StaffRow]:
    """Those who fit, in the order asked for; there are few."""
    found = [
        row
        for row in staff.listed(uow)
        if asked.words.lower() in f"{row.view.name} {row.view.email}".lower()
        and asked["role"] in ("", row.view.role)
        and (asked["ended"] == "all" or (row.ended_at is not None) is (asked["ended"] == "yes"))
    ]
    keys: dict[str, Callable[[StaffRow], str]] = {
        "name": lambda row: row.view.name,
        "email": lambda row: row.view.email,
        "login": lambda row: row.last_login.isoformat() if row.last_login else "",
    }
    return sorted(found, key=keys[asked.order.lstrip("-")], reverse=asked.order.startswith("-"))


LIST = ListPage[StaffRow](
    endpoint="staff_list",
    title="職員",
    columns=(
        Column("name", "名前", lambda row: row.view.name, sortable=True),
        Column("email", "メールアドレス", lambda row: row.view.email, sortable=True),
        Column("role", "権限", lambda row: ROLES.get(row.view.role, row.view.role)),
        Column("standing", "状態", standing),
        Column("totp", "確認コード", lambda row: "コードあり" if row.totp else "コードなし"),
        Column("line", "LINE", lambda row: "LINEあり" if row.view.person_id else "LINEなし"),
        Column("login", "最後のログイン", lambda row: row.last_login, sortable=True),
    ),
    count=lambda uow, asked: len(_chosen(uow, asked)),
    rows=lambda uow, asked, limit, offset: _chosen(uow, asked)[offset : offset + limit],
    order="name",
    searched="名前・メールアドレス",
    filters=(
        Choice("role", "権限", tuple(ROLES.items())),
        Choice("ended", "状態", (("no", "利用中"), ("yes", "利用を終えた人"), ("all", "すべて")), default="no"),
    ),
    none="合う職員はいません。",
    here="settings",
    link=lambda row, _asked: url_for("admin.staff_user", staff_id=row.view.id),
    permission="staff.manage",
    template="admin/staff.html",
)


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    lists.add(bp, "/staff", LIST, staff_list)
    bp.add_url_rule("/staff", view_func=add_staff, methods=["POST"])
    bp.add_url_rule("/staff/<row_id:staff_id>", view_func=staff_user)
    acts = ",".join(ACTS)
    bp.add_url_rule(f"/staff/<row_id:staff_id>/<any({acts}):act>", view_func=change_staff, methods=["POST"])


def staff_list(error: str = "") -> ResponseReturnValue:
    """The list, and the form that adds somebody."""
    status = 422 if error else 200
    return lists.show(LIST, status, error=error, typed=request.form, roles=ROLES, about=ABOUT)


@dangerous
def add_staff() -> ResponseReturnValue:
    """Add somebody, who gets a link to set the password; a refusal keeps what was typed."""
    typed = {name: tidy(request.form.get(name, ""))[:400] for name in ("email", "name", "role")}
    try:
        with services().database.unit() as uow:
            user = usecase.add(uow, actor(), typed, link_for, now())
    except NotPossible as error:
        return staff_list(t(error.code, **error.data))
    except Conflict:
        return staff_list(t("staff.exists", email=typed["email"]))
    services().told(uow.told)
    flash(t("staff.added", name=typed["name"]))
    return redirect(url_for("admin.staff_user", staff_id=user))


def staff_user(staff_id: str, error: str = "") -> ResponseReturnValue:
    """One user, and what may be done."""
    if not can(actor(), "staff.manage"):
        raise NotAllowed
    with services().database.read() as uow:
        row = staff.one(uow, staff_id)
    if row is None:
        raise NotFound
    page = render_template(
        "admin/staff_user.html", row=row, user=row.view, standing=standing(row), own=staff_id == me().id, error=error,
        roles=ROLES, about=ABOUT,
    )  # fmt: skip
    return page, 422 if error else 200


@dangerous
def change_staff(staff_id: str, act: str) -> ResponseReturnValue:
    """Do it, and show the user as they are now."""
    try:
        with services().database.unit() as uow:
            ACTS[act](uow, actor(), staff_id)
    except NotPossible as error:
        return staff_user(staff_id, t(error.code, **error.data))
    services().told(uow.told)
    flash(t(f"staff.did_{act}"))
    return redirect(url_for("admin.staff_user", staff_id=staff_id))
