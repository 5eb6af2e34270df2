"""GPSでチェックイン: where the phone is, recorded at once or kept on the phone until the network is back.

Once open the page needs no network: visit.js keeps the act with its time and a nonce, and sends it by and by. Opening
it does; the location message and the photo of the talk are the way where there is none.
"""

from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, render_template, url_for

from bot.screens import visit as screens
from bot.text import t
from handlers.headers import let_locate
from handlers.usecases.visit import record as usecase
from handlers.web import acts
from handlers.web.context import asked, services
from handlers.web.tickets import Opened, Purpose, handoff_link, opened, remember, this_browser
from models.rules.calendar import format_datetime
from models.rules.errors import NotPossible
from models.rules.permissions import VISITED
from models.rules.place import map_link
from models.rules.visit import End, Source, is_today
from models.views.visit import VisitShown

CHECK_IN = Purpose("check-in", timedelta(hours=24))
BY_PLACE, BY_PHOTO = "位置情報でチェックイン", "写真でチェックイン"
"""Words that lead on in the talk, where GPS does not work."""
EXTERNAL = "?openExternalBrowser=1"
"""LINE opens a link that ends so in the phone's own browser."""


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    one = "/check-in/<token>"
    bp.add_url_rule(one, view_func=check_in_page)
    bp.add_url_rule(f"{one}/record", view_func=check_in_record, methods=["POST"])
    bp.add_url_rule(f"{one}/undo", view_func=check_in_undo, methods=["POST"])
    bp.add_url_rule(f"{one}/browser", view_func=check_in_browser, methods=["POST"])


def check_in_page(token: str) -> Response:
    """The visit with the one big button, or how it was recorded."""
    browser = this_browser()
    with opened(CHECK_IN, token, browser, first=True) as at:
        shown = _own(at)
        limits, way = usecase.limits_of(at.uow), _external(at)
    view = shown.dispatch
    page = render_template(
        "web/check_in.html", shown=shown, state=standing(shown), why=_why_not(shown), token=token, way=way,
        limits=limits, span=screens.span_words(view), other=_other_ways(), line=_back(shown),
        map=map_link(view.place.point) if view.place.point else "",
    )  # fmt: skip
    return remember(let_locate(make_response(page)), browser)


def _own(at: Opened) -> VisitShown:
    return usecase.own(at.uow, at.actor, at.subject, services().clock())


def _external(at: Opened) -> str:
    """A link for the phone's own browser; none where that is what the page is open in."""
    return "" if at.handed else handoff_link(at) + EXTERNAL


def _back(shown: VisitShown) -> str:
    """The talk, with the word that comes next."""
    return services().links.friend("チェックアウト" if shown.came else "チェックイン")


def _other_ways() -> list[tuple[str, str]]:
    """Where GPS does not work: the words that lead on in the talk."""
    friend = services().links.friend
    return [("位置情報を送る", friend(BY_PLACE)), ("現地の写真で", friend(BY_PHOTO))]


def _why_not(shown: VisitShown) -> str:
    """Why this visit cannot be recorded now, in words; empty when it can, or is recorded."""
    view = shown.dispatch
    if view.status not in VISITED:
        return t(usecase.CLOSED[view.status])
    if shown.came or view.starts is None or view.ends is None or is_today(view.starts, view.ends, services().clock()):
        return ""
    return t("visit.not_today", at=format_datetime(view.starts))


def standing(shown: VisitShown) -> dict[str, Any]:
    """How a visit stands, as the page shows it: state before, in or out; facts as name, value and tone.

    `undo`: the act that can be taken back, and for how many seconds.
    """
    came, went = shown.came, shown.went
    left = (shown.undo_until - services().clock()).total_seconds() if shown.undo_until else 0
    undo = {"seq": came.seq, "left": int(left)} if came and left > 0 else None
    return {
        "state": "out" if went else "in" if came else "before",
        "facts": [[row.name, row.value, row.tone] for row in screens.facts(shown)],
        "undo": undo,
        "hint": screens.undo_words(shown),
        "note": screens.other_words(shown),
    }


def check_in_record(token: str) -> Response:
    """One act of the page's script; the same one sent twice counts once, and a second check-in changes nothing."""
    try:
        with opened(CHECK_IN, token, this_browser(), write=True) as at:
            act = acts.read(asked())
            usecase.record(
                at.uow, at.actor, at.subject, End.IN, Source.GPS, services().clock(), phone_at=act.phone_at,
                waited=act.waited, point=act.point, accuracy=act.accuracy, nonce=act.nonce,
            )  # fmt: skip
            return jsonify(standing(_own(at)))
    except NotPossible as refused:
        with opened(CHECK_IN, token, this_browser()) as at:
            shown = standing(_own(at))
        return _refused(t(refused.code, **refused.data), shown)


def _refused(words: str, shown: dict[str, Any]) -> Response:
    response = jsonify(error=words, **shown)
    response.status_code = 409
    return response


def check_in_undo(token: str) -> Response:
    """The check-in that the page shows is taken back; one that counts no more stays as it is."""
    seq = asked().get("seq")
    with opened(CHECK_IN, token, this_browser(), write=True) as at:
        usecase.undo(at.uow, at.actor, at.subject, services().clock(), seq=seq if type(seq) is int and seq > 0 else 0)
        return jsonify(said=t("visit.undone"), **standing(_own(at)))


def check_in_browser(token: str) -> Response:
    """A fresh link for the phone's own browser: each opens for a quarter of an hour."""
    with opened(CHECK_IN, token, this_browser()) as at:
        return jsonify(link=_external(at), page=url_for("web.check_in_page", token=token))
