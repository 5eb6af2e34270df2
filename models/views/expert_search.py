"""What an approver finds when looking for an expert."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.rules.booking import Time
from models.rules.place import Point

ORDERS = ("near", "visits", "name")
"""By distance from the place of support, by visits so far, or by kana."""


@dataclass(frozen=True)
class Wanted:
    """What is looked for; whatever is empty leaves nothing out. `words`: of a name or kana.

    `times`: up to three; shown for each expert, and with `only_free` one of them at least must be free. `near`: the
    place of support; without it nobody is sorted by distance.
    """

    speciality: str = ""
    prefectures: Sequence[str] = ()
    words: str = ""
    times: Sequence[Time] = ()
    only_free: bool = False
    near: Point | None = None
    order: str = "visits"

    @property
    def narrow(self) -> bool:
        """Whether it leaves out most experts."""
        return bool(self.speciality or self.prefectures or self.words)


@dataclass(frozen=True)
class FoundExpert:
    """One expert of a result. What the expert hides from the search is empty.

    `visits`: how often so far; `distance`: metres from the place to the expert's prefectural office, a rough guide;
    None without a place. `free`: for each wanted time; `rating`: None as long as there are no evaluations.
    """

    person_id: str
    name: str
    kana: str
    prefecture: str
    specialities: tuple[str, ...]
    qualifications: tuple[str, ...]
    affiliation: str
    strengths: str
    career_history: str
    support_record: str
    visits: int
    rating: float | None = None
    distance: int | None = None
    free: tuple[bool, ...] = ()


@dataclass(frozen=True)
class Found:
    """One page of a result; `total`: all that match."""

    experts: tuple[FoundExpert, ...]
    total: int
