"""worker, jobs and migrate alone: batches with failures, unreadable messages, groups; every job; missing secrets."""

import json
import uuid
from typing import Any

import pytest

from tests.aws.cloud import Cloud
from tests.aws.events import record, text_event
from tests.support.drafts import application_of, joined
from tests.support.ledger import Ledger
from tests.support.world import Phone

UNREADABLE = (
    "", "not json", "7", "[]", "null", '{"person": 7}', '{"person": null}', '{"person": ["U"]}', "{}",
    '{"tasks": "yes"}', '{"person": "U1"}', '{"person": "\\u0000"}', '{"person": "\\ud800"}',
    '{"person": "' + "x" * 5000 + '"}', "[" * 100_000,
)  # fmt: skip


def person(user_id: str) -> str:
    return json.dumps({"person": user_id})


@pytest.fixture
def approver(cloud: Cloud) -> Phone:
    name = "木村 窓口"
    return cloud.world.phones.get(name) or cloud.world.approver(name)


def told(cloud: Cloud, phone: Phone, *words: str) -> list[Any]:
    """These texts are kept; nobody has handled them, and the queue knows nothing of them."""
    cloud.world.auto = False
    with cloud.world.platform.hold() as held:
        for each in words:
            cloud.world.platform.say(phone.user_id, each)
    phone.seen = phone._last()
    cloud.world.platform.send_events(held)
    while batch := cloud.mapping.receive():
        cloud.mapping.delete(batch)
    return held


def invoke(cloud: Cloud, *records: dict[str, Any]) -> list[str]:
    """Which of the batch failed."""
    found = cloud["worker"].invoke({"Records": list(records)})
    assert found.ok, (found.value, found.log)
    return [each["itemIdentifier"] for each in found.value["batchItemFailures"]]


def test_a_batch_of_two_people_and_a_mail_is_done(cloud: Cloud, approver: Phone):
    one, two = cloud.world.phone(f"甲 {uuid.uuid4().hex[:4]}"), cloud.world.phone(f"乙 {uuid.uuid4().hex[:4]}")
    for phone in (one, two):
        phone.follows()
    for phone in (one, two):
        told(cloud, phone, "使い方")
    records = [record(person(phone.user_id), phone.user_id, number) for number, phone in enumerate((one, two), 1)]
    assert invoke(cloud, *records, record('{"person": "mail"}', "mail", 3)) == []
    assert [len(phone.answers) for phone in (one, two)] == [1, 1]
    assert invoke(cloud, *records) == [], "the same batch once more changes nothing"
    assert [len(phone.answers) for phone in (one, two)] == [1, 1]


def test_one_message_does_all_that_a_person_has_waiting(cloud: Cloud, approver: Phone):
    phone = joined(cloud.world, approver, f"全部 {uuid.uuid4().hex[:4]}")
    phone.taps("基本情報")
    told(cloud, phone, "山田 太郎", "ヤマダ タロウ", "1980-04-01")
    assert invoke(cloud, record(person(phone.user_id), phone.user_id)) == []
    assert list(application_of(cloud.world, phone).answers) == ["name", "kana", "birth_date"]


def test_unreadable_messages_stop_nobody(cloud: Cloud, approver: Phone):
    """None of them comes again for ever, and the person beside them is attended to."""
    phone = cloud.world.phone(f"隣 {uuid.uuid4().hex[:4]}")
    phone.follows()
    told(cloud, phone, "使い方")
    odd = [record(body, f"odd{number}", number) for number, body in enumerate(UNREADABLE, 1)]
    assert invoke(cloud, *odd[:5], record(person(phone.user_id), phone.user_id, 99), *odd[5:9]) == []
    assert len(phone.answers) == 1
    assert invoke(cloud, *odd[9:]) == []


def test_what_has_no_time_left_fails_with_its_group_and_comes_again(cloud: Cloud, approver: Phone):
    phone = cloud.world.phone(f"時間 {uuid.uuid4().hex[:4]}")
    phone.follows()
    told(cloud, phone, "使い方")
    cloud["worker"].timeout = 8
    records = [record(person(phone.user_id), phone.user_id, number) for number in (1, 2)]
    assert invoke(cloud, *records) == [each["messageId"] for each in records]
    assert phone.answers == []
    cloud["worker"].timeout = 0
    assert invoke(cloud, *records) == []
    assert len(phone.answers) == 1


