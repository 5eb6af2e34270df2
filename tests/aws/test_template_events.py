"""How events come in the template: routes, the queue and its worker, the clock, and what sounds an alarm."""

import json
import re
from typing import Any

from deploy.aws import build
from handlers.jobs.named import PARTS
from handlers.line.webhook import PATH
from handlers.watch.metrics import METRICS
from tests.aws.packaged import STAGE, functions, of_type

RUNBOOK = build.ROOT / "docs" / "runbook.md"
API_SECONDS = 30


def test_the_webhook_has_its_route_and_the_pages_have_the_rest():
    routes = {
        each["RouteKey"]: each["Target"]["Fn::Join"][1][1]["Ref"] for each in of_type("ApiGatewayV2::Route").values()
    }
    assert routes == {f"POST {PATH}": "HttpApiIntegrationWebhook", "$default": "HttpApiIntegrationPages"}
    for each in of_type("ApiGatewayV2::Integration").values():
        assert each["PayloadFormatVersion"] == "2.0"
    assert of_type("ApiGatewayV2::Api")["HttpApi"]["DisableExecuteApiEndpoint"] is True
    assert all(functions()[name]["Timeout"] < API_SECONDS for name in ("webhook", "pages"))
    (tls,) = of_type("ApiGatewayV2::DomainName")["PublicName"]["DomainNameConfigurations"]
    assert tls["SecurityPolicy"] == "TLS_1_2"


def test_the_queue_keeps_order_by_person_and_what_fails():
    queues = of_type("SQS::Queue")
    for each in queues.values():
        assert each["FifoQueue"] is True
        assert each["ContentBasedDeduplication"] is False
        assert each["DeduplicationScope"] == "messageGroup"
        assert each["FifoThroughputLimit"] == "perMessageGroupId"
        assert each["SqsManagedSseEnabled"] is True
        assert each["QueueName"].endswith(".fifo")
    queue, dead = queues["EventQueue"], queues["DeadLetters"]
    assert queue["RedrivePolicy"] == {
        "deadLetterTargetArn": {"Fn::GetAtt": ["DeadLetters", "Arn"]},
        "maxReceiveCount": 5,
    }
    assert dead["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert queue["MessageRetentionPeriod"] < dead["MessageRetentionPeriod"], "its age counts on among the dead"
    assert queue["VisibilityTimeout"] >= 6 * functions()["worker"]["Timeout"]


def test_the_worker_answers_for_each_message():
    (mapping,) = of_type("Lambda::EventSourceMapping").values()
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BatchSize"] == 10
    assert mapping["ScalingConfig"]["MaximumConcurrency"] >= 2
    assert mapping["EventSourceArn"] == {"Fn::GetAtt": ["EventQueue", "Arn"]}
    assert "MaximumBatchingWindowInSeconds" not in mapping


def test_the_clock_calls_every_job_and_nothing_is_called_twice():
    called = {
        target["Input"]: rule["ScheduleExpression"]
        for rule in of_type("Events::Rule").values()
        for target in rule["Targets"]
    }
    assert called == {
        '{"job":"sweep"}': "rate(1 minute)",
        '{"job":"tasks"}': "rate(1 minute)",
        '{"job":"remind"}': "rate(5 minutes)",
        '{"job":"retain"}': "rate(1 hour)",
    }
    done = {part for job in called for part in PARTS[json.loads(job)["job"]]}
    assert done == {part for parts in PARTS.values() for part in parts}
    asynchronous = of_type("Lambda::EventInvokeConfig")
    assert {each["MaximumRetryAttempts"] for each in asynchronous.values()} == {0}


def test_nobody_but_aws_invokes_a_function_and_migrations_and_commands_have_no_trigger():
    permissions = of_type("Lambda::Permission").values()
    assert {each["Principal"] for each in permissions} == {"apigateway.amazonaws.com", "events.amazonaws.com"}
    assert all(each["SourceArn"] for each in permissions)
    by_hand = [{"Fn::GetAtt": [f"{name}LambdaFunction", "Arn"]} for name in ("Migrate", "Commands")]
    assert not [each for each in permissions if each["FunctionName"] in by_hand]
    (mapping,) = of_type("Lambda::EventSourceMapping").values()
    assert "Worker" in str(mapping["FunctionName"])
    assert {functions()[name]["Timeout"] for name in ("migrate", "commands")} == {900}
    assert not of_type("Lambda::Url")


# --- alarms -----------------------------------------------------------------------------------------


def alarms() -> dict[str, dict[str, Any]]:
    """By their name without the stage."""
    head = f"chusho119-{STAGE}-"
    return {each["AlarmName"].removeprefix(head): each for each in of_type("CloudWatch::Alarm").values()}


def test_every_alarm_has_an_entry_in_the_runbook_and_the_runbook_names_no_other():
    named = {
        alarm
        for line in re.findall(r"^CloudWatch: (.+(?:\n(?!\n).+)*)", RUNBOOK.read_text("utf-8"), re.MULTILINE)
        for alarm in re.findall(r"`([a-z]+-[a-z-]+)`", line)
    }
    assert named == set(alarms()), "docs/runbook.md says what to do"


def test_what_the_service_measures_is_what_the_alarms_look_at():
    for name, alarm in alarms().items():
        looked = [alarm] if "MetricName" in alarm else [
            each["MetricStat"]["Metric"] for each in alarm["Metrics"] if "MetricStat" in each
        ]  # fmt: skip
        for each in looked:
            if each["Namespace"] != "chusho119":
                continue
            metric = METRICS[each["MetricName"]]
            labels = {dimension["Name"]: dimension["Value"] for dimension in each["Dimensions"]}
            assert labels.pop("stage") == STAGE, name
            assert all(value in metric.labels[label] for label, value in labels.items()), name


def test_all_that_should_wake_somebody_does():
    assert set(alarms()) >= {
        "not-ready", "dead-letters", "dead-letters-age", "inbox-oldest", "outbox-oldest", "line-quota",
        "replies-turned-pushes", *(f"{name}-{what}" for name in ("webhook", "pages", "worker", "jobs")
                                   for what in ("errors", "throttles")),
    }  # fmt: skip
    for alarm in alarms().values():
        assert alarm["AlarmActions"] == [{"Ref": "Alarms"}]
        assert alarm["AlarmDescription"]
    assert alarms()["not-ready"]["TreatMissingData"] == "breaching", "no figures at all: the jobs do not run"
    (mail,) = of_type("SNS::Subscription").values()
    assert mail["Protocol"] == "email"
