"""What everybody meets: following, joining with a code, help, words of later subjects, the right rich menu."""

from collections.abc import Callable

from bot.engine import begin
from bot.form import Command, Form
from bot.forms.joining import APPROVER_NAME
from bot.line.messages import Text
from bot.postbacks import CardTap
from bot.screens import account, commission
from bot.screens import consent as consent_screens
from bot.screens import registration as screens
from bot.text import t
from handlers.line.talk import Talk
from handlers.usecases import invitation, roles, staff
from models.rules.calendar import to_jst
from models.rules.errors import NotPossible, TooManyAttempts
from models.rules.invitation import EXPERT
from models.rules.roles import Role, role_shown
from models.views.people import DeskView
from storage import consents, desks, experts, organisations, people, registration_views

EXPERTS_ONLY = ("報告・旅費",)
WORDS = {
    Role.NEWCOMER: ("プロフィール登録", "登録状況", "使い方"),
    Role.EXPERT: ("プロフィール", "登録状況", "使い方"),
    Role.APPROVER: ("承認待ち", "専門家を招待", "招待の一覧", "使い方"),
}
"""What is offered to somebody whose message was not understood."""


def follow(talk: Talk) -> None:
    """Added as a friend, or unblocked: say where the person stands, and link the menu again."""
    people.set_blocked(talk.uow, talk.person.id, None)
    reload(talk)
    view = registration_views.latest(talk.uow, talk.person.id)
    if talk.person.is_approver:
        talk.say(Text(t("welcome.approver", organisation="・".join(talk.person.organisations))))
    elif view is None:
        talk.say(screens.welcome())
    elif (standing := consents.standing(talk.uow, talk.person.id)).given:
        talk.say(Text(t("welcome.back", name=view.name or "お客")), screens.card(view))
    else:
        talk.say(consent_screens.at_hand(view.organisation, standing))


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
    roles.show_right_menu(talk.uow, person, talk.now)


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
        standing = consents.standing(talk.uow, talk.person.id)
        talk.say(consent_screens.at_hand(joined.organisation, standing, again=not joined.new))
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


def guide(talk: Talk) -> None:
    """使い方, with the way to the other role for those with two, and to an earlier registration for newcomers."""
    held = roles.held_by(talk.uow, talk.person, talk.now)
    role = role_shown(held, talk.person.role)
    also = (account.switch(),) if len(held) > 1 else ()
    if held == (Role.NEWCOMER,) and registration_views.latest(talk.uow, talk.person.id) is None:
        also = (account.registered_before(),)
    talk.say(screens.guide(role, desk(talk), also))


def desk(talk: Talk) -> DeskView | None:
    """The desk of the person's prefecture."""
    return desks.desk_for(talk.uow, _prefecture(talk))


def _prefecture(talk: Talk) -> str:
    for organisation in sorted(talk.person.actor.organisations):
        return organisations.prefecture_of(talk.uow, organisation)
    view = registration_views.latest(talk.uow, talk.person.id)
    if view is None:
        return ""
    return str(view.answers.get("prefecture") or organisations.prefecture_of(talk.uow, view.organisation_id))


def unknown(talk: Talk) -> None:
    """A short answer with what is possible now and the desk's phone number."""
    role = roles.role_of(talk.uow, talk.person, talk.now)
    talk.say(screens.unknown(WORDS[role], desk(talk)))


def old_button(talk: Talk) -> None:
    """A button that leads nowhere any more."""
    talk.say(Text(t("menu.old_button")))


def _experts_only(word: str) -> Callable[[Talk], None]:
    def answer(talk: Talk) -> None:
        standing = experts.standing_of(talk.uow, talk.person.id, to_jst(talk.now).date())
        known = standing.has_expert_menu
        talk.say(Text(t("menu.soon", word=word)) if known else commission.not_for_experts_of(standing, word))

    return answer


MENU: dict[str, Callable[[Talk], None]] = {
    "使い方": guide,
    **{word: _experts_only(word) for word in EXPERTS_ONLY},
}
CARDS: dict[str, Callable[[Talk, CardTap], None]] = {
    "no_code": no_code,
}
COMMANDS: dict[str, Callable[[Talk, Form, Command], None]] = {}
FORMS: dict[str, Callable[[Talk], Form]] = {}
