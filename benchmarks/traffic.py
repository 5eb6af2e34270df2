"""Webhook bodies as LINE sends them, signed, as whole HTTP requests ready for the socket."""

import base64
import hashlib
import hmac
import json
import random
import time
import uuid
from collections.abc import Iterator

SECRET = "benchmark-channel-secret"
TOKEN = "benchmark-access-token"
PATH = "/line/webhook"
DESTINATION = "U" + "0" * 32
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
WORDS = (
    "よろしくお願いします。",
    "山田経営研究所です",
    "来週の火曜日の午後でしたら伺えます。",
    "資料を送りました👍",
    "東京都",
)


def user_id(seed: int) -> str:
    """A user id, the same for the same seed."""
    return "U" + hashlib.md5(str(seed).encode(), usedforsecurity=False).hexdigest()


def event_id(at_ms: int) -> str:
    """A fresh ULID, as LINE's webhookEventId."""
    number = (at_ms << 80) | uuid.uuid4().int >> 48
    return "".join(CROCKFORD[number >> 5 * place & 31] for place in range(25, -1, -1))


def text_event(user: str, text: str, at_ms: int, reply_token: str = "") -> dict[str, object]:
    """One text message in a talk with one person."""
    message_id = str(500_000_000_000_000_000 + random.getrandbits(48))
    return {
        "type": "message",
        "message": {"type": "text", "id": message_id, "quoteToken": uuid.uuid4().hex * 2, "text": text},
        "webhookEventId": event_id(at_ms),
        "deliveryContext": {"isRedelivery": False},
        "timestamp": at_ms,
        "source": {"type": "user", "userId": user},
        "replyToken": reply_token or uuid.uuid4().hex,
        "mode": "active",
    }


def body_of(event: dict[str, object]) -> bytes:
    """The body that carries one event."""
    return json.dumps(
        {"destination": DESTINATION, "events": [event]}, ensure_ascii=False, separators=(",", ":")
    ).encode()


def request(body: bytes) -> bytes:
    """The signed HTTP request."""
    signature = base64.b64encode(hmac.digest(SECRET.encode(), body, "sha256")).decode()
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json; charset=utf-8\r\n"
        f"User-Agent: LineBotWebhook/2.0\r\nX-Line-Signature: {signature}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def requests(count: int, people: int = 5000, duplicates: float = 0.05) -> Iterator[bytes]:
    """Text events of many people; about `duplicates` of them are one that was sent shortly before."""
    recent: list[bytes] = []
    start = int(time.time() * 1000)
    for number in range(count):
        if recent and random.random() < duplicates:
            yield random.choice(recent)
            continue
        user = user_id(random.randrange(people))
        made = request(body_of(text_event(user, random.choice(WORDS), start + number)))
        recent = [*recent[-99:], made]
        yield made
