"""派遣を依頼: the questions, the card with its checks, sending. The draft is the truth; a session holds none of it."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from bot.engine import begin
from bot.form import Answers, Command, Form
from bot.forms.request import KEY, NOTHING, Found, request_form
from bot.line.events import Envelope, PostbackEvent, TextMessage
from bot.line.messages import Text
from bot.moves import ask
from bot.postbacks import CardTap, FormTap, decode
from bot.screens import request as screens
from bot.session import Session
from bot.text import t
from handlers.line.talk import Talk
from handlers.usecases import expert_search
from handlers.usecases.dispatch import request as usecase
from models.rules.calendar import to_jst
from models.rules.errors import DomainError, NotFound, NotPossible, Stale
from models.rules.judgement import Accepted, Value, as_text
from models.rules.normalise import tidy
from models.rules.place import PlaceSource
from models.rules.request import (
    ON_RECORD,
    PLACE_SOURCE,
    POINT,
    corporate_digits,
    fields,
    judge_place,
    length_of,
    point_text,
    split_place,
)
from models.views.expert_search import Wanted
from models.views.request import DraftView
from storage import businesses, drafts

RECENT = 6
FOUND_MOST = 9
CHAT = (
    "business", "business_address", "title", "topic", "topic_other", "place", "length", "slot_1", "slot_2", "slot_3",
    "expert",
)  # fmt: skip
"""What the chat asks, by the draft's keys."""
OF_BUSINESS = ("corporate_number", "business_address", "contact_name", "contact_phone", "contact_mail")


def start(talk: Talk) -> None:
    """派遣を依頼: go on with the draft at hand, or begin one."""
    if not talk.person.is_approver:
        talk.say(Text(t("invitation.approver_none")))
        return
    held = usecase.own(talk.uow, talk.person.actor)
    if held is None and len(talk.person.actor.organisations) > 1:
        talk.say(screens.which_organisation(_organisations(talk)))
        return
    view = usecase.begin(talk.uow, talk.person.actor, "", talk.now)
    if view.empty:
        go_on(talk, view)
    else:
        show(talk, view)


def _organisations(talk: Talk) -> list[tuple[str, str]]:
    return drafts.organisations(talk.uow, talk.person.actor.organisations)


def go_on(talk: Talk, view: DraftView) -> None:
    """The first open question of the chat; the card where there is none."""
    form = form_of(talk)
    turn = begin(form, chat_answers(view), subject=view.id, revision=talk.first_revision)
    talk.paused.pop(KEY, None)
    if turn.session and turn.session.step:
        talk.take(form, turn)
    else:
        show(talk, view)


def show(talk: Talk, view: DraftView) -> None:
    """The card, with the checks as far as they can be made."""
    found = usecase.problems(talk.uow, view, talk.now)
    link = talk.links.page(KEY, talk.person.id, view.id)
    talk.paused.pop(KEY, None)
    count = len(talk.person.actor.organisations)
    talk.say(screens.card(view, found, link, to_jst(talk.now).date(), organisations=count))


def show_card(talk: Talk, _form: Form, command: Command) -> None:
    """All questions of the chat are answered."""
    show(talk, usecase.read(talk.uow, talk.person.actor, command.subject))


# --- the form -------------------------------------------------------------------------------------


def form_of(talk: Talk) -> Form:
    """The form with what can be looked up for this turn."""
    return request_form(to_jst(talk.now).date(), _found(talk))


def _found(talk: Talk) -> Found:
    """Businesses and experts for the words that were typed, or the button that was tapped, at the question at hand."""
    session = talk.running if talk.running and talk.running.form == KEY else talk.paused.get(KEY)
    view = drafts.seen(talk.uow, session.subject) if session else usecase.own(talk.uow, talk.person.actor)
    if view is None or view.person_id != talk.person.id:
        return NOTHING
    named = {as_text(view.answers["expert"]): view.expert} if view.expert else {}
    event = talk.envelope.event
    words = tidy(event.text) if isinstance(event, TextMessage) and session else ""
    if session and session.step == "expert":
        return Found(experts=_experts(talk, words) if words else named)
    of = view.organisation_id
    recent = businesses.search(talk.uow, of, "", limit=RECENT) if "business" not in view.answers else []
    tapped = _tapped_business(talk)
    if tapped:
        held = businesses.known(talk.uow, of, tapped)
        return Found(recent=(*recent, held) if held else recent, experts=named)
    if session and session.step == "business" and words:
        number = businesses.by_number(talk.uow, of, corporate_digits(words))
        matches = [number] if number else businesses.search(talk.uow, of, words, limit=FOUND_MOST)
        return Found(matches, recent, named)
    return Found(recent=recent, experts=named)


