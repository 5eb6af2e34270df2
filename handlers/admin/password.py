"""Setting a password by a mailed link, and asking for such a link: the pages that open without logging in."""

from datetime import timedelta

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from itsdangerous import BadData, URLSafeSerializer

from bot.text import t
from handlers.admin.context import me, now, services
from handlers.usecases import staff as accounts
from handlers.usecases import staff_password as usecase
from models.rules.errors import NotPossible
from models.views.people import StaffView

PASSWORD_MOST = 1024


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    bp.add_url_rule("/forgot", view_func=forgot, methods=["GET", "POST"])
    bp.add_url_rule("/password/<token>", view_func=set_password, methods=["GET", "POST"])
    bp.add_url_rule("/account/password", view_func=own_link, methods=["POST"])


def link_for(staff_id: str, epoch: int) -> str:
    """The link that sets this user's password, from now on for a day, until the sessions of this epoch end."""
    token = _signer().dumps([staff_id, epoch, int(now().timestamp())])
    return services().links.admin(f"password/{token}")


def _signer() -> URLSafeSerializer:
    keys = [*current_app.config["SECRET_KEY_FALLBACKS"], str(current_app.secret_key)]
    return URLSafeSerializer(keys, salt="staff-password")


def _opened(token: str) -> tuple[str, int] | None:
    """User and epoch of a token of ours that is not over."""
    try:
        staff_id, epoch, made = _signer().loads(token)
    except (BadData, ValueError, TypeError):
        return None
    age = timedelta(seconds=now().timestamp() - made)
    return (staff_id, epoch) if age < usecase.LINK_FOR else None


def forgot() -> ResponseReturnValue:
    """パスワードを忘れたとき: the same answer for every address."""
    asked = request.method == "POST"
    if asked:
        _send(request.form.get("email", ""))
    return render_template("admin/forgot.html", asked=asked)


def own_link() -> ResponseReturnValue:
    """The same for oneself, from one's own settings."""
    _send(me().email)
    flash(t("staff.link_to_self"))
    return redirect(url_for("admin.account"))


def _send(address: str) -> None:
    with services().database.unit() as uow:
        usecase.forgot(uow, address, link_for, now())
    services().told(uow.told)


def set_password(token: str) -> ResponseReturnValue:
    """The page a mailed link opens; looking at it spends nothing."""
    ticket = _opened(token)
    user = _holder(*ticket) if ticket else None
    if ticket is None or user is None:
        return render_template("admin/password_over.html"), 410
    if request.method == "GET":
        return _page(user, "")
    try:
        hashed = _hashed(user)
    except NotPossible as error:
        return _page(user, t(error.code, **error.data)), 422
    with services().database.unit() as uow:
        done = usecase.set_password(uow, *ticket, hashed, now())
    if not done:
        return render_template("admin/password_over.html"), 410
    flash(t("staff.password_set"))
    return redirect(url_for("admin.log_in"))


def _holder(staff_id: str, epoch: int) -> StaffView | None:
    with services().database.read() as uow:
        return usecase.holder(uow, staff_id, epoch)


def _hashed(user: StaffView) -> str:
    """Slow by design, so outside of any transaction."""
    typed, again = (request.form.get(name, "")[:PASSWORD_MOST] for name in ("password", "password_twice"))
    return accounts.hash_password(usecase.judge(typed, again, user.email))


def _page(user: StaffView, error: str) -> str:
    return render_template("admin/password.html", user=user, error=error, least=accounts.PASSWORD_MIN)
