"""A stand-in for LINE's servers, with phones and a mailbox in the browser; local use and tests only.

`Platform` is its behaviour, `create_app(platform)` its HTTP face: the Messaging API (both of LINE's hosts
under one address), the phones' page and what that page calls.
"""

from collections.abc import Mapping

from bot.emulator.app import create_app
from bot.emulator.platform import Platform
from bot.emulator.records import Event, Fault, PhoneError

CREDENTIALS = ("LINE_CHANNEL_SECRET", "LINE_CHANNEL_ACCESS_TOKEN")

__all__ = ["Event", "Fault", "PhoneError", "Platform", "create_app", "refuse_with_credentials"]


def refuse_with_credentials(environment: Mapping[str, str]) -> None:
    """RuntimeError when the environment holds credentials of a real LINE channel."""
    found = [name for name in CREDENTIALS if environment.get(name, "").strip()]
    if found:
        raise RuntimeError(
            f"The stand-in for LINE does not start while {' and '.join(found)} is set: "
            "real people would be talked to through it. Unset it, or start `serve` instead of `run`."
        )
