"""One contract for the mailers: a folder, a real SMTP server; and SES by its own service description."""

import socket
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from boto3.session import Session
from botocore.stub import ANY, Stubber

from storage.mail import Letters, Mail, Mailer, MailRefused, MailUnavailable, SesMailer, open_mailer, utc_now
from tests.support.smtp import PASSWORD, USER, Postbox, postbox, self_signed

SENDER = "中小企業119事務局 <office@example.jp>"
MAIL = Mail(
    to="shinsa@example.jp",
    subject="【承認のお願い】髙橋 﨑子さんの申請が届いています。内容をご確認のうえ、承認をお願いします",
    body="髙橋さんの申請が届いています。\n.\n\nFrom here: 👍 " + "長い行" * 400 + "\n",
    message_id="0f4c2a9e-7d61-4a35-9a57-1b0a53a4a7d1",
)


@dataclass
class Post:
    """A mailer, and what arrived through it."""

    mailer: Mailer
    arrived: Callable[[], list[EmailMessage]]


@pytest.fixture
def box() -> Iterator[Postbox]:
    with postbox() as running:
        yield running


def files_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.eml"))


def read(folder: Path) -> list[EmailMessage]:
    return [message_from_bytes(path.read_bytes(), policy=modern) for path in files_in(folder)]


@pytest.fixture(params=["folder", "smtp"])
def post(request: pytest.FixtureRequest, tmp_path: Path) -> Post:
    if request.param == "folder":
        folder = tmp_path / "mail"
        return Post(open_mailer(f"file:{folder}", SENDER), lambda: read(folder))
    box: Postbox = request.getfixturevalue("box")
    return Post(open_mailer(f"smtp://{box.host}:{box.port}", SENDER), lambda: box.mails)


def test_a_japanese_mail_arrives_as_it_was_written(post: Post) -> None:
    post.mailer.send(MAIL)
    (letter,) = post.arrived()
    assert letter["Subject"] == MAIL.subject
    assert letter.get_content().replace("\r\n", "\n") == MAIL.body
    assert letter["To"] == MAIL.to
    assert letter["From"].addresses[0].display_name == "中小企業119事務局"
    assert letter["From"].addresses[0].addr_spec == "office@example.jp"
    assert abs((letter["Date"].datetime - datetime.now(UTC)).total_seconds()) < 60


def test_the_wire_is_plain_ascii_in_short_lines(post: Post) -> None:
    post.mailer.send(MAIL)
    raw = post.arrived()[0].as_bytes()
    assert raw.isascii()
    assert max(len(line) for line in raw.splitlines()) <= 998


def test_a_repeat_is_recognised_by_its_message_id(post: Post) -> None:
    post.mailer.send(MAIL)
    post.mailer.send(MAIL)
    assert {letter["Message-ID"] for letter in post.arrived()} == {f"<{MAIL.message_id}@example.jp>"}
    assert {letter["X-Notice-ID"] for letter in post.arrived()} == {MAIL.message_id}


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\0", "\x0b", "\x85", "\u2028", "\t"])
def test_no_header_can_be_smuggled_in(post: Post, end: str) -> None:
    for mail in (
        replace(MAIL, subject=f"題{end}Bcc: thief@example.com"),
        replace(MAIL, to=f"a@example.jp{end}Bcc: thief@example.com"),
        replace(MAIL, message_id=f"a{end}Bcc: thief@example.com"),
    ):
        with pytest.raises(MailRefused) as caught:
            post.mailer.send(mail)
        assert not caught.value.retryable
    assert post.arrived() == []


@pytest.mark.parametrize(
    "to",
    [
        *("", "a", "@example.jp", "a@", "a@b@c", "a b@example.jp", "a@example.jp>", "\ud800@example.jp"),
        *("a@example.jp, b@example.jp", "名前@example.jp", "a@例え.jp", "A <a@example.jp>"),
    ],
)
def test_what_is_not_one_address_is_refused(post: Post, to: str) -> None:
    with pytest.raises(MailRefused) as caught:
        post.mailer.send(replace(MAIL, to=to))
    assert "example" not in str(caught.value)
    assert post.arrived() == []


@pytest.mark.parametrize("body", ["", "control \x00\x07 characters", "half a pair \ud83d", "\r\n.\r\nQUIT\r\n"])
def test_odd_bodies_do_not_stop_a_mail(post: Post, body: str) -> None:
    post.mailer.send(replace(MAIL, body=body))
    assert len(post.arrived()) == 1


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "var/mail",
        "file:",
        "file://host/x",
        "smtp:",
        "smtp://",
        "ses://x",
        "ses:x",
        "http://x",
        "smtps://x",
    ],
)
def test_other_urls_are_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="MAIL_URL"):
        open_mailer(bad)


@pytest.mark.parametrize("sender", ["", "nobody", "a@x.jp\nBcc: b@x.jp", "事務局 <>"])
def test_a_sender_that_is_no_address_is_refused(sender: str) -> None:
    with pytest.raises(ValueError, match="sender"):
        open_mailer("ses:", sender)


# The folder's own promises


def test_folder_names_a_mail_by_time_and_id_and_keeps_it_private(tmp_path: Path) -> None:
    moment = datetime(2026, 4, 1, 0, 30, 15, 250, tzinfo=UTC)
    open_mailer(f"file:{tmp_path}/mail", SENDER, lambda: moment).send(MAIL)
    (path,) = files_in(tmp_path / "mail")
    assert path.name == f"20260401T003015000250Z-{MAIL.message_id}.eml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read(tmp_path / "mail")[0]["Date"].datetime == moment.replace(microsecond=0)


