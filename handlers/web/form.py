"""詳細申請: the whole registration as a page of the applicant's own, kept as it is typed, on the phone and on a PC.

What is typed is the same draft that the chat fills in: each save writes the fields that were changed, the last one
wins, and a page that was opened earlier is told what changed elsewhere. The application is sent from LINE alone.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeGuard

from flask import Blueprint, Response, jsonify, make_response, redirect, render_template, request, url_for

from bot.text import t
from handlers.usecases.registration import draft
from handlers.web import fields as drawn
from handlers.web.context import asked, services, today, told
from handlers.web.fields import Fault, Judged
from handlers.web.form_papers import FORM, own_draft, uploads_of
from handlers.web.sections import faulty, fields_open, rejudged, sections, to_mend
from handlers.web.tickets import Opened, handoff_link, opened, remember, this_browser
from handlers.web.upload import may_upload
from models.rules.calendar import to_jst
from models.rules.errors import Incomplete, NotAllowed
from models.rules.fields import FIELD_BY_KEY, Field, Value, as_text, display
from models.rules.permissions import can
from models.views.registration import ApplicationView


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    bp.add_url_rule("/form/<token>", view_func=form_page)
    bp.add_url_rule("/form/<token>", view_func=form_sent, methods=["POST"])
    bp.add_url_rule("/form/<token>/save", view_func=form_save, methods=["POST"])
    bp.add_url_rule("/form/<token>/find", view_func=form_find, methods=["POST"])
    bp.add_url_rule("/form/<token>/confirm", view_func=form_confirm)
    bp.add_url_rule("/form/<token>/confirm", view_func=form_finish, methods=["POST"])
    bp.add_url_rule("/form/<token>/kept", view_func=form_kept)
    bp.add_url_rule("/form/<token>/handoff", view_func=form_handoff)


def form_page(token: str) -> Response:
    """The form with what is kept so far; `?check` marks what is wrong with it."""
    browser = this_browser()
    with opened(FORM, token, browser, first=True) as at:
        view, handed = own_draft(at), at.handed
    if not _editable(at, view):
        return remember(_closed_now(view), browser)
    faults = rejudged(view, today()).faults if "check" in request.args else {}
    return remember(_page(token, view, faults, handed=handed), browser)


def form_sent(token: str) -> Response:
    """Everything at once, by a plain submit: kept first; then a choice is taken over, or all is checked."""
    with opened(FORM, token, this_browser(), write=True) as at:
        before, handed = own_draft(at), at.handed
        if not _editable(at, before):
            return _closed_now(before)
        known = fields_open(before, today())
        typed = drawn.read(known, request.form)
        overlong = drawn.too_long(typed)
        changed = _changed(before, drawn.judge(known, _without(typed, overlong), before.answers))
        view = draft.save_fields(at.uow, at.actor, before.id, changed) if changed else before
    if overlong:
        return _page(token, view, _overlong(overlong), status=422, handed=handed, typed=typed)
    if request.form.get("do") != "check":
        return _to("web.form_page", token, kept=_clock())
    faults = rejudged(view, today()).faults
    return _page(token, view, faults, status=422, handed=handed) if faults else _to("web.form_confirm", token)


def form_save(token: str) -> Response:
    """The fields that were changed since the last save, from the page's script; none: only what changed elsewhere."""
    given = asked()
    sent = _answers_in(given.get("changed"))
    with opened(FORM, token, this_browser(), write=bool(sent)) as at:
        before = own_draft(at)
        if not _editable(at, before):
            return told(409, t("detail.closed", state=t(f"state.{before.state}")))
        known = {each.key: each for each in fields_open(before, today())}
        if not known.keys() >= sent.keys():
            raise NotAllowed("error.not_editable")
        typed = {key: drawn.tidied(known[key], value) for key, value in sent.items()}
        overlong = drawn.too_long(typed)
        judged = drawn.judge(known.values(), _without(typed, overlong), before.answers)
        after = draft.save_fields(at.uow, at.actor, before.id, judged.values) if judged.values else before
    parts = sections(after, today())
    faults = {**judged.faults, **_overlong(overlong)}
    marks = given.get("marks")
    elsewhere = _elsewhere(before, judged, marks if isinstance(marks, dict) else {}, known)
    return jsonify(
        at=_clock(),
        marks=_marks(after, known),
        kept={key: _told_of(known[key], after, faults.get(key)) for key in typed},
        elsewhere=elsewhere,
        sections={part.key: part.progress for part in parts},
        papers={paper.item: paper.held > 0 for part in parts for paper in part.papers},
    )


def form_find(token: str) -> Response:
    """Banks, or branches of the bank that is typed, by name or code."""
    with opened(FORM, token, this_browser()) as at:
        own_draft(at)
    return jsonify(drawn.searched(asked()))


def form_confirm(token: str) -> Response:
    """Everything that was typed, for a last look; back to the form while something does not hold."""
    with opened(FORM, token, this_browser()) as at:
        view = own_draft(at)
    if not _editable(at, view):
        return _closed_now(view)
    if rejudged(view, today()).faults:
        return _to("web.form_page", token, "faults", check="1")
    page = render_template("web/form_confirm.html", view=view, token=token, sections=sections(view, today()))
    return make_response(page)


