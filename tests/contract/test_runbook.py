"""The runbook holds: an entry for each alarm, commands that exist, queries that run on today's schema."""

import re
from collections.abc import Iterator

import click
import pytest
import yaml
from sqlalchemy import text

from handlers.cli import main
from storage.database import Database
from tests.support.source import ROOT

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text("utf-8")
ENTRIES = dict(re.findall(r"^## (.+)\n((?:(?!^## ).*\n)*)", RUNBOOK, re.MULTILINE))
QUERIES = re.findall(r"```sql\n(.*?)```", RUNBOOK, re.DOTALL)
ALARMS = (
    "InboxOld",
    "OutboxOld",
    "SignaturesRefused",
    "DeadMessages",
    "QuotaLow",
    "ManyPushes",
    "LineErrors",
    "Errors",
    "NotReady",
    "BackupOld",
    "QueueDead",
)
ONE_SERVER_HAS_NONE = {"QueueDead"}


def test_every_alarm_has_its_entry_with_what_to_do() -> None:
    for alarm in ALARMS:
        for part in ("**Means:**", "eople notice", "Wake somebody"):
            assert part in ENTRIES[alarm], f"{alarm}: {part}"


def test_the_rules_of_prometheus_and_the_runbook_name_the_same_alarms() -> None:
    rules = yaml.safe_load((ROOT / "deploy" / "linux" / "alerts.yml").read_text("utf-8"))
    named = {rule["alert"] for group in rules["groups"] for rule in group["rules"]}
    assert named == set(ALARMS) - ONE_SERVER_HAS_NONE


def test_the_alarms_of_cloudwatch_each_stand_in_one_entry() -> None:
    alarms = (ROOT / "deploy" / "aws" / "alarms.yml").read_text("utf-8")
    there = re.findall(r"AlarmName: chusho119-\$\{sls:stage\}-([a-z-]+)", alarms)
    lines = re.findall(r"^CloudWatch: ((?:.+\n)+)", RUNBOOK, re.MULTILINE)
    told = [name for line in lines for name in re.findall(r"`([a-z]+-[a-z-]+)`", line)]
    assert sorted(told) == sorted(there)


def paths(group: click.Group, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        yield from paths(command, (*before, name)) if isinstance(command, click.Group) else [(*before, name)]


def test_every_command_it_names_exists() -> None:
    known = {path: _command(path) for path in paths(main)}
    said = [words.split() for words in re.findall(r"`chusho119 ([^`…]+)`", RUNBOOK)]
    assert len(said) > 12
    for words in said:
        path = next((path for path in known if tuple(words[: len(path)]) == path), None)
        assert path, f"chusho119 {' '.join(words)}"
        options = {option for each in known[path].params for option in each.opts}
        assert {word for word in words if word.startswith("--")} <= options, words
        if path == ("jobs",):
            assert words[1] in getattr(known[path].params[0].type, "choices", ())


def _command(path: tuple[str, ...]) -> click.Command:
    found: click.Command = main
    for name in path:
        assert isinstance(found, click.Group)
        found = found.commands[name]
    return found


def test_every_entry_it_points_to_exists() -> None:
    known = set(ENTRIES)
    elsewhere = {"A new release", "Backup and restore", "Start DLQ redrive"}
    for name in re.findall(r"(?<!\*)\*([A-Z][^*]+)\*(?!\*)", RUNBOOK):
        assert " ".join(name.split()) in known | elsewhere, name


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.split()[1])
def test_every_query_runs(database: Database, query: str) -> None:
    if query.startswith("-- postgresql") and database.url.startswith("sqlite"):
        return
    with database.read() as uow:
        uow.session.execute(text(query)).all()


def test_there_are_queries() -> None:
    assert len(QUERIES) > 9
    assert all(query.strip().endswith(";") for query in QUERIES)
    assert not re.search(r"\b(update|delete|insert|drop)\b", "".join(QUERIES), re.IGNORECASE)
