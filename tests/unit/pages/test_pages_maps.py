"""Maps: the setting, Leaflet's files, what a page with a map may load, and that nothing is loaded without one."""

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask, render_template_string

from handlers.headers import POLICY
from handlers.maps import mark, tile_origin
from handlers.pages import create_pages
from handlers.services import Tiles
from handlers.settings import SettingsError, read
from models.rules.place import Point
from tests.support import factories
from tests.support.factories import House

URL = "https://tiles.example.jp/xyz/{z}/{x}/{y}.png"
MAP = "{% from 'map.html' import head, show, pick %}{{ head() }}{{ show(marks) }}<input id='point'>{{ pick('point') }}"
EVIL = '"><script>alert(1)</script>'


def with_map(house: House, tiles: Tiles | None) -> Flask:
    app = create_pages(replace(house.services, tiles=tiles), factories.SECRET_KEY)
    marks = [mark("place", EVIL, Point(35.68, 139.76), 300)]
    app.add_url_rule("/p/with-map", "with_map", lambda: render_template_string(MAP, marks=marks))
    app.add_url_rule("/p/without-map", "without_map", lambda: "")
    return app


def test_without_tiles_nothing_foreign_is_loaded_and_no_pin_is_offered(house: House):
    answer = with_map(house, None).test_client().get("/p/with-map")
    assert "img-src 'self' data:;" in answer.headers[POLICY]
    assert "data-tiles" not in answer.text
    assert "data-pick" not in answer.text
    assert "map plain" in answer.text
    assert "<script>alert" not in answer.text


def test_a_page_with_a_map_may_load_tiles_and_no_other_page_may(house: House):
    browser = with_map(house, Tiles(URL, "国土地理院", "https://maps.example.jp/")).test_client()
    answer = browser.get("/p/with-map")
    assert "img-src 'self' data: https://tiles.example.jp;" in answer.headers[POLICY]
    assert f'data-tiles="{URL}"' in answer.text
    assert 'data-pick="point"' in answer.text
    assert '<a href="https://maps.example.jp/"' in answer.text
    assert "tiles.example.jp" not in browser.get("/p/without-map").headers[POLICY]


@pytest.mark.parametrize(("name", "status"), [
    ("leaflet.js", 200), ("leaflet.css", 200), ("leaflet.js.map", 404), ("..%2f__init__.py", 404),
])  # fmt: skip
def test_leaflet_comes_from_its_package_and_nothing_else_does(house: House, name: str, status: int):
    with with_map(house, None).test_client().get(f"/p/static-leaflet/{name}") as answer:
        assert answer.status_code == status
        if status == 200:
            assert "max-age=86400" in answer.headers["Cache-Control"]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(("url", "origin"), [
    (URL, "https://tiles.example.jp"),
    ("https://{s}.tile.example.org/{z}/{x}/{y}.png", "https://*.tile.example.org"),
    ("http://127.0.0.1:8080/{z}/{x}/{y}.png", "http://127.0.0.1:8080"),
])  # fmt: skip
def test_the_host_of_the_tiles(url: str, origin: str):
    assert tile_origin(url) == origin


def test_the_setting(tmp_path: Path):
    assert read({}, tmp_path).map_tiles is None
    given = {"MAP_TILES_URL": URL, "MAP_TILES_CREDIT": "国土地理院 https://maps.example.jp/"}
    assert read(given, tmp_path).map_tiles == (URL, "国土地理院", "https://maps.example.jp/")
    assert read({**given, "MAP_TILES_CREDIT": "© Some One"}, tmp_path).map_tiles == (URL, "© Some One", "")


@pytest.mark.parametrize("given", [
    {"MAP_TILES_URL": URL}, {"MAP_TILES_CREDIT": "x"},
    {"MAP_TILES_URL": "https://tiles.example.jp/{z}.png", "MAP_TILES_CREDIT": "x"},
    {"MAP_TILES_URL": "javascript:{z}{x}{y}", "MAP_TILES_CREDIT": "x"},
    {"MAP_TILES_URL": "https://a.jp; script-src *//{z}{x}{y}", "MAP_TILES_CREDIT": "x"},
])  # fmt: skip
def test_a_setting_that_makes_no_sense_says_so(tmp_path: Path, given: dict[str, str]):
    with pytest.raises(SettingsError, match="MAP_TILES_URL"):
        read(given, tmp_path)