def _tapped_business(talk: Talk) -> str:
    event = talk.envelope.event
    tap = decode(event.data) if isinstance(event, PostbackEvent) else None
    value = tap.value if isinstance(tap, FormTap) else ""
    return value.removeprefix(ON_RECORD) if value.startswith(ON_RECORD) else ""


def _experts(talk: Talk, words: str) -> Mapping[str, str]:
    """Experts who may be asked, by a part of the name."""
    found = expert_search.search(talk.uow, talk.person.actor, Wanted(words=words), talk.now, limit=FOUND_MOST)
    return {expert.person_id: expert.name for expert in found.experts}


def chat_answers(view: DraftView) -> Answers:
    """The draft as the chat's answers."""
    found: dict[str, Value] = {key: view.answers[key] for key in CHAT if key in view.answers}
    if not found.get("business") and view.answers.get("corporate_number"):
        found["business"] = view.answers["corporate_number"]
    if not found.get("length") and length_of(view.answers):
        found["length"] = length_of(view.answers)
    return found


def refresh(talk: Talk, session: Session) -> Session:
    """The session with the draft's answers; what the page changed meanwhile is said."""
    view = usecase.read(talk.uow, talk.person.actor, session.subject)
    fresh = chat_answers(view)
    names = {field.key: field.name for field in fields(to_jst(talk.now).date())}
    changed = [names[key] for key in CHAT if key in names and fresh.get(key) != session.answers.get(key)]
    if changed:
        talk.say(Text(t("request.changed_elsewhere", names="・".join(changed))))
    return replace(session, answers=fresh)


def keep(talk: Talk, _form: Form, answers: Answers) -> None:
    """Keep each answer at once; the talk goes on with what the draft made of it."""
    view = usecase.own(talk.uow, talk.person.actor)
    if view is None:
        raise NotFound("request.gone")
    before = chat_answers(view)
    changes = {key: answers.get(key) for key in (*CHAT, "business_name") if answers.get(key) != before.get(key)}
    if changes:
        kept = _as_kept(view, changes) | (_placed(talk, view, changes["place"]) if "place" in changes else {})
        view = usecase.save(talk.uow, talk.person.actor, view.id, kept, talk.now)
    if talk.running and talk.running.form == KEY:
        talk.running = replace(talk.running, answers=chat_answers(view))


def _as_kept(view: DraftView, changes: Mapping[str, Value | None]) -> dict[str, Value | None]:
    """The chat's changes as the draft keeps them: another business takes the old one's details with it."""
    found = {key: value for key, value in changes.items() if key != "business_name"}
    business = as_text(changes.get("business") or "")
    if "business_name" in changes:
        found["business"] = changes["business_name"]
    elif business and not business.startswith(ON_RECORD):
        if view.answers.get("business"):
            found = {**dict.fromkeys(OF_BUSINESS), **found}
        if business.isdecimal() and len(business) == len(corporate_digits(business)) == 13:
            found |= {"business": None, "corporate_number": business}
    return found


def _placed(talk: Talk, view: DraftView, place: Value | None) -> dict[str, Value | None]:
    """An address that was typed with where it was found; one sent after a pin without words only names the pin."""
    if split_place(as_text(place or ""))[0] is not None:
        return {}
    if talk.located:
        return {POINT: point_text(talk.located), PLACE_SOURCE: PlaceSource.ADDRESS}
    return {POINT: None} if view.answers.get("place") else {}


def address_in(envelope: Envelope, running: Session | None) -> str:
    """The address that an event answers the question for the place with; empty for anything else."""
    if running is None or running.form != KEY or running.step != "place":
        return ""
    event = envelope.event
    if isinstance(event, TextMessage):
        words = event.text
    else:
        tap = decode(event.data) if isinstance(event, PostbackEvent) else None
        words = tap.value if isinstance(tap, FormTap) and tap.act == "answer" else ""
    judged = judge_place(words, {})
    return as_text(judged.value) if isinstance(judged, Accepted) and split_place(words)[0] is None else ""


# --- the card's buttons ---------------------------------------------------------------------------


