"""The queue and the settings kept elsewhere, spoken to over the wire: moto plays SQS, SSM and Secrets Manager."""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from botocore.session import Session

from storage import amazon
from storage.parameters import ParameterError, resolved
from storage.queue import EventQueue, QueueDown, open_queue
from tests.aws.services import Moto

ANNA, BEN = "U" + "a" * 32, "U" + "b" * 32


@pytest.fixture(scope="module")
def moto() -> Iterator[Moto]:
    server = Moto()
    yield server
    server.stop()


@pytest.fixture
def account(moto: Moto, monkeypatch: pytest.MonkeyPatch) -> Moto:
    values = {
        "AWS_ENDPOINT_URL": moto.url, "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "ap-northeast-1",
    }  # fmt: skip
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL_SQS", raising=False)
    amazon._session.cache_clear()
    return moto


@pytest.fixture
def url(account: Moto, request: pytest.FixtureRequest) -> str:
    attributes = {"FifoQueue": "true", "VisibilityTimeout": "360", "ContentBasedDeduplication": "false"}
    name = f"{abs(hash(request.node.name))}.fifo"
    return Session().create_client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]


@pytest.fixture
def queue(url: str) -> Iterator[EventQueue]:
    with closing(open_queue(url)) as opened:
        yield opened


def received(url: str) -> list[dict[str, Any]]:
    sqs = Session().create_client("sqs")
    asked = {"QueueUrl": url, "MaxNumberOfMessages": 10, "MessageSystemAttributeNames": ["All"]}
    return sqs.receive_message(**asked).get("Messages", [])


def test_an_event_told_twice_comes_once_and_people_stay_in_order(queue: EventQueue, url: str):
    queue.stored([(ANNA, "01A"), (BEN, "01B")])
    queue.stored([(ANNA, "01A")])
    found = received(url)
    assert [json.loads(each["Body"]) for each in found] == [{"person": ANNA}, {"person": BEN}]
    assert [each["Attributes"]["MessageGroupId"] for each in found] == [ANNA, BEN]
    assert not received(url)


def test_waking_is_never_taken_for_a_double(queue: EventQueue, url: str):
    queue.wake([ANNA, BEN, "mail"])
    queue.wake([ANNA])
    queue.hurry()
    bodies = [json.loads(each["Body"]) for each in received(url)]
    assert bodies == [{"person": ANNA}, {"person": BEN}, {"person": "mail"}, {"person": ANNA}, {"tasks": True}]


def test_what_was_given_back_comes_soon(queue: EventQueue, url: str):
    queue.wake([ANNA])
    (message,) = received(url)
    assert not received(url)
    queue.soon([message["ReceiptHandle"]])
    until = time.monotonic() + 10
    found: list[dict[str, Any]] = []
    while not found and time.monotonic() < until:
        time.sleep(0.2)
        found = received(url)
    assert [each["Attributes"]["ApproximateReceiveCount"] for each in found] == ["2"]


def test_a_queue_that_went_away_and_came_back(queue: EventQueue, url: str, account: Moto):
    queue.check()
    with account.away():
        began = time.monotonic()
        queue.stored([(ANNA, "01A")])
        assert time.monotonic() - began < 1.2
        with pytest.raises(QueueDown):
            queue.check()
    queue.stored([(ANNA, "01B")])
    assert [each["Attributes"]["MessageDeduplicationId"] for each in received(url)] == ["01B"]


def test_a_queue_nobody_made_is_said_to_be_none(account: Moto):
    with pytest.raises(QueueDown, match="NonExistentQueue"):
        open_queue(f"{account.url}/123456789012/none.fifo").check()


def test_settings_are_opened(account: Moto):
    session = Session()
    ssm, manager = session.create_client("ssm"), session.create_client("secretsmanager")
    ssm.put_parameter(Name="/prod/SECRET_KEY", Value="signing", Type="SecureString")
    ssm.put_parameter(Name="/prod/PLAIN", Value="plain", Type="String")
    arn = manager.create_secret(Name="prod/db", SecretString='{"username": "u", "password": "p"}')["ARN"]
    given = {
        "SECRET_KEY": "ssm:/prod/SECRET_KEY",
        "LIFF_ID": "ssm:/prod/PLAIN",
        "PGPASSWORD": f"secretsmanager:{arn}#password",
        "PORT": "1",
    }
    assert resolved(given) == {"SECRET_KEY": "signing", "LIFF_ID": "plain", "PGPASSWORD": "p"}
    with pytest.raises(ParameterError, match=r"not in the Parameter Store: A = ssm:/prod/none"):
        resolved({"A": "ssm:/prod/none"})
    with pytest.raises(ParameterError, match=r"ResourceNotFoundException: B = secretsmanager:nothing"):
        resolved({"B": "secretsmanager:nothing#x"})
