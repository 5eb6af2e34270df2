"""What the functions measure, as CloudWatch would read it from their output, and one id through webhook and worker."""

import json
import uuid
from typing import Any

from handlers.watch.metrics import METRICS
from tests.aws.cloud import Cloud
from tests.aws.events import signed, text_event, webhook_body


def lines(log: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.splitlines() if line.startswith("{")]


def figures(log: str) -> dict[str, Any]:
    """Name → value of every figure, each as its directive says."""
    found: dict[str, Any] = {}
    for line in lines(log):
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", ()):
            assert directive["Namespace"] == "chusho119"
            assert all(dimension in line for group in directive["Dimensions"] for dimension in group)
            for each in directive["Metrics"]:
                assert METRICS[each["Name"]].unit == each["Unit"]
                found[each["Name"]] = line[each["Name"]]
    return found


def test_a_turn_of_the_functions_is_measured_and_has_one_id(cloud: Cloud):
    user = "U" + uuid.uuid4().hex
    event = text_event(cloud, user, "使い方")
    trace = event["webhookEventId"]
    stored = cloud["webhook"].invoke(signed(cloud, webhook_body(event)))
    assert figures(stored.log).keys() == {"acknowledge_seconds", "http_requests", "signatures_refused"}
    assert [line["traces"] for line in lines(stored.log) if line.get("event") == "stored"] == [[trace]]
    cloud.mapping.hand(cloud.mapping.receive())
    turned = cloud.mapping.results[-1]
    assert figures(turned.log).keys() == {"turn_seconds", "replies"}
    assert {"turn_ended", "sent"} <= {line["event"] for line in lines(turned.log) if line.get("trace") == trace}
    swept = cloud.tick("sweep")
    found = figures(swept.log)
    assert found["ready"] == 1
    assert found.keys() >= {"inbox_waiting", "inbox_oldest_seconds", "outbox_waiting", "outbox_held", "job_seconds"}
