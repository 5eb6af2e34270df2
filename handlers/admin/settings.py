"""設定: the way to everything the secretariat keeps for itself, and the values it may change, with their history."""

from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.text import t
from handlers.admin.again import dangerous
from handlers.admin.context import actor, now, services
from handlers.admin.listing import whole
from handlers.usecases import settings as usecase
from models.rules.errors import DomainError, NotAllowed
from models.rules.permissions import can
from models.rules.settings import ALL, SETTINGS, Setting
from storage import settings


@dataclass(frozen=True)
class Way:
    """One line of the hub. `permission`: who is shown it."""

    endpoint: str
    name: str
    about: str
    permission: str = "queue.read"


WAYS = (
    Way("desk_list", "窓口", "地域ごとの窓口と、担当する都道府県・電話・受付時間"),
    Way("staff_list", "職員", "このページを使う人と権限", "staff.manage"),
    Way("consent_list", "個人情報の取扱い", "登録の前に同意してもらう文章と、その版"),
    Way("terms_list", "委嘱条件", "事務局の承認のあとに同意してもらう文章と、その版"),
    Way("import_list", "取り込み", "いまの専門家を、表（CSV・Excel）からまとめて登録"),
    Way("status", "システムの状態", "動いているか、何を直すとよいか", "status.read"),
    Way("audit_list", "記録", "いつ、だれが、何をしたか", "audit.read"),
)


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    bp.add_url_rule("/settings", view_func=setting_list)
    one = f"/settings/<any({','.join(SETTINGS)}):key>"
    bp.add_url_rule(one, view_func=setting)
    bp.add_url_rule(one, view_func=change_setting, methods=["POST"])


def setting_list() -> ResponseReturnValue:
    """The hub, with the values."""
    with services().database.read() as uow:
        values = settings.values(uow)
    ways = [way for way in WAYS if can(actor(), way.permission)]
    return render_template("admin/settings.html", ways=ways, settings=ALL, values=values)


def setting(key: str, error: str = "", typed: str = "", status: int = 200) -> ResponseReturnValue:
    """One value: what it does, where its default comes from, and who changed it when."""
    with services().database.read() as uow:
        values = settings.values(uow)
        history = settings.history(uow, key)
    page = render_template(
        "admin/setting.html", setting=SETTINGS[key], value=values[key], history=history, error=error, typed=typed,
        seen=history[0].seq if history else 0, may=can(actor(), "settings.change"),
    )  # fmt: skip
    return page, status


@dangerous
def change_setting(key: str) -> ResponseReturnValue:
    """Change it; a refusal keeps what was typed."""
    typed, seen = request.form.get("value", "")[:40], whole(request.form.get("seen", ""))
    try:
        with services().database.unit() as uow:
            before, after = usecase.change(uow, actor(), key, typed, seen, now())
    except NotAllowed:
        raise
    except DomainError as error:
        return setting(key, t(error.code, **error.data), typed, 422)
    flash(_said(SETTINGS[key], before, after))
    return redirect(url_for("admin.setting", key=key))


def _said(of: Setting, before: int, after: int) -> str:
    if before == after:
        return t("setting.same")
    return t("setting.done", name=of.name, before=f"{before:,}{of.unit}", after=f"{after:,}{of.unit}")
