"""The applicant's side of registration: the card, its sections, photos, submission, 登録状況."""

from collections.abc import Callable
from dataclasses import replace

from bot.engine import begin
from bot.form import Answers, Command, Form, Inbound, PhotoBad, PhotoTaken
from bot.forms.registration import ITEM_WORDS, section, section_of
from bot.line.events import ImageMessage
from bot.line.messages import Message, Text
from bot.postbacks import CardTap
from bot.screens import registration as screens
from bot.session import Session
from bot.text import t
from handlers.line import consent
from handlers.line.talk import Talk
from handlers.usecases.registration import draft, submit
from models.rules.calendar import to_jst
from models.rules.errors import Incomplete, NotPossible
from models.rules.registration import EDITABLE, IN_REVIEW, PAPERS, UNSORTED, Item, missing_items
from models.views.registration import ApplicationView
from storage import inbox, registration_views

SECTIONS = ("basic", "papers", "account")


def _latest(talk: Talk) -> ApplicationView | None:
    return registration_views.latest(talk.uow, talk.person.id)


def _ready(talk: Talk) -> ApplicationView | None:
    """The person's application once a code and the consent are there; otherwise what is needed first is said."""
    view = _latest(talk)
    if view is None:
        talk.say(screens.code_needed())
        return None
    needed = consent.missing(talk)
    if needed:
        talk.say(needed)
        return None
    return view


def show_card(talk: Talk) -> None:
    """プロフィール登録."""
    view = _ready(talk)
    if view:
        talk.say(screens.card(view))


def show_progress(talk: Talk) -> None:
    """登録状況."""
    view = _latest(talk)
    talk.say(screens.progress(view) if view else Text(t("chain.none")))


def open_section(talk: Talk, key: str) -> None:
    """基本情報, 写真 or 口座: from the first open question, or the review."""
    view = _ready(talk)
    if view is None:
        return
    if view.state not in EDITABLE or not any(section_of(item) == key for item in view.editable):
        talk.say(Text(t("card.not_open" if view.state in EDITABLE else "error.not_editable")), screens.card(view))
        return
    form = section(key, to_jst(talk.now).date())
    talk.paused.pop(key, None)
    turn = begin(form, section_answers(view, key), subject=view.id, revision=talk.first_revision)
    talk.take(form, turn)


def open_detail(talk: Talk) -> None:
    """詳細申請: the way to the person's own page."""
    view = _ready(talk)
    if view is None:
        return
    if view.state not in EDITABLE or Item.DETAIL not in view.editable:
        talk.say(Text(t("card.not_open" if view.state in EDITABLE else "error.not_editable")), screens.card(view))
        return
    talk.say(screens.detail_page(view, talk.links.page("form", talk.person.id, view.id)))


def tapped_section(talk: Talk, tap: CardTap) -> None:
    """A section's button on the card."""
    if tap.value == Item.DETAIL:
        open_detail(talk)
    elif tap.value in SECTIONS:
        open_section(talk, tap.value)
    else:
        talk.say(Text(t("menu.old_button")))


def section_answers(view: ApplicationView, key: str) -> Answers:
    """What the draft holds of a section; photos by their ids, with what decides which are asked for."""
    if key != "papers":
        fields = [step.key for step in section(key, view.state_since.date()).steps]
        return {field: view.answers[field] for field in fields if field in view.answers}
    held = {item.value: [paper.id for paper in view.papers_of(item)] for item in PAPERS}
    deciding = {name: view.answers[name] for name in ("requirement", "qualifications") if name in view.answers}
    return {**{item: ids for item, ids in held.items() if ids}, **deciding, "only": list(view.editable)}


def refresh(talk: Talk, session: Session) -> Session:
    """The session with the draft's answers: the draft is the truth."""
    view = registration_views.load(talk.uow, session.subject) if session.form in SECTIONS else None
    if view is None or view.person_id != talk.person.id:
        return session
    return replace(session, answers=section_answers(view, session.form))


def keep(talk: Talk, form: Form, answers: Answers) -> None:
    """Keep each answer at once, so that nothing is lost whatever comes next."""
    view = _latest(talk)
    if view is None or form.key not in SECTIONS:
        return
    if form.key == "papers":
        wanted = {item.value: [str(id_) for id_ in answers.get(item, ())] for item in PAPERS}
        draft.keep_papers(talk.uow, talk.person.actor, view.id, wanted, talk.now)
    else:
        draft.save_answers(talk.uow, talk.person.actor, view.id, form.key, answers)


def finish_section(talk: Talk, form: Form, _command: Command) -> None:
    """完了: the card, with the next step first."""
    view = _latest(talk)
    if view:
        talk.say(Text(t("card.saved", section=form.title)), screens.card(view))


def photo(talk: Talk) -> Inbound | None:
    """A photo: for the question at hand, or kept until the person says what it is. None: all is said."""
    image = talk.envelope.event
    if not isinstance(image, ImageMessage) or inbox.is_unsent(talk.uow, image.message_id):
        return None
    view = _latest(talk)
    if talk.photo is None or view is None:
        talk.say(_no_photo_now(talk, view))
        return None
    asked = _asked_for(talk)
    if talk.photo.code:
        if asked:
            return PhotoBad(talk.photo.code, talk.photo.data)
        talk.say(Text(t(talk.photo.code, **talk.photo.data)))
        return None
    stored = draft.StoredPhoto(
        talk.photo.file_key, talk.photo.sha256, talk.photo.width, talk.photo.height, image.message_id
    )
    kind = asked or UNSORTED
    paper, new = draft.add_photo(talk.uow, talk.person.actor, view.id, kind, stored, talk.now)
    if asked:
        return PhotoTaken(paper, new, image.set_id or "", image.total or 1)
    talk.pause()
    talk.say(screens.which_photo(view, paper, talk.late))
    return None


