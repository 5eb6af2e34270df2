"""What every page opened from LINE asks for."""

from typing import cast

from flask import current_app

from handlers.services import Services

KEY = "chusho119.web"


def services() -> Services:
    """What bootstrap opened."""
    return cast("Services", current_app.extensions[KEY])
