"""Mail out: into a folder, over SMTP, or through Amazon SES; one mail to one address.

The Message-ID is made from the mail's own id, so a repeat is recognised where mail is gathered. SES writes a
Message-ID of its own; there the header X-Notice-ID and the tag `notice` carry the id.
"""

import fcntl
import os
import re
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from storage import amazon
from storage.files import write_whole

if TYPE_CHECKING:
    from botocore.client import BaseClient

TIMEOUT = 10.0
MESSAGE_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
STAMP = "%Y%m%dT%H%M%S%fZ"
STAMP_GLOB = "?" * len("20260101T000000000000Z")
SES_REFUSALS = frozenset({"MessageRejected", "BadRequestException"})

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Mail:
    """A plain-text mail. `message_id`: letters, digits, `.` `_` `-`; the same for each repeat."""

    to: str
    subject: str
    body: str
    message_id: str


class MailRefused(Exception):
    """Never to be accepted like this; `reason` names no address."""

    retryable = False

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class MailUnavailable(Exception):
    """Not accepted now; to be sent again. `reason` names no address."""

    retryable = True

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Mailer(Protocol):
    """Sends one mail."""

    def send(self, mail: Mail) -> None:
        """Hand `mail` over; MailRefused or MailUnavailable when that did not work."""
        ...


def utc_now() -> datetime:
    """The time a mail is dated with unless another clock is given."""
    return datetime.now(UTC)


def open_mailer(url: str, sender: str = "no-reply@localhost", clock: Clock = utc_now) -> Mailer:
    """The mailer `url` names: `file:FOLDER`, `smtp://[user:password@]host[:port][?starttls=1]` or `ses:`.

    `sender`: an address, or `name <address>`. ValueError for any other URL or a sender that is no address.
    Nothing is contacted yet. Credentials in the URL are percent-encoded.
    """
    parts = urlsplit(url)
    letters = Letters(sender, clock)
    if parts.scheme == "file" and parts.path and not parts.netloc:
        return FolderMailer(Path(unquote(parts.path)), letters)
    if parts.scheme == "smtp" and parts.hostname:
        return SmtpMailer(parts, letters)
    if parts.scheme == "ses" and not parts.netloc and not parts.path:
        return SesMailer(letters)
    raise ValueError("MAIL_URL is file:FOLDER, smtp://HOST:PORT or ses:")


class Letters:
    """Turns a Mail into an RFC 5322 message from one sender; MailRefused when it cannot be one."""

    def __init__(self, sender: str, clock: Clock) -> None:
        try:
            name, address = parseaddr(_one_line(sender, "sender"))
            self._sender = Address(display_name=name, addr_spec=address)
        except (MessageError, IndexError, MailRefused, ValueError):
            raise ValueError("the mail sender is no address") from None
        self.clock = clock

    def write(self, mail: Mail) -> EmailMessage:
        """The message; UTF-8, the same id for the same mail."""
        if not MESSAGE_ID.fullmatch(mail.message_id):
            raise MailRefused("message id")
        letter = EmailMessage(policy=SMTP)
        letter["From"] = self._sender
        letter["To"] = _address(mail.to)
        letter["Subject"] = _one_line(mail.subject, "subject")
        letter["Date"] = format_datetime(self.clock())
        letter["Message-ID"] = f"<{mail.message_id}@{self._sender.domain}>"
        letter["X-Notice-ID"] = mail.message_id
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content(_encodable(mail.body), charset="utf-8", cte="base64")
        return letter


class FolderMailer:
    """A folder of `<UTC time>-<message id>.eml` files; a message id that is there is not written again."""

    def __init__(self, folder: Path, letters: Letters) -> None:
        self._folder = folder
        self._letters = letters

    def send(self, mail: Mail) -> None:
        """See Mailer."""
        letter = self._letters.write(mail).as_bytes()
        name = f"{self._letters.clock().astimezone(UTC):{STAMP}}-{mail.message_id}.eml"
        try:
            with self._alone():
                if next(self._folder.glob(f"{STAMP_GLOB}-{mail.message_id}.eml"), None) is None:
                    write_whole(self._folder / name, letter)
        except OSError as error:
            raise MailUnavailable(f"{type(error).__name__}: {error.strerror}") from error

    def check(self) -> None:
        """MailUnavailable when no mail can be put there now."""
        try:
            with self._alone():
                return
        except OSError as error:
            raise MailUnavailable(f"{type(error).__name__}: {error.strerror}") from error

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