def _asked_for(talk: Talk) -> Item | None:
    """The paper the running question asks for, unless this photo came late."""
    running = talk.running
    if running is None or running.form != "papers" or running.step not in PAPERS or talk.late:
        return None
    return Item(running.step)


def _no_photo_now(talk: Talk, view: ApplicationView | None) -> Message:
    if view is None:
        return screens.code_needed()
    return consent.missing(talk) or Text(t("photo.not_now"))


def sort_photo(talk: Talk, tap: CardTap) -> None:
    """What an unsorted photo is."""
    view = _latest(talk)
    if view is None:
        talk.say(Text(t("menu.old_button")))
        return
    waiting, kind = draft.sort_photo(talk.uow, talk.person.actor, view.id, tap.subject, tap.value, talk.now)
    if not waiting:
        talk.say(Text(t("photo.already_sorted")))
        return
    words = t("photo.sorted", item=ITEM_WORDS[Item(kind)]) if kind else t("photo.thrown")
    fresh = _latest(talk)
    talk.say(Text(words), *([screens.card(fresh)] if fresh else []))


def unsent(talk: Talk, message_id: str) -> None:
    """A message was taken back; a late or redelivered original will not bring it back."""
    inbox.mark_unsent(talk.uow, message_id, talk.now)
    gone, stay = draft.unsend(talk.uow, talk.person.actor, message_id, talk.now)
    if gone:
        talk.say(Text(t("photo.unsent")))
    if stay:
        talk.say(Text(t("photo.unsent_kept")))


def ask_submit(talk: Talk) -> None:
    """承認依頼を送る: what is missing, or the one confirmation."""
    view = _ready(talk)
    if view is None:
        return
    if view.state in IN_REVIEW:
        talk.say(Text(t("submit.already", number=view.number)))
        return
    if view.state not in EDITABLE:
        talk.say(screens.progress(view))
        return
    missing = missing_items(view.answers, view.paper_counts())
    if missing:
        talk.say(incomplete(Incomplete(missing)), screens.card(view))
        return
    talk.say(screens.confirm_submit(view))


def submit_yes(talk: Talk, tap: CardTap) -> None:
    """この内容で送る: a second tap, or one on an old card, changes nothing."""
    view = _latest(talk)
    if view is None or view.id != tap.subject or view.state not in EDITABLE:
        talk.say(Text(t("submit.already", number=view.number) if view and view.number else t("menu.old_button")))
        return
    if view.version != tap.version:
        talk.say(Text(t("menu.old_button")), screens.confirm_submit(view))
        return
    if _ready(talk) is None:
        return
    sent = submit.submit(talk.uow, talk.person.actor, view.id, talk.now)
    for key in SECTIONS:
        talk.paused.pop(key, None)
    talk.say(screens.submitted(sent))


def ask_withdraw(talk: Talk) -> None:
    """取り下げる: the one confirmation."""
    view = _latest(talk)
    if view is None or (view.state not in IN_REVIEW and view.state != "returned"):
        talk.say(Text(t("withdraw.not_now")))
        return
    talk.say(screens.confirm_withdraw(view))


def withdraw_yes(talk: Talk, tap: CardTap) -> None:
    """はい: take it back, unless the application has moved on meanwhile."""
    view = _latest(talk)
    if view is None or view.id != tap.subject or view.version != tap.version:
        raise NotPossible("withdraw.not_now")
    taken = submit.withdraw(talk.uow, talk.person.actor, view.id, talk.now)
    talk.say(Text(t("withdraw.done", number=taken.number)), screens.card(taken))


def incomplete(error: Incomplete) -> Message:
    """What is still missing."""
    return Text(t("submit.incomplete", missing=screens.item_words(error.missing)))


WORDS: dict[str, Callable[[Talk], None]] = {
    "基本情報": lambda talk: open_section(talk, "basic"),
    "写真": lambda talk: open_section(talk, "papers"),
    "口座": lambda talk: open_section(talk, "account"),
    "詳細申請": open_detail,
    "承認依頼を送る": ask_submit,
    "取り下げる": ask_withdraw,
}
MENU: dict[str, Callable[[Talk], None]] = {
    "プロフィール登録": show_card,
    "登録状況": show_progress,
}
CARDS: dict[str, Callable[[Talk, CardTap], None]] = {
    "section": tapped_section,
    "submit": lambda talk, _tap: ask_submit(talk),
    "submit_yes": submit_yes,
    "withdraw": lambda talk, _tap: ask_withdraw(talk),
    "withdraw_yes": withdraw_yes,
    "withdraw_no": lambda talk, _tap: talk.say(Text(t("withdraw.kept"))),
    "sort": sort_photo,
}
COMMANDS: dict[str, Callable[[Talk, Form, Command], None]] = {"finish_section": finish_section}
FORMS: dict[str, Callable[[Talk], Form]] = {
    key: lambda talk, key=key: section(key, to_jst(talk.now).date()) for key in SECTIONS
}
