"""News over SQS: what is sent, and that a queue in trouble neither fails nor holds its caller."""

import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError

from storage import queue
from storage.queue import EventQueue, QueueDown, open_queue

URL = "https://sqs.ap-northeast-1.amazonaws.com/123456789012/chusho119-prod.fifo"
PEOPLE = [f"U{number:032x}" for number in range(25)]
Answer = Callable[..., dict[str, Any]]


def well(**_asked: Any) -> dict[str, Any]:
    return {"Successful": [], "Attributes": {}}


@dataclass
class Sqs:
    """A client whose calls `answer` answers."""

    answer: Answer = well
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    closed: bool = False

    def __getattr__(self, name: str) -> Answer:
        def call(**asked: Any) -> dict[str, Any]:
            self.calls.append((name, asked))
            return self.answer(**asked)

        return call

    def close(self) -> None:
        self.closed = True

    @property
    def entries(self) -> list[dict[str, Any]]:
        return [entry for _, asked in self.calls for entry in asked["Entries"]]


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> Sqs:
    made = Sqs()

    def client(service: str, **given: Any) -> Sqs:
        assert (service, given["region"]) == ("sqs", "ap-northeast-1")
        return made

    monkeypatch.setattr(queue, "client", client)
    return made


@pytest.fixture
def opened(sqs: Sqs) -> EventQueue:
    return open_queue(URL)


def sent(entry: dict[str, Any]) -> tuple[str, str, Any]:
    return entry["MessageGroupId"], entry["MessageDeduplicationId"], json.loads(entry["MessageBody"])


def test_an_event_is_told_by_its_person_and_its_id(opened: EventQueue, sqs: Sqs):
    opened.stored([(PEOPLE[0], "01AB"), (PEOPLE[1], "01CD"), (PEOPLE[0], "01EF")])
    assert [sent(entry) for entry in sqs.entries] == [
        (PEOPLE[0], "01AB", {"person": PEOPLE[0]}),
        (PEOPLE[1], "01CD", {"person": PEOPLE[1]}),
        (PEOPLE[0], "01EF", {"person": PEOPLE[0]}),
    ]
    assert {asked["QueueUrl"] for _, asked in sqs.calls} == {URL}


def test_people_are_woken_each_once_and_never_taken_for_a_double(opened: EventQueue, sqs: Sqs):
    opened.wake([PEOPLE[0], "mail", PEOPLE[0]])
    opened.wake([PEOPLE[0]])
    assert [sent(entry)[::2] for entry in sqs.entries] == [
        (each, {"person": each}) for each in (PEOPLE[0], "mail", PEOPLE[0])
    ]
    assert len({sent(entry)[1] for entry in sqs.entries}) == 3


def test_long_work_has_a_group_of_its_own(opened: EventQueue, sqs: Sqs):
    opened.hurry()
    assert sent(sqs.entries[0])[::2] == ("tasks", {"tasks": True})


def test_nothing_is_sent_for_nobody(opened: EventQueue, sqs: Sqs):
    opened.stored([])
    opened.wake([])
    opened.soon([])
    assert not sqs.calls


def test_ten_go_at_once(opened: EventQueue, sqs: Sqs):
    opened.wake(PEOPLE)
    assert [len(asked["Entries"]) for _, asked in sqs.calls] == [10, 10, 5]
    assert all(len({entry["Id"] for entry in asked["Entries"]}) == len(asked["Entries"]) for _, asked in sqs.calls)
    assert [entry["MessageGroupId"] for entry in sqs.entries] == PEOPLE


