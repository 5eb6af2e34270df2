"""A small honest cloud: the functions as processes, and around them what AWS puts there.

HTTP API → webhook and pages; FIFO queue → worker; the scheduler → jobs. LINE is the stand-in, PostgreSQL and S3 are
real.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

from werkzeug.serving import make_server

from bot.emulator import Platform, create_app
from bot.emulator.webhooks import HttpPost
from handlers import menus
from handlers.bootstrap import Service
from handlers.settings import read
from models.rules.calendar import JST, is_business_day, to_jst
from storage.secrets import new_key
from tests.aws import layout
from tests.aws.function import Function, Result, close
from tests.aws.gateway import Gateway
from tests.aws.mapping import Mapping as QueueMapping
from tests.aws.sandbox.sandbox import CLOCK, FileClock
from tests.aws.services import Moto, Quiet, Secrets, make_queues, queue_arn
from tests.aws.world import CloudWorld
from tests.support.s3 import Seaweed
from tests.support.story import links_follow
from tests.support.world import START

SECRETS = (
    "LINE_CHANNEL_SECRET",
    "LINE_CHANNEL_ACCESS_TOKEN",
    "SECRET_KEY",
    "FIELD_KEYS",
    "DIGEST_KEY",
    "METRICS_TOKEN",
)
EVENING = 16
PATIENCE = 20.0
"""Seconds that the stand-in waits for the webhook: longer than LINE, because this machine may be busy."""


@dataclass
class Cloud:
    """Everything that one account holds."""

    folder: Path
    world: CloudWorld
    moto: Moto
    functions: dict[str, Function]
    gateway: Gateway
    mapping: QueueMapping
    sqs: Any
    dead: str
    environment: dict[str, str]
    schedule: list[tuple[str, dict[str, Any]]]

    def __getitem__(self, name: str) -> Function:
        return self.functions[name]

    def by_day(self) -> None:
        """Ten in the morning of the next business day, unless it is not evening yet: notices wait at night."""
        now = to_jst(self.world.clock.now)
        if 10 <= now.hour < EVENING and is_business_day(now.date()):
            return
        day = now.date() + timedelta(days=1 if now.hour >= 10 else 0)
        while not is_business_day(day):
            day += timedelta(days=1)
        self.world.clock.now = datetime.combine(day, clock_time(10), JST).astimezone(UTC)

    def tick(self, job: str) -> Result:
        """The scheduler's event of one job, and whatever that put into the queue."""
        result = self["jobs"].invoke({"job": job})
        assert result.ok, (result.value, result.log)
        self.world.acted()
        return result

    def minute(self) -> None:
        """The minute in which whatever runs by the clock has its turn."""
        for _, event in self.schedule:
            self.tick(event["job"])

    def time_passes(self, **delta: float) -> None:
        """The world's clock goes on, and failed messages are visible again."""
        self.world.clock.forward(**(delta or {"minutes": 6}))
        self.mapping.again()

    def dead_letters(self) -> list[dict[str, Any]]:
        """What lies in the dead-letter queue."""
        found = self.sqs.receive_message(
            QueueUrl=self.dead, MaxNumberOfMessages=10, VisibilityTimeout=0, MessageSystemAttributeNames=["All"]
        )
        return [json.loads(each["Body"]) for each in found.get("Messages", [])]

    def sends(self, group: str, body: Any, once: str) -> None:
        """A message of a test's own in the queue."""
        text = body if isinstance(body, str) else json.dumps(body)
        self.sqs.send_message(
            QueueUrl=self.mapping.url, MessageBody=text, MessageGroupId=group, MessageDeduplicationId=once
        )

    def broken(self, name: str, secret: str) -> Function:
        """A function like that one, but with this as its LINE_CHANNEL_SECRET (or, for `migrate`, its DATABASE_URL)."""
        spec = self[name].spec
        setting = "LINE_CHANNEL_SECRET" if "LINE_CHANNEL_SECRET" in spec.environment else "DATABASE_URL"
        return Function(layout.replace(spec, {**spec.environment, setting: secret}), self.folder / "broken.log")

    def restored(self) -> None:
        """After whatever a test broke: nothing is lost or late any more, and nothing waits."""
        self.mapping.drop = lambda _message: False
        for each in self.functions.values():
            each.timeout = 0
        self.world.auto = True
        self.world.platform.faults.clear()
        self.time_passes()
        self.world.settle()


