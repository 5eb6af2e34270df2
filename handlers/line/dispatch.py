"""派遣依頼: the next visit, what waits for an answer, and both sides' answers."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from bot.engine import begin, resume
from bot.form import Answers, Command, Form
from bot.forms import dispatch as forms
from bot.line.messages import Card, Message
from bot.postbacks import CardTap
from bot.screens import commission
from bot.screens import dispatch as cards
from bot.screens import dispatch_answers as screens
from handlers.line import dispatch_lists
from handlers.line.talk import Talk
from handlers.usecases.dispatch import answer, cancel
from handlers.usecases.dispatch.read import read
from models.rules.calendar import to_jst
from models.rules.commission import Force
from models.rules.dispatch import Action, Side, Status
from models.rules.errors import DomainError, NotFound, NotPossible
from models.rules.judgement import Value, as_text
from models.rules.request import slot_times
from models.views.dispatch import DispatchView
from storage import dispatch_lists as rows
from storage import experts
from storage.dispatch_lists import Wanted

STARTED = {
    forms.PROPOSE: Action.PROPOSE,
    forms.DECLINE: Action.DECLINE,
    forms.CANCEL: Action.CANCEL,
    forms.WITHDRAW: Action.WITHDRAW,
    forms.NONE_FITS: Action.NONE_FITS,
}
"""The step that each form asks for."""
LOOKED_AT = 20
"""How many fixed visits are looked at for the next one: those of a few days."""


# --- 派遣依頼 -------------------------------------------------------------------------------------


def show(talk: Talk) -> None:
    """派遣依頼: the next visit, the requests that wait, and how many there are of what."""
    standing = experts.standing_of(talk.uow, talk.person.id, to_jst(talk.now).date())
    if standing.force is Force.SUSPENDED or not standing.has_expert_menu:
        talk.say(commission.not_for_experts_of(standing, "派遣依頼"))
        return
    talk.say(_next(talk), *waiting(talk, Side.EXPERT), dispatch_lists.overview(talk))


def _next(talk: Talk) -> Message:
    fixed = rows.listed(
        talk.uow, talk.person.actor, Wanted(Side.EXPERT, statuses=(Status.CONFIRMED,)), "day", LOOKED_AT
    )
    ahead = [row for row in fixed if row.starts and row.ends and row.ends > talk.now]
    if not ahead:
        return screens.no_visit()
    soonest = min(ahead, key=lambda row: (row.starts, row.id))
    view, side = read(talk.uow, talk.person.actor, soonest.id)
    return screens.next_visit(card_of(talk, view, side), view, talk.now)


def waiting(talk: Talk, side: Side) -> tuple[Message, ...]:
    """The cards that wait for this side's answer: requests, or proposals. The longest waiting first."""
    status = Status.REQUESTED if side is Side.EXPERT else Status.COUNTER_PROPOSED
    actor, wanted = talk.person.actor, Wanted(side, statuses=(status,))
    found = rows.listed(talk.uow, actor, wanted, "since", screens.CARDS_AT_ONCE)
    full = len(found) == screens.CARDS_AT_ONCE
    total = rows.count(talk.uow, actor, wanted, rows.COUNTED_TO) if full else len(found)
    views = [read(talk.uow, actor, row.id)[0] for row in found]
    return screens.waiting([card_of(talk, view, side) for view in views], total, screens.side_note(side))


def card_of(talk: Talk, view: DispatchView, side: Side) -> Card:
    """The dispatch as this person sees it."""
    link = talk.links.page("dispatch", talk.person.id, view.id)
    return cards.card(view, side, link=link, now=talk.now)


# --- a time ---------------------------------------------------------------------------------------


def ask_fix(talk: Talk, tap: CardTap, action: Action) -> None:
    """A time was chosen: the one confirmation, unless it cannot be fixed any more."""
    _, view = answer.open_as(talk.uow, talk.person.actor, tap.subject, tap.version, action)
    slot = answer.slot_of(view.wished if action is Action.TAKE_SLOT else view.proposed, tap.value)
    try:
        answer.check_times(talk.uow, view, [(slot.starts, slot.ends)], talk.now)
    except NotPossible as error:
        _refused(talk, error, view.id)
        return
    talk.say(screens.confirm_fix(view, slot, action))


def fix(talk: Talk, tap: CardTap, action: Action) -> None:
    """日程を確定する."""
    act = answer.take_slot if action is Action.TAKE_SLOT else answer.accept
    try:
        view = act(talk.uow, talk.person.actor, tap.subject, tap.version, tap.value, talk.now)
    except NotPossible as error:
        _refused(talk, error, tap.subject)
        return
    _receipt(talk, view, "fixed")


def _refused(talk: Talk, error: NotPossible, dispatch_id: str) -> None:
    """Why this time cannot be fixed, and the card once more. Nothing was written before it was refused."""
    view, side = read(talk.uow, talk.person.actor, dispatch_id)
    talk.say(screens.refused(error), card_of(talk, view, side))


def _receipt(talk: Talk, view: DispatchView, kind: str) -> None:
    _, side = read(talk.uow, talk.person.actor, view.id)
    talk.say(screens.receipt(card_of(talk, view, side), view, kind))


# --- answers in words -----------------------------------------------------------------------------


