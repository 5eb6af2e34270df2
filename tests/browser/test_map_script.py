"""The map's script: points and circles on a plain ground and on tiles, a pin put and taken away."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import render_template_string
from playwright.sync_api import Page, expect

from handlers.maps import mark
from handlers.pages import create_pages
from handlers.services import Tiles
from models.rules.place import Point
from tests.browser.conftest import sound
from tests.support import factories
from tests.support.dispatches import OFFICE
from tests.support.photos import jpeg
from tests.support.serving import Serving

pytestmark = pytest.mark.browser
TILES = Tiles("https://tiles.example.jp/{z}/{x}/{y}.png", "地図をつくる会", "https://maps.example.jp/")
SHOWN = """{% extends "base.html" %}{% import "map.html" as map %}{% block title %}地図{% endblock %}
{% block head %}{{ map.head() }}{% endblock %}{% block main %}<h1>地図</h1>{{ map.show(marks) }}{% endblock %}"""
PICKED = """{% extends "base.html" %}{% import "map.html" as map %}{% block title %}地図{% endblock %}
{% block head %}{{ map.head() }}{% endblock %}{% block main %}<h1>地図</h1>
<label for="point">位置</label><input id="point">{{ map.pick("point") }}{% endblock %}"""
MARKS = [
    mark("place", "支援場所", OFFICE, 300),
    mark("in", "チェックイン", Point(35.6815, 139.7680), 20),
    mark("out", "チェックアウト", Point(35.6920, 139.7700), 120),
]


@pytest.fixture(params=[None, TILES], ids=["plain", "tiles"])
def address(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    house = factories.open_house(tmp_path)
    app = create_pages(replace(house.services, tiles=request.param), factories.SECRET_KEY)
    app.add_url_rule("/p/shown", "shown", lambda: render_template_string(SHOWN, marks=MARKS))
    app.add_url_rule("/p/picked", "picked", lambda: render_template_string(PICKED))
    with Serving(app) as server:
        yield f"{server.address}/p"
    house.database.close()


@pytest.fixture
def asked(page: Page) -> list[str]:
    """The foreign addresses the page asked for."""
    found: list[str] = []
    tile = jpeg(256, 256)

    def answer(route):
        found.append(route.request.url)
        route.fulfill(body=tile, content_type="image/jpeg")

    page.route("https://**/*", answer)
    return found


def test_points_and_circles(address: str, page: Page, asked: list[str], request: pytest.FixtureRequest):
    page.goto(f"{address}/shown")
    for word in ("支援場所", "チェックイン", "チェックアウト"):
        expect(page.get_by_text(word, exact=True)).to_be_visible()
    expect(page.locator("path.leaflet-interactive, .map svg path")).to_have_count(3)
    if "tiles" in request.node.callspec.id:
        expect(page.locator("img.leaflet-tile-loaded").first).to_be_attached()
        expect(page.get_by_role("link", name=TILES.credit)).to_be_visible()
    assert all(url.startswith("https://tiles.example.jp/") for url in asked)
    assert bool(asked) == ("tiles" in request.node.callspec.id)
    sound(page)


def test_a_pin(address: str, page: Page, asked: list[str], request: pytest.FixtureRequest):
    page.goto(f"{address}/picked")
    if "plain" in request.node.callspec.id:
        expect(page.locator(".map")).to_have_count(0)
        return
    page.get_by_label("位置").fill("35.681236,139.767125")
    page.get_by_label("位置").blur()
    pin = page.locator(".map-mark.pin")
    expect(pin).to_be_visible()
    page.locator(".map").click(position={"x": 90, "y": 120})
    expect(page.get_by_label("位置")).not_to_have_value("35.681236,139.767125")
    latitude, longitude = map(float, page.get_by_label("位置").input_value().split(","))
    assert abs(latitude - 35.68) < 0.05
    assert abs(longitude - 139.76) < 0.05
    sound(page)
    page.get_by_role("button", name="ピンを消す").click()
    expect(pin).to_have_count(0)
    expect(page.get_by_label("位置")).to_have_value("")
    page.get_by_role("button", name="地図の中心にピンを立てる").press("Enter")
    expect(pin).to_be_visible()
    expect(page.get_by_label("位置")).not_to_have_value("")
    page.get_by_label("位置").fill("どこか,ここ")
    page.get_by_label("位置").blur()
    expect(pin).to_have_count(0)
