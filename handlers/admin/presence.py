"""Who else has an application open: shown on its desk, and asked for again by the open page."""

from datetime import timedelta

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from bot.text import t
from handlers.admin.context import me, now, services
from models.rules.calendar import format_datetime, to_jst
from models.rules.errors import NotFound
from storage import presence as storage
from storage.database import UnitOfWork
from storage.presence import Visitor

GONE_AFTER = timedelta(seconds=45)


def routes(bp: Blueprint) -> None:
    """Put this on the blueprint."""
    bp.add_url_rule("/applications/<row_id:application_id>/presence", view_func=presence, methods=["POST"])


def also_here(uow: UnitOfWork, application_id: str) -> str:
    """Note that the user opened an application, and say who else has it open."""
    storage.opened(uow, application_id, me().id, now())
    return _others(uow, application_id)


def presence(application_id: str) -> ResponseReturnValue:
    """The page is still open: the same words again. Only for whoever was allowed to open it."""
    with services().database.unit() as uow:
        if not storage.seen(uow, application_id, me().id, now()):
            raise NotFound
        words = _others(uow, application_id)
    return Response(words, mimetype="text/plain")


def _others(uow: UnitOfWork, application_id: str) -> str:
    found = storage.others(uow, application_id, me().id, now() - GONE_AFTER)
    return "".join(t("staff.here", name=each.name, at=_since(each)) for each in found)


def _since(visitor: Visitor) -> str:
    """The time, with the day when it was another one."""
    at = to_jst(visitor.since)
    return f"{at:%H:%M}" if at.date() == to_jst(now()).date() else format_datetime(visitor.since)
