"""What 1,000,000 events cost on AWS: measured durations and memory sizes, and prices from a dated file.

A function's measured time is waiting and computing. Computing is stretched by the share of a core that its memory buys
(1,769 MB are one; more than one helps nobody here), and the waiting that this machine does not have is added: round
trips to the database, LINE, the queue. Both stand in `prices.toml` as assumptions.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

from benchmarks.machine import ROOT
from benchmarks.postgres import Server

CORE_MB, MONTH_HOURS, EVENTS = 1769, 730, 1_000_000
MINUTES = MONTH_HOURS * 60
PRICES = Path(__file__).with_name("prices.toml")
RESULTS = Path(__file__).parent / "results"
Prices = Mapping[str, Any]


class Loader(yaml.SafeLoader):
    """Reads `!Ref` and its kind as nothing."""


Loader.add_multi_constructor("!", lambda _loader, _suffix, _node: None)


@dataclass(frozen=True)
class Part:
    """One line of the bill."""

    name: str
    quantity: float
    unit: str
    usd: float


def memory_sizes(template: Path = ROOT / "serverless.yml") -> dict[str, int]:
    """The memory of each function, in MB, as it is deployed."""
    told = yaml.load(template.read_text("utf-8"), Loader)
    usual = told["provider"].get("memorySize", 1024)
    return {name: int(each.get("memorySize", usual)) for name, each in told["functions"].items()}


def measured(folder: Path = RESULTS) -> dict[str, Any]:
    """The newest result of `functions`."""
    for path in sorted(folder.glob("*.json"), reverse=True):
        results = json.loads(path.read_text())
        if found := results.get("functions", {}).get("functions"):
            return found
    raise RuntimeError("`cost` needs what `functions` measures: run `python -m benchmarks functions cost`.")


def billed_ms(row: Mapping[str, Any], memory: int, prices: Prices, name: str, slower: float = 1.0) -> float:
    """Milliseconds that one invocation is billed for, starts spread over all of them."""
    assumed = prices["assumed"]
    stretch = slower * CORE_MB / min(memory, CORE_MB)
    away = assumed["round_trips"][name] * assumed["round_trip_ms"]
    away += {"webhook": assumed["sqs_send_ms"], "worker": assumed["line_reply_ms"]}.get(name, 0)
    waiting = max(0.0, row["mean_ms"] - row["cpu_ms"])
    start = row["total_ms" if assumed["bytecode"] else "source_ms"]["median"]
    return waiting + away + row["cpu_ms"] * stretch + assumed["cold_share"] * start * stretch


def invocations(prices: Prices) -> dict[str, float]:
    """How often each function runs for the events; the jobs are a month's, whatever happens."""
    return {"webhook": EVENTS, "worker": EVENTS, "pages": EVENTS * prices["assumed"]["pages_per_event"]}


def with_events(prices: Prices, rows: Mapping[str, Any], memory: Mapping[str, int], slower: float = 1.0) -> list[Part]:
    """What grows with the events."""
    assumed, runs = prices["assumed"], invocations(prices)
    parts = [_function(prices, name, count, billed_ms(rows[name], memory[name], prices, name, slower), memory[name])
             for name, count in runs.items()]  # fmt: skip
    requests = runs["webhook"] + runs["pages"]
    queued = EVENTS * (2 + assumed["receives_per_event"])
    log_gb = sum(runs.values()) * assumed["log_kb"] / 1e6
    photos = EVENTS * assumed["photo_share"]
    out_gb = runs["pages"] * assumed["page_kb"] / 1e6
    through_nat = EVENTS * 0.000004 + photos * assumed["photo_mb"] / 1e3
    store = photos / 1000 * (prices["s3"]["thousand_puts"] + prices["s3"]["thousand_gets"])
    return [
        *parts,
        Part("HTTP API", requests, "requests", requests / 1e6 * prices["http_api"]["million_requests"]),
        Part("SQS FIFO", queued, "requests", queued / 1e6 * prices["sqs"]["million_fifo_requests"]),
        Part("logs", log_gb, "GB", log_gb * (prices["logs"]["gb_in"] + prices["logs"]["gb_month"])),
        Part("S3", photos, "pictures", store + photos * assumed["photo_mb"] / 1e3 * prices["s3"]["gb_month"]),
        Part("to browsers", out_gb, "GB", out_gb * prices["transfer"]["gb_out"]),
        Part("through NAT", through_nat, "GB", through_nat * prices["nat"]["gb"]),
    ]


