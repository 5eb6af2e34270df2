"""What `doctor` asks the stores: a real S3 server about its bucket, mail servers, SES, the database about itself."""

import json
import socketserver
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.session import Session
from botocore.stub import Stubber

from models.tables.conversation import InboxEvent
from storage import bucket, mail_state, schema, seals, standing
from storage.database import Database
from storage.files import FolderStore, open_store
from storage.mail import MailUnavailable
from storage.secrets import Vault, new_key
from tests.support import factories
from tests.support.given_up import event, message
from tests.support.s3 import Seaweed

ORIGIN = "https://119.example.jp"
POSTS = {"AllowedMethods": ["POST"], "AllowedOrigins": [ORIGIN]}


@pytest.fixture
def store(s3: Seaweed, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in s3.env.items():
        monkeypatch.setenv(name, value)
    opened = open_store(f"s3://{s3.bucket}/state", "key")
    yield opened
    client, name, _ = opened.whereabouts()  # pyright: ignore[reportAttributeAccessIssue]
    client.delete_bucket_cors(Bucket=name)
    client.delete_bucket_lifecycle(Bucket=name)
    opened.close()


def test_a_real_server_is_asked_and_its_answers_are_followed(store: Any) -> None:
    client, name, _ = store.whereabouts()
    before = bucket.state(store, ORIGIN)
    assert before
    assert (before.cors, before.lifecycle, before.kept) == (False, False, True)
    client.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": [POSTS]})
    rule = {"ID": "q", "Status": "Enabled", "Filter": {"Prefix": "state/quarantine/"}, "Expiration": {"Days": 1}}
    client.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [rule]})
    after = bucket.state(store, ORIGIN)
    assert after
    assert (after.cors, after.lifecycle, after.kept) == (True, True, True)
    elsewhere = bucket.state(store, "https://other.example.jp")
    assert elsewhere
    assert elsewhere.cors is False


def test_a_folder_is_no_bucket(tmp_path: Any) -> None:
    assert bucket.state(FolderStore(tmp_path, "key"), ORIGIN) is None


@pytest.mark.parametrize(
    ("rules", "lets"),
    [
        ([], False),
        ([POSTS], True),
        ([{**POSTS, "AllowedMethods": ["GET", "PUT"]}], False),
        ([{**POSTS, "AllowedOrigins": ["*"]}], True),
        ([{**POSTS, "AllowedOrigins": ["https://*.example.jp"]}], True),
        ([{**POSTS, "AllowedOrigins": ["http://119.example.jp"]}], False),
    ],
)
def test_who_may_post(rules: list[dict[str, Any]], lets: bool) -> None:
    assert bucket.lets_post(rules, ORIGIN) is lets


def expiring(prefix: str, **more: Any) -> dict[str, Any]:
    return {"Status": "Enabled", "Filter": {"Prefix": prefix}, "Expiration": {"Days": 1}, **more}


@pytest.mark.parametrize(
    ("rule", "clears", "keeps"),
    [
        (expiring("quarantine/"), True, True),
        (expiring("quarantine/", Status="Disabled"), False, True),
        (expiring("handover/"), False, True),
        (expiring(""), True, False),
        (expiring("papers/"), False, False),
        (expiring("", Expiration={"ExpiredObjectDeleteMarker": True}), False, True),
        ({"Status": "Enabled", "Prefix": "", "NoncurrentVersionExpiration": {"NoncurrentDays": 30}}, False, True),
    ],
)
def test_what_a_rule_lets_expire(rule: dict[str, Any], clears: bool, keeps: bool) -> None:
    assert bucket.clears([rule], "quarantine/") is clears
    assert bucket.keeps([rule], ["quarantine/", "handover/"]) is keeps


class Greeter(socketserver.StreamRequestHandler):
    """An SMTP server that greets and notes what it is told."""

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline().strip():
            self.server.said.append(line.split()[0].upper())  # type: ignore[attr-defined]
            self.wfile.write(b"221 bye\r\n" if line.upper() == b"QUIT" else b"250 ok\r\n")


@pytest.fixture
def smtp() -> Iterator[Any]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Greeter) as server:
        server.said = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


def test_a_mail_server_is_greeted_and_told_nothing(smtp: Any) -> None:
    mail_state.ask(f"smtp://127.0.0.1:{smtp.server_address[1]}", "desk@example.jp")
    assert b"NOOP" in smtp.said
    assert not {b"MAIL", b"RCPT", b"DATA"} & set(smtp.said)


@pytest.mark.parametrize("url", ["smtp://127.0.0.1:9", "file:/proc/no/such"])
def test_mail_that_cannot_leave(url: str) -> None:
    with pytest.raises(MailUnavailable):
        mail_state.ask(url, "desk@example.jp")


