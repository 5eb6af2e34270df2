"""An account of AWS on this machine: PostgreSQL, S3, queue and secrets, and the events that functions meet."""

import re
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from benchmarks import people, servers, traffic
from benchmarks.backlog import line_settings
from benchmarks.lambdas import SDK
from benchmarks.standin import StandIn
from handlers.line.webhook import arrived
from handlers.links import Links
from storage.ack import open_acknowledger
from storage.database import Database
from storage.secrets import Vault
from tests.aws import layout
from tests.aws.gateway import event_of
from tests.aws.services import Moto, Secrets, make_queues, queue_arn
from tests.support import factories
from tests.support.s3 import seaweed

SITE = "https://chusho119.example.jp"
SECRETS = (
    "LINE_CHANNEL_SECRET",
    "LINE_CHANNEL_ACCESS_TOKEN",
    "SECRET_KEY",
    "FIELD_KEYS",
    "DIGEST_KEY",
    "METRICS_TOKEN",
)
TALKS = 12
Run = Callable[[Any], Any]


def asked(method: str, target: str, body: bytes = b"", **headers: str) -> dict[str, Any]:
    """A request as the HTTP API hands it over."""
    named = [(name.replace("_", "-"), value) for name, value in {"host": "chusho119.example.jp", **headers}.items()]
    route = "POST /line/webhook" if target == "/line/webhook" else "$default"
    return event_of(method, target, named, body, "203.0.113.9", route)


class Browser:
    """One browser in front of the pages: it keeps cookies and sends a form's token back."""

    def __init__(self, run: Run) -> None:
        self._run, self._cookies, self._token = run, dict[str, str](), ""

    def get(self, target: str) -> None:
        """Any page that exists."""
        self._ask(asked("GET", target, cookie=self._jar))

    def post(self, target: str, **fields: str) -> None:
        """A form of the page seen last."""
        pairs = {"csrf_token": self._token, **fields}
        body = "&".join(f"{name}={quote_plus(value)}" for name, value in pairs.items())
        kind = "application/x-www-form-urlencoded"
        more = {"content_type": kind, "cookie": self._jar, "referer": SITE + target, "origin": SITE}
        self._ask(asked("POST", target, body.encode(), **more))

    @property
    def _jar(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self._cookies.items())

    def _ask(self, event: dict[str, Any]) -> None:
        answer = self._run(event)
        if answer["statusCode"] >= 400:
            raise RuntimeError(f"{event['rawPath']}: {answer['statusCode']}")
        for cookie in answer.get("cookies") or ():
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', str(answer.get("body")))
        self._token = found[1] if found else self._token


