"""専門家を探す: the experts found, ten at a time, and the way on."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.line.messages import Action, Button, Card, Cards, Link, Message, Row, Text
from bot.postbacks import CardTap, MenuTap
from bot.text import t
from models.rules.booking import Time, time_words
from models.rules.finding import ANY_FIELD, area_words
from models.rules.place import Point, distance_words
from models.views.expert_search import Found, FoundExpert

PER_PAGE = 10
STRENGTHS_MOST = 90
AGAIN = "専門家を探す"


@dataclass(frozen=True)
class Asked:
    """What was looked for. `field`: empty for any; `area`: a region, a prefecture or all of Japan; `page`: from 0.

    `free`: only experts who are free at one of `times`; `near`: the place by whose distance they are sorted.
    """

    field: str
    area: str
    page: int = 0
    times: tuple[Time, ...] = ()
    free: bool = False
    near: Point | None = None

    @property
    def value(self) -> str:
        """The same in a button."""
        return f"{int(self.free)}|{self.area}|{self.field}"


def results(found: Found, asked: Asked, link: str, *, none_free: bool = False) -> tuple[Message, ...]:
    """Whom the search found, and what else can be done. `none_free`: nobody was free, so that times were left aside."""
    words = {"field": asked.field or ANY_FIELD, "area": area_words(asked.area), "total": f"{found.total:,}"}
    if not found.experts:
        return (_nobody(words, link),)
    order = t("search.order_near" if asked.near else "search.order_visits")
    head = t("search.found_free" if asked.free else "search.found", **words, order=order)
    said = t("search.none_free") + head if none_free else head
    cards = tuple(expert_card(expert, asked.times) for expert in found.experts)
    return Text(said), Cards(t("search.alt", **words), (*cards, _further(found, asked, link)))


def _nobody(words: dict[str, str], link: str) -> Message:
    ways = (
        Button("条件を変える", MenuTap(AGAIN)),
        Link("くわしく探す", link),
        Button("派遣を依頼", MenuTap("派遣を依頼")),
    )
    return Card(alt=t("search.title"), title=t("search.title"), note=t("search.nobody", **words), buttons=ways)


def _further(found: Found, asked: Asked, link: str) -> Card:
    """The last card: what was shown of how many, and the ways on. It stays, unlike quick replies."""
    first = asked.page * PER_PAGE + 1
    last = first + len(found.experts) - 1
    ways: list[Action] = [Link("くわしく探す", link), Button("条件を変える", MenuTap(AGAIN))]
    counts = {"total": f"{found.total:,}", "first": str(first), "last": str(last)}
    rest = found.total - last
    if rest > 0:
        label = f"つぎの{min(rest, PER_PAGE)}人"
        ways.insert(0, Button(label, CardTap("experts_more", "", asked.page + 1, asked.value)))
    shown = t("search.more_note", **counts) if rest > 0 or asked.page else t("search.all_note", **counts)
    note = f"{shown}\n{t('search.page_note')}"
    return Card(alt=t("search.more_title"), title=t("search.more_title"), note=note, buttons=tuple(ways))


def expert_card(expert: FoundExpert, times: Sequence[Time] = ()) -> Card:
    """One expert: what helps to choose, and the way to ask."""
    state, tone = _free(expert)
    rows = [
        Row(t("search.specialities"), "・".join(expert.specialities)),
        Row(t("search.qualifications"), "・".join(expert.qualifications)),
        Row(t("search.prefecture"), area(expert)),
        Row(t("search.visits"), visits(expert)),
        Row(t("search.affiliation"), expert.affiliation),
        *slots(expert, times),
        Row(t("search.strengths"), _cut(expert.strengths), wide=True),
    ]
    return Card(
        alt=expert.name,
        title=expert.name,
        state=state,
        tone=tone,
        rows=tuple(row for row in rows if row.value),
        buttons=(Button("この専門家に依頼", CardTap("ask_expert", expert.person_id)),),
    )


def _free(expert: FoundExpert) -> tuple[str, str]:
    if not expert.free:
        return "", "plain"
    return (t("search.free"), "good") if any(expert.free) else (t("search.not_free"), "warn")


def slots(expert: FoundExpert, times: Sequence[Time]) -> tuple[Row, ...]:
    """Each wished time, and whether the expert is free then."""
    said = zip(times, expert.free, strict=False)
    return tuple(
        Row(time_words(*time), t("search.slot_free" if free else "search.slot_taken"), "good" if free else "end")
        for time, free in said
    )


def area(expert: FoundExpert) -> str:
    """東京都, and how far its office lies from the place of support."""
    if expert.distance is None or not expert.prefecture:
        return expert.prefecture
    office = f"{expert.prefecture[-1]}庁"
    return t("search.near", prefecture=expert.prefecture, office=office, distance=distance_words(expert.distance))


def visits(expert: FoundExpert) -> str:
    """How often the expert was dispatched so far."""
    return t("search.visits_count", count=f"{expert.visits:,}") if expert.visits else t("search.first_visit")


def _cut(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= STRENGTHS_MOST else f"{flat[: STRENGTHS_MOST - 1]}…"
