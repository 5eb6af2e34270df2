"""Every page of the secretariat, generated from the routes: sound at both widths, with something on it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import sound
from tests.support import factories
from tests.support.addresses import address
from tests.support.scene import Scene
from tests.support.serving import Serving

pytestmark = pytest.mark.browser
FILES = {
    "visit_photo", "visit_signature", "picture", "change_picture", "letter_document", "import_template",
    "import_errors",
}  # fmt: skip
"""Routes that send a file."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Scene, str]]:
    scene = Scene(tmp_path_factory.mktemp("every-page"))
    with Serving(scene.app) as server:
        yield scene, server.address
    scene.house.database.close()


def test_every_page_is_sound(page: Page, place: tuple[Scene, str]) -> None:
    scene, site = place
    page.goto(f"{site}/admin/login")
    sound(page)
    page.get_by_label("メールアドレス").fill("manager@example.jp")
    page.get_by_label("パスワード").fill(factories.PASSWORD)
    page.get_by_role("button", name="ログインする").click()
    expect(page.get_by_role("heading", name="はじめ")).to_be_visible()
    walked = 0
    for endpoint, method, rule in scene.rules():
        if method == "GET" and endpoint not in FILES and not endpoint.endswith("_export"):
            answer = page.goto(site + address(rule, scene.values))
            assert answer
            assert answer.status == 200, endpoint
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            sound(page)
            walked += 1
    assert walked > 25