def test_what_was_not_done_comes_again_soon(opened: EventQueue, sqs: Sqs):
    opened.soon(["r1", "r2"])
    assert [name for name, _ in sqs.calls] == ["change_message_visibility_batch"]
    assert [(entry["ReceiptHandle"], entry["VisibilityTimeout"]) for entry in sqs.entries] == [("r1", 5), ("r2", 5)]


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": f"about {PEOPLE[0]}"}}, "SendMessageBatch")


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], list[str]]]:
    with caplog.at_level(logging.INFO):
        yield lambda: [each.getMessage() for each in caplog.records]


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (refusal("AWS.SimpleQueueService.NonExistentQueue"), "AWS.SimpleQueueService.NonExistentQueue"),
        (EndpointConnectionError(endpoint_url=URL), "EndpointConnectionError"),
        (RuntimeError(PEOPLE[0]), "RuntimeError"),
    ],
)
def test_a_queue_that_is_down_is_logged_by_counts_alone(
    opened: EventQueue, sqs: Sqs, lines: Callable[[], list[str]], error: Exception, name: str
):
    def down(**_asked: Any) -> dict[str, Any]:
        raise error

    sqs.answer = down
    opened.stored([(person, "01") for person in PEOPLE])
    assert lines() == [f"queue_failed call=send_message_batch messages=25 error={name}"]
    assert len(sqs.calls) == 2, "one batch and its one repeat; the others would meet the same"
    opened.wake(PEOPLE)
    opened.hurry()
    opened.soon(["r1"])
    assert len(lines()) == 4
    assert PEOPLE[0] not in "".join(lines())


def test_what_the_queue_takes_only_in_part_is_logged(opened: EventQueue, sqs: Sqs, lines: Callable[[], list[str]]):
    sqs.answer = lambda **asked: {"Failed": [{"Id": "3", "Code": "InternalError", "SenderFault": False}]}
    opened.wake(PEOPLE[:12])
    assert lines() == ["queue_failed call=send_message_batch messages=1 error=InternalError"] * 2
    assert len(sqs.calls) == 2


def test_a_connection_that_died_unused_costs_one_repeat(opened: EventQueue, sqs: Sqs, lines: Callable[[], list[str]]):
    errors = iter([ConnectionClosedError(endpoint_url=URL)])

    def dead(**_asked: Any) -> dict[str, Any]:
        for error in errors:
            raise error
        return {}

    sqs.answer = dead
    opened.wake(PEOPLE[:1])
    assert len(sqs.calls) == 2
    assert not lines()


def test_a_queue_that_hangs_holds_nobody_for_longer_than_a_second(
    opened: EventQueue, sqs: Sqs, lines: Callable[[], list[str]]
):
    let_go = Event()

    def hangs(**_asked: Any) -> dict[str, Any]:
        let_go.wait(20)
        return {}

    sqs.answer = hangs
    began = time.monotonic()
    opened.stored([(person, "01") for person in PEOPLE])
    assert time.monotonic() - began < 1.5
    with pytest.raises(QueueDown, match="TimeoutError"):
        opened.check()
    assert time.monotonic() - began < 3
    let_go.set()
    assert lines() == ["queue_failed call=send_message_batch messages=25 error=TimeoutError"]


def test_many_events_over_a_slow_queue_take_no_longer_than_a_second(opened: EventQueue, sqs: Sqs):
    def slow(**_asked: Any) -> dict[str, Any]:
        time.sleep(0.3)
        return {}

    sqs.answer = slow
    began = time.monotonic()
    opened.stored([(person, "01") for person in PEOPLE * 4])
    assert time.monotonic() - began < 1.5
    assert len(sqs.calls) < 6


def test_the_check_says_what_is_wrong(opened: EventQueue, sqs: Sqs):
    opened.check()
    assert [name for name, _ in sqs.calls] == ["get_queue_attributes"]

    def denied(**_asked: Any) -> dict[str, Any]:
        raise refusal("AccessDenied")

    sqs.answer = denied
    with pytest.raises(QueueDown) as caught:
        opened.check()
    assert caught.value.reason == "AccessDenied"
    assert PEOPLE[0] not in str(caught.value)


def test_closing_gives_the_connections_back(opened: EventQueue, sqs: Sqs):
    opened.close()
    assert sqs.closed


@pytest.mark.parametrize(
    "url",
    ["", "nowhere", URL.removesuffix(".fifo"), URL.replace("https:", "sqs:"), f"{URL}?x=1", URL.replace("12345", "x")],
)
def test_an_address_that_is_no_fifo_queue_is_refused(url: str):
    with pytest.raises(ValueError, match="EVENT_QUEUE_URL looks like"):
        open_queue(url)


def test_another_servers_address_is_taken_too(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(queue, "client", lambda _service, **given: Sqs() if given["region"] is None else None)
    assert open_queue("http://127.0.0.1:5000/123456789012/q.fifo")
