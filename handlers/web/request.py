"""派遣を依頼 as a page: the same draft as the chat's, kept as it is typed; checked, looked at once more, and sent.

Each save writes the fields that were changed, the last one wins, and a page that was opened earlier is told what
changed elsewhere (the script is that of 詳細申請).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeGuard

from flask import Blueprint, Response, jsonify, make_response, redirect, render_template, request, url_for

from bot.screens import booking
from bot.text import t
from handlers.links import REQUEST_FOR
from handlers.usecases.dispatch import request as usecase
from handlers.web import fields as drawn
from handlers.web import request_fields as page
from handlers.web.context import asked, services, today
from handlers.web.fields import Fault, Judged
from handlers.web.tickets import Opened, Purpose, handoff_link, opened, remember, this_browser
from models.rules.booking import OF_EXPERT, OF_TIMES
from models.rules.calendar import to_jst
from models.rules.errors import NotPossible, Stale
from models.rules.judgement import Field, Value, as_text
from models.rules.place import PlaceSource
from models.rules.request import PLACE_SOURCE, POINT, missing, point_text
from models.views.request import DraftView

REQUEST = Purpose("request", REQUEST_FOR)
BY_HAND = frozenset({PlaceSource.PIN, PlaceSource.LOCATION})


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    one = "/request/<token>"
    bp.add_url_rule(one, view_func=request_page)
    bp.add_url_rule(one, view_func=request_typed, methods=["POST"])
    bp.add_url_rule(f"{one}/save", view_func=request_save, methods=["POST"])
    bp.add_url_rule(f"{one}/find", view_func=request_find, methods=["POST"])
    bp.add_url_rule(f"{one}/locate", view_func=request_locate, methods=["POST"])
    bp.add_url_rule(f"{one}/confirm", view_func=request_confirm)
    bp.add_url_rule(f"{one}/confirm", view_func=request_send, methods=["POST"])
    bp.add_url_rule(f"{one}/handoff", view_func=request_handoff)


def _own(at: Opened) -> DraftView:
    return usecase.read(at.uow, at.actor, at.subject)


def request_page(token: str) -> Response:
    """The form with what is kept so far, the receipt once it was sent; `?check` marks what is wrong."""
    browser = this_browser()
    with opened(REQUEST, token, browser, first=True) as at:
        before = usecase.sent(at.uow, at.actor, at.subject)
        if before:
            return remember(_receipt(at, token), browser)
        view, handed = _own(at), at.handed
        link = _experts_link(at)
    faults = page.rejudged(view, today()).faults if "check" in request.args else {}
    return remember(_page(token, view, faults, handed=handed, experts=link), browser)


def _experts_link(at: Opened) -> str:
    """The search's page, for whoever may open it from here."""
    person = at.actor.person_id
    return "" if at.handed or person is None else services().links.page("experts", person, person)


def _receipt(at: Opened, token: str) -> Response:
    view = usecase.sent(at.uow, at.actor, at.subject)
    line = services().links.friend("派遣状況")
    return make_response(render_template("web/request_sent.html", view=view, token=token, handed=at.handed, line=line))


def _page(
    token: str, view: DraftView, faults: Mapping[str, Fault], *, status: int = 200, handed: bool = False,
    experts: str = "",
) -> Response:  # fmt: skip
    sections = page.parts(view, today(), faults)
    text = render_template(
        "web/request.html", view=view, token=token, sections=sections, faulty=page.faulty(sections), handed=handed,
        marks=_marks(view, page.known_fields(view, today())), kept=request.args.get("kept", "")[:5], experts=experts,
        point=as_text(view.answers.get(POINT, "")), locates=services().locate is not None,
    )  # fmt: skip
    return make_response(text, status)


def request_typed(token: str) -> Response:
    """Everything at once, by a plain submit: kept first; then all is checked."""
    with opened(REQUEST, token, this_browser(), write=True) as at:
        before, handed = _own(at), at.handed
        known = page.known_fields(before, today())
        typed = drawn.read([field for field in known.values() if field.key in _posted(known)], request.form)
        overlong = drawn.too_long(typed)
        judged = page.judged(known, {key: value for key, value in typed.items() if key not in overlong}, before)
        view = page.save(at.uow, at.actor, before, _changed(before, judged))
        link = _experts_link(at)
    if overlong:
        shown = replace(view, answers={**view.answers, **{key: typed[key] for key in overlong}})
        return _page(token, shown, _overlong(known, overlong), status=422, handed=handed, experts=link)
    if request.form.get("do") != "check":
        return _to("web.request_page", token, kept=_clock())
    faults = page.rejudged(view, today()).faults
    if faults:
        return _page(token, view, faults, status=422, handed=handed, experts=link)
    return _to("web.request_confirm", token)


