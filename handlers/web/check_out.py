"""チェックアウト on a page: the business signs on the expert's phone, and the phone says where it is.

Once open the page needs no network: visit.js keeps name, drawing, place and time until it is back.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, render_template, request

from bot.screens import check_out as screens
from bot.text import t
from handlers.headers import let_locate
from handlers.usecases.visit import check_out as usecase
from handlers.usecases.visit.record import limits_of
from handlers.web import acts
from handlers.web.context import asked, services, told
from handlers.web.tickets import Opened, Purpose, handoff_link, opened, remember, this_browser
from models.rules.calendar import format_datetime
from models.rules.check_out import MINUTES_MOST, MINUTES_OTHER, NAME, judge_minutes
from models.rules.errors import DomainError, NotAllowed, NotPossible
from models.rules.judgement import Accepted, Field, Refused
from models.rules.visit import Source
from models.views.check_out import CheckedOut, Leaving
from storage import attendances, papers
from storage.files import StoreUnavailable
from storage.images import PhotoRefused
from storage.signatures import MAX_BYTES, judge_signature, key_of

CHECK_OUT = Purpose("check-out", timedelta(hours=24))
EXTERNAL = "?openExternalBrowser=1"
"""LINE opens a link that ends so in the phone's own browser."""
DRAWING = "data:image/png;base64,"
KEPT_FOR = timedelta(hours=1)
"""How long a stored drawing waits for its certification before it is deleted again."""


@dataclass(frozen=True)
class Sent:
    """What the page's script sent: the act, and what was written. `drawing` is None without a signature."""

    act: acts.SentAct
    minutes: int
    name: str
    drawing: bytes | None


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    one = "/check-out/<token>"
    bp.add_url_rule(one, view_func=check_out_page)
    bp.add_url_rule(f"{one}/record", view_func=check_out_record, methods=["POST"])
    bp.add_url_rule(f"{one}/browser", view_func=check_out_browser, methods=["POST"])


def check_out_page(token: str) -> Response:
    """The sheet to sign, or how the visit was left. `?later=1`: begins without a signature."""
    browser = this_browser()
    why, one, limits, state, way = "", None, None, None, ""
    with opened(CHECK_OUT, token, browser, first=True) as at:
        try:
            one = usecase.read(at.uow, at.actor, at.subject)
            state, limits, way = _standing(at, one), limits_of(at.uow), _external(at)
        except NotAllowed as refused:
            why = t(refused.code, **refused.data)
    if one and state and state["state"] == "none":
        why = t("visit.not_in")
    came = one.visit.came if one and one.visit else None
    page = render_template(
        "web/check_out.html", one=one, state=state, why=why, token=token, way=way, limits=limits,
        came=format_datetime(came.at) if came else "", began=came.at.isoformat() if came else "", name=NAME,
        minutes=one.visit.non_payable if one and one.visit else None, minutes_most=MINUTES_MOST,
        later=request.args.get("later") == "1", line=services().links.friend("チェックアウト"),
    )  # fmt: skip
    return remember(let_locate(make_response(page)), browser)


def _external(at: Opened) -> str:
    """A link for the phone's own browser; none where that is what the page is open in."""
    return "" if at.handed else handoff_link(at) + EXTERNAL


def check_out_browser(token: str) -> Response:
    """A fresh link for the phone's own browser: each opens for a quarter of an hour."""
    with opened(CHECK_OUT, token, this_browser()) as at:
        return jsonify(link=_external(at))


def _standing(at: Opened, one: Leaving) -> dict[str, Any]:
    """How a visit stands: none (no check-in), before, or out with its receipt."""
    done = usecase.done(at.uow, one)
    if done is None:
        return {"state": "before" if one.visit and one.visit.came else "none"}
    return receipt(done)


def receipt(done: CheckedOut) -> dict[str, Any]:
    """The receipt as the page shows it: facts as name, value and tone; `qr`: for the business to confirm, or empty."""
    import segno

    card = screens.receipt(done, "")
    link = "" if done.certified else services().links.certify(done.dispatch.id)
    return {
        "state": "out",
        "title": card.title,
        "facts": [[row.name, row.value, row.tone] for row in card.rows],
        "notes": list(screens.notes(done)),
        "qr": segno.make(link, error="m", micro=False).svg_data_uri(scale=4, border=4) if link else "",
    }


