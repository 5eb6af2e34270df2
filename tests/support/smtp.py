"""A real SMTP server that keeps what it gets."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.support.s3 import free_ports

USER = "mailer"
PASSWORD = "p@ss/word"  # needs percent-encoding in a URL, on purpose
TAKEN = "250 taken"
ATTEMPTS = 3


@dataclass
class Postbox:
    """Where the server listens, what it got, and what it answers from now on."""

    host: str = "127.0.0.1"
    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    answer_recipient: str = "250 ok"
    answer_content: str = TAKEN

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer to RCPT TO."""
        if self.answer_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answer_recipient

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Answer to the content."""
        if self.answer_content == TAKEN:
            content = envelope.content
            raw = content.encode() if isinstance(content, str) else content or b""
            self.mails.append(message_from_bytes(raw, policy=modern))
            self.recipients.extend(envelope.rcpt_tos)
        return self.answer_content

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, how: str, data: object) -> AuthResult:
        """Answer to AUTH."""
        right = isinstance(data, LoginPassword) and data == LoginPassword(USER.encode(), PASSWORD.encode())
        if right:
            self.logins.append(USER)
        return AuthResult(success=right, handled=False)


@contextmanager
def postbox(certificate: Path | None = None) -> Iterator[Postbox]:
    """A running server on a free port; with a certificate (see `self_signed`) it insists on STARTTLS."""
    box = Postbox()
    controller = _started(box, certificate)
    try:
        yield box
    finally:
        controller.stop()


def self_signed(path: Path, name: str) -> Path:
    """Write a key and its own certificate for the host `name` to `path`, valid for a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    owner = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(owner, owner, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(secret + certificate.public_bytes(Encoding.PEM))
    return path


def _started(box: Postbox, certificate: Path | None) -> Controller:
    """Another process may take the port between our looking and its use: then again with another."""
    for port in free_ports(ATTEMPTS):
        box.port = port
        controller = Controller(
            box,
            hostname=box.host,
            port=port,
            authenticator=box.authenticate,
            auth_require_tls=False,
            tls_context=_tls(certificate) if certificate else None,
            require_starttls=certificate is not None,
        )
        with suppress(OSError):
            controller.start()
            return controller
    raise RuntimeError("no free port for the SMTP server")


def _tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
