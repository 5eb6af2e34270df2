"""Asking for a dispatch: one draft an approver, kept on every answer, checked, and sent once (`domain.md` 3).

The chat and the page write the same draft; the last save wins. It takes its id along when it is sent, so that a second
tap finds the dispatch and no draft.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from handlers.usecases import booking
from handlers.usecases.dispatch import step
from models.rules.booking import Problem
from models.rules.calendar import to_jst
from models.rules.dispatch import ENDED, Side, Status, Why
from models.rules.errors import NotAllowed, NotFound, NotPossible, Stale
from models.rules.judgement import Value, as_text
from models.rules.permissions import Actor, can
from models.rules.place import PlaceSource
from models.rules.request import (
    ANYBODY,
    ON_RECORD,
    OTHER,
    PLACE_SOURCE,
    POINT,
    WITH,
    WITHOUT,
    fields,
    missing,
    point_text,
    read_point,
    split_place,
    times_of,
    with_length,
)
from models.tables.dispatch import DispatchDraft
from models.views.dispatch import ContactView, DispatchView, PlaceView
from models.views.request import DraftView, KnownBusiness
from storage import audit, businesses, dispatch, drafts, experts
from storage.database import UnitOfWork

HELD = frozenset({Status.REPORT_DUE, Status.REPORTED, Status.COMPLETED})
"""Once a visit took place, another request follows it."""
BESIDE = frozenset({"length", POINT, PLACE_SOURCE})
"""What a draft keeps besides the answers to its questions."""
FOUND_BY = frozenset(PlaceSource) - {PlaceSource.UNKNOWN}
START: Mapping[str, Value] = {"accompany": WITH}


def own(uow: UnitOfWork, actor: Actor) -> DraftView | None:
    """The draft at hand, for looking."""
    if not can(actor, "dispatch.request") or actor.person_id is None:
        raise NotAllowed("request.approvers_only")
    return drafts.look(uow, actor.person_id)


def begin(uow: UnitOfWork, actor: Actor, organisation_id: str, now: datetime) -> DraftView:
    """The draft at hand, or a new one for the organisation (empty: whichever one approves for).

    One of an organisation that was left moves to one that is still approved for.
    """
    row, chosen = _row(uow, actor), organisation_id or min(actor.organisations)
    if chosen not in actor.organisations or actor.person_id is None:
        raise NotAllowed("request.not_member")
    if row is None:
        row = drafts.create(uow, actor.person_id, chosen, START, now)
    elif row.organisation_id not in actor.organisations:
        drafts.move(uow, row, chosen)
    return drafts.view_of(uow, row)


def read(uow: UnitOfWork, actor: Actor, draft_id: str) -> DraftView:
    """The draft of that id, for its writer alone, without holding it.

    Stale `request.sent` once it was sent; NotFound when it is not there (any more).
    """
    view = drafts.seen(uow, draft_id)
    if view is None or view.person_id != actor.person_id:
        _gone(uow, actor, draft_id)
        raise NotFound("request.gone")
    if not can(actor, "dispatch.request") or view.organisation_id not in actor.organisations:
        raise NotAllowed("request.not_member")
    return view


def sent(uow: UnitOfWork, actor: Actor, draft_id: str) -> DispatchView | None:
    """What became of a draft of one's own that was sent; nothing for whoever left the organisation."""
    view = dispatch.view(uow, draft_id)
    return view if view and view.requester_id == actor.person_id and can(actor, "dispatch.read", view.subject) else None


def save(uow: UnitOfWork, actor: Actor, draft_id: str, changes: Mapping[str, Value | None], now: datetime) -> DraftView:
    """Keep these answers, accepted or not yet; None empties one. A business on record brings its details along."""
    row = _open(uow, actor, draft_id)
    today = to_jst(now).date()
    writable = BESIDE | {field.key for field in fields(today)}
    if not writable.issuperset(changes):
        raise NotAllowed("request.not_member")
    _write(uow, row, _expanded(uow, row, changes), today, now)
    return drafts.view_of(uow, row)


def choose_expert(uow: UnitOfWork, actor: Actor, person_id: str, now: datetime) -> DraftView:
    """この専門家に依頼: into the draft at hand, or a new one."""
    held = begin(uow, actor, "", now)
    today = to_jst(now).date()
    if not experts.in_force(uow, person_id, today):
        raise NotPossible("request.no_such_expert")
    row = _open(uow, actor, held.id)
    _write(uow, row, {"expert": person_id}, today, now)
    return drafts.view_of(uow, row)