@contextmanager
def open_cloud(folder: Path, database_url: str, s3: Seaweed) -> Iterator[Cloud]:
    """The cloud, with LINE's stand-in and its phones."""
    with ExitStack() as stack:
        clock_file = folder / "clock"
        clock_file.write_bytes(bytes(8))
        clock = FileClock(clock_file)
        stack.callback(clock.close)
        clock.now = START
        moto, vault = Moto(), Moto()  # one address for the queue, which goes away, another for the rest
        for each in (moto, vault):
            stack.callback(each.stop)
        sqs = moto.client("sqs", s3.env)
        stack.callback(sqs.close)
        deployed = layout.Deployed.read()
        specs = deployed.specs(folder / "packages")
        url, dead = make_queues(sqs, visibility=int(6 * specs["worker"].timeout))
        functions: dict[str, Function] = {}
        stack.callback(lambda: close(functions.values()))
        gateway = Gateway({
            route: lambda event, name=name: functions[name].invoke(event) for route, name in deployed.routes.items()
        })  # fmt: skip
        stack.callback(gateway.close)
        line = _Line(clock, gateway, folder / "mail")
        stack.callback(line.close)
        plain = _settings(folder, database_url, s3, url, line, gateway)
        given = _references(vault, s3, plain, stack)
        here = _stand_ins(moto, vault, s3, line) | {CLOCK: str(clock_file)}
        for name, spec in specs.items():
            told = {key: given.get(key, "") for key in spec.environment} | here
            functions[name] = Function(layout.replace(spec, told), folder / f"{name}.log")
        mapping = QueueMapping(
            sqs, url, queue_arn("events.fifo"), partial(Function.invoke, functions["worker"]),
            int(6 * specs["worker"].timeout), deployed.batch,
        )  # fmt: skip
        service = Service(read(plain, folder), clock)
        stack.callback(service.close)
        world = CloudWorld(service, line.platform, clock, gateway.url)  # pyright: ignore[reportArgumentType]
        links_follow(world)
        menus.sync(service.database, service.client, clock())
        cloud = Cloud(folder, world, moto, functions, gateway, mapping, sqs, dead, plain, deployed.schedule)
        world.cloud = cloud
        yield cloud


class _Line:
    """LINE's servers: the stand-in at an address of its own."""

    def __init__(self, clock: FileClock, gateway: Gateway, mails: Path) -> None:
        self.secret, self.token = new_key(), new_key()
        self.platform = Platform(
            f"{gateway.url}/line/webhook", self.secret, self.token,
            mail_dir=mails, clock=clock, post=HttpPost(PATIENCE),
        )  # fmt: skip
        app = create_app(self.platform)
        self._server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self) -> None:
        self.platform.close()
        self._server.shutdown()
        self._server.server_close()


def _settings(
    folder: Path, database_url: str, s3: Seaweed, queue: str, line: _Line, gateway: Gateway
) -> dict[str, str]:
    """Every setting in plain, as the test's own process uses it."""
    return {
        "LINE_CHANNEL_SECRET": line.secret, "LINE_CHANNEL_ACCESS_TOKEN": line.token,
        "LINE_API_BASE_URL": line.url, "LINE_DATA_API_BASE_URL": line.url,
        "DATABASE_URL": database_url, "FILE_STORE_URL": f"s3://{s3.bucket}/{folder.name.replace('_', '-')}",
        "MAIL_URL": f"file:{folder / 'mail'}", "MAIL_SENDER": "no-reply@example.jp",
        "EVENT_QUEUE_URL": queue, "PUBLIC_BASE_URL": gateway.url,
        "SECRET_KEY": new_key(), "FIELD_KEYS": new_key(), "DIGEST_KEY": new_key(),
        "METRICS_TOKEN": new_key(),
    }  # fmt: skip


def _references(moto: Moto, s3: Seaweed, plain: Mapping[str, str], stack: ExitStack) -> dict[str, str]:
    """The same, with references in the place of secrets."""
    secrets = Secrets(moto, s3.env)
    stack.callback(secrets.close)
    kept = {name: secrets.parameter(name, plain[name]) for name in SECRETS}
    return (
        dict(plain)
        | kept
        | {
            "STAGE": "test",
            "DATABASE_PROXY": "1",
            "PGPASSWORD": secrets.secret("database", "password", "not asked for here"),
        }
    )


def _stand_ins(moto: Moto, vault: Moto, s3: Seaweed, line: _Line) -> dict[str, str]:
    """What a function is told here alone: where the stand-ins are; and keys, as its role gives them on AWS."""
    return {
        "AWS_ACCESS_KEY_ID": s3.env["AWS_ACCESS_KEY_ID"],
        "AWS_SECRET_ACCESS_KEY": s3.env["AWS_SECRET_ACCESS_KEY"],
        "AWS_ENDPOINT_URL": vault.url,
        "AWS_ENDPOINT_URL_SQS": moto.url,
        "AWS_ENDPOINT_URL_S3": s3.endpoint,
        "LINE_API_BASE_URL": line.url,
        "LINE_DATA_API_BASE_URL": line.url,
    }
