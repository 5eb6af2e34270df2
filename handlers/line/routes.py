"""Which screen or form an event leads to: by role, state and event (`architecture.md` 2.4).

A subject brings its menu words, card acts and form commands in a file of its own; this one only merges the tables.
"""

from collections.abc import Callable

from bot.engine import advance, resume
from bot.form import Command, Form, Inbound, Misfit, Tapped, Typed
from bot.line.events import (
    FileMessage,
    Follow,
    ImageMessage,
    LocationMessage,
    PostbackEvent,
    Sticker,
    TextMessage,
    Unfollow,
    Unsent,
)  # fmt: skip
from bot.line.messages import Button, Text
from bot.postbacks import CardTap, FormTap, MenuTap, decode
from bot.session import Session
from bot.text import t
from handlers.line import (
    account,
    appointment,
    approval,
    check_out,
    commission,
    consent,
    dispatch,
    dispatch_lists,
    evidence,
    fees,
    general,
    guidance,
    invitation,
    profile,
    registration,
    request,
    search,
    visit,
)
from handlers.line.talk import Talk
from models.rules.errors import DomainError, Incomplete, NotAllowed, NotFound, Stale
from models.rules.invitation import looks_like_code
from models.rules.normalise import tidy

ROOMS = (
    general,
    consent,
    registration,
    approval,
    guidance,
    appointment,
    commission,
    profile,
    invitation,
    account,
    dispatch,
    dispatch_lists,
    fees,
    evidence,
    request,
    search,
    check_out,
    visit,
)
MENU: dict[str, Callable[[Talk], None]] = {}
CARDS: dict[str, Callable[[Talk, CardTap], None]] = {}
COMMANDS: dict[str, Callable[[Talk, Form, Command], None]] = {}
FORMS: dict[str, Callable[[Talk], Form]] = {}
for _room in ROOMS:
    MENU |= _room.MENU
    CARDS |= _room.CARDS
    COMMANDS |= _room.COMMANDS
    FORMS |= _room.FORMS
SUBJECTS = (registration, approval, request)


def handle(talk: Talk) -> None:
    """One event of one person."""
    asked, talk.guide = talk.guide, None
    match talk.envelope.event:
        case Follow():
            general.follow(talk)
        case Unfollow():
            general.unfollow(talk)
        case Unsent(message_id):
            registration.unsent(talk, message_id)
            visit.unsent(talk, message_id)
        case TextMessage(text=text):
            _text(talk, text, asked)
        case ImageMessage():
            _photo(talk)
        case PostbackEvent(data, params):
            _tap(talk, data, params.get("date") or params.get("datetime", ""))
        case Sticker():
            _misfit(talk, "form.sticker")
        case FileMessage(kind=kind):
            _misfit(talk, "form.file" if kind == "file" else "form.voice")
        case LocationMessage() as found:
            _located(talk, found)
        case _:
            return
    general.show_right_menu(talk)


def refuse(talk: Talk, error: DomainError) -> None:
    """Say why something was not done. A form whose subject is gone is closed; any other stays where it was."""
    about = error.data.get("dispatch", "")
    if isinstance(error, Stale | NotFound | NotAllowed) and talk.running and talk.running.subject:
        talk.running = talk.running if about not in ("", talk.running.subject) else None
    if isinstance(error, Incomplete):
        talk.say(registration.incomplete(error))
    elif about:
        dispatch.too_late(talk, error)
    elif error.code == "approval.decided":
        talk.say(approval.already_decided(error))
    else:
        talk.say(Text(t(error.code, **error.data)))


def _text(talk: Talk, text: str, asked: str | None) -> None:
    word = tidy(text)
    if looks_like_code(word) and (talk.running is None or word.startswith("招待コード")):
        general.join(talk, word)
        return
    if word.startswith("事務局コード"):
        general.link_staff(talk, word)
        return
    if talk.running:
        if talk.late:
            _ask_again(talk, talk.running, t("form.late"))
        else:
            _advance(talk, talk.running, Typed(text))
        return
    if word in MENU:
        _menu(talk, word)
    elif word in registration.WORDS:
        registration.WORDS[word](talk)
    elif asked is None or talk.late or not guidance.typed(talk, asked, word):
        general.unknown(talk)