def _draft(talk: Talk, draft_id: str) -> DraftView | None:
    """The draft a button belongs to; what became of it is said otherwise."""
    try:
        return usecase.read(talk.uow, talk.person.actor, draft_id)
    except DomainError as error:
        before = usecase.sent(talk.uow, talk.person.actor, draft_id)
        talk.say(screens.already_sent(before) if before else Text(t(error.code, **error.data)))
        return None


def tapped_go(talk: Talk, tap: CardTap) -> None:
    """続きを答える."""
    view = _draft(talk, tap.subject)
    if view:
        go_on(talk, view)


def tapped_edit(talk: Talk, tap: CardTap) -> None:
    """One answer is asked again; then the card."""
    view = _draft(talk, tap.subject)
    if view is None:
        return
    form = form_of(talk)
    step = form.step(tap.value)
    answers = chat_answers(view)
    if step is None or not step.when(answers):
        go_on(talk, view)
        return
    turn = begin(form, answers, subject=view.id, revision=talk.first_revision)
    assert turn.session
    talk.paused.pop(KEY, None)
    talk.take(form, ask(form, turn.session.at(tap.value, editing=True)))


def tapped_times(talk: Talk, tap: CardTap) -> None:
    """日時を変える."""
    view = _draft(talk, tap.subject)
    if view:
        talk.say(screens.times_question(view))


def tapped_send(talk: Talk, tap: CardTap, *, exception: bool = False) -> None:
    """この内容で送る: once; an old card shows the draft as it is now."""
    view = _draft(talk, tap.subject)
    if view is None:
        return
    try:
        made = usecase.send(talk.uow, talk.person.actor, view.id, tap.version, talk.now, exception=exception)
    except (Stale, NotPossible) as refused:
        talk.say(Text(t(refused.code, **refused.data)))
        show(talk, view)
        return
    talk.paused.pop(KEY, None)
    talk.say(screens.receipt(made))


def tapped_drop(talk: Talk, tap: CardTap) -> None:
    """依頼をやめる: the one confirmation."""
    view = _draft(talk, tap.subject)
    if view:
        talk.say(screens.confirm_drop(view))


def drop_yes(talk: Talk, tap: CardTap) -> None:
    """消す."""
    view = _draft(talk, tap.subject)
    if view:
        usecase.drop(talk.uow, talk.person.actor, view.id)
        talk.paused.pop(KEY, None)
        talk.say(Text(t("request.dropped")))


def tapped_which(talk: Talk, _tap: CardTap) -> None:
    """支援機関を変える."""
    talk.say(screens.which_organisation(_organisations(talk)))


def tapped_for(talk: Talk, tap: CardTap) -> None:
    """From which organisation the request comes."""
    view = usecase.choose_organisation(talk.uow, talk.person.actor, tap.subject, talk.now)
    go_on(talk, view)


def ask_expert(talk: Talk, tap: CardTap) -> None:
    """この専門家に依頼."""
    if not talk.person.is_approver:
        talk.say(Text(t("request.approvers_only")))
        return
    view = usecase.choose_expert(talk.uow, talk.person.actor, tap.subject, talk.now)
    go_on(talk, view)


def ask_again(talk: Talk, tap: CardTap) -> None:
    """もう一度依頼: what is at hand goes only after a yes."""
    if not talk.person.is_approver:
        talk.say(Text(t("request.approvers_only")))
        return
    held = usecase.own(talk.uow, talk.person.actor)
    if held and not held.empty and tap.value != "yes":
        talk.say(screens.confirm_again(held, tap.subject))
        return
    go_on(talk, usecase.ask_again(talk.uow, talk.person.actor, tap.subject, talk.now))


MENU: dict[str, Callable[[Talk], None]] = {"派遣を依頼": start}
CARDS: dict[str, Callable[[Talk, CardTap], None]] = {
    "ask_expert": ask_expert,
    "ask_again": ask_again,
    "request_go": tapped_go,
    "request_edit": tapped_edit,
    "request_times": tapped_times,
    "request_send": tapped_send,
    "request_exception": lambda talk, tap: tapped_send(talk, tap, exception=True),
    "request_drop": tapped_drop,
    "request_drop_yes": drop_yes,
    "request_which": tapped_which,
    "request_for": tapped_for,
}
COMMANDS: dict[str, Callable[[Talk, Form, Command], None]] = {"show_request": show_card}
FORMS: dict[str, Callable[[Talk], Form]] = {KEY: form_of}