@pytest.mark.parametrize(("url", "sender"), [("fax:1", "desk@example.jp"), ("ses:", "nobody")])
def test_mail_settings_that_make_no_sense(url: str, sender: str) -> None:
    with pytest.raises(ValueError):
        mail_state.ask(url, sender)


def ses_says(*answers: tuple[str, Any]) -> mail_state.MailState:
    client = Session().create_client(
        "sesv2", region_name="ap-northeast-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    with Stubber(client) as stub:
        for operation, answer in answers:
            if isinstance(answer, str):
                stub.add_client_error(operation, answer)
            else:
                stub.add_response(operation, answer)
        return mail_state.of_ses(client, "desk@example.jp")


def test_ses_is_asked_about_the_account_and_the_sender() -> None:
    proven = {"VerifiedForSendingStatus": True}
    open_account = {"SendingEnabled": True, "ProductionAccessEnabled": True}
    ready = ses_says(("get_account", open_account), ("get_email_identity", proven))
    assert ready == mail_state.MailState(sandbox=False, identified=True)
    by_domain = ses_says(
        ("get_account", {"SendingEnabled": True, "ProductionAccessEnabled": False}),
        ("get_email_identity", "NotFoundException"),
        ("get_email_identity", proven),
    )
    assert by_domain == mail_state.MailState(sandbox=True, identified=True)
    nobody = [("get_email_identity", "NotFoundException")] * 2
    assert ses_says(("get_account", open_account), *nobody).identified is False


def test_ses_that_may_not_be_asked() -> None:
    denied = ses_says(("get_account", "AccessDeniedException"), ("get_email_identity", "AccessDeniedException"))
    assert denied == mail_state.MailState(None, None, ("ses:GetAccount", "ses:GetEmailIdentity"))
    with pytest.raises(MailUnavailable):
        ses_says(("get_account", "ServiceUnavailable"))
    with pytest.raises(MailUnavailable):
        ses_says(("get_account", {"SendingEnabled": False}))


def test_the_database_tells_of_itself(database: Database) -> None:
    with database.read() as uow:
        version, apart = standing.server(uow)
        assert standing.crew(uow) == standing.Crew(0, 0, 0, 0)
        assert standing.last_sent(uow) is standing.lease_until(uow, "jobs") is None
    assert version.startswith(("SQLite 3", "PostgreSQL "))
    assert apart is None or abs(apart) < 5
    assert schema.revision(database.engine) == schema.head()
    assert [schema.is_known(number) for number in (None, "0001", schema.head(), "9999")] == [True, True, True, False]


def test_managers_and_their_codes_are_counted(database: Database) -> None:
    with database.unit() as uow:
        for mail, role in (("a@example.jp", "manager"), ("b@example.jp", "manager"), ("c@example.jp", "clerk")):
            factories.staff_user(uow, mail, role)
    with database.read() as uow:
        assert standing.crew(uow) == standing.Crew(2, 0, 3, 0)


def test_the_newest_events_are_counted_up_to_a_limit(database: Database) -> None:
    at = datetime(2026, 11, 24, 1, tzinfo=UTC)
    with database.unit() as uow:
        for received in (10, 20, 30, 40):
            event(uow, at, received_ms=received)
    with database.read() as uow:
        assert [standing.events_since(uow, since, 100) for since in (0, 25, 99)] == [4, 2, 0]
        assert standing.events_since(uow, 0, 3) == 3


def test_every_sealed_column_is_sampled_and_no_plain_one(database: Database) -> None:
    places = {f"{table.name}.{column.name}" for table, column in seals.columns()}
    assert {"conversations.session", "staff.totp_secret", "invitations.code_sealed", "submissions.snapshot"} <= places
    assert "inbox.body" not in places
    keys = [new_key(), new_key()]
    newest, oldest = (Vault([key]) for key in keys)
    with database.unit() as uow:
        event(uow, datetime(2026, 11, 24, tzinfo=UTC))
        talk = uow.session.get_one(InboxEvent, 1)
        assert talk.body == b"{}"
    found = [seals.Sample("x", vault.seal(json.dumps(1).encode())) for vault in (newest, oldest, Vault([new_key()]))]
    assert [at for _, at in seals.opened_by([newest, oldest], found)] == [0, 1, None]


def test_messages_leave_or_are_put_away_once_on_each_database(database: Database) -> None:
    from storage import given_up

    at = datetime(2026, 11, 24, 1, tzinfo=UTC)
    with database.unit() as uow:
        rows = [message(uow, at) for _ in range(3)]
    with database.unit() as uow:
        assert given_up.send_again(uow, rows[:2], at) == rows[:2]
        assert given_up.send_again(uow, rows[:2], at) == []
        assert given_up.put_messages_away(uow, rows) == rows[2:]
        assert [row.seq for row in given_up.messages(uow)] == []
