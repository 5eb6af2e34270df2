"""チェックイン: today's visits and the way to the GPS page, a location message, a photo of the place, the undo."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.engine import begin, resume
from bot.form import Command, Form, Inbound, PhotoBad, PhotoTaken
from bot.forms.visit import CHECK_IN_PHOTO
from bot.line.events import ImageMessage, LocationMessage
from bot.line.messages import Text
from bot.postbacks import CardTap
from bot.screens import commission
from bot.screens import visit as screens
from bot.session import Session
from bot.text import t
from handlers.line.talk import Talk
from handlers.usecases.visit import record as usecase
from models.rules.calendar import to_jst
from models.rules.commission import Force
from models.rules.errors import NotPossible
from models.rules.judgement import as_text
from models.rules.place import Point
from models.rules.visit import OFFLINE_AT_MOST, End, Source
from models.views.visit import VisitShown
from storage import experts, inbox, visit_days, visit_photos

WORD = "チェックイン"
HERE = re.compile(r"(-?[0-9]{1,3}\.[0-9]{6}),(-?[0-9]{1,3}\.[0-9]{6}),([0-9]{10})")
"""A place and when it was sent, as a button carries them."""
HELD = re.compile(r"([0-9]{10}):([0-9A-Za-z_-]{1,64}):(visits/[0-9a-f]+)")
"""A photo in the form: when it was sent, its message, its key."""


def of_today(talk: Talk) -> tuple[VisitShown, ...]:
    """The person's visits that can be recorded now."""
    return usecase.today_for(talk.uow, talk.person.actor, talk.now)


def show(talk: Talk) -> None:
    """チェックイン: today's visits, each with its own way to the page; those under way come first."""
    if not _in_force(talk):
        return
    found = sorted(of_today(talk), key=lambda one: (one.went is not None, one.came is None))
    if not found:
        today = to_jst(talk.now).date()
        talk.say(screens.none_today(visit_days.next_one(talk.uow, talk.person.id, talk.now, today)))
        return
    talk.say(screens.today(found, [talk.links.page("check-in", talk.person.id, one.dispatch.id) for one in found]))


def _in_force(talk: Talk) -> bool:
    standing = experts.standing_of(talk.uow, talk.person.id, to_jst(talk.now).date())
    if standing.force is Force.IN_FORCE:
        return True
    talk.say(commission.not_for_experts_of(standing, WORD))
    return False


def _waiting(found: Sequence[VisitShown]) -> list[VisitShown]:
    return [one for one in found if one.came is None]


# --- a location message -----------------------------------------------------------------------------


def ask_place(talk: Talk) -> None:
    """位置情報でチェックイン, typed: the button that opens the map, if there is something to record."""
    if not _in_force(talk):
        return
    if _waiting(of_today(talk)):
        talk.say(screens.place_asked())
    else:
        show(talk)


def located(talk: Talk, found: LocationMessage, visits: Sequence[VisitShown]) -> None:
    """A location message while there is a visit today: recorded at once when it can be no other one's."""
    here = f"{found.latitude:.6f},{found.longitude:.6f},{int(_sent_at(talk).timestamp())}"
    waiting = _waiting(visits)
    if not waiting:
        talk.say(screens.receipt(min(visits, key=lambda one: one.went is not None), already=True))
    elif len(waiting) == 1 and len(visits) == 1 and _about_now(talk, waiting[0]):
        _check_in_here(talk, waiting[0], here)
    else:
        talk.say(screens.which_here(waiting, here))


def _about_now(talk: Talk, one: VisitShown) -> bool:
    window = timedelta(minutes=usecase.limits_of(talk.uow).window)
    starts, ends = one.dispatch.starts, one.dispatch.ends
    return starts is not None and ends is not None and starts - window <= talk.now <= ends


def _sent_at(talk: Talk) -> datetime:
    """LINE's event timestamp (`domain.md` 4), which is never later than now."""
    return min(talk.envelope.occurred_at, talk.now)


def choose_here(talk: Talk, tap: CardTap) -> None:
    """The visit that a place belongs to was chosen."""
    _check_in_here(talk, usecase.own(talk.uow, talk.person.actor, tap.subject, talk.now), tap.value)


def _check_in_here(talk: Talk, one: VisitShown, here: str) -> None:
    found = HERE.fullmatch(here)
    try:
        point = Point(float(found[1]), float(found[2])) if found else None
    except ValueError:
        point = None
    if found is None or point is None:
        raise NotPossible("menu.old_button")
    at = datetime.fromtimestamp(int(found[3]), UTC)
    _record(talk, one, Source.LOCATION, at, point=point)


def _record(
    talk: Talk, one: VisitShown, source: Source, at: datetime, *, point: Point | None = None, reason: str = "",
    photo: usecase.SentPhoto | None = None,
) -> None:  # fmt: skip
    """Record and show it; what is recorded already is shown as it is."""
    if one.came:
        talk.say(screens.receipt(one, already=True))
        return
    if talk.now - at > OFFLINE_AT_MOST:
        raise NotPossible("visit.clock")
    visit = usecase.record(
        talk.uow, talk.person.actor, one.dispatch.id, End.IN, source, talk.now, at=at, point=point, reason=reason,
        photo=photo,
    )  # fmt: skip
    talk.say(screens.receipt(usecase.afterwards(talk.uow, one, visit, talk.now)))


# --- a photo of the place ---------------------------------------------------------------------------


def ask_photo(talk: Talk) -> None:
    """写真でチェックイン, typed: for the one visit that waits; several are shown to choose from."""
    waiting = _waiting(of_today(talk))
    if len(waiting) == 1 and _in_force(talk):
        _start_photo(talk, waiting[0])
    else:
        show(talk)