class Account:
    """What the functions are told and find, and the events of a representative journey of each."""

    def __init__(self, url: str, standin: StandIn, folder: Path, stack: ExitStack) -> None:
        self._standin, self._folder, self._seat = standin, folder, 0
        self._moto, self._s3 = Moto(), stack.enter_context(seaweed())
        stack.callback(self._moto.stop)
        self.database = Database(url, Vault([servers.KEY]))
        stack.callback(self.database.close)
        self._acknowledger = open_acknowledger(url)
        stack.callback(self._acknowledger.close)
        self._queue, _ = make_queues(self._moto.client("sqs", self._s3.env), visibility=360)
        self._links = Links(servers.SIGNING, SITE)
        self._told = self._settings(url)
        self._house()

    def environment(self, name: str) -> Mapping[str, str]:
        """The variables of one function, secrets as references; the SDK's bot gets its own in plain."""
        if name == SDK:
            return {"LINE_CHANNEL_SECRET": traffic.SECRET, "LINE_CHANNEL_ACCESS_TOKEN": traffic.TOKEN}
        own = layout.Deployed.read().function(name)["environment"]
        return {key: value for key, value in self._told.items() if key in own or key.startswith("AWS_")}

    def _settings(self, url: str) -> dict[str, str]:
        plain = servers.environment(METRICS_TOKEN=servers.SIGNING, DIGEST_KEY=servers.KEY)
        secrets = Secrets(self._moto, self._s3.env)
        kept = {name: secrets.parameter(name, plain[name]) for name in SECRETS}
        keys = {name: self._s3.env[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
        return {
            **kept, **keys, **line_settings(self._standin), "PUBLIC_BASE_URL": SITE,
            "DATABASE_URL": url, "DATABASE_PROXY": "1",
            "PGPASSWORD": secrets.secret("database", "password", "not asked for here"),
            "EVENT_QUEUE_URL": self._queue, "FILE_STORE_URL": f"s3://{self._s3.bucket}/bench",
            "MAIL_URL": f"file:{self._folder / 'mail'}", "MAIL_SENDER": "no-reply@example.jp",
            "AWS_ENDPOINT_URL": self._moto.url, "AWS_ENDPOINT_URL_S3": self._s3.endpoint,
        }  # fmt: skip

    def _house(self) -> None:
        """A clerk, and an application that waits for the secretariat."""
        house = factories.house_on(self.database, self._folder)
        with house.database.unit() as uow:
            organisation = factories.organisation(uow)
            inviter = factories.approver(uow, organisation)
            factories.office_in(uow)
        self._application, self._person = factories.approved_once(house, organisation, inviter)
        self._draft, self._newcomer = factories.filled_draft(house, organisation, inviter)

    def first(self, name: str) -> Any:
        """The event a new sandbox is started for."""
        match name:
            case "pages":
                return asked("GET", "/admin/login")
            case "worker":
                return self._turn(self._newcomers(1)[0], 0)
            case "jobs":
                return {"job": "sweep"}
            case "migrate":
                return {}
            case "commands":
                return {"command": ["create-organisation", "千代田商工会", "--prefecture", "東京都"]}
            case _:
                return self._message()

    def journey(self, name: str, run: Run) -> None:
        """Enough of everything it does to see what it holds and takes."""
        match name:
            case "pages":
                self._browse(run)
            case "worker":
                for number in range(len(people.ANSWERS)):
                    for who in self._newcomers(TALKS) if number == 0 else self._talking:
                        run(self._turn(who, number))
            case "jobs":
                for job in ("sweep", "tasks", "remind", "retain") * 5:
                    run({"job": job})
            case "migrate" | "commands":
                run(self.first(name))
            case _:
                for _ in range(TALKS * len(people.ANSWERS)):
                    run(self._message())

    def _message(self) -> Any:
        self._seat += 1
        event = traffic.text_event(traffic.user_id(-self._seat), "はい", int(time.time() * 1000))
        return self._signed(traffic.request(traffic.body_of(event)))

    @staticmethod
    def _signed(request: bytes) -> Any:
        head, _, body = request.partition(b"\r\n\r\n")
        lines = [line.partition(": ") for line in head.decode().split("\r\n")[1:]]
        return asked("POST", "/line/webhook", body, **{name.lower(): value for name, _, value in lines})

    def _newcomers(self, count: int) -> list[str]:
        chosen = [traffic.user_id(self._seat + n) for n in range(count)]
        self._seat += count
        people.seed(self.database, chosen)
        self._talking = chosen
        return chosen

    def _turn(self, user_id: str, number: int) -> Any:
        """One answer, stored as the webhook does, and the queue's message about it."""
        token = self._standin.tokens([user_id], 1)[user_id][0]
        now = int(time.time() * 1000)
        event = traffic.text_event(user_id, people.ANSWERS[number], now, token)
        self._acknowledger.store(arrived(traffic.body_of(event), now))
        stamps = {"SentTimestamp": str(now), "ApproximateFirstReceiveTimestamp": str(now)}
        attributes = {
            "MessageGroupId": user_id, "MessageDeduplicationId": str(event["webhookEventId"]),
            "ApproximateReceiveCount": "1", "SequenceNumber": str(now), "SenderId": "bench", **stamps,
        }  # fmt: skip
        record = {
            "messageId": str(uuid.uuid4()), "receiptHandle": "bench", "body": f'{{"person": "{user_id}"}}',
            "attributes": attributes, "messageAttributes": {}, "md5OfBody": "", "eventSource": "aws:sqs",
            "eventSourceARN": queue_arn("events.fifo"), "awsRegion": "ap-northeast-1",
        }  # fmt: skip
        return {"Records": [record]}

    def _browse(self, run: Run) -> None:
        clerk = Browser(run)
        clerk.get("/admin/login")
        clerk.post("/admin/login", email="office@example.jp", password=factories.PASSWORD)
        for _ in range(4):
            for path in ("", "applications?state=secretariat", f"applications/{self._application}", "experts",
                         "dispatches", "visits", "applications.csv?state=secretariat"):  # fmt: skip
                clerk.get(f"/admin/{path}")
            phone = Browser(run)
            link = self._links.page("form", self._newcomer.id, self._draft).removeprefix(SITE)
            phone.get(link)
            phone.get("/p/static/base.css")
            time.sleep(1)
