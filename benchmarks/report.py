"""`python -m benchmarks.report`: the table of RESULTS.md, from the newest result of each bench.

The words below the table are written by hand and stay. Lines of a bench that this machine holds no result of stay too.
"""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
BEGIN, END = "<!-- figures: written by benchmarks/report.py -->", "<!-- end of figures -->"
HEAD = ("bench", "what", "ours", "compared with", "ratio", "aim", "", "measured")
STARTS = ("total", "init", "first", "source")
Json = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """One figure. `ratio` is given where there is a comparison; `met` where there is an aim."""

    what: str
    ours: str
    other: str = ""
    ratio: str = ""
    aim: str = ""
    met: bool | None = None


def _least(aim: float, ratio: float) -> tuple[str, bool]:
    return f"≥ {aim}×", ratio >= aim


def _most(aim: float, ratio: float) -> tuple[str, bool]:
    return f"≤ {aim}×", ratio <= aim


def _spread(value: Json, digits: int = 2) -> str:
    median, least, most = (f"{value[key]:,.{digits}f}" for key in ("median", "least", "most"))
    return f"{median} ({least}–{most})"


def _many(statements: int) -> str:
    return f"{statements} statement{'s' if statements > 1 else ''}"


def _ack(found: Sequence[Json]) -> Iterable[Row]:
    for each in found:
        a, b = each["ours"], each["sdk"]
        sides = [f"{x['rate']['median']:,.0f} events/s, p99 {x['p99']['median']:.1f} ms" for x in (a, b)]
        aim = _least(1.0, each["ratio"]["median"])
        cores = "1 process" if each["workers"] == 1 else f"{each['workers']} processes"
        yield Row(f"Acknowledging, {cores}", sides[0], f"SDK, nothing stored: {sides[1]}", _spread(each["ratio"]), *aim)
        cpu = [f"{x['cpu']['median']:.2f} s" for x in (a, b)]
        stored = f"{cpu[0]}, PostgreSQL {a['database_cpu']['median']:.2f} s more"
        yield Row(f"Server CPU of 1,000 events, {cores}", stored, f"SDK: {cpu[1]}")


def _turn(found: Json) -> Iterable[Row]:
    a, b = found["ours"], found["sdk"]
    aim = _least(1.0, found["ratio"]["median"])
    asked = f"{found['commits']:.1f} commits, {found['looks']:.1f} looks"
    mine = f"{a['rate']['median']:.0f} turns/s, p99 {a['p99']:.0f} ms; {asked}"
    other = f"SDK echo: {b['rate']['median']:.0f}/s, p99 {b['p99']:.0f} ms"
    yield Row("A whole turn, eight people at once", mine, other, _spread(found["ratio"]), *aim)


