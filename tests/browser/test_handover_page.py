"""A big file in a real browser: by a link, and by a form whose page may send nothing to other origins."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Response, render_template_string
from playwright.sync_api import Page, expect

from handlers.exports import download
from handlers.pages import create_pages
from storage.files import open_store
from tests.browser.conftest import sound
from tests.support import factories
from tests.support.s3 import Seaweed
from tests.support.serving import Serving

pytestmark = pytest.mark.browser
PAGE = """{% extends "base.html" %}{% block title %}一覧{% endblock %}{% block main %}<h1>一覧</h1>
<p><a href="/admin/file" download>CSV</a></p><form method="post" action="/admin/file">
<input type="hidden" name="csrf_token" value="{{ csrf_token() }}"><button class="main-button">作る</button></form>
{% endblock %}"""


@pytest.fixture
def address(tmp_path: Path, s3: Seaweed, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Pages that may answer little, over a real S3."""
    for name, value in s3.env.items():
        monkeypatch.setenv(name, value)
    house = factories.open_house(tmp_path)
    with closing(open_store(f"s3://{s3.bucket}/browsed", "forms-under-test")) as files:
        app = create_pages(replace(house.services, files=files, answer_most=20_000), factories.SECRET_KEY)

        @app.route("/admin/page")
        def page() -> str:
            return render_template_string(PAGE)

        @app.route("/admin/file", methods=["GET", "POST"])
        def file() -> Response:
            return download("一覧", factories.START.date(), "csv", ["番号"], [[number] for number in range(9000)])

        with Serving(app, "localhost") as server:
            yield server.address
    house.database.close()


def test_a_link_brings_the_file_and_leaves_the_page(page: Page, address: str):
    page.goto(f"{address}/admin/page")
    with page.expect_download() as begun:
        page.get_by_role("link", name="CSV").click()
    assert begun.value.suggested_filename == "一覧_2026-11-18.csv"
    assert Path(begun.value.path()).read_bytes().count(b"\r\n") == 9001
    expect(page.get_by_role("heading", name="一覧")).to_be_visible()


def test_a_form_brings_a_page_that_fetches_the_file_by_itself(page: Page, address: str):
    page.goto(f"{address}/admin/page")
    with page.expect_download() as begun:
        page.get_by_role("button", name="作る").click()
    assert begun.value.suggested_filename == "一覧_2026-11-18.csv"
    expect(page.get_by_role("heading", name="ファイルができました")).to_be_visible()
    sound(page)
    with page.expect_download() as again:
        page.get_by_role("link", name="ファイルを受け取る").click()
    assert Path(again.value.path()).read_bytes().count(b"\r\n") == 9001