def test_folder_writes_a_repeat_once_even_at_the_same_time(tmp_path: Path) -> None:
    mailer = open_mailer(f"file:{tmp_path}/mail")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: mailer.send(MAIL), range(12)))
    assert len(files_in(tmp_path / "mail")) == 1


def test_folder_tells_an_id_from_the_end_of_another(tmp_path: Path) -> None:
    mailer = open_mailer(f"file:{tmp_path}/mail")
    mailer.send(replace(MAIL, message_id="one-two"))
    mailer.send(replace(MAIL, message_id="two"))
    assert len(files_in(tmp_path / "mail")) == 2


def test_a_folder_that_cannot_be_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("in the way")
    with pytest.raises(MailUnavailable) as caught:
        open_mailer(f"file:{tmp_path}/mail").send(MAIL)
    assert caught.value.retryable


# SMTP's own promises


def test_smtp_sends_to_the_one_recipient(box: Postbox) -> None:
    open_mailer(f"smtp://{box.host}:{box.port}").send(MAIL)
    assert box.recipients == [MAIL.to]


def test_smtp_logs_in_with_a_percent_encoded_password(box: Postbox) -> None:
    open_mailer(f"smtp://{USER}:{quote(PASSWORD, safe='')}@{box.host}:{box.port}").send(MAIL)
    assert (box.logins, len(box.mails)) == ([USER], 1)


def test_smtp_with_a_wrong_password_is_to_be_tried_again(box: Postbox) -> None:
    with pytest.raises(MailUnavailable) as caught:
        open_mailer(f"smtp://{USER}:wrong@{box.host}:{box.port}").send(MAIL)
    assert "wrong" not in str(caught.value)
    assert box.mails == []


@pytest.mark.parametrize(
    ("recipient", "content", "error"),
    [
        ("550 no such mailbox", "250 taken", MailRefused),
        ("450 come back later", "250 taken", MailUnavailable),
        ("250 ok", "554 looks like spam", MailRefused),
        ("250 ok", "451 come back later", MailUnavailable),
    ],
)
def test_smtp_answers_are_told_apart(box: Postbox, recipient: str, content: str, error: type[Exception]) -> None:
    box.answer_recipient, box.answer_content = recipient, content
    with pytest.raises(error) as caught:
        open_mailer(f"smtp://{box.host}:{box.port}").send(MAIL)
    assert "example.jp" not in str(caught.value)
    assert box.mails == []


def test_smtp_without_the_tls_that_was_asked_for_sends_nothing(box: Postbox) -> None:
    with pytest.raises(MailUnavailable):
        open_mailer(f"smtp://{box.host}:{box.port}?starttls=1").send(MAIL)
    assert box.mails == []


def test_smtp_speaks_tls_before_it_logs_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = self_signed(tmp_path / "server.pem", "localhost")
    with postbox(certificate) as box:
        mailer = open_mailer(f"smtp://{USER}:{quote(PASSWORD, safe='')}@localhost:{box.port}?starttls=1")
        with pytest.raises(MailUnavailable):
            mailer.send(MAIL)
        assert (box.logins, box.mails) == ([], [])
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        mailer.send(MAIL)
        assert (box.logins, len(box.mails)) == ([USER], 1)


def test_smtp_that_is_not_there_is_unavailable() -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(MailUnavailable):
            open_mailer(f"smtp://127.0.0.1:{taken.getsockname()[1]}").send(MAIL)


def test_smtp_that_never_speaks_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.mail.TIMEOUT", 0.2)
    with closing(socket.create_server(("127.0.0.1", 0))) as silent, pytest.raises(MailUnavailable):
        open_mailer(f"smtp://127.0.0.1:{silent.getsockname()[1]}").send(MAIL)


# SES


@pytest.fixture
def ses() -> Iterator[tuple[SesMailer, Stubber]]:
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "y", "region_name": "ap-northeast-1"}
    with closing(Session(**keys).client("sesv2")) as client, Stubber(client) as stub:
        yield SesMailer(Letters(SENDER, utc_now), client), stub
        stub.assert_no_pending_responses()


class Letter:
    """Equal to the raw bytes of the letter we expect."""

    def __eq__(self, raw: object) -> bool:
        assert isinstance(raw, bytes)
        letter: Any = message_from_bytes(raw, policy=modern)
        return (letter["To"], letter["Subject"]) == (MAIL.to, MAIL.subject)

    __hash__ = None  # type: ignore[assignment]


def test_ses_gets_the_raw_letter(ses: tuple[SesMailer, Stubber]) -> None:
    mailer, stub = ses
    wanted = {
        "Destination": {"ToAddresses": [MAIL.to]},
        "Content": {"Raw": {"Data": Letter()}},
        "EmailTags": [{"Name": "notice", "Value": MAIL.message_id}],
    }
    stub.add_response("send_email", {"MessageId": "m"}, wanted)
    mailer.send(MAIL)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("MessageRejected", MailRefused),
        ("BadRequestException", MailRefused),
        ("TooManyRequestsException", MailUnavailable),
        ("SendingPausedException", MailUnavailable),
        ("MailFromDomainNotVerifiedException", MailUnavailable),
        ("SomethingNew", MailUnavailable),
    ],
)
def test_ses_errors_are_told_apart(ses: tuple[SesMailer, Stubber], code: str, error: type[Exception]) -> None:
    mailer, stub = ses
    stub.add_client_error(
        "send_email", code, expected_params=dict.fromkeys(("Destination", "Content", "EmailTags"), ANY)
    )
    with pytest.raises(error):
        mailer.send(MAIL)


def test_ses_without_a_region_is_unavailable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(MailUnavailable, match="NoRegion"):
        open_mailer("ses:").send(MAIL)