def start_photo(talk: Talk, tap: CardTap) -> None:
    """現地の写真で: the photo, then why; a visit that is recorded already is shown as it is."""
    one = usecase.own(talk.uow, talk.person.actor, tap.subject, talk.now)
    if one.came:
        talk.say(screens.receipt(one, already=True))
    elif _in_force(talk):
        usecase.insist_open(talk.uow, talk.person.actor, one, talk.now)
        _start_photo(talk, one)


def _start_photo(talk: Talk, one: VisitShown) -> None:
    talk.paused.pop(CHECK_IN_PHOTO.key, None)
    turn = begin(CHECK_IN_PHOTO, {}, subject=one.dispatch.id, revision=talk.first_revision)
    talk.take(CHECK_IN_PHOTO, turn)


def photo(talk: Talk) -> Inbound | None:
    """A photo while the form runs; None: all is said."""
    image = talk.envelope.event
    if not isinstance(image, ImageMessage) or inbox.is_unsent(talk.uow, image.message_id):
        return None
    if talk.photo is None:
        return PhotoBad("photo.gone")
    if talk.photo.code:
        return PhotoBad(talk.photo.code, talk.photo.data)
    if talk.late:
        return PhotoBad("visit.photo_late")
    held = f"{int(_sent_at(talk).timestamp())}:{image.message_id}:{talk.photo.file_key}"
    return PhotoTaken(held, True, image.set_id or "", image.total or 1)


def offer_photo(talk: Talk) -> bool:
    """A photo nobody asked for, on the day of a visit: how it can be used. False when there is no such visit."""
    waiting = _waiting(of_today(talk)) if talk.photo is None else []
    if waiting:
        buttons = [screens.photo_button(one.dispatch) for one in waiting]
        talk.say(Text(t("visit.photo_offer"), tuple(buttons)))
    return bool(waiting)


def finish_photo(talk: Talk, _form: Form, command: Command) -> None:
    """この内容で送る: it counts from when the photo was sent."""
    held = HELD.fullmatch(as_text(command.answers["place_photo"][0]))
    if held is None:
        raise NotPossible("visit.photo_late")
    one = usecase.own(talk.uow, talk.person.actor, command.subject, talk.now)
    at, sent = datetime.fromtimestamp(int(held[1]), UTC), usecase.SentPhoto(held[3], held[2])
    reason = as_text(command.answers["photo_reason"])
    try:
        _record(talk, one, Source.PHOTO, at, reason=reason, photo=sent)
    except NotPossible as refused:
        talk.say(Text(t(refused.code, **refused.data)))


def unsent(talk: Talk, message_id: str) -> None:
    """The photo's message was taken back: it leaves the form, unless it was recorded."""
    if visit_photos.by_message(talk.uow, message_id):
        talk.say(Text(t("visit.photo_kept")))
    running = talk.running
    if running and _holds(running, message_id):
        talk.say(Text(t("visit.photo_unsent")))
        talk.take(CHECK_IN_PHOTO, resume(CHECK_IN_PHOTO, _without(running)))
    paused = talk.paused.get(CHECK_IN_PHOTO.key)
    if paused and _holds(paused, message_id):
        talk.paused[CHECK_IN_PHOTO.key] = _without(paused)


def _holds(session: Session, message_id: str) -> bool:
    found = session.answers.get("place_photo") if session.form == CHECK_IN_PHOTO.key else None
    return isinstance(found, list) and any(f":{message_id}:" in one for one in found)


def _without(session: Session) -> Session:
    answers = {key: value for key, value in session.answers.items() if key != "place_photo"}
    return replace(session, answers=answers).at("place_photo", editing=False)


# --- taking it back ---------------------------------------------------------------------------------


def ask_undo(talk: Talk, tap: CardTap) -> None:
    """チェックインを取り消す: the one confirmation, while there is something to take back."""
    one = usecase.own(talk.uow, talk.person.actor, tap.subject, talk.now)
    if one.came is None or one.came.seq != tap.version:
        raise NotPossible("visit.nothing_to_undo")
    if one.undo_until is None:
        raise NotPossible("visit.undo_out_first") if one.went else usecase.too_late_to_undo(talk.uow)
    talk.say(screens.ask_undo(one, tap.version))


def undo(talk: Talk, tap: CardTap) -> None:
    """はい: a row of its own; what is recorded now can be recorded again."""
    usecase.undo(talk.uow, talk.person.actor, tap.subject, talk.now, seq=tap.version)
    one = usecase.own(talk.uow, talk.person.actor, tap.subject, talk.now)
    link = talk.links.page("check-in", talk.person.id, one.dispatch.id)
    talk.say(Text(t("visit.undone")), screens.card(one, link))


MENU: dict[str, Callable[[Talk], None]] = {
    WORD: show,
    "位置情報でチェックイン": ask_place,
    "写真でチェックイン": ask_photo,
}
CARDS: dict[str, Callable[[Talk, CardTap], None]] = {
    "check_in_photo": start_photo,
    "check_in_here": choose_here,
    "undo_check_in": ask_undo,
    "undo_check_in_yes": undo,
    "undo_check_in_no": lambda talk, _tap: talk.say(Text(t("visit.undo_kept"))),
}
COMMANDS: dict[str, Callable[[Talk, Form, Command], None]] = {"check_in_photo": finish_photo}
FORMS: dict[str, Callable[[Talk], Form]] = {CHECK_IN_PHOTO.key: lambda _talk: CHECK_IN_PHOTO}
