"""Prometheus and CloudWatch ring at the same limits: both files are read into one form; what differs has its reason."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
import yaml

from handlers.checks.backup import LATE
from tests.support.source import ROOT

OURS = "chusho119"
SIGNS = {
    "GreaterThanThreshold": ">", "GreaterThanOrEqualToThreshold": ">=",
    "LessThanThreshold": "<", "LessThanOrEqualToThreshold": "<=",
}  # fmt: skip
HOW = {"Maximum": "max", "Minimum": "min", "Sum": "sum"}
UNITS = {"m": 1, "h": 60}
FIGURE = r"chusho119_(?P<figure>\w+?)(?:_total|_count)?(?:\{(?P<label>\w+)=\"(?P<value>[^\"]+)\"\})?"
WINDOW = r"\[(?P<window>\d+)(?P<unit>[mh])\]"
LEVEL = re.compile(
    rf"(?P<how>max|min)\({FIGURE}\) (?P<sign>[<>]=?) (?P<limit>\d+)(?P<absent> or absent\(chusho119_\w+\))?"
)
SUM = re.compile(rf"sum\(increase\({FIGURE}{WINDOW}\)\) (?P<sign>[<>]=?) (?P<limit>\d+)")
OFTEN = re.compile(
    rf"count_over_time\(\(sum\(increase\({FIGURE}{WINDOW}\)\) (?P<sign>[<>]=?) (?P<limit>\d+)\)"
    r"\[(?P<over>\d+)m:(?P=window)m\]\) >= (?P<times>\d+)"
)
SHARE = re.compile(
    r"(?P<part>sum\(increase\(chusho119_(?P<figure>\w+)_total\[(?P<window>\d+)(?P<unit>[mh])\]\)\)) >= (?P<least>\d+)"
    r" and (?P=part) / \((?P=part) \+ sum\(increase\(chusho119_\w+\[(?P=window)(?P=unit)\]\)\)\) > (?P<limit>[0-9.]+)"
)
CLOUD_SHARE = re.compile(
    r"IF\((?P<part>FILL\(\w+, 0\)|\w+) >= (?P<least>\d+), "
    r"100 \* (?P=part) / (?:\w+|\((?P=part) \+ FILL\(\w+, 0\)\)), 0\)"
)

SERVER_ALONE = {
    "BackupOld": "AWS has no `chusho119 backup`: RDS and the bucket keep their own",
}
AWS_ALONE = {
    "AWS/Lambda": "one server has no functions; systemd starts again what ends",
    "AWS/SQS": "one server has no queue",
    "AWS/RDS": "of PostgreSQL on one server: its disk is doctor's to watch, and NotReady when it is full",
}
"""By namespace, for all alarms on its figures."""
SAME_AS = {("AWS/ApiGateway", "5xx"): ("http_requests", ("status", "5xx"))}
"""The gateway counts the answers of functions that end in the middle, too, which we cannot count."""


@dataclass(frozen=True)
class Rings:
    """When an alarm rings. `how`: of the values of `minutes`; `least`: of a share, how many at least.

    `times`: so many stretches of `minutes`, out of how many, are over the limit. `silence`: no figures ring, too.
    """

    figure: str
    label: tuple[str, str] | None
    how: str
    sign: str
    limit: float
    minutes: int
    least: int = 0
    times: tuple[int, int] = (1, 1)
    silence: bool = False


class Loader(yaml.SafeLoader):
    """CloudFormation's tags are of no interest here."""


Loader.add_multi_constructor("!", lambda _loader, _suffix, _node: None)


@cache
def rules() -> tuple[dict[str, Any], ...]:
    found = yaml.safe_load((ROOT / "deploy/linux/alerts.yml").read_text("utf-8"))
    return tuple(rule for group in found["groups"] for rule in group["rules"])


@cache
def alarms() -> dict[str, dict[str, Any]]:
    found = yaml.load((ROOT / "deploy/aws/alarms.yml").read_text("utf-8"), Loader)["Resources"].values()
    made = [each["Properties"] for each in found if each["Type"] == "AWS::CloudWatch::Alarm"]
    return {each["AlarmName"].removeprefix("chusho119-${sls:stage}-"): each for each in made}


def minutes(found: re.Match[str]) -> int:
    return int(found["window"]) * UNITS[found["unit"]]


def label_of(found: re.Match[str]) -> tuple[str, str] | None:
    return (found["label"], found["value"]) if found["label"] else None


def of_server(rule: dict[str, Any]) -> Rings:
    """What a rule of Prometheus looks at; a form that nobody reads yet is an error."""
    said = " ".join(rule["expr"].split())
    if found := LEVEL.fullmatch(said):
        held = re.fullmatch(r"(\d+)m", rule["for"])
        assert held, "a level has to last"
        return Rings(
            found["figure"], label_of(found), found["how"], found["sign"], float(found["limit"]), int(held[1]),
            silence=bool(found["absent"]),
        )  # fmt: skip
    assert "for" not in rule, "what is counted over a time does not wait besides"
    if found := SUM.fullmatch(said):
        return Rings(found["figure"], label_of(found), "sum", found["sign"], float(found["limit"]), minutes(found))
    if found := OFTEN.fullmatch(said):
        of = int(found["over"]) // minutes(found)
        return Rings(
            found["figure"], label_of(found), "sum", found["sign"], float(found["limit"]), minutes(found),
            times=(int(found["times"]), of),
        )  # fmt: skip
    found = SHARE.fullmatch(said)
    assert found, f"teach this test to read {said}"
    return Rings(found["figure"], None, "share", ">", float(found["limit"]), minutes(found), least=int(found["least"]))


