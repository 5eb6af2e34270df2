"""Events of real shape, as a test sends them straight into a function."""

import json
from typing import Any
from urllib.parse import urlencode

from bot.emulator.webhooks import sign
from tests.aws.cloud import Cloud
from tests.aws.gateway import event_of

ADDRESS = "203.0.113.7"


def request(method: str, target: str, body: bytes = b"", *, route: str = "$default", **headers: str) -> dict[str, Any]:
    """A request to the HTTP API; `_` in a header's name stands for `-`."""
    named = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return event_of(method, target, [("Host", "api.example.jp"), *named], body, ADDRESS, route)


def form(target: str, fields: dict[str, str]) -> dict[str, Any]:
    """A plain form."""
    return request("POST", target, urlencode(fields).encode(), Content_Type="application/x-www-form-urlencoded")


def signed(cloud: Cloud, body: bytes, **headers: str) -> dict[str, Any]:
    """A body as LINE sends it."""
    secret = cloud.world.platform.settings.channel_secret
    given = {"Content_Type": "application/json; charset=utf-8", "X_Line_Signature": sign(body, secret)} | headers
    return request("POST", "/line/webhook", body, route="POST /line/webhook", **given)


def text_event(cloud: Cloud, user_id: str, words: str, **more: Any) -> dict[str, Any]:
    """One message event of a person, not sent anywhere."""
    message = {"id": "1", "type": "text", "quoteToken": "q", "text": words}
    return dict(cloud.world.platform.make_event(user_id, "message", message=message, **more))


def webhook_body(*events: object) -> bytes:
    """The body around some events."""
    return json.dumps({"destination": "U" + "0" * 32, "events": events}, ensure_ascii=False).encode()


def record(body: str, group: str, number: int = 1, **attributes: str) -> dict[str, Any]:
    """One record of an SQS event."""
    return {
        "messageId": f"00000000-0000-4000-8000-{number:012d}", "receiptHandle": f"handle-{number}", "body": body,
        "attributes": {
            "ApproximateReceiveCount": "1", "SentTimestamp": "1795480000000", "SequenceNumber": f"{number:020d}",
            "MessageGroupId": group, "SenderId": "AIDAEXAMPLE", "MessageDeduplicationId": f"once-{number}",
            "ApproximateFirstReceiveTimestamp": "1795480000001", **attributes,
        },
        "messageAttributes": {}, "md5OfBody": "0" * 32, "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:ap-northeast-1:123456789012:events.fifo", "awsRegion": "ap-northeast-1",
    }  # fmt: skip