def form_finish(token: str) -> Response:
    """この内容で保存してLINEにもどる: the talk shows the card as it stands now."""
    try:
        with opened(FORM, token, this_browser(), write=True) as at:
            view = own_draft(at)
            if not _editable(at, view):
                return _closed_now(view)
            draft.finish_form(at.uow, at.actor, view.id, services().clock())
    except Incomplete:
        return _to("web.form_page", token, "faults", check="1")
    return _to("web.form_kept", token)


def form_kept(token: str) -> Response:
    """The receipt: what is kept, and the way back to LINE."""
    with opened(FORM, token, this_browser()) as at:
        view, handed = own_draft(at), at.handed
    papers = next(part for part in sections(view, today()) if part.key == "papers")
    line = services().links.friend("プロフィール登録")
    return make_response(render_template("web/form_kept.html", papers=papers, token=token, handed=handed, line=line))


def form_handoff(token: str) -> Response:
    """パソコンで続ける: a link for one other browser, as a QR code and in words."""
    import segno

    with opened(FORM, token, this_browser()) as at:
        own_draft(at)
        link = handoff_link(at)
    code = segno.make(link, error="m", micro=False).svg_data_uri(scale=4, border=4)
    return make_response(render_template("web/form_handoff.html", token=token, link=link, code=code))


def _editable(at: Opened, view: ApplicationView) -> bool:
    return can(at.actor, "application.edit", view.subject)


def _clock() -> str:
    return f"{to_jst(services().clock()):%H:%M}"


def _to(endpoint: str, token: str, anchor: str | None = None, **more: str) -> Response:
    return make_response(redirect(url_for(endpoint, token=token, _anchor=anchor, _external=False, **more), 303))


def _page(
    token: str,
    view: ApplicationView,
    faults: Mapping[str, Fault],
    *,
    status: int = 200,
    handed: bool = False,
    typed: Mapping[str, Value] | None = None,
) -> Response:
    known = {each.key: each for each in fields_open(view, today())}
    shown = view if typed is None else _as_typed(view, typed)
    parts = sections(shown, today(), faults)
    page = render_template(
        "web/form.html", view=view, token=token, sections=parts, faulty=faulty(parts), marks=_marks(view, known),
        handed=handed, mend=to_mend(view), uploads=uploads_of(token, view), kept=request.args.get("kept", "")[:5],
    )  # fmt: skip
    return may_upload(make_response(page, status))


def _closed_now(view: ApplicationView) -> Response:
    """The application is on its way: nothing can be changed, and in which state it is."""
    return make_response(render_template("web/form_closed.html", view=view))


def _as_typed(view: ApplicationView, typed: Mapping[str, Value]) -> ApplicationView:
    return replace(view, answers={**view.answers, **{key: value for key, value in typed.items() if value}})


def _without(typed: Mapping[str, Value], keys: Collection[str]) -> dict[str, Value]:
    return {key: value for key, value in typed.items() if key not in keys}


def _overlong(keys: Collection[str]) -> dict[str, Fault]:
    most = f"{drawn.RAW_MAX:,}"
    return {key: Fault(t("detail.overlong", name=FIELD_BY_KEY[key].name, most=most)) for key in keys}


def _mark(key: str, value: Value | None) -> str:
    """What a page remembers of an answer it showed, to notice that another device changed it."""
    return services().database.vault.digest(f"{key}:{as_text(value or '')}")[:16]


def _marks(view: ApplicationView, keys: Iterable[str]) -> dict[str, str]:
    return {key: _mark(key, view.answers.get(key)) for key in keys}


def _changed(before: ApplicationView, judged: Judged) -> dict[str, Value | None]:
    """Of a whole form, what differs from what the page showed: the rest may have been changed elsewhere since."""
    return {
        key: value
        for key, value in judged.values.items()
        if request.form.get(f"mark_{key}") != _mark(key, value) and value != before.answers.get(key)
    }


def _answers_in(changed: object) -> dict[str, Value]:
    """The answers of a script's save; what is no field or no answer is left out."""
    pairs = changed.items() if isinstance(changed, dict) else ()
    return {key: value for key, value in pairs if key in FIELD_BY_KEY and _is_answer(value)}


def _is_answer(value: object) -> TypeGuard[Value]:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(word, str) for word in value))


def _told_of(each: Field, view: ApplicationView, fault: Fault | None) -> dict[str, Any]:
    """How a field stands after it was saved; an empty one is not complained about while the page is filled in."""
    value = view.answers.get(each.key)
    wrong = fault if fault and value else None
    choices = [{"label": choice.label, "value": choice.value} for choice in wrong.choices] if wrong else []
    return {"value": _shown(each, view), "fault": wrong.words if wrong else "", "choices": choices}


def _shown(each: Field, view: ApplicationView) -> Value:
    """An answer as the page's script puts it into its field."""
    value = view.answers.get(each.key)
    return value if isinstance(value, list) else drawn.shown(each, view.answers)


def _elsewhere(
    before: ApplicationView, judged: Judged, seen: Mapping[str, Any], known: Mapping[str, Field]
) -> list[dict[str, Any]]:
    """The fields another device changed since the page looked; `lost`: this page has just written over one."""
    found: list[dict[str, Any]] = []
    for key, mark in _marks(before, known).items():
        held = before.answers.get(key)
        if key not in seen or seen[key] == mark or (key in judged.values and judged.values[key] == held):
            continue
        words = display(known[key], held, before.answers) if held else ""
        value, lost = _shown(known[key], before), key in judged.values
        found.append({"key": key, "name": known[key].name, "value": value, "words": words, "lost": lost})
    return found
