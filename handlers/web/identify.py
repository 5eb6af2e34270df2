"""The proof of who reads: LINE's script in the browser gives an ID token, our server has LINE verify it.

The only pages that load anything from another host; they hold nothing of anybody. The token travels in the body of one
post, from the browser to us and from us to LINE, and is kept nowhere.
"""

import structlog
from flask import Blueprint, Response, abort, jsonify, make_response, render_template, request

from bot.line.login import IdTokenRefused, LoginUnavailable
from bot.text import t
from handlers.headers import may
from handlers.services import Liff
from handlers.web.context import asked, asked_by_script, services, told
from handlers.web.tickets import (
    BROWSER_FOR,
    SAFE_METHODS,
    Closed,
    Unproved,
    closed_page,
    remember,
    this_browser,
)
from storage import people, system

SCRIPTS = "https://static.line-scdn.net"
SPOKEN_TO = ("https://api.line.me", "https://liffsdk.line-scdn.net")
log = structlog.get_logger()


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint, and the proof in front of those that want it."""
    bp.add_url_rule("/", view_func=landing)
    bp.add_url_rule("/identify", view_func=identify, methods=["POST"])
    bp.register_error_handler(Unproved, _prove_first)


def landing() -> Response:
    """Where every LIFF link arrives first: LINE's script goes on to the page that the link names."""
    return _page("")


def identify() -> Response:
    """Binds a link to this browser, once LINE says that it is the link's person who is logged in there."""
    app, given = _app(), asked()
    token = str(given.get("token", ""))
    person = services().links.person_of(token)
    if person is None:
        return told(410, t("identify.over"), why="over")
    try:
        user_id = app.verify(str(given.get("id_token", "")))
    except IdTokenRefused as refused:
        return told(401, t("identify.again"), why="expired" if refused.expired else "refused")
    except LoginUnavailable as error:
        log.warning("login_unavailable", reason=error.reason)
        return told(503, t("identify.line_down"), why="line")
    return _bind(token, person, user_id)


def _bind(token: str, person: str, user_id: str) -> Response:
    browser = this_browser()
    with services().database.unit() as uow:
        reader = people.by_user_id(uow, user_id)
        if reader is None or reader.id != person:
            log.info("identify_other_person", person_id=person)
            return told(403, t("identify.other"), why="other")
        system.bind_browser(uow, token, browser, services().clock() + BROWSER_FOR)
    return remember(jsonify({}), browser)


def _prove_first(unproved: Unproved) -> Response:
    """In place of a page that nobody may see yet. What a form or script sends is not done; it says so."""
    if asked_by_script() or request.method not in SAFE_METHODS:
        return closed_page(Closed(403, unproved.purpose, "browser"))
    response = _page(unproved.token)
    response.status_code = 401
    return response


def _page(token: str) -> Response:
    page = make_response(
        render_template("web/identify.html", liff_id=_app().id, token=token, sdk=f"{SCRIPTS}/liff/edge/2/sdk.js")
    )
    return may(page, scripts=(SCRIPTS,), connections=SPOKEN_TO)


def _app() -> Liff:
    """The LIFF app; 404 where there is none."""
    return services().liff or abort(404)
