"""What everybody meets: following, joining with a code, help, words of later subjects, the right rich menu."""

from collections.abc import Callable

from bot.engine import begin
from bot.form import Command, Form
from bot.forms.joining import APPROVER_NAME
from bot.line.messages import Text
from bot.line.richmenus import APPROVER, NEWCOMER
from bot.line.richmenus import EXPERT as EXPERT_MENU
from bot.postbacks import CardTap
from bot.screens import registration as screens
from bot.text import t
from handlers.line.talk import Talk
from handlers.usecases import invitation, staff
from handlers.usecases.registration.draft import CONSENT_VERSION, give_consent, has_consented
from models.rules.errors import NotPossible, TooManyAttempts
from models.rules.invitation import EXPERT
from models.views.people import DeskView
from storage import organisations, outbox, people, registration, registration_views

LATER = ("派遣を依頼", "派遣状況", "専門家を探す")
EXPERTS_ONLY = ("派遣依頼", "チェックイン", "チェックアウト", "報告・旅費", "謝金")
NEWCOMER_WORDS = ("プロフィール登録", "登録状況", "使い方")
APPROVER_WORDS = ("承認待ち", "専門家を招待", "使い方")


def follow(talk: Talk) -> None:
    """Added as a friend, or unblocked: say where the person stands, and link the menu again."""
    people.set_blocked(talk.uow, talk.person.id, None)
    reload(talk)
    view = registration_views.latest(talk.uow, talk.person.id)
    if talk.person.is_approver:
        talk.say(Text(t("welcome.approver", organisation="・".join(talk.person.organisations))))
    elif view is None:
        talk.say(screens.welcome())
    elif has_consented(talk.uow, talk.person):
        talk.say(Text(t("welcome.back", name=view.name or "お客")), screens.card(view))
    else:
        talk.say(screens.at_hand(view.organisation))


def unfollow(talk: Talk) -> None:
    """Blocked: nothing can be said; notices go by mail from now on."""
    people.set_blocked(talk.uow, talk.person.id, talk.now)
    reload(talk)
    talk.pause()


def reload(talk: Talk) -> None:
    """The person's roles may have changed within this turn."""
    fresh = people.by_id(talk.uow, talk.person.id)
    if fresh:
        talk.person = fresh


def show_right_menu(talk: Talk) -> None:
    """Link the rich menu of the person's role: at first sight, after a block, and when the role has changed."""
    person = talk.person
    if person.blocked or (person.menu and not talk.role_changed):
        return
    alias = _menu_of(talk)
    if person.menu != alias:
        people.set_menu(talk.uow, person.id, alias)
        outbox.link_menu(talk.uow, person.user_id, alias, talk.now)


def _menu_of(talk: Talk) -> str:
    if talk.person.is_approver:
        return APPROVER.alias
    active = registration.is_active(talk.uow, talk.person.id)
    return EXPERT_MENU.alias if active else NEWCOMER.alias


def join(talk: Talk, text: str) -> None:
    """招待コード …: a refused guess is counted, so the refusal is said here and the turn commits."""
    talk.pause()
    try:
        view = invitation.check(talk.uow, talk.person, text, talk.now)
    except (NotPossible, TooManyAttempts) as refused:
        talk.say(Text(t(refused.code, **refused.data)))
        return
    joined = invitation.join(talk.uow, talk.person, view, talk.now)
    talk.role_changed = True
    reload(talk)
    if joined.kind == EXPERT:
        talk.say(screens.at_hand(joined.organisation, again=not joined.new))
        return
    talk.say(Text(t("invitation.joined_approver", organisation=joined.organisation)))
    talk.take(APPROVER_NAME, begin(APPROVER_NAME, {}, revision=talk.first_revision))


def link_staff(talk: Talk, text: str) -> None:
    """事務局コード …: a refused guess is counted, so the refusal is said here and the turn commits."""
    try:
        name = staff.link_line(talk.uow, talk.person, text, talk.now)
    except (NotPossible, TooManyAttempts) as refused:
        talk.say(Text(t(refused.code, **refused.data)))
        return
    talk.say(Text(t("staff.line_linked", name=name)))


def no_code(talk: Talk, _tap: CardTap) -> None:
    """招待コードがない方."""
    talk.say(Text(t("welcome.no_code") + screens.desk_words(desk(talk))))


def consent_text(talk: Talk, _tap: CardTap) -> None:
    """The whole privacy text."""
    talk.say(*screens.consent_text(CONSENT_VERSION))


def consent(talk: Talk, _tap: CardTap) -> None:
    """同意して始める."""
    view = registration_views.latest(talk.uow, talk.person.id)
    if view is None:
        talk.say(screens.code_needed())
        return
    give_consent(talk.uow, talk.person, talk.now)
    talk.say(Text(t("consent.given")), screens.card(view))


def consent_later(talk: Talk, _tap: CardTap) -> None:
    """今はやめる."""
    talk.say(Text(t("consent.later")))


def guide(talk: Talk) -> None:
    """使い方."""
    talk.say(screens.guide(desk(talk), approver=talk.person.is_approver))


def desk(talk: Talk) -> DeskView | None:
    """The desk of the person's prefecture."""
    return people.desk_for(talk.uow, _prefecture(talk))


def _prefecture(talk: Talk) -> str:
    for organisation in sorted(talk.person.actor.organisations):
        return organisations.prefecture_of(talk.uow, organisation)
    view = registration_views.latest(talk.uow, talk.person.id)
    if view is None:
        return ""
    return str(view.answers.get("prefecture") or organisations.prefecture_of(talk.uow, view.organisation_id))


def unknown(talk: Talk) -> None:
    """A short answer with what is possible now and the desk's phone number."""
    words = APPROVER_WORDS if talk.person.is_approver else NEWCOMER_WORDS
    talk.say(screens.unknown(words, desk(talk)))


def old_button(talk: Talk) -> None:
    """A button that leads nowhere any more."""
    talk.say(Text(t("menu.old_button")))


def _later(word: str) -> Callable[[Talk], None]:
    return lambda talk: talk.say(Text(t("menu.soon", word=word)))


def _experts_only(word: str) -> Callable[[Talk], None]:
    def answer(talk: Talk) -> None:
        active = registration.is_active(talk.uow, talk.person.id)
        talk.say(Text(t("menu.soon" if active else "menu.not_yours", word=word)))

    return answer


MENU: dict[str, Callable[[Talk], None]] = {
    "使い方": guide,
    **{word: _later(word) for word in LATER},
    **{word: _experts_only(word) for word in EXPERTS_ONLY},
}
CARDS: dict[str, Callable[[Talk, CardTap], None]] = {
    "no_code": no_code,
    "consent_text": consent_text,
    "consent": consent,
    "consent_later": consent_later,
}
COMMANDS: dict[str, Callable[[Talk, Form, Command], None]] = {}
FORMS: dict[str, Callable[[Talk], Form]] = {}
