"""個人情報の取扱い: every version of the privacy text, and publishing a new one."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.screens.consent import words
from bot.text import t
from handlers.admin.context import actor, now, services
from handlers.admin.listing import clean
from handlers.usecases import consent as usecase
from models.rules.errors import NotPossible
from models.rules.normalise import tidy
from models.rules.permissions import can
from storage import consents
from storage.database import Conflict


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    bp.add_url_rule("/consent", view_func=consent_list)
    bp.add_url_rule("/consent", view_func=publish_consent, methods=["POST"])
    bp.add_url_rule("/consent/<path:version>", view_func=consent_version)


def consent_list(error: str = "", version: str = "", text: str = "") -> ResponseReturnValue:
    """The versions, the newest first; `version` and `text` are what was typed."""
    with services().database.read() as uow:
        versions = consents.everything(uow)
    values = {
        "versions": versions, "error": error, "version": version, "text": text or words(versions[0]),
        "most": usecase.TEXT_MAX, "may": can(actor(), "consent.publish"),
    }  # fmt: skip
    return render_template("admin/consent.html", **values), 422 if error else 200


def publish_consent() -> ResponseReturnValue:
    """A new version; a refusal keeps what was typed."""
    version = tidy(request.form.get("consent_version", ""))
    text = clean(request.form.get("consent_text", ""))
    try:
        with services().database.unit() as uow:
            usecase.publish(uow, actor(), version, text, now())
    except NotPossible as error:
        return consent_list(t(error.code, **error.data), version, text)
    except Conflict:
        return consent_list(t("consent.exists", version=version), version, text)
    flash(t("consent.published", version=version))
    return redirect(url_for("admin.consent_list"))


def consent_version(version: str) -> ResponseReturnValue:
    """One version, old ones included."""
    with services().database.read() as uow:
        found = usecase.one(uow, version)
    return render_template("admin/consent_version.html", consent=found, words=words(found))
