"""Commission letters: how many a second, and whether memory stays where it is over ten thousand."""

import os
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.machine import memory_mib, spread
from benchmarks.postgres import Server
from storage.database import Database
from storage.documents import Letter, letter_pdf
from storage.secrets import Vault, new_key
from tests.support import factories

PRINTED, ISSUED, ROUNDS = 10_000, 300, 5


def _printed() -> dict[str, Any]:
    """Letters rendered alone; resident memory after a tenth and at the end."""
    rates: list[float] = []
    early, size = 0.0, 0
    for part in range(10):
        started = time.perf_counter()
        for number in range(PRINTED // 10):
            size = len(letter_pdf(_letter(part * 1000 + number)))
        rates.append(PRINTED / 10 / (time.perf_counter() - started))
        early = early or memory_mib(os.getpid(), "VmRSS")
    return {"rate": spread(rates), "bytes": size, "early_mib": early, "late_mib": memory_mib(os.getpid(), "VmRSS")}


def _letter(number: int) -> Letter:
    return Letter(
        number=f"C-2026-{number:06d}",
        name=f"山田 太郎{number}",
        fiscal_year=2026,
        starts=date(2026, 11, 21),
        ends=date(2027, 3, 31),
        issued=date(2026, 11, 21),
        issuer="中小企業119事務局",
        desk="中小企業119 東日本事務局",
        desk_phone="03-0000-0119",
    )


def _kanji(number: int) -> str:
    return "".join("零一二三四五六七八九"[int(digit)] for digit in str(number))


def _issued(url: str, folder: Path) -> list[float]:
    """Letters a second through the whole task: numbered, printed, sealed, stored, told; each in its transactions."""
    house = factories.house_on(Database(url, Vault([new_key()])), folder)
    with house.database.unit() as uow:
        organisation = factories.organisation(uow)
        inviter = factories.approver(uow, organisation)
    clerk = factories.office(house)
    made = [factories.agreed(house, organisation, inviter, name=f"山田 {_kanji(n)}")[0] for n in range(ISSUED)]
    rates = []
    for at in range(ROUNDS):
        chosen = made[at::ROUNDS]
        started = time.perf_counter()
        for application in chosen:
            house.services.letters.issue(clerk, application)
        rates.append(len(chosen) / (time.perf_counter() - started))
    house.database.close()
    return rates


def run(server: Server, console: Console) -> dict[str, Any]:
    """Rendering alone, then the whole issue on PostgreSQL and a folder."""
    found = _printed()
    with tempfile.TemporaryDirectory() as folder:
        found["issued"] = spread(_issued(server.database(), Path(folder)))
    console.print(f"Letters, {datetime.now(UTC):%Y-%m-%d}")
    console.print(f"  rendered   {found['rate']} a second, {found['bytes'] / 1024:.0f} KB each")
    console.print(
        f"  memory     {found['early_mib']:.0f} MiB after 1,000, {found['late_mib']:.0f} MiB after {PRINTED:,}"
    )
    console.print(f"  issued     {found['issued']} a second (numbered, printed, sealed, stored, told)\n")
    return found
