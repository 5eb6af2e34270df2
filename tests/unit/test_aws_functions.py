"""The Lambda functions by name: what each loads, what it needs, and what it refuses."""

import base64
import gc
import hashlib
import hmac
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from handlers import aws, bootstrap
from handlers.jobs.named import Jobs
from handlers.settings import SettingsError
from storage.secrets import new_key

ROOT = Path(__file__).parents[2]
QUEUE = "https://sqs.ap-northeast-1.amazonaws.com/123456789012/chusho119-prod.fifo"
AMAZON = {
    "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "ap-northeast-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}  # fmt: skip
ASK = """
import json, sys
before = set(sys.modules)
from handlers import aws
aws.{name}
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def environment(tmp_path: Path) -> dict[str, str]:
    return {
        **AMAZON,
        "LINE_CHANNEL_SECRET": "channel-secret",
        "LINE_CHANNEL_ACCESS_TOKEN": "token",
        "LINE_API_BASE_URL": "http://127.0.0.1:9",
        "DATABASE_URL": f"sqlite:///{tmp_path}/one.db",
        "FILE_STORE_URL": "s3://papers/prod",
        "MAIL_URL": "ses:",
        "EVENT_QUEUE_URL": QUEUE,
        "PUBLIC_BASE_URL": "https://chusho119.example.jp",
        "SECRET_KEY": new_key(),
        "FIELD_KEYS": new_key(),
    }


def loaded(name: str, given: dict[str, str]) -> set[str]:
    bare = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "LINE_"))}
    told = subprocess.run(
        [sys.executable, "-c", ASK.format(name=name)], cwd=ROOT, env=bare | given,
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return set(json.loads(told.stdout.splitlines()[-1]))


def roots(modules: set[str]) -> set[str]:
    return {name.split(".")[0] for name in modules}


HEAVY = {
    "sqlalchemy",
    "flask",
    "werkzeug",
    "jinja2",
    "linebot",
    "pydantic",
    "cryptography",
    "structlog",
    "PIL",
    "boto3",
}


def test_the_webhook_loads_what_storing_and_telling_need(tmp_path: Path):
    needs = ("LINE_CHANNEL_SECRET", "DATABASE_URL", "EVENT_QUEUE_URL")
    given = {name: value for name, value in environment(tmp_path).items() if name in needs or name in AMAZON}
    found = loaded("webhook", given)
    assert {name for name in found if name.split(".")[0] in ("bot", "handlers", "models", "storage")} == {
        "handlers", "handlers.aws", "handlers.bootstrap", "handlers.line", "handlers.line.webhook", "handlers.watch",
        "handlers.watch.emf", "handlers.watch.light_logs", "handlers.watch.metrics", "storage", "storage.ack",
        "storage.amazon", "storage.parameters", "storage.queue", "storage.trace",
    }  # fmt: skip
    assert not roots(found) & (HEAVY | {"aws_lambda_powertools"})


def test_migrating_loads_no_page_and_no_conversation(tmp_path: Path):
    found = loaded("migrate", {"DATABASE_URL": environment(tmp_path)["DATABASE_URL"]})
    assert not roots(found) & {"flask", "linebot", "PIL", "botocore", "bot"}


@pytest.mark.parametrize(
    ("name", "not_loaded"),
    [
        ("pages", {"handlers.line.routes", "handlers.aws_worker", "aws_lambda_powertools", "gunicorn"}),
        ("worker", {"flask", "handlers.pages", "apig_wsgi", "gunicorn", "openpyxl"}),
        ("jobs", {"flask", "handlers.pages", "apig_wsgi", "aws_lambda_powertools", "gunicorn"}),
        ("commands", {"flask", "handlers.pages", "handlers.line.routes", "apig_wsgi", "aws_lambda_powertools", "PIL"}),
    ],
)
def test_a_function_loads_nothing_of_the_others(tmp_path: Path, name: str, not_loaded: set[str]):
    assert not loaded(name, environment(tmp_path)) & not_loaded


LATER = {
    "PIL", "alembic", "argon2", "boto3", "cryptography", "geopy", "icalendar", "openpyxl", "pylopdf", "pypdfium2",
    "segno", "zengin_code",
}  # fmt: skip
"""What the first event of hardly any sandbox needs: it is loaded where it is used, and a start waits for none of it."""
OF_THE_SDK = {"linebot", "pydantic", "aiohttp", "requests"}


@pytest.mark.parametrize(("name", "not_loaded"), [("pages", LATER | OF_THE_SDK), ("worker", LATER), ("jobs", LATER)])
def test_a_start_loads_what_each_first_event_needs_and_no_more(tmp_path: Path, name: str, not_loaded: set[str]):
    """Also where addresses are looked up, which takes geopy with all that it brings."""
    given = {**environment(tmp_path), "GEOCODER_URL": "https://nominatim.example.jp"}
    assert not roots(loaded(name, given)) & not_loaded


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of a function, in this process; what is built in it goes again."""
    values = environment(tmp_path)
    for name in [name for name in os.environ if name.startswith(("AWS_", "LINE_"))]:
        monkeypatch.delenv(name)
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("handlers.watch.logs.set_up", lambda *_: None)
    monkeypatch.setattr("handlers.watch.light_logs.set_up", lambda *_: None)
    for name in aws.FUNCTIONS:
        monkeypatch.setitem(vars(aws), name, None)
        monkeypatch.delitem(vars(aws), name)
    return values


