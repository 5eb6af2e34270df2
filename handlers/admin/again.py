"""Forced proof before dangerous actions: the password again, once the last proof is older than ten minutes.

The password alone is asked for: the one-time code was given when this session began, and what is guarded against here
is a screen left open. Each try is counted like one at the login, so it cannot be guessed through this page either.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import ParamSpec

from flask import current_app, render_template, request, session
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RoutingException

from bot.text import t
from handlers.admin.context import actor, me, now, services
from handlers.usecases import staff as usecase
from models.rules.errors import TooManyAttempts

P = ParamSpec("P")
GOOD_FOR = timedelta(minutes=10)
FIELD = "password_again"
NOT_CARRIED = frozenset({FIELD, "csrf_token"})


def dangerous(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """A POST that needs a fresh proof: the password is asked for on a page that carries every typed field over."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if request.method != "POST" or proved():
            return view(*args, **kwargs)
        if FIELD not in request.form:
            return _ask()
        refused = _prove(request.form[FIELD])
        return refused or view(*args, **kwargs)

    return guarded


def proved() -> bool:
    """Whether this browser's user gave the password within the last ten minutes."""
    age = now().timestamp() - session.get("proved", 0)
    return 0 <= age <= GOOD_FOR.total_seconds()


def _prove(password: str) -> ResponseReturnValue | None:
    """None when the password held; otherwise the page that asks once more."""
    database, at = services().database, now()
    try:
        with database.unit() as uow:
            claim = usecase.claim_log_in(uow, me().email, at)
    except TooManyAttempts as error:
        return _ask(t(error.code), 429)
    held = usecase.password_holds(claim, password[:1024])
    if held:
        with database.unit() as uow:
            held = usecase.prove(uow, actor(), claim, at)
    if not held:
        return _ask(t("staff.password_wrong"))
    session["proved"] = int(at.timestamp())
    return None


def _ask(error: str = "", status: int = 401) -> ResponseReturnValue:
    carried = [(name, value) for name, value in request.form.items(multi=True) if name not in NOT_CARRIED]
    target = request.full_path.removesuffix("?")
    return render_template("admin/again.html", carried=carried, target=target, back=_back(), error=error), status


def _back() -> str:
    """The nearest page above the action's address: where somebody who thinks better of it goes."""
    routes, path = current_app.create_url_adapter(request), request.path
    while routes and path.count("/") > 2:
        path = path.rpartition("/")[0]
        try:
            routes.match(path, method="GET")
        except (HTTPException, RoutingException):
            continue
        return path
    return "/admin/"