def check_out_record(token: str) -> Response:
    """One act of the page's script; the same one sent twice counts once, and a second check-out changes nothing."""
    try:
        with opened(CHECK_OUT, token, this_browser()) as at:
            one = usecase.read(at.uow, at.actor, at.subject)
            state = _standing(at, one)
    except NotAllowed as refused:
        return told(409, t(refused.code, **refused.data))
    if state["state"] == "out" and one.visit:
        return _again(token, one, state)
    try:
        sent = _read(asked())
        signed = _keep(one.dispatch.id, sent)
    except (PhotoRefused, NotPossible) as refused:
        return told(422, t(refused.code, **refused.data), field=FIELD_OF.get(refused.code, "signature"))
    except StoreUnavailable:
        return told(503, t("check_out.store_down"))
    return _record(token, sent, signed)


FIELD_OF = {
    "text.empty": "name",
    "text.too_long": "name",
    "check_out.minutes": "minutes",
    "visit.unreadable": "",
    "visit.clock": "",
}
"""Which part of the page a refusal belongs to; the signature where nothing else is named."""


def _again(token: str, one: Leaving, state: dict[str, Any]) -> Response:
    """Already out: the same act is simply answered again, another one is told so."""
    nonce = asked().get("nonce")
    named = isinstance(nonce, str) and acts.NONCE.fullmatch(nonce)
    with opened(CHECK_OUT, token, this_browser()) as at:
        same = usecase.is_known(at.uow, at.subject, str(nonce)) if named else False
    if same:
        return jsonify(state)
    went = one.visit.went if one.visit else None
    response = jsonify(error=t("visit.already_out", at=format_datetime(went.at) if went else ""), **state)
    response.status_code = 409
    return response


def _record(token: str, sent: Sent, signed: usecase.Signed | None) -> Response:
    act = sent.act
    fix = usecase.Fix(Source.GPS, act.point, act.accuracy, act.phone_at, act.waited, act.nonce)
    try:
        with opened(CHECK_OUT, token, this_browser(), write=True) as at:
            done = usecase.check_out(
                at.uow, at.actor, at.subject, fix, services().clock(), minutes=sent.minutes, signed=signed,
                link=services().links.certify(at.subject),
            )  # fmt: skip
            return jsonify(receipt(done))
    except DomainError as refused:
        if not isinstance(refused, NotPossible):
            raise
        with opened(CHECK_OUT, token, this_browser()) as at:
            state = _standing(at, usecase.read(at.uow, at.actor, at.subject))
        response = jsonify(error=t(refused.code, **refused.data), **state)
        response.status_code = 409
        return response


def _read(body: Mapping[str, object]) -> Sent:
    """What the script sent; NotPossible or PhotoRefused with the sentence for the field."""
    act = acts.read(body)
    minutes = int(_judged(MINUTES_OTHER, body.get("minutes")))
    if body.get("later") is True:
        return Sent(act, minutes, "", None)
    return Sent(act, minutes, _judged(NAME, body.get("name")), _drawing(body.get("signature")))


def _judged(field: Field, value: object) -> str:
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    verdict = judge_minutes(text, {}) if field is MINUTES_OTHER else field.judge(text, {})
    if isinstance(verdict, Accepted):
        return str(verdict.value)
    data = verdict.data if isinstance(verdict, Refused) else {}
    raise NotPossible(verdict.code, **data)


def _drawing(value: object) -> bytes:
    if not isinstance(value, str) or not value.startswith(DRAWING) or len(value) > MAX_BYTES * 2:
        raise PhotoRefused("check_out.signature_missing")
    try:
        return base64.b64decode(value.removeprefix(DRAWING), validate=True)
    except (binascii.Error, ValueError):
        raise PhotoRefused("check_out.signature_bad") from None


def _keep(dispatch_id: str, sent: Sent) -> usecase.Signed | None:
    """The drawing judged, sealed and stored, outside of any transaction; what nothing takes over is deleted again."""
    if sent.drawing is None:
        return None
    picture = judge_signature(sent.drawing)
    at = services()
    key = key_of(at.database, dispatch_id, sent.act.nonce, picture)
    with at.database.unit() as uow:
        if not attendances.holds(uow, key):
            papers.expect(uow, [key], at.clock() + KEPT_FOR)
    at.files.put(key, at.database.vault.seal(picture), "application/octet-stream")
    return usecase.Signed(sent.name, key)
