"""プロフィールを開く: what a commissioned expert says of being dispatched, and contact and fields, on own pages.

The first page tells how everything stands; each section has a page with one form, so that a save is small and a second
device is overwritten in nothing else.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from bot.screens.profile import days_words, hours_words, item_word, standing
from bot.text import t
from handlers.usecases import profile as usecase
from handlers.web import fields
from handlers.web.context import services, today
from handlers.web.tickets import Opened, Purpose, opened, remember, this_browser
from models.rules.errors import DomainError, NotFound
from models.rules.fields import FIELD_BY_KEY, Field, Value, display
from models.rules.profile import CHANGES, HIDEABLE, TIMES, times_as_answers, weekly_off_words
from models.views.profile import ProfileView
from storage import desks

PROFILE = Purpose("profile", timedelta(hours=24))
TITLES = {"contact": "連絡先", "specialities": "専門分野", "times": "定休日と時間", "shown": "検索に出す項目"}
FIELDS: Mapping[str, Sequence[Field]] = {
    "contact": [FIELD_BY_KEY[key] for key in usecase.FREE["contact"]],
    "specialities": [FIELD_BY_KEY[key] for key in usecase.FREE["specialities"]],
    "times": TIMES,
    "shown": (),
}
DONE = {
    "saved": "profile.saved",
    "on": "profile.resumed",
    "off": "profile.stopped",
    "sent": "profile.change_sent",
    "taken_back": "profile.change_taken_back",
}
"""What the first page says after an act, by the word in its address."""


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    one = "/profile/<token>"
    section = f"{one}/<any({','.join(TITLES)}):section>"
    bp.add_url_rule(one, view_func=profile_page)
    bp.add_url_rule(f"{one}/accepting", view_func=switch_accepting, methods=["POST"])
    bp.add_url_rule(section, view_func=section_page)
    bp.add_url_rule(section, view_func=save_section, methods=["POST"])


def shown(at: Opened) -> ProfileView:
    """The profile behind an open link; NotFound once the commission is over."""
    return usecase.own(at.uow, at.actor, at.subject, services().clock())


def done(token: str, what: str, item: str | None = None) -> Response:
    """Back to the first page, which says what was done (to `item`)."""
    return make_response(redirect(url_for("web.profile_page", token=token, done=what, item=item), 303))


def profile_page(token: str) -> Response:
    """Everything as it stands, with the ways to change it."""
    browser = this_browser()
    with opened(PROFILE, token, browser, first=True) as at:
        view = shown(at)
        desk = desks.desk_for(at.uow, str(view.answers.get("prefecture", "")))
    return remember(make_response(_overview(view, token, desk=desk, said=_said())), browser)


def _said() -> str:
    key, item = DONE.get(request.args.get("done", "")), request.args.get("item", "")
    return t(key, item=item_word(item) if item in CHANGES else "") if key else ""


def _overview(view: ProfileView, token: str, **values: object) -> str:
    word, tone = standing(view)
    facts = {key: display(FIELD_BY_KEY[key], value, view.answers) for key, value in _plain(view).items()}
    return render_template(
        "web/profile.html", view=view, token=token, word=word, tone=tone, facts=facts, item_word=item_word,
        hours=hours_words(view.hours), weekly_off=weekly_off_words(view.weekly_off), days=days_words(view.days_off),
        hidden="、".join(FIELD_BY_KEY[key].name for key in HIDEABLE if key in view.hidden), **values,
    )  # fmt: skip


def _plain(view: ProfileView) -> dict[str, Value]:
    """The answers that the page shows; an account number with its last digits alone."""
    keys = ("name", "kana", "phone", "mail", "specialities", "bank", "branch", "account_type", "account_number")
    found = {key: view.answers[key] for key in keys if view.answers.get(key)}
    if number := str(found.get("account_number", "")):
        found["account_number"] = "＊" * (len(number) - 3) + number[-3:]
    return found


def switch_accepting(token: str) -> Response:
    """受付を止める or 受付を再開する, as LINE's card does."""
    accepting = request.form.get("accepting") == "on"
    with opened(PROFILE, token, this_browser(), write=True) as at:
        shown(at)
        usecase.set_accepting(at.uow, at.actor, services().clock(), accepting=accepting)
    return done(token, "on" if accepting else "off")