def _cold(found: Json) -> Iterable[Row]:
    for at, (key, what, unit, aim) in enumerate(
        (("time", "Cold start to the first stored 200", "ms", 0.5), ("memory", "Resident memory after it", "MiB", 0.6))
    ):
        a, b = (
            sorted(run[at] for run in found["runs"][side])[len(found["runs"][side]) // 2] for side in ("ours", "sdk")
        )
        yield Row(
            what, f"{a:.0f} {unit}", f"SDK: {b:.0f} {unit}", _spread(found[key]), *_most(aim, found[key]["median"])
        )


def _growth(found: Json) -> Iterable[Row]:
    words = {"acks": "An acknowledgement", "turns": "A turn", "sweeps": "A sweep with nothing to do"}
    for key, what in words.items():
        few, many, ratio = found[key]
        sides = (f"{many['median']:.2f} ms", f"1,000 rows: {few['median']:.2f} ms")
        yield Row(f"{what}, 1,000,000 old rows", *sides, _spread(ratio), *_most(1.2, ratio["median"]))


def _letters(found: Json) -> Iterable[Row]:
    size = f"{found['bytes'] / 1024:.0f} KB each; {found['early_mib']:.0f} MiB after 1,000"
    yield Row("Letters rendered", f"{_spread(found['rate'], 0)} a second; {size}, {found['late_mib']:.0f} after 10,000")
    yield Row("Letters issued", f"{_spread(found['issued'], 0)} a second, one core")


def _desk(found: Json) -> Iterable[Row]:
    words = {"queue": "The desk's queue", "search": "Search of experts by name", "expert page": "Page of an expert"}
    for key, what in words.items():
        row = found[key]
        mine = f"{row['ours_p95_ms']:.0f} ms; {_many(row['statements'])}"
        other = f"Flask-Admin: {row['theirs_p95_ms']:.0f} ms"
        yield Row(f"{what}, p95", mine, other, f"{row['ratio']:.2f}", *_most(0.3, row["ratio"]))


def _dispatch(found: Json) -> Iterable[Row]:
    for name, row in found.items():
        if "ratio" in row:
            mine = f"{row['ours_ms']:.1f} ms; {_many(row['statements'])}"
            ratio = row["ratio"]
            yield Row(name[0].upper() + name[1:], mine, f"SQL by hand: {row['hand_ms']:.1f} ms", f"{ratio:.2f}",
                      *_most(1.5, ratio))  # fmt: skip
        else:
            yield Row(f"`{name.format('…')}`, p95", f"{row['p95_ms']:.0f} ms")


def _pages(found: Json) -> Iterable[Row]:
    for path, row in found.items():
        size = row["bytes"] / 1024
        shown = f"{size:.0f} KB, first paint {row['first_paint_ms']['median'] / 1000:.2f} s"
        yield Row(f"`{path}` on a throttled phone", shown, aim="< 150 KB", met=size < 150)


def _burst(found: Json) -> Iterable[Row]:
    mine = f"acknowledged p99 {found['ack_p99_ms']:.0f} ms; answered p50 {found['answer_p50_s']:.1f} s, "
    last = f"the last after {found['last_s']:.1f} s, {found['pushes']} as push"
    yield Row("2,000 check-ins within 10 s, 2 processes", mine + last, aim="none lost or twice", met=True)


def _workers(found: Json) -> Iterable[Row]:
    one, two = (f"{_spread(found[used]['rate'], 0)} turns/s" for used in ("1", "2"))
    yield Row("Stored turns, two worker processes", two, f"one: {one}", _spread(found["scaling"]))
    for way in ("worker thread inside", "worker process beside"):
        row = found[way]
        busy, idle = (f"p99 {_spread(row[f'{state}_p99_ms'], 1)} ms" for state in ("saturated", "idle"))
        aim = _most(1.5, row["ratio"]["median"])
        yield Row(
            f"Acknowledging while the worker is saturated, {way}", busy, f"idle: {idle}", _spread(row["ratio"]), *aim
        )


def _functions(found: Json) -> Iterable[Row]:
    base = found["functions"]["sdk echo"]
    for name, row in found["functions"].items():
        total, init, first, source = (
            f"{row[f'{key}_ms']['median']:.0f}" for key in ("total", "init", "first", "source")
        )
        parts = f"{total} ms (init {init}, first event {first}; without bytecode {source})"
        size = f"{row['zip_mb']:.1f} MB zipped, {row['unpacked_mb']:.0f} unpacked, {row['peak_mib']:.0f} MiB at most"
        warm = f"{row['warm_ms']['median']:.1f} ms an event when warm"
        if row is base:
            yield Row("Function of the SDK's echo bot, start to first answer", f"{parts}; {size}; {warm}")
            continue
        ratio = f"{row['total_ms']['median'] / base['total_ms']['median']:.2f}"
        other = f"SDK echo: {base['total_ms']['median']:.0f} ms"
        yield Row(f"Function `{name}`, start to first answer", f"{parts}; {size}; {warm}", other, ratio)


def _cost(found: Json) -> Iterable[Row]:
    source = f"unverified prices of {found['prices_date']}"
    yield Row("1,000,000 events, what grows with them", f"{found['events_usd']:.2f} USD", source)
    yield Row("A month, what stands whatever happens", f"{found['monthly_usd']:.2f} USD", source)


SHOWN: dict[str, Callable[[Any], Iterable[Row]]] = {
    "ack": _ack, "turn": _turn, "workers": _workers, "cold": _cold, "functions": _functions, "cost": _cost,
    "growth": _growth, "desk": _desk, "dispatch": _dispatch, "burst": _burst, "letters": _letters, "pages": _pages,
}  # fmt: skip


def _newest(folder: Path) -> dict[str, tuple[Json, Any]]:
    """Of each bench the newest result, and what it was measured on."""
    found: dict[str, tuple[Json, Any]] = {}
    for path in sorted(folder.glob("*.json")):
        results = json.loads(path.read_text())
        about = results.pop("about")
        found.update({name: (about, result) for name, result in results.items() if name in SHOWN and result})
    return found


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _lines(bench: str, about: Json, result: Any) -> list[str]:
    busy = f", load {about['load']:.1f}" if about.get("load", 0) > 0.5 else ""
    measured = f"{about['at'][:16]}, {about['cores']} × {about['cpu']}{busy}"
    verdict = {True: "met", False: "**missed**", None: ""}
    return [
        _line((bench, row.what, row.ours, row.other, row.ratio, row.aim, verdict[row.met], measured))
        for row in SHOWN[bench](result)
    ]


def table(folder: Path, before: str) -> str:
    """The whole table; lines of benches without a result in `folder` are taken from the text `before`."""
    old: dict[str, list[str]] = {}
    for line in before.splitlines():
        named = re.match(r"\| (\w+) \| ", line)
        if named and named[1] in SHOWN:
            old.setdefault(named[1], []).append(line)
    new = {bench: _lines(bench, *found) for bench, found in _newest(folder).items()}
    kept = [line for bench in SHOWN for line in new.get(bench) or old.get(bench, [])]
    return "\n".join([_line(HEAD), _line(["---"] * len(HEAD)), *kept])


def write(folder: Path = HERE / "results", target: Path = HERE / "RESULTS.md") -> None:
    """Put the table between its marks."""
    words = target.read_text()
    top, _, rest = words.partition(BEGIN)
    before, end, below = rest.partition(END)
    if not end:
        raise RuntimeError(f"{target.name} has lost its marks: {BEGIN} … {END}")
    target.write_text(f"{top}{BEGIN}\n{table(folder, before)}\n{END}{below}")


if __name__ == "__main__":
    write()
