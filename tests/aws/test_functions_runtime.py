"""The harness itself does what Lambda does: deadlines kill, dead processes are replaced, limits hold."""

import dataclasses
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.aws import layout
from tests.aws.function import PAYLOAD_MAX, Function, Spec, TooLarge
from tests.aws.gateway import BODY_MAX, Gateway, event_of

CODE = """
import os, sys, time, threading
from datetime import datetime
beats = []
def beat():
    while True:
        beats.append(1); time.sleep(0.01)
threading.Thread(target=beat, daemon=True).start()
def handle(event, context):
    do = event.get("do")
    if do == "sleep": time.sleep(event["seconds"])
    if do == "raise": raise ValueError("no")
    if do == "exit": os._exit(3)
    if do == "big": return "x" * event["size"]
    if do == "environment": return dict(os.environ)
    if do == "path": return sys.path
    return {"left": context.get_remaining_time_in_millis(), "pid": os.getpid(), "beats": len(beats),
            "arn": context.invoked_function_arn, "id": context.aws_request_id, "event": event}
"""


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Function]:
    root = tmp_path / "task"
    root.mkdir()
    (root / "small.py").write_text(CODE)
    (root / "broken.py").write_text("import nothing_of_that_name\n")
    spec = Spec("small", "small.handle", 5, {"GIVEN": "1"}, (root, layout.runtime()), root)
    made = Function(spec, tmp_path / "small.log")
    yield made
    made.recycle()


def test_an_event_is_answered_by_a_warm_process_with_the_time_it_has_left(small: Function):
    first, second = small.invoke({"n": 1}), small.invoke({"n": "二"})
    assert (first.cold, second.cold) == (True, False), first
    assert first.value["pid"] == second.value["pid"]
    assert 4000 < first.value["left"] <= 5000
    assert second.value["event"] == {"n": "二"}
    assert second.value["arn"].endswith(":function:small")
    assert first.value["id"] != second.value["id"]


def test_only_the_package_and_the_client_are_on_its_path_and_only_its_own_variables_are_set(small: Function):
    path = small.invoke({"do": "path"}).value
    assert not [each for each in path if "site-packages" in each]
    environment = small.invoke({"do": "environment"}).value
    assert environment["GIVEN"] == "1"
    assert not [name for name in environment if name.startswith(("SANDBOX_", "VIRTUAL_ENV", "HOME"))]


def test_nothing_runs_between_two_events(small: Function):
    before = small.invoke({}).value["beats"]
    time.sleep(0.5)
    assert small.invoke({}).value["beats"] - before < 15


def test_at_its_deadline_it_is_killed_and_the_next_event_gets_another(small: Function):
    pid = small.invoke({}).value["pid"]
    small.timeout = 0.5
    began = time.monotonic()
    assert small.invoke({"do": "sleep", "seconds": 60}).kind == "timeout"
    assert time.monotonic() - began < 3
    small.timeout = 0
    again = small.invoke({})
    assert again.cold
    assert again.value["pid"] != pid


def test_an_error_keeps_the_process_and_an_exit_does_not(small: Function):
    raised = small.invoke({"do": "raise"})
    assert (raised.kind, raised.value["errorType"]) == ("error", "ValueError")
    assert not small.invoke({}).cold
    assert small.invoke({"do": "exit"}).kind == "exit"
    assert small.invoke({}).cold


def test_what_cannot_start_says_so(small: Function):
    small.spec = dataclasses.replace(small.spec, handler="broken.handle")
    found = small.invoke({})
    assert found.kind == "init"
    assert "nothing_of_that_name" in json.dumps(found.value)


def test_events_and_answers_have_a_largest_size(small: Function):
    with pytest.raises(TooLarge):
        small.invoke({"much": "x" * PAYLOAD_MAX})
    assert small.invoke({"do": "big", "size": PAYLOAD_MAX - 2}).ok
    assert small.invoke({"do": "big", "size": PAYLOAD_MAX}).value == {"errorType": "Function.ResponseSizeTooLarge"}


def test_it_stops_where_a_test_wants_it_to(small: Function):
    small.stops_next("small:handle:1", how="die")
    assert small.invoke({}).kind == "exit"
    assert small.invoke({}).ok


def test_a_request_becomes_an_event_of_format_two():
    headers = [
        ("Cookie", "a=1; b=2"),
        ("X-Twice", "1"),
        ("x-twice", "2"),
        ("Content-Type", "image/png"),
        ("Host", "h:1"),
    ]
    event = event_of("POST", "/p/x%20y?a=1&a=2&b=", headers, b"\x89PNG", "203.0.113.7", "$default")
    assert event["cookies"] == ["a=1", "b=2"]
    assert "cookie" not in event["headers"]
    assert event["headers"]["x-twice"] == "1,2"
    assert event["queryStringParameters"] == {"a": "1,2", "b": ""}
    assert (event["isBase64Encoded"], event["body"]) == (True, "iVBORw==")
    assert event["requestContext"]["http"]["sourceIp"] == "203.0.113.7"
    text = event_of("POST", "/", [("Content-Type", "application/json")], b"{}", "::1", "$default")
    assert (text["isBase64Encoded"], text["body"]) == (False, "{}")


def test_the_gateway_answers_for_what_a_function_cannot(small: Function):
    gateway = Gateway({"$default": small.invoke})
    try:
        assert gateway.answer("POST", "/", [], b"x" * (BODY_MAX + 1), "::1").status == 413
        assert gateway.answer("POST", "/", [], b"\xff" * (BODY_MAX // 2), "::1").status == 500
        assert gateway.answer("GET", "/", [], b"", "::1").status == 200
    finally:
        gateway.close()
