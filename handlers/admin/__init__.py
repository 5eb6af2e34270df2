"""The secretariat's pages under `/admin/`: behind login, each route guarded."""

from flask import Flask

from handlers.admin import (
    account,
    applications,
    audit,
    changes,
    consent,
    desks,
    dispatch,
    dispatch_expert,
    dispatch_settle,
    dispatches,
    expert,
    experts,
    imports,
    letters,
    moves,
    organisation,
    organisations,
    password,
    presence,
    privacy,
    settings,
    staff,
    start,
    status,
    tasks,
    terms,
    troubles,
    visit,
    visits,
)
from handlers.admin.context import KEY
from handlers.admin.guard import blueprint, login_manager
from handlers.services import Services


def install(app: Flask, services: Services) -> None:
    """Put the secretariat's pages on the app."""
    app.extensions[KEY] = services
    login_manager(app)
    bp = blueprint()
    for part in (
        account,
        start,
        applications,
        letters,
        terms,
        organisations,
        organisation,
        moves,
        settings,
        desks,
        consent,
        password,
        presence,
        staff,
        changes,
        dispatches,
        dispatch,
        dispatch_expert,
        dispatch_settle,
        experts,
        expert,
        audit,
        imports,
        tasks,
        privacy,
        troubles,
        status,
        visits,
        visit,
    ):
        part.routes(bp)
    app.register_blueprint(bp)
