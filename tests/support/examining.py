"""Findings as the page of the system's state may meet them: all fine, several bad ones, very long ones."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from handlers.checks.finding import Finding, error, fine, unknown, warning


def of(group: str, finding: Finding) -> Finding:
    """The finding under its subject."""
    return replace(finding, group=group)


LONG = "https://" + "very-long-host-name." * 12 + "example.jp/line/webhook"
FINE = (
    of("settings", fine("https", "https://119.example.jp")),
    of("database", fine("database_version", "PostgreSQL 16.4")),
    of("work", fine("worker_idle")),
    of("backup", fine("backup_fresh", at="11月21日（土）3:30", age="7時間", size="1.2GB")),
)
ANSWERED = (
    of("line", fine("line_answers", account="@chusho119")),
    of("line", fine("quota", left=4200, limit=5000)),
    of("files", fine("files_answer")),
)
BAD = (
    of("settings", warning("no_hops")),
    of("database", error("schema_older", "0004 → 0005")),
    of("backup", warning("backup_old", at="11月19日（木）3:30", age="2日", size="1.2GB")),
    of("links", warning("links_old", more=("gbizid 2025-05-01 https://gbiz-id.go.jp/",) * 11, count=11, days=90)),
)
WRONG = (
    of("line", error("webhook_elsewhere", f"{LONG} ≠ {LONG}")),
    of("line", error("quota_none", left=0, limit=5000)),
    of("files", unknown("bucket_unasked", more=("private", "cors"), count=2)),
)


@dataclass
class Told:
    """An examiner that says what a test puts into it; `asks` counts the questions to others."""

    findings: list[Finding] = field(default_factory=lambda: list(FINE))
    others: list[Finding] = field(default_factory=lambda: list(ANSWERED))
    answers: list[Finding] = field(default_factory=list)
    asked_at: datetime | None = None
    at: datetime | None = None
    asks: int = 0

    def here(self) -> list[Finding]:
        return self.findings

    def recent(self) -> list[Finding]:
        return [*self.findings, *self.answers]

    def ask(self) -> None:
        self.asks += 1
        self.answers, self.asked_at = self.others, self.at
