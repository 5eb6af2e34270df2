"""専門家を探す: field and region, then ten experts at a time; the request at hand lends its times and its place."""

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlencode

from bot.engine import begin
from bot.form import Command, Form
from bot.forms.search import SEARCH
from bot.line.messages import Text
from bot.postbacks import CardTap
from bot.screens import search as screens
from bot.screens.search import PER_PAGE, Asked
from bot.text import t
from handlers.line.talk import Talk
from handlers.usecases import expert_search
from models.rules.choosing import SPECIALITIES
from models.rules.finding import ANY, prefectures_of, speciality_of
from models.rules.judgement import as_text
from models.views.expert_search import Found, Wanted


def start(talk: Talk) -> None:
    """専門家を探す: the first question, whatever was looked for before."""
    if not talk.person.is_approver:
        talk.say(Text(t("search.approvers_only")))
        return
    talk.paused.pop(SEARCH.key, None)
    talk.take(SEARCH, begin(SEARCH, {}, revision=talk.first_revision))


def show_found(talk: Talk, _form: Form, command: Command) -> None:
    """The first ten; those who are free at a wished time, unless nobody is."""
    field, area = (as_text(command.answers[key]) for key in ("search_field", "search_area"))
    times, near = expert_search.at_hand(talk.uow, talk.person.actor, talk.now)
    asked = Asked(speciality_of(field), area, times=times, free=bool(times), near=near)
    found = _search(talk, asked)
    if found.experts or not asked.free:
        _say(talk, found, asked)
        return
    anyway = replace(asked, free=False)
    _say(talk, _search(talk, anyway), anyway, none_free=True)


def show_more(talk: Talk, tap: CardTap) -> None:
    """つぎの10人 of the same search, with the request as it is by now."""
    free, _, rest = tap.value.partition("|")
    area, _, field = rest.partition("|")
    if free not in ("0", "1") or not (area == ANY or prefectures_of(area)):
        talk.say(Text(t("menu.old_button")))
        return
    times, near = expert_search.at_hand(talk.uow, talk.person.actor, talk.now)
    page = min(max(tap.version, 0), expert_search.MOST_PAGES)
    asked = Asked(speciality_of(field), area, page, times, free == "1" and bool(times), near)
    _say(talk, _search(talk, asked), asked)


def _search(talk: Talk, asked: Asked) -> Found:
    wanted = Wanted(
        speciality=asked.field, prefectures=prefectures_of(asked.area), times=asked.times, only_free=asked.free,
        near=asked.near, order="near" if asked.near else "visits",
    )  # fmt: skip
    return expert_search.search(talk.uow, talk.person.actor, wanted, talk.now, limit=PER_PAGE, page=asked.page)


def _say(talk: Talk, found: Found, asked: Asked, *, none_free: bool = False) -> None:
    link = f"{talk.links.page('experts', talk.person.id, talk.person.id)}?{urlencode(_on_page(asked))}"
    talk.say(*screens.results(found, asked, link, none_free=none_free and bool(found.experts)))


def _on_page(asked: Asked) -> dict[str, str]:
    """The same search as the page takes it (`s`: not the request's own)."""
    field = asked.field if asked.field in SPECIALITIES else ""
    area = asked.area if prefectures_of(asked.area) else ""
    given = {"s": "1", "field": field, "area": area, "free": "1" if asked.free else ""}
    return {key: value for key, value in given.items() if value}


MENU: dict[str, Callable[[Talk], None]] = {"専門家を探す": start}
CARDS: dict[str, Callable[[Talk, CardTap], None]] = {"experts_more": show_more}
COMMANDS: dict[str, Callable[[Talk, Form, Command], None]] = {"search_experts": show_found}
FORMS: dict[str, Callable[[Talk], Form]] = {SEARCH.key: lambda _talk: SEARCH}
