"""Whether mails would leave now: the server is greeted, or Amazon SES asked about the account and the sender."""

import smtplib
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any

from storage.mail import FolderMailer, MailUnavailable, SesMailer, SmtpMailer, open_mailer

DENIED = frozenset({"AccessDeniedException", "AccessDenied"})


@dataclass(frozen=True)
class MailState:
    """`sandbox`: SES sends to proven addresses alone. `identified`: it knows the sender as ours. None: not asked."""

    sandbox: bool | None = None
    identified: bool | None = None
    unasked: tuple[str, ...] = ()


def ask(url: str, sender: str) -> MailState:
    """MailUnavailable when no mail would leave now, ValueError for settings that make no sense; nothing is sent."""
    mailer = open_mailer(url, sender)
    match mailer:
        case SmtpMailer():
            _greet(mailer)
        case SesMailer():
            return of_ses(mailer.client(), parseaddr(sender)[1])
        case FolderMailer():
            mailer.check()
    return MailState()


def _greet(mailer: SmtpMailer) -> None:
    try:
        with mailer.connected() as server:
            code, _ = server.noop()
    except (smtplib.SMTPException, OSError) as error:
        raise MailUnavailable(type(error).__name__) from error
    if code != 250:
        raise MailUnavailable(f"SMTP answered {code}")


def of_ses(client: Any, address: str) -> MailState:
    """What SES says of the account and of the sender `address`."""
    from botocore.exceptions import BotoCoreError, ClientError

    unasked: list[str] = []
    try:
        account = _granted(client.get_account, "ses:GetAccount", unasked)
        if account is not None and not account.get("SendingEnabled", True):
            raise MailUnavailable("SES sending is paused")
        identity = _granted(lambda: _identity(client, address), "ses:GetEmailIdentity", unasked)
    except ClientError as error:
        raise MailUnavailable(f"SES answered {error.response.get('Error', {}).get('Code', '')}") from error
    except BotoCoreError as error:
        raise MailUnavailable(type(error).__name__) from error
    sandbox = None if account is None else not account.get("ProductionAccessEnabled", False)
    return MailState(sandbox, identity, tuple(unasked))


def _granted(question: Callable[[], Any], right: str, unasked: list[str]) -> Any:
    """The answer, or None where we have not the right to ask."""
    from botocore.exceptions import ClientError

    try:
        return question()
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") not in DENIED:
            raise
    unasked.append(right)
    return None


def _identity(client: Any, address: str) -> bool:
    """Whether the address or its domain is proven to be ours."""
    from botocore.exceptions import ClientError

    for name in (address, address.rpartition("@")[2]):
        try:
            if client.get_email_identity(EmailIdentity=name).get("VerifiedForSendingStatus"):
                return True
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "NotFoundException":
                raise
    return False
