"""Who gets in: the session's lifetimes and the check in front of every route of the secretariat's pages."""

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from flask import Blueprint, Flask, abort, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, current_user, login_user, logout_user
from flask_wtf.csrf import CSRFError

from handlers.admin.context import LoggedIn, actor, me, now, services
from models.rules.permissions import can
from models.views.people import StaffView
from storage import staff

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
NOTE_EVERY = timedelta(minutes=1)
OPEN = frozenset({"admin.log_in", "admin.forgot", "admin.set_password", "admin.static"})
BY_ITSELF = frozenset({"admin.presence"})
"""What an open page asks for by itself: nobody is there for it, so it keeps no session alive."""
KEPT_WORDS = ("comment", "reason", "terms_", "consent_")


def blueprint() -> Blueprint:
    """The blueprint with its guard; routes are added by the modules of the pages."""
    bp = Blueprint("admin", __name__, url_prefix="/admin", template_folder="templates", static_folder="static")
    bp.before_request(_guard)
    bp.register_error_handler(CSRFError, lambda _: over())
    bp.context_processor(lambda: {"me": me})
    return bp


def login_manager(app: Flask) -> None:
    """Flask-Login, reading the user anew for each request."""
    manager = LoginManager()
    manager.init_app(app, add_context_processor=False)
    manager.user_loader(_user)


def _user(kept: str) -> LoggedIn | None:
    staff_id, _, epoch = kept.partition(".")
    with services().database.read() as uow:
        view = staff.by_id(uow, staff_id)
    return LoggedIn(view) if view and str(view.epoch) == epoch else None


def begin(view: StaffView) -> None:
    """Start a session; nothing of an earlier one is kept."""
    session.clear()
    login_user(LoggedIn(view))
    session["began"] = session["seen"] = session["proved"] = int(now().timestamp())


def end() -> None:
    """End this browser's session."""
    logout_user()
    session.clear()


def _guard() -> ResponseReturnValue | None:
    if request.endpoint in OPEN:
        return None
    if not current_user.is_authenticated or not _alive(now()):
        end()
        return over()
    if not can(actor(), "queue.read"):
        abort(403)
    return None


def _alive(at: datetime) -> bool:
    began, seen = (datetime.fromtimestamp(session.get(key, 0), at.tzinfo) for key in ("began", "seen"))
    if at - seen > IDLE or at - began > LONGEST:
        return False
    if at - seen > NOTE_EVERY and request.endpoint not in BY_ITSELF:
        session["seen"] = int(at.timestamp())
    return True


def over() -> ResponseReturnValue:
    """To the login, and back afterwards; words typed into a form that can no longer be sent are shown again."""
    if request.method in ("GET", "HEAD"):
        return redirect(url_for("admin.log_in", next=request.full_path.removesuffix("?")))
    words = [value for name, value in request.form.items() if name.startswith(KEPT_WORDS) and value.strip()]
    back = urlsplit(request.referrer or "").path
    return render_template("admin/over.html", words=words, back=back if inside(back) else None), 400


def inside(path: str) -> bool:
    """Whether a path leads to the secretariat's pages and nowhere else."""
    return path.startswith("/admin/") and not any(char in path for char in "\\\r\n\t\0")
