"""Addresses looked up through geopy, against a service of our own: found, abroad, not found, broken, not there."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from handlers.places import Geocoder
from handlers.settings import SettingsError, read
from models.rules.place import Point


class Service(HTTPServer):
    """Answers every search with what the test wants said."""

    said: bytes = b"[]"
    status: int = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Asked)
        self.asked: list[str] = []


class Asked(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Service)
        self.server.asked.append(self.path)
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(self.server.said)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def service() -> Iterator[Service]:
    opened = Service()
    threading.Thread(target=opened.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield opened
    opened.shutdown()
    opened.server_close()


@pytest.fixture
def find(service: Service) -> Callable[[str], Point | None]:
    return Geocoder(f"http://127.0.0.1:{service.server_port}").find


def hit(latitude: str, longitude: str) -> bytes:
    return json.dumps([{"lat": latitude, "lon": longitude, "display_name": "丸の内"}]).encode()


def test_an_address_is_found_with_its_position(service: Service, find: Callable[[str], Point | None]):
    service.said = hit("35.681236", "139.767125")
    assert find("東京都千代田区丸の内１－９－１") == Point(35.681236, 139.767125)
    assert service.asked[0].startswith("/search?")
    assert "countrycodes=jp" in service.asked[0]


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"[]", 200), (hit("51.5", "-0.1"), 200), (hit("x", "y"), 200), (hit("nan", "nan"), 200), (b"<html>", 200),
        (b"{}", 200), (b"", 500), (b"", 429), (b'[{"lat": "35"}]', 200),
    ],
)  # fmt: skip
def test_whatever_goes_wrong_the_address_alone_will_do(
    service: Service, find: Callable[[str], Point | None], said: bytes, status: int
):
    service.said, service.status = said, status
    assert find("東京都千代田区丸の内1-9-1") is None


def test_nothing_is_asked_for_nothing_and_nobody_there_is_no_failure(service: Service):
    assert Geocoder(f"http://127.0.0.1:{service.server_port}").find(" \u3000") is None
    assert service.asked == []
    assert Geocoder("http://127.0.0.1:9").find("東京都千代田区") is None


def test_the_setting_is_an_address_or_nothing(tmp_path: Path):
    assert read({}, tmp_path).geocoder_url == ""
    assert read({"GEOCODER_URL": "https://geo.example.jp/v1"}, tmp_path).geocoder_url == "https://geo.example.jp/v1"
    for wrong in ("geo.example.jp", "ftp://x", "https://x y", "https://x/?q="):
        with pytest.raises(SettingsError, match="GEOCODER_URL"):
            read({"GEOCODER_URL": wrong}, tmp_path)
