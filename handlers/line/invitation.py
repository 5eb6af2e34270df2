"""専門家を招待, 招待の一覧 and taking a code back; the end of an approver's joining."""

from collections.abc import Callable

from bot.form import Command, Form
from bot.forms.joining import APPROVER_NAME
from bot.line.messages import Text
from bot.postbacks import CardTap
from bot.screens import invitation as screens
from bot.text import t
from handlers.line.talk import Talk
from handlers.usecases import invitation
from models.rules.invitation import EXPERT
from storage import organisations, people

PER_PAGE = 5


def invite(talk: Talk) -> None:
    """専門家を招待: code, link and QR at once; whoever approves for several organisations says for which."""
    own = sorted(talk.person.actor.organisations)
    if not own:
        talk.say(Text(t("invitation.approver_none")))
    elif len(own) == 1:
        _issue(talk, own[0])
    else:
        named = sorted((organisations.name_of(talk.uow, id_), id_) for id_ in own)
        talk.say(screens.which_organisation([(id_, name) for name, id_ in named]))


def invite_for(talk: Talk, tap: CardTap) -> None:
    """One of several organisations was chosen; the permission is asked for it again."""
    _issue(talk, tap.subject)


def _issue(talk: Talk, organisation: str) -> None:
    code = invitation.issue(talk.uow, talk.person.actor, organisation, EXPERT, talk.now)
    until = invitation.open_until(talk.uow, talk.now)
    link = talk.links.friend(f"招待コード {code}")
    talk.say(*screens.issued(code, link, talk.links.invitation(talk.person.id, link, until), until))


def show_own(talk: Talk, tap: CardTap) -> None:
    """招待の一覧: one's own codes, the newest first."""
    page = int(tap.value) if tap.value.isdecimal() and len(tap.value) < 5 else 0
    codes, total = invitation.own(talk.uow, talk.person.actor, PER_PAGE, page * PER_PAGE, talk.now)
    more = max(total - (page + 1) * PER_PAGE, 0)
    talk.say(screens.listed(codes, total, page, more, talk.now))


def show_own_first(talk: Talk) -> None:
    """招待の一覧 as a word: without making another code first."""
    if talk.person.is_approver:
        show_own(talk, CardTap("invitations"))
    else:
        talk.say(Text(t("invitation.approver_none")))


def ask_revoke(talk: Talk, tap: CardTap) -> None:
    """取り消す: the one confirmation, while there is something to take back."""
    talk.say(screens.confirm_revoke(invitation.revocable(talk.uow, talk.person.actor, tap.subject, talk.now)))


def revoke(talk: Talk, tap: CardTap) -> None:
    """取り消す: nobody joins with this code from now on."""
    talk.say(screens.revoked(invitation.revoke(talk.uow, talk.person.actor, tap.subject, talk.now), talk.now))


def name_approver(talk: Talk, _form: Form, command: Command) -> None:
    """The end of an approver's joining, unless the place was taken away meanwhile."""
    if not talk.person.is_approver:
        talk.say(Text(t("invitation.approver_none")))
        return
    name = str(command.answers["name"])
    people.set_name(talk.uow, talk.person.id, name)
    talk.say(screens.approver_ready(name, "・".join(talk.person.organisations)))


MENU: dict[str, Callable[[Talk], None]] = {"専門家を招待": invite, "招待の一覧": show_own_first}
CARDS: dict[str, Callable[[Talk, CardTap], None]] = {
    "invite": invite_for,
    "invitations": show_own,
    "invitation_revoke": ask_revoke,
    "invitation_revoke_yes": revoke,
    "invitation_keep": lambda talk, _tap: talk.say(screens.kept()),
}
COMMANDS: dict[str, Callable[[Talk, Form, Command], None]] = {"name_approver": name_approver}
FORMS: dict[str, Callable[[Talk], Form]] = {APPROVER_NAME.key: lambda _talk: APPROVER_NAME}