@pytest.mark.parametrize("event", [{}, {"Records": []}, {"Records": [{}]}, {"Records": None}, [], "text", None])
def test_an_event_that_is_no_batch_breaks_no_sandbox(cloud: Cloud, event: Any):
    cloud["worker"].invoke({"Records": [record("{}", "none")]})
    assert cloud["worker"].invoke(event).kind in ("ok", "error")
    assert not cloud["worker"].invoke({"Records": [record("{}", "none")]}).cold


def test_whatever_the_scheduler_sends_runs_and_runs_again(cloud: Cloud):
    events = [event for _, event in cloud.schedule]
    assert [event["job"] for event in events] == ["sweep", "tasks", "remind", "retain"]
    for event in [*events, *events, {"job": "deliver"}]:
        found = cloud["jobs"].invoke(event)
        assert found.ok, (event, found.value, found.log)


def test_a_job_nobody_knows_is_an_error_that_names_it(cloud: Cloud):
    for event in ({}, {"job": "sleep"}, {"job": None}, {"job": ["sweep"]}, {"detail-type": "Scheduled Event"}):
        found = cloud["jobs"].invoke(event)
        assert found.kind == "error", event
        assert "no such job" in str(found.value) or "TypeError" in str(found.value), event
    assert not cloud["jobs"].invoke({"job": "tasks"}).cold


def test_the_sweep_attends_to_whom_no_message_named(cloud: Cloud, approver: Phone):
    phone = cloud.world.phone(f"掃除 {uuid.uuid4().hex[:4]}")
    phone.follows()
    told(cloud, phone, "使い方")
    cloud.tick("sweep")
    assert len(phone.answers) == 1


def test_migrate_may_run_again(cloud: Cloud):
    revision = Ledger(cloud.world.service.database).one("SELECT version_num FROM alembic_version")
    for _ in range(2):
        found = cloud["migrate"].invoke({})
        assert found.ok, (found.value, found.log)
        assert revision in str(found.value)


@pytest.mark.parametrize("name", ["webhook", "pages", "worker", "jobs", "migrate", "commands"])
def test_a_missing_secret_ends_the_start_and_is_named(cloud: Cloud, name: str):
    found = cloud.broken(name, "ssm:/chusho119/test/NOT_THERE").invoke({})
    assert found.kind in ("init", "exit"), (found, found.log)
    assert "NOT_THERE" in f"{found.value}{found.log}"
    assert "AWS_SECRET" not in found.log
    for secret in ("SECRET_KEY", "FIELD_KEYS", "LINE_CHANNEL_ACCESS_TOKEN"):
        assert cloud.environment[secret] not in f"{found.value}{found.log}"


@pytest.mark.parametrize("name", ["webhook", "pages", "worker", "jobs"])
def test_no_function_starts_without_its_settings(cloud: Cloud, name: str):
    """It must not make keys or a database of its own on a disk that is gone tomorrow."""
    found = cloud.broken(name, "").invoke({})
    assert found.kind in ("init", "exit"), (found, found.log)
    assert "LINE_CHANNEL_SECRET" in f"{found.value}{found.log}"


def test_an_event_that_cannot_be_handled_is_set_aside_and_the_next_one_is_answered(cloud: Cloud, approver: Phone):
    phone = cloud.world.phone(f"変 {uuid.uuid4().hex[:4]}")
    phone.follows()
    phone.seen = phone._last()
    odd = text_event(cloud, phone.user_id, "x") | {"type": "message", "message": {"type": "hologram", "id": "9"}}
    cloud.world.platform.send_events([odd])  # pyright: ignore[reportArgumentType]
    phone.says("使い方")
    assert len(phone.answers) >= 1
    assert set(Ledger(cloud.world.service.database).events(phone.user_id)) <= {"done", "ignored"}
