"""Mail: the server answers and knows us. Nothing is sent."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from handlers.checks.finding import Finding, error, fine, unknown, warning
from storage.mail import MailRefused, MailUnavailable
from storage.mail_state import MailState, ask

if TYPE_CHECKING:
    from handlers.bootstrap import Service


def look(service: "Service") -> Iterator[Finding]:
    """Whether mails would leave now."""
    at = service.settings
    try:
        state = ask(at.mail_url, at.mail_sender)
    except (MailRefused, MailUnavailable) as problem:
        yield error("mail_down", problem.reason)
        return
    except ValueError as problem:
        yield error("mail_setting", str(problem))
        return
    folder = at.mail_url.startswith("file:")
    yield fine("mail_to_folder" if folder else "mail_answers")
    yield from _ses(state)


def _ses(state: MailState) -> Iterator[Finding]:
    if state.sandbox:
        yield warning("mail_sandbox")
    if state.identified is False:
        yield error("mail_identity")
    if state.unasked:
        yield unknown("mail_unasked", ", ".join(state.unasked))
