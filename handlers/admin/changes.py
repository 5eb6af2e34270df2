"""氏名・口座の変更: changes that wait for the secretariat, the old beside the new, and the decision."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.screens.profile import item_word
from bot.text import t
from handlers import sheet
from handlers.admin import lists
from handlers.admin.context import actor, now, services
from handlers.admin.listing import clean, whole
from handlers.admin.lists import Asked, Choice, Column, ListPage
from handlers.pictures import send_photo
from handlers.sheet import Shot
from handlers.usecases import profile_change as usecase
from models.rules.errors import DomainError, NotFound, NotPossible
from models.rules.permissions import can
from models.rules.profile import CHANGES
from models.rules.registration import Item
from models.views.profile import ChangeRow, ChangeView
from models.views.registration import ApplicationView
from storage import profile
from storage.database import UnitOfWork

STATES = (("waiting", "確認待ち"), ("approved", "承認"), ("returned", "差し戻し"), ("taken_back", "取り下げ"))
BESIDE: Mapping[str, tuple[str, ...]] = {
    "basic": ("name", "kana", "birth_date"),
    "account": (*(field.key for field in CHANGES["account"].fields), "kana"),
}
"""What stands beside a photo."""


def _states(asked: Asked) -> tuple[str, ...]:
    return (asked["state"],)


def _rows(uow: UnitOfWork, asked: Asked, limit: int, offset: int) -> Sequence[ChangeRow]:
    return profile.listed(
        uow, actor(), _states(asked), words=asked.words, order=asked.order, limit=limit, offset=offset
    )


PAGE = ListPage[ChangeRow](
    endpoint="change_list",
    title="氏名・口座の変更",
    columns=(
        Column("number", "受付番号", lambda row: row.number),
        Column("name", "いまの氏名", lambda row: row.name, sortable=True),
        Column("item", "変更", lambda row: item_word(row.item)),
        Column("organisation", "支援機関", lambda row: row.organisation),
        Column("age", "届いた日時", lambda row: row.requested_at, sortable=True),
        Column("decided", "決めた日時", lambda row: row.decided_at),
    ),
    count=lambda uow, asked: profile.count(uow, actor(), _states(asked), words=asked.words),
    rows=_rows,
    order="age",
    searched="氏名・フリガナ・受付番号",
    empty="専門家がプロフィールから氏名か口座の変更を送ると、ここに並びます。",
    none="合う変更はありません。氏名・フリガナの一部か、受付番号でさがせます。",
    here="expert",
    head="name",
    link=lambda row, asked: url_for("admin.change", change_id=row.id, **asked.link()),
    filters=(Choice("state", "状態", STATES, default="waiting"),),
    template="admin/changes.html",
)


@dataclass(frozen=True)
class Compared:
    """One field as it is in force and as it would be."""

    name: str
    old: str
    new: str
    changed: bool
    warn: bool


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    one = "/changes/<row_id:change_id>"
    lists.add(bp, "/changes", PAGE, change_list)
    bp.add_url_rule(one, view_func=change)
    bp.add_url_rule(f"{one}/<any(approve,return):answer>", view_func=decide_change, methods=["POST"])
    bp.add_url_rule(f"{one}/<row_id:paper_id>.jpg", view_func=change_picture)


def change_list() -> ResponseReturnValue:
    """The list, those that wait first; nothing is decided yet on those."""
    waiting = lists.read(PAGE, request.args)["state"] == profile.WAITING
    return lists.show(PAGE, hide=("decided",) if waiting else ())


def change(change_id: str) -> ResponseReturnValue:
    """Old beside new, and the photos. Opening it shows papers, so it is audited."""
    return _page(change_id)


def _page(change_id: str, reason: str = "", error: DomainError | None = None) -> ResponseReturnValue:
    with services().database.unit() as uow:
        found, view = usecase.view_papers(uow, actor(), change_id, now())
    waits = found.state == profile.WAITING
    fresh = replace(view, answers={**view.answers, **found.answers})
    shots, urls = _shots(found, view, fresh) if waits else ((), {})
    page = render_template(
        "admin/change.html", change=found, view=view, item=item_word(found.item), rows=_compared(found, view, fresh),
        differs=waits and sheet.differs(fresh), shots=shots, urls=urls, place=lists.read(PAGE, request.args).link(),
        may=waits and can(actor(), "change.decide", view.subject), waits=waits, state=dict(STATES)[found.state],
        why_not=_why_not(), reason=reason, error=t(error.code, **error.data) if error else "",
        faulty=isinstance(error, NotPossible),
    )  # fmt: skip
    return page, _status(error)


def _status(error: DomainError | None) -> int:
    return 200 if error is None else 422 if isinstance(error, NotPossible) else 409


def _why_not() -> str:
    """Why a change that waits is not offered for a decision."""
    clerk = can(actor(), "approver_code.issue")
    return t("change.over" if clerk else "change.reader")


def _compared(found: ChangeView, view: ApplicationView, fresh: ApplicationView) -> tuple[Compared, ...]:
    """A decided change is only told as it was asked for: what was in force then is not kept."""
    keys = tuple(field.key for field in CHANGES[found.item].fields)
    old = {line.key: line.value for line in sheet.lines(view, keys)}
    return tuple(
        Compared(line.name, old.get(line.key, ""), line.value, old.get(line.key) != line.value, line.warn)
        for line in sheet.lines(fresh, keys)
    )


def _shots(found: ChangeView, view: ApplicationView, fresh: ApplicationView) -> tuple[tuple[Shot, ...], dict[str, str]]:
    """The new photos beside what was typed now, then those in force beside what they proved."""
    of = CHANGES[found.item]
    word = sheet.ITEM_WORDS[of.paper]
    shots: list[Shot] = []
    urls: dict[str, str] = {}
    for name, kind, shown in (("新しい", of.kind, fresh), ("いまの", of.paper.value, view)):
        held = view.papers_of(kind)
        for place, paper in enumerate(held, 1):
            label = f"{name}{word}" + (f" {place}/{len(held)}" if len(held) > 1 else "")
            beside = sheet.lines(shown, BESIDE[found.item])
            shots.append(Shot(paper.id, Item(of.paper), label, paper.width, paper.height, beside))
            urls[paper.id] = url_for("admin.change_picture", change_id=found.id, paper_id=paper.id)
    return tuple(shots), urls


def change_picture(change_id: str, paper_id: str) -> Response:
    """One photo of a change that waits, or of the paper it would replace, for those who may see both."""
    with services().database.read() as uow:
        found, view = usecase.read(uow, actor(), change_id)
    of = CHANGES[found.item]
    kinds = (of.kind, of.paper) if found.state == profile.WAITING else ()
    paper = next((paper for kind in kinds for paper in view.papers_of(kind) if paper.id == paper_id), None)
    if paper is None:
        raise NotFound
    return send_photo(services(), paper)


def decide_change(change_id: str, answer: str) -> ResponseReturnValue:
    """Carry the decision out and go on to the next that waits; a refusal shows the page with all that was typed."""
    reason, version = clean(request.form.get("reason", "")), whole(request.form.get("version", ""))
    deeds: Mapping[str, Callable[[UnitOfWork], ChangeView]] = {
        "approve": lambda uow: usecase.approve(uow, actor(), change_id, version, now()),
        "return": lambda uow: usecase.send_back(uow, actor(), change_id, version, reason, now()),
    }
    try:
        with services().database.unit() as uow:
            _, view = usecase.read(uow, actor(), change_id)
            decided = deeds[answer](uow)
            following = profile.listed(uow, actor(), (profile.WAITING,), limit=1)
    except NotFound:
        raise
    except DomainError as error:
        return _page(change_id, reason, error)
    services().told(uow.told)
    done = "change.done_approve" if answer == "approve" else "change.done_return"
    flash(t(done, name=view.name, item=item_word(decided.item)))
    if following:
        return redirect(url_for("admin.change", change_id=following[0].id))
    return redirect(url_for("admin.change_list"))
