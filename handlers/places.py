"""Looking up where on the map an address lies: a Nominatim-compatible service behind the setting GEOCODER_URL.

It speaks to the network, so it is never called inside a transaction. Whatever goes wrong there, the address alone is
good enough: the place is then marked as not known.
"""

from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import structlog

from models.rules.normalise import tidy, to_halfwidth_ascii
from models.rules.place import Point

SECONDS = 4
LONGEST = 240
log = structlog.get_logger()


class Geocoder:
    """Finds addresses in Japan."""

    def __init__(self, url: str) -> None:
        """`url`: the service's address, such as https://nominatim.example.jp."""
        self._url = url.rstrip("/")

    @cached_property
    def _service(self) -> Any:
        """The client of geopy, made when something is looked up: a fifth of a second of imports."""
        from geopy.geocoders import Nominatim

        parts = urlsplit(self._url)
        made: Any = Nominatim
        domain = f"{parts.netloc}{parts.path}"
        return made(domain=domain, scheme=parts.scheme, user_agent="chusho119", timeout=SECONDS)

    def find(self, address: str) -> Point | None:
        """Where the address lies; None when it is not found, lies abroad, or the service does not answer."""
        from geopy.exc import GeopyError

        words = to_halfwidth_ascii(tidy(address))[:LONGEST]
        if not words:
            return None
        try:
            found = self._service.geocode(words, country_codes="jp", language="ja")
        except (GeopyError, ValueError, TypeError, LookupError) as error:
            log.warning("geocoder_failed", error=type(error).__name__)
            return None
        return _point(found)


def _point(found: object) -> Point | None:
    """What geopy gave, if it is a place in Japan."""
    try:
        point = Point(float(getattr(found, "latitude", "")), float(getattr(found, "longitude", "")))
    except (TypeError, ValueError):
        return None
    return point if point.in_japan else None