def choose_organisation(uow: UnitOfWork, actor: Actor, organisation_id: str, now: datetime) -> DraftView:
    """For whom the dispatch is asked, of those one approves for."""
    held = begin(uow, actor, organisation_id, now)
    row = _open(uow, actor, held.id)
    if organisation_id not in actor.organisations:
        raise NotAllowed("request.not_member")
    if row.organisation_id != organisation_id:
        drafts.move(uow, row, organisation_id)
    return drafts.view_of(uow, row)


def ask_again(uow: UnitOfWork, actor: Actor, dispatch_id: str, now: datetime) -> DraftView:
    """A new draft with everything of an earlier request but its times; it takes the place of the draft at hand.

    After a visit it names its predecessor; after a refusal or a cancellation another expert is looked for.
    """
    before = dispatch.view(uow, dispatch_id)
    if before is None or before.organisation_id not in actor.organisations or not can(actor, "dispatch.request"):
        raise NotFound
    if before.status not in HELD | ENDED:
        raise NotPossible("request.not_over")
    row = _row(uow, actor)
    if row is not None:
        drafts.drop(uow, row)
    assert actor.person_id
    answers = _repeated(before, to_jst(now).date())
    return drafts.view_of(uow, drafts.create(uow, actor.person_id, before.organisation_id, answers, now))


def drop(uow: UnitOfWork, actor: Actor, draft_id: str) -> None:
    """書きかけを消す."""
    drafts.drop(uow, _open(uow, actor, draft_id))


def problems(uow: UnitOfWork, view: DraftView, now: datetime) -> tuple[Problem, ...]:
    """What stands in the way of the request, with what is known of it so far."""
    answers = view.answers
    return booking.problems(
        uow,
        organisation_id=view.organisation_id,
        requester_id=view.person_id,
        business_id=_business(uow, view),
        expert_id=_expert(answers),
        topic=as_text(answers.get("topic", "")),
        times=times_of(answers),
        now=now,
    )


def send(
    uow: UnitOfWork, actor: Actor, draft_id: str, version: int, now: datetime, *, exception: bool = False
) -> DispatchView:
    """Send the draft as it was shown (`version`): to the expert, or to the secretariat, which proposes one or decides
    on an `exception`.

    Stale: it changed since, or was sent before. NotPossible: something is missing, or in the way.
    """
    row = _open(uow, actor, draft_id)
    if row.version != version:
        raise Stale("request.changed")
    view = drafts.view_of(uow, row)
    lacking = missing(view.answers, to_jst(now).date())
    if lacking:
        raise NotPossible("request.incomplete", names=names_of(lacking, to_jst(now).date()))
    found = problems(uow, view, now)
    if any(not (exception and problem.exceptable) for problem in found):
        raise NotPossible("request.in_the_way")
    why = Why.EXCEPTION if found else None if _expert(view.answers) else Why.NO_EXPERT
    made = _made(uow, view, why, now)
    drafts.drop(uow, row)
    audit.record(uow, actor, "dispatch.request", ("dispatch", made.id), now, moved=(None, made.status), detail=made.why)
    told = Side.SECRETARIAT if why else Side.EXPERT
    step.tell(uow, told, made, "request", Side.ORGANISATION, step.NOTHING, now)
    return made


def names_of(keys: Sequence[str], today: date) -> str:
    """Fields by name, as a sentence lists them."""
    return "・".join(field.name for field in fields(today) if field.key in keys)


def _row(uow: UnitOfWork, actor: Actor) -> DispatchDraft | None:
    if not can(actor, "dispatch.request") or actor.person_id is None:
        raise NotAllowed("request.approvers_only")
    return drafts.of_person(uow, actor.person_id)


def _open(uow: UnitOfWork, actor: Actor, draft_id: str) -> DispatchDraft:
    row = _row(uow, actor)
    if row is None or row.id != draft_id:
        _gone(uow, actor, draft_id)
        raise NotFound("request.gone")
    if row.organisation_id not in actor.organisations:
        raise NotAllowed("request.not_member")
    return row


def _gone(uow: UnitOfWork, actor: Actor, draft_id: str) -> None:
    before = sent(uow, actor, draft_id)
    if before:
        raise Stale("request.sent", number=before.number)


def _expanded(uow: UnitOfWork, row: DispatchDraft, changes: Mapping[str, Value | None]) -> dict[str, Value | None]:
    """A business on record with its details; a contact that is already there gives way to the one named for it."""
    found = dict(changes)
    value = as_text(found.get("business") or "")
    if value.startswith(ON_RECORD):
        known = businesses.known(uow, row.organisation_id, value.removeprefix(ON_RECORD))
        if known is None:
            raise NotPossible("request.business_gone")
        found |= details_of(known)
    return found


def details_of(known: KnownBusiness) -> dict[str, Value | None]:
    """A business on record as answers."""
    contact = known.contact or ContactView("", "", "")
    return {
        "business": known.name,
        "corporate_number": known.corporate_number or None,
        "business_address": known.address or None,
        "contact_name": contact.name or None,
        "contact_phone": contact.phone or None,
        "contact_mail": contact.mail or None,
    }