def whatever_happens(prices: Prices, rows: Mapping[str, Any], memory: Mapping[str, int]) -> list[Part]:
    """A month's part that stands with no event at all."""
    rds, proxy, nat = prices["rds"], prices["proxy"], prices["nat"]
    jobs = MINUTES * 2 + MINUTES / 5 + MONTH_HOURS
    run = _function(prices, "jobs", jobs, billed_ms(rows["jobs"], memory["jobs"], prices, "jobs"), memory["jobs"])
    disk = rds["gigabytes"] * (rds["gb_month"] + rds["backup_gb_month"])
    return [
        run,
        Part("EventBridge", jobs, "invocations", jobs / 1e6 * prices["eventbridge"]["million_invocations"]),
        Part(f"RDS {rds['instance']}", MONTH_HOURS, "hours", MONTH_HOURS * rds["instance_hour"]),
        Part("RDS disk and backups", rds["gigabytes"], "GB", disk),
        Part("RDS Proxy", proxy["vcpus"], "vCPU", MONTH_HOURS * proxy["vcpu_hour"] * proxy["vcpus"]),
        Part("NAT gateways", nat["gateways"], "", MONTH_HOURS * nat["hour"] * nat["gateways"]),
    ]


def _function(prices: Prices, name: str, count: float, ms: float, memory: int) -> Part:
    gb_seconds = count * ms / 1000 * memory / 1024
    usd = gb_seconds * prices["lambda"]["gb_second"] + count / 1e6 * prices["lambda"]["million_requests"]
    return Part(f"Lambda {name}, {ms:.0f} ms, {memory} MB", count, "invocations", usd)


def bill(prices: Prices, rows: Mapping[str, Any], memory: Mapping[str, int]) -> dict[str, Any]:
    """Both halves, and the first for a core that is slower than this machine's."""
    events, monthly = with_events(prices, rows, memory), whatever_happens(prices, rows, memory)
    return {
        "events": events, "monthly": monthly, "memory": dict(memory), "prices_date": prices["date"],
        "verified": prices["verified"], "source": prices["source"], "assumed": prices["assumed"],
        "events_usd": sum(part.usd for part in events),
        "monthly_usd": sum(part.usd for part in monthly),
        "slower_usd": {
            str(times): sum(part.usd for part in with_events(prices, rows, memory, times)) for times in (1, 2, 4)
        },
    }  # fmt: skip


def run(_server: Server, console: Console) -> dict[str, Any]:
    """The bill, with a word on who vouches for it."""
    prices = tomllib.loads(PRICES.read_text("utf-8"))
    found = bill(prices, measured(), memory_sizes())
    trust = "verified" if prices["verified"] else "UNVERIFIED PRICES"
    for key, title in (("events", f"{EVENTS:,} events"), ("monthly", "A month without any event")):
        table = Table("", "quantity", "", "USD", title=f"{title} ({trust}: {prices['source']}, {prices['date']})")
        for part in found[key]:
            table.add_row(part.name, f"{part.quantity:,.0f}", part.unit, f"{part.usd:.2f}")
        table.add_row("together", "", "", f"{found[f'{key}_usd']:.2f}")
        console.print(table)
    slower = ", ".join(f"{times}× {usd:.2f}" for times, usd in found["slower_usd"].items())
    console.print(f"  events, were AWS's core so many times slower than this one: {slower} USD\n")
    return found