def _posted(known: Mapping[str, Field]) -> set[str]:
    """The fields that the form really held: a field of another page is not emptied by being away."""
    sent = set(request.form)
    return {key for key in known if any(name == key or name.startswith(f"{key}_") for name in sent)}


def request_save(token: str) -> Response:
    """The fields that were changed since the last save, from the page's script; none: only what changed elsewhere."""
    given = asked()
    changed = given.get("changed")
    sent = {key: value for key, value in changed.items() if _is_answer(value)} if isinstance(changed, dict) else {}
    with opened(REQUEST, token, this_browser(), write=bool(sent)) as at:
        before = _own(at)
        known = page.known_fields(before, today())
        typed = {key: drawn.tidied(known[key], value) for key, value in sent.items() if key in known}
        overlong = drawn.too_long(typed)
        judged = page.judged(known, {key: value for key, value in typed.items() if key not in overlong}, before)
        after = page.save(at.uow, at.actor, before, judged.values)
    known = page.known_fields(after, today())
    faults = {**judged.faults, **_overlong(known, overlong)}
    marks = given.get("marks")
    return jsonify(
        at=_clock(),
        marks=_marks(after, known),
        kept={key: _told_of(known[key], after, faults.get(key)) for key in typed},
        filled=_filled(before, after, typed, known),
        elsewhere=_elsewhere(before, judged, marks if isinstance(marks, dict) else {}, known),
        sections={part.key: part.progress for part in page.parts(after, today())},
        papers={},
    )


def request_find(token: str) -> Response:
    """Businesses on record by a part of the name, or by 法人番号."""
    with opened(REQUEST, token, this_browser()) as at:
        return jsonify(page.found_businesses(at.uow, _own(at), asked()))


def request_locate(token: str) -> Response:
    """Where the typed address lies; a pin that was put by hand stays unless the button asked (`again`).

    The address is kept with it: the page's own save of it may come later, and is no other address then.
    """
    given = asked()
    address = str(given.get("address", ""))[:1000]
    with opened(REQUEST, token, this_browser()) as at:
        view = _own(at)
    known = page.known_fields(view, today())
    place = page.judged(known, {"place": drawn.tidied(known["place"], address)}, view).values
    locate = services().locate
    held = as_text(view.answers.get(POINT, ""))
    if locate is None or (held and view.answers.get(PLACE_SOURCE) in BY_HAND and not given.get("again")):
        return jsonify(point=held, words="")
    found = point_text(locate(address))
    changes: dict[str, Value | None] = {**place, POINT: found or None, PLACE_SOURCE: PlaceSource.ADDRESS}
    with opened(REQUEST, token, this_browser(), write=True) as at:
        usecase.save(at.uow, at.actor, at.subject, changes, services().clock())
    return jsonify(point=found, words=t("request.located" if found else "request.not_located"))


def request_confirm(token: str) -> Response:
    """Everything for a last look, with what stands in the way; back to the form while something is missing."""
    with opened(REQUEST, token, this_browser()) as at:
        if usecase.sent(at.uow, at.actor, at.subject):
            return _receipt(at, token)
        view = _own(at)
        found = usecase.problems(at.uow, view, services().clock())
    if missing(view.answers, today()):
        return _to("web.request_page", token, "faults", check="1")
    codes = {problem.code for problem in found}
    ways = [("when", "日時を変える")] * bool(codes & OF_TIMES) + [("who", "別の専門家を選ぶ")] * bool(codes & OF_EXPERT)
    problems = [(booking.reason(problem), booking.remedy(problem)) for problem in found]
    text = render_template(
        "web/request_confirm.html", view=view, token=token, sections=page.lines(view, today()), problems=problems,
        ways=ways,
        exceptable=bool(found) and all(problem.exceptable for problem in found),
        changed=t("request.changed") if "changed" in request.args else "",
    )  # fmt: skip
    return make_response(text, 409 if "changed" in request.args else 200)