class Time:
    """A context with so much time left."""

    def __init__(self, milliseconds: int = 300_000) -> None:
        self.milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


def test_what_a_start_loads_is_not_looked_through_for_garbage_afterwards(given: dict[str, str]):
    gc.unfreeze()
    assert aws.jobs
    assert gc.isenabled()
    assert gc.get_freeze_count() > 10_000
    gc.unfreeze()


def test_a_function_is_made_once(given: dict[str, str]):
    assert aws.jobs is aws.jobs
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        aws.nothing  # noqa: B018


@pytest.mark.parametrize("name", ["pages", "worker", "jobs"])
@pytest.mark.parametrize("left_out", ["FIELD_KEYS", "EVENT_QUEUE_URL", "FILE_STORE_URL", "LINE_CHANNEL_ACCESS_TOKEN"])
def test_no_setting_is_made_up(given: dict[str, str], monkeypatch: pytest.MonkeyPatch, name: str, left_out: str):
    monkeypatch.delenv(left_out)
    with pytest.raises(SettingsError, match=left_out):
        getattr(aws, name)
    assert gc.isenabled()


def test_references_are_put_in_place_before_settings_are_read(given: dict[str, str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PGPASSWORD", "secretsmanager:arn#password")

    def resolved(environment: Any) -> dict[str, str]:
        assert environment["PGPASSWORD"] == "secretsmanager:arn#password"
        return {"PGPASSWORD": "opened", "SECRET_KEY": "k" * 40}

    monkeypatch.setattr("storage.parameters.resolved", resolved)
    bootstrap.fetch_settings()
    assert os.environ["PGPASSWORD"] == "opened"
    assert bootstrap.function_service().settings.secret_key == "k" * 40


@pytest.mark.parametrize("event", [{}, {"job": "all"}, {"job": None}, {"job": ["sweep"]}, {"job": "SWEEP"}])
def test_an_unknown_job_is_an_error(given: dict[str, str], event: dict[str, Any]):
    with pytest.raises(ValueError, match="no such job"):
        aws.jobs(event, Time())


def test_jobs_run_and_say_what_they_did(given: dict[str, str]):
    assert aws.migrate({}, Time())["schema"]
    assert aws.jobs({"job": "remind"}, Time()) == {"reminded": 0, "dispatches": 0, "renewed": 0, "released": 0}
    assert aws.jobs({"job": "tasks"}, Time()) == {"pieces": 0, "acceptances": 0}
    assert aws.jobs({"job": "remind"}, Time(20_000)) == {}, "there is no time to begin anything"


def test_the_same_reminders_are_not_written_by_two(given: dict[str, str]):
    aws.migrate({}, Time())
    jobs: Jobs = bootstrap.function_service().jobs
    with jobs.alone("remind") as ours:
        assert ours
        assert aws.jobs({"job": "remind"}, Time()) == {}
    assert aws.jobs({"job": "remind"}, Time())


def call(method: str, path: str, body: bytes = b"", **headers: str) -> dict[str, Any]:
    http = {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.9", "userAgent": "x"}
    return {
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "",
        "headers": {"host": "chusho119.example.jp", "x-forwarded-proto": "https", **headers},
        "requestContext": {"http": http}, "body": base64.b64encode(body).decode(), "isBase64Encoded": True,
    }  # fmt: skip


def signed(body: bytes) -> dict[str, str]:
    return {"x-line-signature": base64.b64encode(hmac.digest(b"channel-secret", body, hashlib.sha256)).decode()}


FOLLOW = json.dumps(
    {
        "destination": "U" + "f" * 32,
        "events": [
            {
                "type": "follow", "mode": "active", "timestamp": 1795265699795, "webhookEventId": "01FOLLOW",
                "deliveryContext": {"isRedelivery": False}, "replyToken": "r",
                "source": {"type": "user", "userId": "U" + "a" * 32},
            }
        ],
    }
).encode()  # fmt: skip


def test_an_event_is_stored_and_answered_at_once_though_the_queue_hangs(
    given: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "http://10.255.255.1:9")
    aws.migrate({}, Time())
    webhook = aws.webhook
    began = time.monotonic()
    answer = webhook(call("POST", "/line/webhook", FOLLOW, **signed(FOLLOW)), Time())
    assert (answer["statusCode"], answer["body"]) == (200, "ok")
    assert time.monotonic() - began < 2
    assert bootstrap.function_service().worker._left_behind() == ["U" + "a" * 32]


def test_the_pages_take_no_events(given: dict[str, str]):
    aws.migrate({}, Time())
    assert aws.pages(call("POST", "/line/webhook", FOLLOW, **signed(FOLLOW)), Time())["statusCode"] == 404
    assert aws.webhook(call("GET", "/admin/"), Time())["statusCode"] == 404
    assert aws.pages(call("GET", "/healthz"), Time())["body"] == "ok"


def test_a_page_comes_with_its_cookies_and_headers(given: dict[str, str]):
    aws.migrate({}, Time())
    shown = aws.pages(call("GET", "/admin/login"), Time())
    assert shown["statusCode"] == 200
    assert shown["headers"]["content-security-policy"]
    assert shown["headers"]["strict-transport-security"]
    assert any("Secure" in cookie and "HttpOnly" in cookie for cookie in shown["cookies"])
    icon = aws.pages(call("GET", "/p/static/icon.svg"), Time())
    assert icon["isBase64Encoded"]
    assert base64.b64decode(icon["body"]).startswith(b"<svg")
