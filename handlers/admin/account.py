"""Logging in and out, and one's own settings: the one-time code, and ending all sessions."""

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from bot.text import t
from handlers.admin.again import dangerous
from handlers.admin.context import actor, me, now, services
from handlers.admin.guard import begin, end, inside
from handlers.usecases import staff as usecase
from models.rules.errors import DomainError, NotPossible, TooManyAttempts
from models.rules.staff import ROLES
from models.views.people import StaffView
from storage import staff
from storage.secrets import SealBroken

ISSUER = "中小企業119"


class LogInForm(FlaskForm):
    """Mail address, password, and the one-time code of those who use one."""

    email = StringField(validators=[InputRequired(), Length(max=254)])
    password = PasswordField(validators=[InputRequired(), Length(max=1024)])
    code = StringField(validators=[Length(max=20)])


class CodeForm(FlaskForm):
    """A one-time code."""

    code = StringField(validators=[InputRequired(), Length(max=20)])


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    bp.add_url_rule("/login", view_func=log_in, methods=["GET", "POST"])
    bp.add_url_rule("/logout", view_func=log_out, methods=["POST"])
    bp.add_url_rule("/account", view_func=account)
    bp.add_url_rule("/account/code/on", view_func=code_on, methods=["POST"])
    bp.add_url_rule("/account/code/off", view_func=code_off, methods=["POST"])
    bp.add_url_rule("/account/everywhere", view_func=log_out_everywhere, methods=["POST"])


def log_in() -> ResponseReturnValue:
    """The login; afterwards the page that was asked for."""
    target = request.args.get("next", "")
    target = target if inside(target) else url_for("admin.start")
    if current_user.is_authenticated and request.method == "GET":
        return redirect(target)
    form = LogInForm()
    if request.method != "POST":
        return render_template("admin/login.html", form=form, error=None)
    error, status = t("staff.login_wrong"), 401
    if form.validate():
        try:
            view = _check(form)
        except TooManyAttempts as refused:
            error, status = t(refused.code), 429
        else:
            if view:
                begin(view)
                return redirect(target)
    return render_template("admin/login.html", form=form, error=error), status


def _check(form: LogInForm) -> StaffView | None:
    """Password first, outside of any transaction because it is slow; every try is counted before it."""
    database, at = services().database, now()
    with database.unit() as uow:
        claim = usecase.claim_log_in(uow, form.email.data or "", at)
    if not usecase.password_holds(claim, form.password.data or ""):
        return None
    with database.unit() as uow:
        return usecase.log_in(uow, claim, form.code.data or "", at)


def log_out() -> ResponseReturnValue:
    """End this session."""
    end()
    return redirect(url_for("admin.log_in"))


def account(error: str | None = None) -> ResponseReturnValue:
    """自分の設定."""
    with services().database.read() as uow:
        on = staff.has_totp(uow, me().id)
        code = usecase.line_code(uow, me().id, now())
    setup = None if on else _setup()
    page = render_template(
        "admin/account.html", on=on, setup=setup, form=CodeForm(), error=error, line_code=code, roles=ROLES
    )
    return page, 422 if error else 200


def _setup() -> dict[str, str]:
    """A fresh secret for the authenticator app, as QR code and as text; kept in the session until proved."""
    import segno
    from pyotp import random_base32
    from pyotp.totp import TOTP

    plain = _unproved()
    if plain is None:
        plain = random_base32()
        session["totp"] = services().database.vault.seal(plain.encode()).decode()
    address = TOTP(plain).provisioning_uri(name=me().email, issuer_name=ISSUER)
    picture = segno.make(address, error="m").svg_data_uri(scale=5, border=4, light="#fff")
    return {"picture": picture, "text": " ".join(plain[at : at + 4] for at in range(0, len(plain), 4))}


def _unproved() -> str | None:
    """The secret that the page showed last; None when it showed none, or under a key that is gone meanwhile."""
    try:
        return services().database.vault.open(session.get("totp", "").encode()).decode()
    except SealBroken:
        return None


@dangerous
def code_on() -> ResponseReturnValue:
    """Turn the one-time code on, proved by a first one."""
    secret, form = _unproved(), CodeForm()
    if secret is None:
        return redirect(url_for("admin.account"))
    try:
        with services().database.unit() as uow:
            usecase.turn_totp_on(uow, actor(), me().id, secret, form.code.data or "", now())
    except NotPossible as error:
        return account(t(error.code))
    session.pop("totp", None)
    flash(t("staff.code_on"))
    return redirect(url_for("admin.account"))


def code_off() -> ResponseReturnValue:
    """Turn it off, with a last one, which is proof enough; a wrong one is counted, so the transaction is kept."""
    form, failed = CodeForm(), None
    with services().database.unit() as uow:
        try:
            usecase.turn_totp_off(uow, actor(), me().id, form.code.data or "", now())
        except DomainError as error:
            failed = error
    if failed:
        return account(t(failed.code))
    flash(t("staff.code_off"))
    return redirect(url_for("admin.account"))


def log_out_everywhere() -> ResponseReturnValue:
    """End every session of this user, in every browser."""
    with services().database.unit() as uow:
        usecase.log_out_everywhere(uow, actor(), me().id, now())
    end()
    return redirect(url_for("admin.log_in"))