def of_aws(alarm: dict[str, Any]) -> Rings:
    """What an alarm of CloudWatch looks at."""
    sign, limit = SIGNS[alarm["ComparisonOperator"]], alarm["Threshold"]
    if "Metrics" in alarm:
        found = CLOUD_SHARE.fullmatch(alarm["Metrics"][-1]["Expression"])
        assert found, alarm["Metrics"][-1]["Expression"]
        part = alarm["Metrics"][0]["MetricStat"]
        figure, period = part["Metric"]["MetricName"], {each["MetricStat"]["Period"] for each in alarm["Metrics"][:-1]}
        assert len(period) == alarm["EvaluationPeriods"] == 1
        return Rings(figure, None, "share", sign, limit / 100, period.pop() // 60, least=int(found["least"]))
    if limit == "${self:custom.at.line_quota_alarm_below}":
        limit = yaml.safe_load((ROOT / "deploy/aws/stages/example.yml").read_text("utf-8"))["line_quota_alarm_below"]
    figure, label = SAME_AS.get((alarm["Namespace"], alarm["MetricName"]), (alarm["MetricName"], None))
    for each in alarm["Dimensions"]:
        label = (each["Name"], each["Value"]) if each["Name"] not in ("stage", "ApiId") else label
    period, periods = alarm["Period"] // 60, alarm["EvaluationPeriods"]
    how, silence = HOW[alarm["Statistic"]], alarm["TreatMissingData"] == "breaching"
    if how == "sum":
        return Rings(
            figure, label, how, sign, limit, period, times=(alarm.get("DatapointsToAlarm", periods), periods),
            silence=silence,
        )  # fmt: skip
    return Rings(figure, label, how, sign, limit, period * periods, silence=silence)


def shared() -> dict[str, Rings]:
    """The alarms of CloudWatch that one server has, too, by name."""
    return {name: of_aws(alarm) for name, alarm in alarms().items() if alarm.get("Namespace") not in AWS_ALONE}


def test_both_ring_at_the_same_limits():
    here = {of_server(rule) for rule in rules() if rule["alert"] not in SERVER_ALONE}
    there = set(shared().values())
    assert not here ^ there, "change both files, or give the difference a reason here"
    assert len(here) == len(rules()) - len(SERVER_ALONE), "each figure has one rule"


def test_what_has_a_reason_still_needs_it():
    assert SERVER_ALONE.keys() <= {rule["alert"] for rule in rules()}
    assert AWS_ALONE.keys() <= {alarm.get("Namespace") for alarm in alarms().values()}
    looked = {(alarm.get("Namespace"), alarm.get("MetricName")) for alarm in alarms().values()}
    assert SAME_AS.keys() <= looked
    assert not AWS_ALONE.keys() & {OURS, *(space for space, _ in SAME_AS)}


def test_a_rule_of_the_same_name_says_which_it_is():
    named = [(rule["alert"], rule["labels"].get("what")) for rule in rules()]
    assert len(named) == len(set(named))


def test_doctor_and_the_alarm_think_the_same_of_a_backup():
    (rule,) = [rule for rule in rules() if rule["alert"] == "BackupOld"]
    hours = int(LATE.total_seconds()) // 3600
    assert f"max(chusho119_backup_age_seconds) > {hours} * 3600" in rule["expr"]
    assert set(re.findall(r"\b(\d+)h\]", rule["expr"])) >= {str(hours)}
    assert f"offset {hours}h" in rule["expr"]


@pytest.mark.parametrize(
    "harm",
    [
        ("max(chusho119_inbox_oldest_seconds) > 120", "max(chusho119_inbox_oldest_seconds) > 121"),
        ("min(chusho119_ready) < 1 or absent(chusho119_ready)", "min(chusho119_ready) < 1"),
        ('{status="5xx"}[5m]', '{status="4xx"}[5m]'),
        ("[195m:5m]", "[200m:5m]"),
        ("> 0.25", "> 0.3"),
        ("[1h]))) > 0.1", "[1h]))) > 0.2"),
    ],
)
def test_a_limit_that_drifts_is_seen(harm: tuple[str, str]):
    """The test above would not be worth much if it read both files as the same whatever stands there."""
    before, after = harm
    there = set(shared().values())
    (rule,) = [rule for rule in rules() if before in " ".join(rule["expr"].split())]
    assert of_server(rule) in there
    assert of_server({**rule, "expr": " ".join(rule["expr"].split()).replace(before, after)}) not in there
