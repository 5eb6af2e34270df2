"""LINEの引き継ぎ: who asks to go on with another account, compared with the photos, moved or refused."""

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.text import t
from handlers import sheet
from handlers.admin import lists
from handlers.admin.again import dangerous
from handlers.admin.context import actor, now, services
from handlers.admin.lists import Choice, Column, ListPage
from handlers.admin.person import ways
from handlers.usecases import account_move as usecase
from handlers.usecases.registration import decide
from models.rules.errors import DomainError, NotFound
from models.rules.moves import REASONS, SHOWN, MoveState
from models.rules.permissions import can
from models.rules.registration import Item
from models.views.moves import MoveView
from models.views.people import PersonView
from models.views.registration import ApplicationView
from storage import experts, moves, people, registration_views
from storage.database import UnitOfWork

PROVING = (Item.FACE, Item.IDENTITY)


def state_word(state: MoveState) -> str:
    """The state as it is shown."""
    return t(f"move.state_{state}")


MOVES = ListPage[MoveView](
    endpoint="move_list",
    title="LINEの引き継ぎ",
    columns=(
        Column("name", "氏名", lambda row: row.name, sortable=True),
        Column("state", "状態", lambda row: state_word(row.state)),
        Column("way", "確かめ方", lambda row: "メールのコード" if row.by_mail else "事務局への電話"),
        Column("asked", "申し込み", lambda row: row.asked_at, sortable=True),
        Column("decided", "決めた日時", lambda row: row.decided_at, sortable=True),
        Column("who", "決めた方", lambda row: row.decided_by),
        Column("id", "ID", lambda row: row.id, shown=False),
    ),
    count=lambda uow, asked: moves.count(uow, _state(asked["state"]), asked.words),
    rows=lambda uow, asked, limit, offset: moves.listed(
        uow, _state(asked["state"]), asked.words, asked.order, limit, offset
    ),
    template="admin/moves.html", order="asked", searched="氏名", none="合う引き継ぎはありません。", here="expert",
    empty="LINEが新しくなった方が「アカウントをかえる」で申し込むと、ここに並びます。",
    link=lambda row, _asked: url_for("admin.move", move_id=row.id),
    filters=(
        Choice("state", "状態", [*((state, state_word(state)) for state in SHOWN), ("all", "すべて")], "waiting"),
    ),
)  # fmt: skip


def _state(chosen: str) -> str:
    return "" if chosen == "all" else chosen


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    one = "/moves/<row_id:move_id>"
    lists.add(bp, "/moves", MOVES)
    bp.add_url_rule("/moves/new/<row_id:person_id>", view_func=begin_move)
    bp.add_url_rule("/moves/new/<row_id:person_id>", view_func=enter_code, methods=["POST"])
    bp.add_url_rule(one, view_func=move)
    bp.add_url_rule(f"{one}/approve", view_func=approve_move, methods=["POST"])
    bp.add_url_rule(f"{one}/refuse", view_func=refuse_move, methods=["POST"])


def begin_move(person_id: str, error: str = "") -> ResponseReturnValue:
    """The newcomer is on the telephone and reads out a code: where it is entered."""
    with services().database.read() as uow:
        person = people.by_id(uow, person_id)
        if person is None or not moves.can_be_moved(uow, person_id):
            raise NotFound
        view = registration_views.latest(uow, person_id)
        others = ways(person_id, "admin.begin_move", expert=experts.of_person(uow, person_id) is not None)
    values = {
        "person": person, "view": view, "error": error, "typed": request.form, "minutes": usecase.CODE_MINUTES,
        "may": can(actor(), "move.decide"), "ways": others,
    }  # fmt: skip
    return render_template("admin/begin_move.html", **values), 422 if error else 200


def enter_code(person_id: str) -> ResponseReturnValue:
    """The code names the new account; the move waits for a decision then."""
    try:
        with services().database.unit() as uow:
            begun = usecase.begin(uow, actor(), person_id, request.form.get("code", ""), now())
    except DomainError as refused:
        return begin_move(person_id, t(refused.code, **refused.data))
    services().told(uow.told)
    flash(t("move.begun"))
    return redirect(url_for("admin.move", move_id=begun))


def move(move_id: str, error: str = "", status: int = 200) -> ResponseReturnValue:
    """Who is registered, beside the photos; opening it shows identity papers, so it is audited."""
    with services().database.unit() as uow:
        found = usecase.read(uow, actor(), move_id)
        person = people.by_id(uow, found.person_id)
        view = _papers(uow, found)
    shots = [shot for shot in sheet.shots(view) if shot.item in PROVING] if view else []
    values = {
        "move": found, "person": person, "view": view, "sheet": sheet, "shots": shots, "error": error,
        "state": state_word(found.state), "waits": found.state is MoveState.WAITING,
        "may": _may(found, person), "reasons": [(why, t(f"move.why_{why}")) for why in REASONS],
    }  # fmt: skip
    return render_template("admin/move.html", **values), status


def _papers(uow: UnitOfWork, found: MoveView) -> ApplicationView | None:
    """The person's newest application, if this member of staff may see it."""
    view = registration_views.latest(uow, found.person_id)
    if view is None or not can(actor(), "papers.read", view.subject):
        return None
    return decide.read_papers(uow, actor(), view.id, now())


def _may(found: MoveView, person: PersonView | None) -> bool:
    own = actor().person_id in (found.person_id, found.new_person_id)
    return found.state is MoveState.WAITING and person is not None and can(actor(), "move.decide") and not own


def _decided(move_id: str, act: Callable[[UnitOfWork], str], done: str) -> ResponseReturnValue:
    """Carry a decision out and say so; a refusal shows the move as it is now, with why."""
    try:
        with services().database.unit() as uow:
            name = act(uow)
    except NotFound:
        raise
    except DomainError as refused:
        return move(move_id, t(refused.code, **refused.data), 409)
    services().told(uow.told)
    flash(t(done, name=name))
    return redirect(url_for("admin.move", move_id=move_id))


@dangerous
def approve_move(move_id: str) -> ResponseReturnValue:
    """移す: the old account is cut off."""
    return _decided(move_id, lambda uow: usecase.approve(uow, actor(), move_id, now()), "move.done")


def refuse_move(move_id: str) -> ResponseReturnValue:
    """断る, with a reason that the newcomer reads."""
    why = request.form.get("why", "")
    return _decided(move_id, lambda uow: usecase.refuse(uow, actor(), move_id, why, now()), "move.refused")
