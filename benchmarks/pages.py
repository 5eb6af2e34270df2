"""What a page opened from LINE weighs, and when a throttled phone first shows it."""

import tempfile
import threading
from pathlib import Path
from typing import Any

import time_machine
from playwright.sync_api import Browser, sync_playwright
from rich.console import Console
from werkzeug.serving import WSGIRequestHandler, make_server

from benchmarks.machine import spread
from benchmarks.postgres import Server
from handlers.links import Links
from handlers.pages import create_pages
from tests.browser.conftest import NAMES, PHONE, browser_path
from tests.support import factories
from tests.support.factories import House

ROUNDS = 5
SLOW = {
    "offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 0.75e6 / 8,
}  # fmt: skip
"""A phone on a poor connection: 150 ms there and back, 1.6 Mbit/s down."""
CPU_SLOWER = 4
FIRST_PAINT = """new Promise(done => {
  const seen = () => {
    const paint = performance.getEntriesByName("first-contentful-paint")[0];
    paint ? done(paint.startTime) : setTimeout(seen, 50);
  };
  seen();
})"""


def _opened(browser: Browser, link: str) -> tuple[int, float]:
    """Bytes that came over the line until the page was loaded, and milliseconds to the first contentful paint."""
    context = browser.new_context(viewport=PHONE, locale="ja-JP")  # type: ignore[arg-type]
    page = context.new_page()
    line = context.new_cdp_session(page)
    line.send("Network.enable")
    line.send("Network.emulateNetworkConditions", SLOW)
    line.send("Emulation.setCPUThrottlingRate", {"rate": CPU_SLOWER})
    taken: list[int] = []
    line.on("Network.loadingFinished", lambda said: taken.append(int(said["encodedDataLength"])))
    page.goto(link)
    page.wait_for_load_state("networkidle")
    painted = float(page.evaluate(FIRST_PAINT))
    context.close()
    return sum(taken), painted


class Silent(WSGIRequestHandler):
    """Says nothing of each request: links of people stand in it."""

    def log(self, type: str, message: str, *args: object) -> None:
        """Nothing."""


class Readers:
    """A newcomer with a draft and an expert with a letter, and fresh links of theirs."""

    def __init__(self, house: House, address: str) -> None:
        self._house, self._links = house, Links(factories.SECRET_KEY, address)
        with house.database.unit() as uow:
            organisation = factories.organisation(uow)
            inviter = factories.approver(uow, organisation)
        self._draft, self._newcomer = factories.filled_draft(house, organisation, inviter)
        active, self._expert = factories.commissioned(house, organisation, inviter, name="鈴木 花子")
        factories.accept(house, self._expert, active)
        self._letter = factories.letter_of(house, active)

    def links(self) -> dict[str, str]:
        """Links nobody opened yet: a personal one opens in one browser alone."""
        self._house.clock.advance(seconds=1)
        with time_machine.travel(self._house.clock(), tick=False):
            expert, page = self._expert.id, self._links.page
            return {
                "/p/form": page("form", self._newcomer.id, self._draft),
                "/p/profile": page("profile", expert, expert),
                "/p/letter": page("letter", expert, self._letter.id),
                "/p/terms": self._links.public("terms", factories.TERMS_VERSION),
            }


def run(_server: Server, console: Console) -> dict[str, Any]:
    """Each page several times, in a fresh browser context each (nothing is cached)."""
    path = browser_path()
    if path is None:
        console.print(f"Pages: none of {', '.join(NAMES)} is installed\n")
        return {}
    seen: dict[str, list[tuple[int, float]]] = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        house = factories.open_house(Path(folder))
        server = make_server(
            "127.0.0.1", 0, create_pages(house.services, factories.SECRET_KEY), threaded=True, request_handler=Silent
        )
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        readers = Readers(house, f"http://127.0.0.1:{server.port}")
        for _ in range(ROUNDS):
            for name, link in readers.links().items():
                seen.setdefault(name, []).append(_opened(browser, link))
        browser.close()
        server.shutdown()
        server.server_close()
        house.database.close()
    found = {
        name: {"bytes": max(each for each, _ in taken), "first_paint_ms": spread([paint for _, paint in taken])}
        for name, taken in seen.items()
    }
    console.print("Pages on a phone with 1.6 Mbit/s, 150 ms and a processor four times slower")
    for name, values in found.items():
        console.print(f"  {name:12} {values['bytes'] / 1024:.0f} KB, first paint {values['first_paint_ms']} ms")
    console.print()
    return found