def start(talk: Talk, tap: CardTap, key: str) -> None:
    """A button that leads to a form; one that was set aside for this very dispatch goes on."""
    _, view = answer.open_as(talk.uow, talk.person.actor, tap.subject, tap.version, STARTED[key])
    form, held = FORMS[key](talk), talk.paused.get(key)
    if held and (held.subject, held.subject_version) == (view.id, view.version):
        talk.take(form, resume(form, held))
        return
    _begin(talk, form, _given(view) if key == forms.PROPOSE else {}, view.id, view.version)


def _given(view: DispatchView) -> dict[str, Value]:
    """A proposed time is as long as the first wished one, unless its end is typed."""
    first = view.wished[:1]
    return {forms.LENGTH: str(int((first[0].ends - first[0].starts).total_seconds()) // 60)} if first else {}


def _begin(talk: Talk, form: Form, answers: Answers, dispatch_id: str, version: int) -> None:
    talk.take(form, begin(form, answers, subject=dispatch_id, version=version, revision=talk.first_revision))


def send_proposal(talk: Talk, form: Form, command: Command) -> None:
    """この内容で送る of a proposal; a time that cannot be fixed leads back to the last look."""
    times = [slot_times(command.answers[key]) for key in forms.TIMES if command.answers.get(key)]
    comment = as_text(command.answers.get("propose_comment", ""))
    try:
        view = answer.propose(
            talk.uow, talk.person.actor, command.subject, command.subject_version, times, comment, talk.now
        )
    except NotPossible as error:
        if not error.code.startswith("booking."):
            raise
        talk.say(screens.mend_times(error))
        _begin(talk, form, command.answers, command.subject, command.subject_version)
        return
    _receipt(talk, view, "proposed")


def send_decline(talk: Talk, _form: Form, command: Command) -> None:
    """この内容で送る of a refusal."""
    category, private, comment = _said(command, "decline_category", "decline_private", "decline_comment")
    view = answer.decline(
        talk.uow, talk.person.actor, command.subject, command.subject_version, category, private, comment, talk.now
    )
    _receipt(talk, view, "declined")


def send_none_fits(talk: Talk, _form: Form, command: Command) -> None:
    """この内容で送る: the secretariat settles it."""
    (comment,) = _said(command, "none_fits_comment")
    view = answer.none_fits(
        talk.uow, talk.person.actor, command.subject, command.subject_version, comment, talk.now
    )  # fmt: skip
    _receipt(talk, view, "none_fits")


def send_withdraw(talk: Talk, _form: Form, command: Command) -> None:
    """この内容で送る of a withdrawal."""
    category, reason = _said(command, "withdraw_category", "withdraw_reason")
    view = cancel.withdraw(
        talk.uow, talk.person.actor, command.subject, command.subject_version, category, reason, talk.now
    )
    _receipt(talk, view, "withdrawn")


def send_cancel(talk: Talk, _form: Form, command: Command) -> None:
    """この内容で送る of a cancellation."""
    category, reason = _said(command, "cancel_category", "cancel_reason")
    view = cancel.cancel(
        talk.uow, talk.person.actor, command.subject, command.subject_version, category, reason, talk.now
    )
    _receipt(talk, view, "cancelled")


def _said(command: Command, *keys: str) -> tuple[str, ...]:
    return tuple(as_text(command.answers.get(key, "")) for key in keys)


# --- around a visit -------------------------------------------------------------------------------


def late(talk: Talk, tap: CardTap) -> None:
    """遅れます: told at once; how long can follow."""
    minutes = int(tap.value) if tap.value.isdecimal() and len(tap.value) < 4 else 0
    view, told = cancel.late(talk.uow, talk.person.actor, tap.subject, minutes, talk.now)
    talk.say(screens.late_told(view, minutes) if told else screens.late_before(view))


def calendar(talk: Talk, tap: CardTap) -> None:
    """カレンダーに入れる: a link that the phone's own browser opens, for it must be a file there."""
    view, _ = read(talk.uow, talk.person.actor, tap.subject)
    if view.starts is None:
        talk.say(screens.no_calendar())
        return
    link = talk.links.handoff("calendar", talk.person.id, view.id)
    talk.say(screens.calendar(f"{link}.ics?openExternalBrowser=1"))


def too_late(talk: Talk, error: DomainError) -> None:
    """Somebody was faster: who and when, and the dispatch as it stands now, for whoever may still see it."""
    try:
        view, side = read(talk.uow, talk.person.actor, error.data["dispatch"])
    except NotFound:
        talk.say(replace(screens.too_late(error), quick=()))
        return
    talk.say(card_of(talk, view, side), screens.too_late(error))


MENU: dict[str, Callable[[Talk], None]] = {"派遣依頼": show}
CARDS: dict[str, Callable[[Talk, CardTap], None]] = {
    "dispatch_take": partial(ask_fix, action=Action.TAKE_SLOT),
    "dispatch_take_yes": partial(fix, action=Action.TAKE_SLOT),
    "dispatch_accept": partial(ask_fix, action=Action.ACCEPT),
    "dispatch_accept_yes": partial(fix, action=Action.ACCEPT),
    **{key: partial(start, key=key) for key in STARTED},
    "dispatch_late": late,
    "dispatch_calendar": calendar,
}
COMMANDS: dict[str, Callable[[Talk, Form, Command], None]] = {
    "send_proposal": send_proposal,
    "send_decline": send_decline,
    "send_none_fits": send_none_fits,
    "send_withdraw": send_withdraw,
    "send_cancel": send_cancel,
}
FORMS: dict[str, Callable[[Talk], Form]] = {
    key: lambda talk, make=make: make(to_jst(talk.now).date()) for key, make in forms.ANSWERS.items()
}
