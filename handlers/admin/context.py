"""What every view of the secretariat's pages asks for: the services, the time, who is logged in."""

from datetime import datetime
from typing import cast

from flask import current_app
from flask_login import UserMixin, current_user

from handlers.services import Services
from models.rules.permissions import Actor
from models.views.people import StaffView

KEY = "chusho119.admin"


class LoggedIn(UserMixin):
    """A staff user as Flask-Login knows one: the session names the user and the epoch it was begun in."""

    def __init__(self, view: StaffView) -> None:
        self.view = view

    def get_id(self) -> str:
        """What the session keeps."""
        return f"{self.view.id}.{self.view.epoch}"


def services() -> Services:
    """What bootstrap opened."""
    return cast("Services", current_app.extensions[KEY])


def now() -> datetime:
    """The time, aware UTC."""
    return services().clock()


def me() -> StaffView:
    """The logged-in user; only behind the guard."""
    return cast("LoggedIn", current_user).view


def actor() -> Actor:
    """The logged-in user as permissions know one."""
    return me().actor
