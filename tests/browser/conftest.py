"""Chromium for the browser tests: Debian's without windows, which costs a quarter, or any on the PATH."""

import os
import shutil
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Error, Page, ViewportSize, expect, sync_playwright

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
INSTALL = "Chromium is not installed. On Debian: apt-get install chromium-headless-shell fonts-noto-cjk"
DESK: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}


def browser_path() -> str | None:
    """Where a browser is installed."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A browser; without one these tests are skipped with the line that installs it, and fail where CI is set."""
    path = browser_path()
    if path is None and os.environ.get("CI"):
        pytest.fail(INSTALL)
    if path is None:
        pytest.skip(INSTALL)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        expect.set_options(timeout=15_000)
        yield browser
        browser.close()


@pytest.fixture(params=[DESK, PHONE], ids=["1280", "390"])
def page(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of each width; script errors and refused sources fail the test."""
    context = chromium.new_context(viewport=request.param, locale="ja-JP")
    opened = context.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("console", lambda said: faults.append(said.text) if "Content Security" in said.text else None)
    yield opened
    context.close()
    assert faults == []


def sound(page: Page) -> None:
    """No finding of axe, nothing wider than the screen; a page that is just being replaced is waited for."""
    page.wait_for_load_state()
    try:
        found = Axe().run(page).response["violations"]
    except Error:
        page.wait_for_timeout(500)
        found = Axe().run(page).response["violations"]
    assert [(v["id"], [node["target"] for node in v["nodes"]]) for v in found] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