def _tap(talk: Talk, data: str, date: str) -> None:
    match decode(data):
        case MenuTap(word) if word in MENU:
            _menu(talk, word)
        case FormTap() as tap:
            _form_tap(talk, tap, date)
        case CardTap("resume", key):
            _resume(talk, key)
        case CardTap() as tap if tap.act in CARDS:
            _aside(talk, lambda: CARDS[tap.act](talk, tap))
        case _:
            general.old_button(talk)


def _menu(talk: Talk, word: str) -> None:
    _aside(talk, lambda: MENU[word](talk))


def _aside(talk: Talk, act: Callable[[], None]) -> None:
    """A tap on the menu or on a card sets a running form aside; it is kept and offered again."""
    paused = talk.pause()
    act()
    if paused and talk.running is None and paused.form in FORMS and paused.form in talk.paused:
        title = FORMS[paused.form](talk).title
        back = Button(t("menu.resume", title=title), CardTap("resume", paused.form))
        talk.say(Text(t("form.kept_running", title=title), (back,)))


def _form_tap(talk: Talk, tap: FormTap, date: str) -> None:
    session = talk.running if talk.running and talk.running.form == tap.form else talk.paused.get(tap.form)
    if session is None or tap.form not in FORMS:
        general.old_button(talk)
        return
    if talk.running is not session:
        talk.pause()
    _advance(talk, session, Tapped(tap, date))


def _resume(talk: Talk, key: str) -> None:
    session = talk.paused.get(key)
    if session is None or key not in FORMS:
        general.old_button(talk)
        return
    talk.pause()
    session = _fresh(talk, session)
    talk.take(FORMS[key](talk), resume(FORMS[key](talk), session))


def _misfit(talk: Talk, code: str) -> None:
    if talk.running:
        _advance(talk, talk.running, Misfit(code))
    else:
        talk.say(Text(t(code)))
        general.unknown(talk)


def _located(talk: Talk, found: LocationMessage) -> None:
    """A place: for the question at hand, else a check-in of today's visit."""
    form = FORMS[talk.running.form](talk) if talk.running and talk.running.form in FORMS else None
    step = form.step(talk.running.step) if form and talk.running else None
    if talk.running and step and step.field.kind == "place":
        named = found.address or found.title or ""
        _advance(talk, talk.running, Typed(f"{found.latitude:.6f},{found.longitude:.6f} {named}".strip()))
    elif visits := visit.of_today(talk):
        _aside(talk, lambda: visit.located(talk, found, visits))
    else:
        _misfit(talk, "form.location")


def _photo(talk: Talk) -> None:
    place = talk.running is not None and talk.running.form in visit.FORMS
    if not place and visit.offer_photo(talk):
        return
    inbound = visit.photo(talk) if place else registration.photo(talk)
    if inbound is not None and talk.running:
        _advance(talk, talk.running, inbound)


def _ask_again(talk: Talk, session: Session, words: str) -> None:
    form = FORMS[session.form](talk)
    talk.say(Text(words))
    talk.take(form, resume(form, _fresh(talk, session)))


def _fresh(talk: Talk, session: Session) -> Session:
    """The session with the answers its subject keeps elsewhere (the draft is the truth)."""
    for subject in SUBJECTS:
        if session.form in subject.FORMS:
            return subject.refresh(talk, session)
    return session


def _advance(talk: Talk, session: Session, inbound: Inbound) -> None:
    """One call of the engine; answers are kept at once, and a finished form runs its command."""
    if session.form not in FORMS:
        talk.running = None
        general.unknown(talk)
        return
    form = FORMS[session.form](talk)
    session = _fresh(talk, session)
    turn = advance(form, session, inbound)
    talk.take(form, turn)
    answers = turn.command.answers if turn.command else turn.session.answers if turn.session else None
    if answers is not None and answers != session.answers:
        for subject in SUBJECTS:
            if form.key in subject.FORMS:
                subject.keep(talk, form, answers)
    if turn.command:
        COMMANDS[turn.command.name](talk, form, turn.command)