class SmtpMailer:
    """An SMTP server; a connection a mail. With `starttls=1` a server without valid TLS is not spoken to."""

    def __init__(self, url: SplitResult, letters: Letters) -> None:
        self._starttls = parse_qs(url.query).get("starttls", ["0"])[-1] == "1"
        self._host = url.hostname or ""
        self._port = url.port or (587 if self._starttls else 25)
        self._user = unquote(url.username or "")
        self._password = unquote(url.password or "")
        self._letters = letters

    def send(self, mail: Mail) -> None:
        """See Mailer. Once the server took the mail, a failing goodbye does not count."""
        letter = self._letters.write(mail)
        try:
            with self.connected() as server:
                server.send_message(letter)
        except (smtplib.SMTPException, OSError) as error:
            raise _smtp_error(error) from error

    @contextmanager
    def connected(self) -> Iterator[smtplib.SMTP]:
        """A connection on which we are known; SMTPException or OSError. A failing goodbye does not count."""
        server = smtplib.SMTP(self._host, self._port, timeout=TIMEOUT)
        try:
            self._introduce(server)
            yield server
        finally:
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
            server.close()

    def _introduce(self, server: smtplib.SMTP) -> None:
        if self._starttls:
            server.starttls(context=ssl.create_default_context())
        if self._user:
            server.login(self._user, self._password)


class SesMailer:
    """Amazon SES; region and credentials come from botocore's own variables."""

    def __init__(self, letters: Letters, client: "BaseClient | None" = None) -> None:
        self._letters = letters
        self._made: Any = client

    def send(self, mail: Mail) -> None:
        """See Mailer. One attempt: the outbox decides about the next."""
        letter = self._letters.write(mail)
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self.client().send_email(
                Destination={"ToAddresses": [mail.to]},
                Content={"Raw": {"Data": letter.as_bytes()}},
                EmailTags=[{"Name": "notice", "Value": mail.message_id}],
            )
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            raise (MailRefused if code in SES_REFUSALS else MailUnavailable)(f"SES answered {code}") from error
        except BotoCoreError as error:
            raise MailUnavailable(type(error).__name__) from error

    def client(self) -> Any:
        """SES's own client, made when first asked for."""
        if self._made is None:
            self._made = amazon.client("sesv2", connect=TIMEOUT, read=TIMEOUT)
        return self._made


def _address(to: str) -> Address:
    """Exactly one address of ASCII: others need an extension few servers have."""
    try:
        address = Address(addr_spec=_one_line(to, "address"))
        address.addr_spec.encode("ascii")
    except (MessageError, IndexError, ValueError):
        raise MailRefused("address") from None
    if not address.username or not address.domain:
        raise MailRefused("address")
    return address


def _one_line(text: str, what: str) -> str:
    """`text` without any character that could end a header line."""
    if not text.isprintable():
        raise MailRefused(what)
    return text


def _encodable(body: str) -> str:
    """Half a surrogate pair, which no encoding carries, becomes a replacement character."""
    return body.encode("utf-8", "replace").decode("utf-8")


def _smtp_error(error: Exception) -> MailRefused | MailUnavailable:
    """5xx for recipient or content is final; about sender, login or line it is ours to mend."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
        refused = all(500 <= code < 600 for code in codes)
        return (MailRefused if refused else MailUnavailable)(f"SMTP answered {codes[0]} to the recipient")
    if isinstance(error, smtplib.SMTPDataError) and 500 <= error.smtp_code < 600:
        return MailRefused(f"SMTP answered {error.smtp_code} to the content")
    return MailUnavailable(type(error).__name__)
