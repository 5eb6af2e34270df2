"""委嘱条件: every version, and publishing a new one."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.text import t
from handlers.admin.context import actor, now, services
from handlers.admin.listing import clean
from handlers.usecases import appointment as usecase
from models.rules.errors import NotFound, NotPossible
from models.rules.normalise import tidy
from models.rules.permissions import can
from storage import appointment
from storage.database import Conflict


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    bp.add_url_rule("/terms", view_func=terms_list)
    bp.add_url_rule("/terms", view_func=publish, methods=["POST"])
    bp.add_url_rule("/terms/<path:version>", view_func=terms_version)


def terms_list(error: str = "", version: str = "", text: str = "") -> ResponseReturnValue:
    """The versions, the newest first; `version` and `text` are what was typed."""
    with services().database.read() as uow:
        versions = appointment.all_terms(uow)
    values = {
        "versions": versions, "error": error, "version": version, "text": text,
        "most": usecase.TERMS_MAX, "may": can(actor(), "terms.publish"),
    }  # fmt: skip
    return render_template("admin/terms.html", **values), 422 if error else 200


def publish() -> ResponseReturnValue:
    """A new version; a refusal keeps what was typed."""
    version = tidy(request.form.get("terms_version", ""))
    text = clean(request.form.get("terms_text", ""))
    try:
        with services().database.unit() as uow:
            usecase.publish_terms(uow, actor(), version, text, now())
    except NotPossible as error:
        return terms_list(t(error.code, **error.data), version, text)
    except Conflict:
        return terms_list(t("appointment.terms_exist", version=version), version, text)
    services().told(uow.told)
    flash(t("staff.terms_published", version=version))
    return redirect(url_for("admin.terms_list"))


def terms_version(version: str) -> ResponseReturnValue:
    """One version, old ones included."""
    if not version.isprintable():
        raise NotFound
    with services().database.read() as uow:
        found = usecase.terms_for(uow, version)
    return render_template("admin/terms_version.html", terms=found)
