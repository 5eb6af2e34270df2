"""The table of metrics: its readers say the same, CloudWatch's line has its form; who asks for nothing pays none."""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.line.client import Quota
from bot.line.outcomes import (
    LineError,
    OutcomeUnknown,
    QuotaUsedUp,
    Refused,
    Retry,
    Sent,
    TokenDead,
    Unauthorised,
    error_kind,
)
from handlers.jobs.named import PARTS
from handlers.watch import light_logs, metrics
from handlers.watch.edge import Edge
from handlers.watch.emf import Emf
from handlers.watch.gauges import Gauges
from handlers.watch.health import Health
from handlers.watch.metrics import COUNT, JOBS, LEVEL, LINE_ERRORS, METRICS, NO_METER
from models.rules.permissions import SYSTEM
from models.rules.visit import Grade
from storage import audit, trace
from storage.database import Database
from storage.files import FolderStore
from storage.secrets import Vault, new_key
from tests.support.databases import fresh
from tests.support.meters import Kept
from tests.support.source import ROOT

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
ALARMS = {
    "InboxOld", "OutboxOld", "SignaturesRefused", "DeadMessages", "QuotaLow", "ManyPushes", "LineErrors", "Errors",
    "NotReady", "BackupOld", "QueueDead",
}  # fmt: skip


# --- the table and its readers -----------------------------------------------------------------------


def test_the_documentation_has_the_table():
    rows = re.findall(
        r"^\| `(\w+)` \| (\w+) \| (\w+) \| (.*?) \| (.+) \|$", (ROOT / "docs/metrics.md").read_text(), re.M
    )
    said = {name: (kind, unit, labels, meaning) for name, kind, unit, labels, meaning in rows}
    assert said == {
        name: (
            metric.kind, metric.unit,
            "; ".join(f"`{label}`: {', '.join(values)}" for label, values in metric.labels.items()), metric.meaning,
        )
        for name, metric in METRICS.items()
    }  # fmt: skip


def test_the_alarm_rules_name_metrics_that_exist():
    rules = yaml.safe_load((ROOT / "deploy/linux/alerts.yml").read_text())["groups"][0]["rules"]
    assert {rule["alert"] for rule in rules} == ALARMS - {"QueueDead"}
    exported = {exported_as(name) for name in METRICS}
    for rule in rules:
        named = re.findall(r"chusho119_\w+", rule["expr"])
        assert named
        assert set(named) <= exported, rule["alert"]
        for label, value in re.findall(r'(\w+)="(\w+)"', rule["expr"]):
            assert any(value in metric.labels.get(label, ()) for metric in METRICS.values())
        assert rule["annotations"]["summary"]


def exported_as(name: str) -> str:
    return f"chusho119_{name}" + {COUNT: "_total", LEVEL: ""}.get(METRICS[name].kind, "_count")


def test_the_example_of_a_scrape_is_one_that_prometheus_reads():
    scrape = yaml.safe_load((ROOT / "deploy/linux/prometheus.yml").read_text())
    assert scrape["rule_files"] == ["alerts.yml"]
    assert scrape["scrape_configs"][0]["metrics_path"] == "/metrics"


def test_labels_are_those_of_the_code():
    assert set(JOBS) == {part for parts in PARTS.values() for part in parts}
    assert METRICS["visits"].labels["grade"] == tuple(grade.value for grade in Grade)
    failures = [
        QuotaUsedUp(), Retry(None, "rate limit"), Retry(None, "status 503"), Retry(None, "NewConnectionError"),
        Refused(400, "bad"), OutcomeUnknown("ReadTimeoutError"), Unauthorised(401),
    ]  # fmt: skip
    assert {error_kind(each) for each in failures} == set(LINE_ERRORS)
    assert error_kind(Sent(None)) == error_kind(TokenDead()) == ""


# --- CloudWatch --------------------------------------------------------------------------------------


def lines_of(*acts: tuple[Any, ...]) -> list[dict[str, Any]]:
    written: list[str] = []
    meter = Emf("prod", written.append)
    for act, *arguments, labels in acts:
        getattr(meter, act)(*arguments, **labels)
    meter.flush()
    meter.flush()
    return [json.loads(line) for line in written]


def test_a_line_in_the_embedded_format():
    (line,) = lines_of(
        ("observe", "turn_seconds", 0.25, {}), ("observe", "turn_seconds", 0.5, {}),
        ("count", "replies", {}), ("count", "replies", 2, {}),
    )  # fmt: skip
    directive = line["_aws"]["CloudWatchMetrics"][0]
    assert directive["Namespace"] == "chusho119"
    assert directive["Dimensions"] == [["stage"]]
    assert {each["Name"]: each["Unit"] for each in directive["Metrics"]} == {
        "turn_seconds": "Seconds",
        "replies": "Count",
    }
    assert (line["stage"], line["turn_seconds"], line["replies"]) == ("prod", [0.25, 0.5], 3)
    assert abs(line["_aws"]["Timestamp"] / 1000 - datetime.now(UTC).timestamp()) < 60


