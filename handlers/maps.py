"""Maps on pages: Leaflet from its package, our own points on it, and tiles of whoever the settings name.

A page writes a map with the macros of `map.html`; the points are listed beside it, for a map alone tells a blind reader
nothing. Without tiles the points stand on a plain ground with a scale, and nothing is fetched from anywhere.
"""

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

from flask import Flask, Response, g, send_from_directory
from xstatic.pkg import leaflet

from handlers.headers import let_show
from handlers.services import Tiles
from models.rules.place import Point

KEPT_FOR = 86_400


@dataclass(frozen=True)
class Mark:
    """A point with its word. `kind`: place, in or out; `around`: metres of a circle about it, 0 for none."""

    kind: str
    label: str
    latitude: float
    longitude: float
    around: int = 0


def mark(kind: str, label: str, point: Point, around: int = 0) -> Mark:
    """A point of ours as the map draws it."""
    return Mark(kind, label, point.latitude, point.longitude, around)


def install(app: Flask, tiles: Tiles | None) -> None:
    """Serve Leaflet's files, give templates `map_tiles()` and `map_points`, and let pages with a map load its tiles."""
    app.add_url_rule("/p/static-leaflet/<any('leaflet.js','leaflet.css'):name>", "leaflet_static", _leaflet)

    def map_tiles() -> Tiles | None:
        g.shows_map = True
        return tiles

    def allow(response: Response) -> Response:
        return let_show(response, [tile_origin(tiles.url)]) if tiles and g.get("shows_map") else response

    app.jinja_env.globals.update(map_tiles=map_tiles, map_points=_points)
    app.after_request(allow)


def tile_origin(url: str) -> str:
    """What the browser may load pictures from: the host of the tiles, or all its neighbours where it has several."""
    parts = urlsplit(re.sub(r"^(https?://)\{s\}", r"\1*", url))
    return f"{parts.scheme}://{parts.netloc}"


def _leaflet(name: str) -> Response:
    return send_from_directory(leaflet.BASE_DIR, name, max_age=KEPT_FOR)


def _points(marks: Iterable[Mark]) -> list[dict[str, object]]:
    """The points for the script's attribute."""
    return [asdict(each) for each in marks]
