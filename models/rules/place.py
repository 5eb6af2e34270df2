"""Places on the map: coordinates, and how far two of them lie apart along the ground.

Coordinates are WGS 84 degrees, the only floats we keep; distances are whole metres.
"""

from dataclasses import dataclass
from enum import StrEnum

JAPAN = ((20.0, 46.5), (122.0, 154.5))
"""Latitudes and longitudes between which Japan lies."""


class PlaceSource(StrEnum):
    """How a place came to be known: a LINE location message, an address looked up, a pin on a map, an address alone."""

    LOCATION = "location"
    ADDRESS = "address"
    PIN = "pin"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Point:
    """A position; ValueError when it lies on no globe."""

    latitude: float
    longitude: float

    def __post_init__(self) -> None:
        """Refuse what is no position (also NaN)."""
        if not (-90 <= self.latitude <= 90 and -180 <= self.longitude <= 180):
            raise ValueError("no position")

    @property
    def in_japan(self) -> bool:
        """Whether it can be a place of support."""
        (south, north), (west, east) = JAPAN
        return south <= self.latitude <= north and west <= self.longitude <= east


def metres(here: Point, there: Point) -> int:
    """The geodesic distance, in whole metres. geopy is loaded at the first one, with every HTTP library it finds."""
    from geopy.distance import geodesic

    return round(geodesic((here.latitude, here.longitude), (there.latitude, there.longitude)).meters)


def distance_words(distance: int) -> str:
    """85 as 85m, 2400 as 2.4km, 12600 as 13km."""
    if distance < 1000:
        return f"{distance}m"
    return f"{distance / 1000:.1f}km" if distance < 10_000 else f"{round(distance / 1000):,}km"


def map_link(point: Point) -> str:
    """A link that opens the phone's map at a position."""
    return f"https://www.google.com/maps/search/?api=1&query={point.latitude:.6f},{point.longitude:.6f}"