def test_counts_stand_under_the_stage_alone_too_and_levels_do_not():
    count, level = lines_of(
        ("count", "line_errors", {"kind": "rate"}), ("level", "visits", 3, {"grade": "A"})
    )  # fmt: skip
    assert count["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["stage"], ["stage", "kind"]]
    assert (count["kind"], count["line_errors"]) == ("rate", 1)
    assert level["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["stage", "grade"]]


def test_no_more_than_a_hundred_values_a_line():
    lines = lines_of(*[("observe", "turn_seconds", 0.1, {})] * 250)
    assert [len(line["turn_seconds"]) for line in lines] == [100, 100, 50]


# --- levels ------------------------------------------------------------------------------------------


def gauges(
    tmp_path: Path, meter: metrics.Meter, quota: Any = None, now: Sequence[datetime] = (NOW,), url: str = ""
) -> Gauges:
    database = Database(url or fresh("sqlite", tmp_path), Vault([new_key()]))
    return Gauges(database, Health(database, FolderStore(tmp_path, "key")), quota, meter, lambda: now[0])


def test_the_quota_is_asked_every_ten_minutes_and_once(tmp_path: Path):
    meter, asked, now = Kept(), [], [datetime(2026, 11, 24, 1, 0, tzinfo=UTC)]

    def quota() -> Quota:
        asked.append(1)
        return Quota(1000, 400 + len(asked))

    house = gauges(tmp_path, meter, quota, now)
    backed_up(house.database, NOW)
    for minute in (0, 0, 5, 9, 11, 12):
        now[0] = datetime(2026, 11, 24, 1, minute, tzinfo=UTC)
        house.report()
    assert [value for name, value in meter.seen if name == "line_quota_left"] == [599, 598]
    assert ("ready", 1) in meter.seen
    assert {name.split()[0] for name, _ in meter.seen} == {name for name, m in METRICS.items() if m.kind == LEVEL}


def backed_up(database: Database, at: datetime, action: str = "backup.make") -> None:
    with database.unit() as uow:
        audit.record(uow, SYSTEM, action, ("backup", f"{at:%Y%m%dT%H%M%SZ}"), at, detail="4096")


def test_the_age_of_the_newest_backup(tmp_path: Path):
    """Absent before the first; after a restore that of the restored one; never below zero for a clock set back."""
    meter, hour = Kept(), timedelta(hours=1)
    house = gauges(tmp_path, meter)
    house.look()
    assert "backup_age_seconds" not in {name for name, _ in meter.seen}
    for at, action in (
        (NOW - 26 * hour, "backup.make"), (NOW - 2 * hour, "backup.make"), (NOW - 50 * hour, "backup.restore"),
        (NOW - hour, "backup.make"), (NOW + hour, "backup.make"),
    ):  # fmt: skip
        backed_up(house.database, at, action)
        house.look()
    ages = [value / 3600 for name, value in meter.seen if name == "backup_age_seconds"]
    assert ages == [26, 2, 50, 1, 0]


def test_without_a_limit_or_without_line_nothing_is_said(tmp_path: Path):
    def away() -> Quota:
        raise LineError(OutcomeUnknown("ReadTimeoutError"))

    for quota in (lambda: Quota(None, 5), away):
        meter = Kept()
        gauges(tmp_path, meter, quota).report()
        assert "line_quota_left" not in {name for name, _ in meter.seen}


def test_without_its_database_it_is_only_not_ready(tmp_path: Path):
    meter = Kept()
    gauges(tmp_path, meter, url=f"sqlite:///{tmp_path / 'empty.db'}").look()
    assert meter.seen == [("ready", 0)]


def test_where_nothing_is_measured_nothing_is_asked(tmp_path: Path):
    gauges(tmp_path, NO_METER, url="postgresql+psycopg://127.0.0.1:1/none").report()


# --- requests and lines ------------------------------------------------------------------------------


def request(edge: Edge, **environ: str) -> dict[str, str]:
    told: dict[str, str] = {}

    def start(status: str, headers: list[tuple[str, str]]) -> None:
        told.update({**dict(headers), "status": status})

    list(edge(dict(environ), start))
    return told


def test_a_request_has_an_id_and_is_counted():
    meter, seen = Kept(), []

    def app(_environ: dict[str, Any], start: Any) -> list[bytes]:
        seen.append(trace.current())
        start("404 Not Found", [])
        return []

    alone, behind = Edge(app, meter, behind_proxy=False), Edge(app, meter, behind_proxy=True)
    own = request(alone, HTTP_X_REQUEST_ID="a" * 32)["X-Request-Id"]
    assert own != "a" * 32
    assert trace.SAFE.fullmatch(own)
    assert request(behind, HTTP_X_REQUEST_ID="a" * 32)["X-Request-Id"] == "a" * 32
    for odd in ("", "short", "x" * 65, "a" * 16 + "\r\nSet-Cookie: x", "<script>alert(1)</script>", "名" * 10):
        assert re.fullmatch("[0-9a-f]{16}", request(behind, HTTP_X_REQUEST_ID=odd)["X-Request-Id"])
    assert None not in seen
    assert set(meter.seen) == {("http_requests 4xx", 1)}


@pytest.mark.parametrize(("status", "found"), [(100, "2xx"), (204, "2xx"), (302, "3xx"), (499, "4xx"), (599, "5xx")])
def test_every_status_has_a_class(status: int, found: str):
    assert metrics.status_class(status) == found


def test_signatures_are_counted_good_ones_as_nothing():
    meter = Kept()
    answered = metrics.acknowledging(meter)
    for status, foreign in ((200, False), (401, True), (401, False), (400, False), (503, False), (401, True)):
        answered(0.001, status, foreign)
    assert [value for name, value in meter.seen if name == "signatures_refused"] == [0, 1, 1]
    assert meter.total("acknowledge_seconds") == 0.001
    assert meter.total("http_requests 4xx") == 4


def test_a_failed_job_is_counted_and_timed():
    meter = Kept()
    with pytest.raises(ZeroDivisionError), metrics.job(meter, "sweep"):
        raise ZeroDivisionError
    assert [name for name, _ in meter.seen] == ["job_failures sweep", "job_seconds sweep"]


def test_an_id_ends_with_its_block_and_stays_in_its_thread():
    with trace.bound("one-and-only"):
        with trace.bound(None):
            assert trace.current() == "one-and-only"
        found: list[str | None] = []
        thread = threading.Thread(target=lambda: found.append(trace.current()))
        thread.start()
        thread.join()
        assert found == [None]
    assert trace.current() != "one-and-only"


def test_a_line_of_the_standard_log_tells_places_and_not_messages():
    import logging

    try:
        raise ValueError("山田 太郎 090-1234-5678")
    except ValueError:
        asked = ("/p/form/a-personal-token",)
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "it failed: %s", asked, sys.exc_info())
    with trace.bound("cause-of-it"):
        line = json.loads(light_logs.JsonLines().format(record))
    assert (line["event"], line["error"], line["trace"]) == ("it failed: %s", "ValueError", "cause-of-it")
    assert not [word for word in ("山田", "a-personal-token") if word in json.dumps(line, ensure_ascii=False)]
    assert line["at"][0].startswith("test_metrics.py:")


def test_prometheus_is_not_loaded_where_no_token_is_set():
    ask = (
        "import sys; from pathlib import Path; from handlers.bootstrap import Service;"
        "from handlers.settings import read;"
        "service = Service(read({}, Path(sys.argv[1]))); service.measure(); service.web();"
        "print('prometheus_client' in sys.modules, service.prometheus)"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("METRICS_TOKEN", raising=False)
        told = subprocess.run(
            [sys.executable, "-c", ask, "/tmp"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
        )  # fmt: skip
    assert told.stdout.split() == ["False", "None"]


def test_files_of_ended_processes_are_added_up_and_broken_ones_dropped(tmp_path: Path):
    ask = (
        "import sys, os; from pathlib import Path; from handlers.watch.prometheus import Prometheus;"
        "kept = Prometheus(Path(sys.argv[1])); kept.count('replies', 3); kept.level('inbox_waiting', 7);"
        "kept.observe('turn_seconds', 0.2);"
        "print(kept.text().decode() if len(sys.argv) > 2 else '')"
    )
    for more in ([], [], ["show"]):
        (tmp_path / "counter_4194303.db").write_bytes(b"\xff\xff\xff\x7f" + b"rubbish" * 20)
        (tmp_path / "histogram_4194303.db").touch()
        told = subprocess.run(
            [sys.executable, "-c", ask, str(tmp_path), *more], cwd=ROOT, capture_output=True, text=True, timeout=60,
            check=True,
        ).stdout  # fmt: skip
    assert "chusho119_replies_total 9.0" in told
    assert "chusho119_turn_seconds_count 3.0" in told
    assert 'chusho119_turn_seconds_bucket{le="0.1"} 0.0' in told
    assert "chusho119_inbox_waiting 7.0" in told
    assert len(list(tmp_path.glob("*_0.db"))) == 2
    assert len(list(tmp_path.glob("*.db"))) == 5
