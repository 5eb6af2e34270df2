"""The secretariat's pages under `/admin/`: behind login, each route guarded."""

from flask import Flask

from handlers.admin import account, applications, letters, organisations, start, terms
from handlers.admin.context import KEY
from handlers.admin.guard import blueprint, login_manager
from handlers.services import Services


def install(app: Flask, services: Services) -> None:
    """Put the secretariat's pages on the app."""
    app.extensions[KEY] = services
    login_manager(app)
    bp = blueprint()
    for part in (account, start, applications, letters, terms, organisations):
        part.routes(bp)
    app.register_blueprint(bp)