def section_page(token: str, section: str) -> Response:
    """One section's form with what is kept."""
    browser = this_browser()
    with opened(PROFILE, token, browser, first=True) as at:
        view = shown(at)
    return remember(_form(view, token, section, _kept(view, section)), browser)


def _kept(view: ProfileView, section: str) -> Mapping[str, Value]:
    match section:
        case "times":
            return times_as_answers(view.hours, view.weekly_off)
        case "shown":
            return {"shown": [key for key in HIDEABLE if key not in view.hidden]}
        case _:
            return view.answers


def _form(
    view: ProfileView, token: str, section: str, typed: Mapping[str, Value], *,
    faults: Mapping[str, fields.Fault] = MappingProxyType({}), error: DomainError | None = None,
) -> Response:  # fmt: skip
    controls = fields.controls(FIELDS[section], typed, faults, today=today())
    page = render_template(
        "web/profile_section.html", token=token, section=section, title=TITLES[section], typed=typed,
        controls=controls, mark=view.mark(section), now=_now(view, section) if error else "",
        error=t(error.code, **error.data) if error else "",
        hideable=[(key, FIELD_BY_KEY[key].name) for key in HIDEABLE],
    )  # fmt: skip
    return make_response(page, status_of(faults, error))


def status_of(faults: Mapping[str, fields.Fault], error: DomainError | None) -> int:
    """What a form answers with that is shown again."""
    return 409 if error else 422 if faults else 200


def _now(view: ProfileView, section: str) -> str:
    """What is kept now, for somebody whose form was overtaken."""
    match section:
        case "times":
            return f"{weekly_off_words(view.weekly_off)}　{hours_words(view.hours)}"
        case "shown":
            return "、".join(FIELD_BY_KEY[key].name for key in HIDEABLE if key not in view.hidden) or "なし"
        case _:
            return "　".join(display(field, view.answers.get(field.key, ""), view.answers) for field in FIELDS[section])


def save_section(token: str, section: str) -> Response:
    """Judge, save, and go back to the first page; whatever is refused is shown again with all that was typed."""
    browser = this_browser()
    typed, faults = _typed(section)
    error: DomainError | None = None
    with opened(PROFILE, token, browser, write=True) as at:
        view = shown(at)
        if not faults:
            try:
                _save(at, section, typed)
            except NotFound:
                raise
            except DomainError as refused:
                error = refused
    if faults or error:
        return remember(_form(view, token, section, typed, faults=faults, error=error), browser)
    return done(token, "saved")


def _typed(section: str) -> tuple[Mapping[str, Value], Mapping[str, fields.Fault]]:
    """What was typed, as far as it holds in its accepted form, and what is wrong with the rest."""
    if section == "shown":
        return {"shown": [key for key in request.form.getlist("shown") if key in HIDEABLE]}, {}
    return typed_in(FIELDS[section])


def typed_in(asked: Sequence[Field]) -> tuple[Mapping[str, Value], Mapping[str, fields.Fault]]:
    """The same for fields of the rules."""
    judged = fields.judge(asked, fields.read(asked, request.form), {})
    return {key: value for key, value in judged.values.items() if value is not None}, judged.faults


def _save(at: Opened, section: str, accepted: Mapping[str, Value]) -> None:
    seen, now = request.form.get("seen", ""), services().clock()
    match section:
        case "times":
            usecase.save_times(at.uow, at.actor, seen, accepted, now)
        case "shown":
            usecase.save_shown(at.uow, at.actor, seen, set(HIDEABLE) - set(accepted["shown"]), now)
        case _:
            usecase.save_answers(at.uow, at.actor, section, seen, accepted, now)
