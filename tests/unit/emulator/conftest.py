import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.emulator import Platform, create_app

SECRET = "8c570fa6dd201bb328f1c1eac23a96d8"
TOKEN = "access-token"


@dataclass
class Clock:
    now: datetime = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **how: float) -> None:
        self.now += timedelta(**how)


@dataclass
class Product:
    """Stands where the webhook of the product is; answers with the given statuses, then 200."""

    received: list[tuple[bytes, Mapping[str, str]]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    def __call__(self, _url: str, body: bytes, headers: Mapping[str, str]) -> int:
        self.received.append((body, headers))
        return self.statuses.pop(0) if self.statuses else 200

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body, _ in self.received]

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event for body in self.bodies for event in body["events"]]


@dataclass
class Line:
    """The Messaging API as a caller sees it."""

    client: Any

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        sent = {"Authorization": f"Bearer {TOKEN}"} | {k.replace("_", "-"): v for k, v in headers.items()}
        return self.client.open("/v2/bot" + path, method=method, json=body, headers=sent)

    def reply(self, token: str, *messages: Any) -> Any:
        return self.call("POST", "/message/reply", {"replyToken": token, "messages": list(messages)})

    def push(self, to: str, *messages: Any, **headers: str) -> Any:
        return self.call("POST", "/message/push", {"to": to, "messages": list(messages)}, **headers)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def product() -> Product:
    return Product()


@pytest.fixture
def platform(clock: Clock, product: Product) -> Iterator[Platform]:
    with Platform("https://product.example/line/webhook", SECRET, TOKEN, clock=clock, post=product) as made:
        yield made


@pytest.fixture
def user(platform: Platform) -> str:
    user_id = platform.add_phone("山田 太郎")
    platform.follow(user_id, wait=True)
    return user_id


@pytest.fixture
def line(platform: Platform) -> Line:
    return Line(create_app(platform).test_client())


@pytest.fixture
def page(platform: Platform) -> Any:
    return create_app(platform).test_client()
