"""アカウントをかえる: going on with this account; and 役割をかえる for those with two roles."""

from collections.abc import Callable

from bot.engine import begin
from bot.form import Command, Form
from bot.forms.account import ACCOUNT_CODE, ACCOUNT_MAIL
from bot.line.messages import Text
from bot.postbacks import CardTap
from bot.screens import account as screens
from bot.screens.registration import call, desk_words
from bot.text import t
from handlers.line.general import desk, reload
from handlers.line.talk import Talk
from handlers.usecases import account_move, roles
from models.rules.errors import NotPossible, TooManyAttempts
from storage import moves

MINUTES = account_move.CODE_MINUTES


def start(talk: Talk, _tap: CardTap | None = None) -> None:
    """以前登録した方: the two ways; or what already waits, or why not from here."""
    since = moves.waiting_for(talk.uow, talk.person.id)
    if not account_move.may_ask(talk.uow, talk.person):
        talk.say(Text(t("account.not_here")))
    elif since:
        talk.say(screens.waiting(since))
    else:
        talk.say(screens.ways())


def ask_mail(talk: Talk, _tap: CardTap) -> None:
    """メールで確かめる: which address was registered?"""
    if not account_move.may_ask(talk.uow, talk.person):
        talk.say(Text(t("account.not_here")))
        return
    talk.paused.pop(ACCOUNT_CODE.key, None)
    talk.take(ACCOUNT_MAIL, begin(ACCOUNT_MAIL, {}, revision=talk.first_revision))


def send_code(talk: Talk, _form: Form, command: Command) -> None:
    """The address was given: the same answer whether or not it is known."""
    account_move.send_code(talk.uow, talk.person, str(command.answers["mail"]), talk.now)
    talk.say(screens.mail_sent(MINUTES))
    _ask_code(talk)


def _ask_code(talk: Talk) -> None:
    talk.take(ACCOUNT_CODE, begin(ACCOUNT_CODE, {}, revision=talk.first_revision))


def give_code(talk: Talk, _form: Form, command: Command) -> None:
    """The code was given: a refused guess is counted, so the refusal is said here and the turn commits."""
    try:
        account_move.give_code(talk.uow, talk.person, str(command.answers["code"]), talk.now)
    except TooManyAttempts as refused:
        talk.say(screens.code_refused(refused.code, MINUTES))
    except NotPossible as refused:
        talk.say(screens.code_refused(refused.code, MINUTES))
        _ask_code(talk)
    else:
        talk.say(screens.waiting(talk.now))


def by_phone(talk: Talk, _tap: CardTap) -> None:
    """事務局に頼む: a short code for the telephone."""
    code = account_move.code_for_call(talk.uow, talk.person, talk.now)
    talk.paused.pop(ACCOUNT_CODE.key, None)
    talk.paused.pop(ACCOUNT_MAIL.key, None)
    at = desk(talk)
    talk.say(screens.call(code, MINUTES, call(at), desk_words(at)))


def take_back(talk: Talk, _tap: CardTap) -> None:
    """申し込みを取り下げる."""
    gone = account_move.take_back(talk.uow, talk.person, talk.now)
    talk.say(Text(t("account.taken_back" if gone else "account.nothing_waits")))


def switch_role(talk: Talk) -> None:
    """役割をかえる."""
    role = roles.switch(talk.uow, talk.person, talk.now)
    if role is None:
        talk.say(screens.one_role(roles.role_of(talk.uow, talk.person, talk.now)))
        return
    talk.role_changed = True
    reload(talk)
    talk.say(screens.switched(role))


MENU: dict[str, Callable[[Talk], None]] = {"アカウントをかえる": start, "役割をかえる": switch_role}
CARDS: dict[str, Callable[[Talk, CardTap], None]] = {
    "account_move": start,
    "account_mail": ask_mail,
    "account_call": by_phone,
    "account_take_back": take_back,
}
COMMANDS: dict[str, Callable[[Talk, Form, Command], None]] = {
    "send_account_code": send_code,
    "give_account_code": give_code,
}
FORMS: dict[str, Callable[[Talk], Form]] = {
    form.key: lambda _talk, form=form: form for form in (ACCOUNT_MAIL, ACCOUNT_CODE)
}