def _write(
    uow: UnitOfWork, row: DispatchDraft, changes: Mapping[str, Value | None], today: date, now: datetime
) -> None:
    before: dict[str, Value] = uow.vault.open_json(row.answers)
    after = {**before, **_placed(before, changes)}
    if "length" in changes and as_text(changes["length"] or "").isdecimal():
        after |= with_length(after, as_text(changes["length"] or ""))
    optional = {field.key for field in fields(today) if field.optional}
    kept = {key: value or "" for key, value in after.items() if value or key in optional}
    if kept != before:
        drafts.save(uow, row, kept, now)


def _placed(before: Mapping[str, Value], changes: Mapping[str, Value | None]) -> dict[str, Value | None]:
    """A position goes apart from its address; an address that changes loses the position that was looked up for it."""
    found = dict(changes)
    if "place" in found:
        point, address = split_place(as_text(found["place"] or ""))
        if point is not None:
            found |= {"place": address or None, POINT: point_text(point), PLACE_SOURCE: PlaceSource.LOCATION}
        elif POINT not in found and found["place"] != before.get("place") and _looked_up(before):
            found |= {POINT: None, PLACE_SOURCE: None}
    if POINT in found:
        point = read_point(as_text(found[POINT] or ""))
        fine = point is not None and point.in_japan
        found[POINT] = point_text(point) if fine else None
        held = before.get(PLACE_SOURCE) if found[POINT] == before.get(POINT) else None
        source = found.get(PLACE_SOURCE) or held
        found[PLACE_SOURCE] = (source if source in FOUND_BY else PlaceSource.PIN) if fine else None
    return found


def _looked_up(before: Mapping[str, Value]) -> bool:
    return before.get(PLACE_SOURCE) == PlaceSource.ADDRESS


def place_of(answers: Mapping[str, Value]) -> PlaceView:
    """The place of support with its position, if it is known."""
    point = read_point(as_text(answers.get(POINT, "")))
    source = PlaceSource(as_text(answers.get(PLACE_SOURCE, ""))) if point else PlaceSource.UNKNOWN
    return PlaceView(as_text(answers.get("place", "")), source, point)


def _expert(answers: Mapping[str, Value]) -> str:
    chosen = as_text(answers.get("expert", ""))
    return "" if chosen == ANYBODY else chosen


def _business(uow: UnitOfWork, view: DraftView) -> str:
    texts = (as_text(view.answers.get(key, "")) for key in ("business", "corporate_number", "business_address"))
    return businesses.find(uow, view.organisation_id, *texts)


def _made(uow: UnitOfWork, view: DraftView, why: Why | None, now: datetime) -> DispatchView:
    text = {key: as_text(value) for key, value in view.answers.items()}
    business = businesses.ensure(
        uow, view.organisation_id, text["business"], text.get("corporate_number", ""), text["business_address"], now
    )
    new = dispatch.NewDispatch(
        organisation_id=view.organisation_id,
        requester_id=view.person_id,
        business_id=business,
        expert_id=_expert(view.answers),
        title=text["title"],
        topic=text["topic"],
        topic_other=text.get("topic_other", "") if text["topic"] == OTHER else "",
        wishes=text["wishes"],
        contact=ContactView(text["contact_name"], text["contact_phone"], text.get("contact_mail", "")),
        place=place_of(view.answers),
        accompany=text["accompany"] == WITH,
        times=times_of(view.answers),
        predecessor_id=view.predecessor_id,
        id=view.id,
    )
    status = Status.NEEDS_COORDINATION if why else Status.REQUESTED
    return dispatch.view_of(uow, dispatch.create(uow, new, status, why, now))


def _repeated(before: DispatchView, today: date) -> dict[str, Value]:
    held = before.status in HELD
    answers: dict[str, Value] = {
        "business": before.business,
        "corporate_number": before.corporate_number,
        "business_address": before.business_address,
        "contact_name": before.contact.name,
        "contact_phone": before.contact.phone,
        "contact_mail": before.contact.mail,
        "title": before.title,
        "topic": before.topic,
        "topic_other": before.topic_other,
        "wishes": before.wishes,
        "place": before.place.address,
        POINT: point_text(before.place.point),
        PLACE_SOURCE: before.place.source if before.place.point else "",
        "accompany": WITH if before.accompany else WITHOUT,
        "expert": before.expert_id if held else "",
        drafts.PREDECESSOR: before.id if held else "",
    }
    optional = {field.key for field in fields(today) if field.optional}
    return {key: value for key, value in answers.items() if value or key in optional - {"slot_2", "slot_3"}}