def request_send(token: str) -> Response:
    """この内容で送る, or 事務局に例外を依頼: once; what was changed or is in the way meanwhile is shown again."""
    version = request.form.get("version", "")
    exception = request.form.get("do") == "exception"
    try:
        with opened(REQUEST, token, this_browser(), write=True) as at:
            number = int(version) if version.isdecimal() and len(version) < 10 else 0
            usecase.send(at.uow, at.actor, at.subject, number, services().clock(), exception=exception)
    except Stale as stale:
        more = {} if stale.code == "request.sent" else {"changed": "1"}
        return _to("web.request_page" if stale.code == "request.sent" else "web.request_confirm", token, **more)
    except NotPossible:
        return _to("web.request_confirm", token)
    return _to("web.request_page", token)


def request_handoff(token: str) -> Response:
    """パソコンで続ける: a link for one other browser, as a QR code and in words."""
    import segno

    with opened(REQUEST, token, this_browser()) as at:
        _own(at)
        link = handoff_link(at)
    code = segno.make(link, error="m", micro=False).svg_data_uri(scale=4, border=4)
    back = url_for("web.request_page", token=token)
    return make_response(render_template("web/form_handoff.html", of="派遣の依頼", back=back, link=link, code=code))


def _clock() -> str:
    return f"{to_jst(services().clock()):%H:%M}"


def _to(endpoint: str, token: str, anchor: str | None = None, **more: str) -> Response:
    return make_response(redirect(url_for(endpoint, token=token, _anchor=anchor, _external=False, **more), 303))


def _is_answer(value: object) -> TypeGuard[str]:
    return isinstance(value, str)


def _overlong(known: Mapping[str, Field], keys: tuple[str, ...]) -> dict[str, Fault]:
    most = f"{drawn.RAW_MAX:,}"
    return {key: Fault(t("detail.overlong", name=known[key].name, most=most)) for key in keys}


def _mark(key: str, value: Value | None) -> str:
    """What a page remembers of an answer it showed, to notice that it changed elsewhere."""
    return services().database.vault.digest(f"{key}:{as_text(value or '')}")[:16]


def _marks(view: DraftView, known: Mapping[str, Field]) -> dict[str, str]:
    return {key: _mark(key, view.answers.get(key)) for key in known}


def _changed(before: DraftView, judged: Judged) -> dict[str, Value | None]:
    """Of a whole form, what differs from what the page showed: the rest may have been changed elsewhere since."""
    return {
        key: value
        for key, value in judged.values.items()
        if request.form.get(f"mark_{key}") != _mark(key, value) and value != before.answers.get(key)
    }


def _told_of(each: Field, view: DraftView, fault: Fault | None) -> dict[str, Any]:
    """How a field stands after it was saved; an empty one is not complained about while the page is filled in."""
    value = as_text(view.answers.get(each.key, ""))
    wrong = fault if fault and value else None
    choices = [{"label": choice.label, "value": choice.value} for choice in wrong.choices] if wrong else []
    return {"value": value, "fault": wrong.words if wrong else "", "choices": choices}


def _filled(
    before: DraftView, after: DraftView, typed: Mapping[str, Value], known: Mapping[str, Field]
) -> list[dict[str, str]]:
    """What a save changed besides what was typed: the details of a business on record."""
    return [
        {"key": key, "value": as_text(after.answers.get(key, ""))}
        for key in known
        if after.answers.get(key, "") != before.answers.get(key, "") and (key not in typed or key == "business")
    ]


def _elsewhere(
    before: DraftView, judged: Judged, seen: Mapping[str, Any], known: Mapping[str, Field]
) -> list[dict[str, Any]]:
    """The fields another device changed since the page looked; `lost`: this page has just written over one."""
    found: list[dict[str, Any]] = []
    for key, mark in _marks(before, known).items():
        held = before.answers.get(key)
        if (
            key not in seen
            or seen[key] == mark
            or (key in judged.values and (judged.values[key] or "") == (held or ""))
        ):
            continue
        words = known[key].show(held) if held else ""
        value, lost = as_text(held or ""), key in judged.values
        found.append({"key": key, "name": known[key].name, "value": value, "words": words, "lost": lost})
    return found
