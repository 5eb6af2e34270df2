"""アカウントをかえる: the two ways to go on with this account, the code for the telephone, and 役割をかえる."""

from datetime import datetime

from bot.line.messages import Action, Button, Card, Message, Row, Text
from bot.postbacks import CardTap, MenuTap
from bot.text import t
from models.notices import AccountCode, AccountMoved, AccountMoveRefused
from models.rules.calendar import format_datetime
from models.rules.roles import Role


def registered_before() -> Button:
    """The way here, from the welcome and from 使い方."""
    return Button("以前登録した方", CardTap("account_move"))


def ways() -> Message:
    """How the registration comes to this account."""
    buttons = (Button("メールで確かめる", CardTap("account_mail")), _by_phone())
    return Card(
        alt=t("account.alt"),
        title=t("account.title"),
        state=t("account.state"),
        tone="wait",
        note=t("account.note"),
        buttons=buttons,
    )


def _by_phone() -> Button:
    return Button("事務局に頼む", CardTap("account_call"))


def mail_sent(minutes: int) -> Message:
    """The same card whether or not anybody registered with the address; its ways out stay when a code was wrong."""
    return Card(
        alt=t("account.mail_sent_alt"),
        title=t("account.code_title"),
        state=t("account.mail_sent_state"),
        tone="wait",
        note=t("account.mail_sent", minutes=minutes),
        buttons=_other_ways(),
    )


def _other_ways() -> tuple[Action, ...]:
    return Button("メールを送り直す", CardTap("account_mail")), _by_phone()


def code_refused(code: str, minutes: int) -> Message:
    """A wrong or old code."""
    return Text(t(code, minutes=minutes), _other_ways())


def call(code: str, minutes: int, phone: tuple[Action, ...], desk: str) -> Message:
    """The code to read out on the telephone, and whom to call."""
    return Card(
        alt=t("account.call_alt", code=code),
        title=t("account.call_title"),
        state=code,
        tone="wait",
        note=t("account.call_note", minutes=minutes) + desk,
        buttons=phone,
    )


def waiting(since: datetime) -> Message:
    """The move waits for the secretariat."""
    return Card(
        alt=t("account.waiting_alt"),
        title=t("account.waiting_title"),
        state=t("account.waiting_state"),
        tone="wait",
        rows=(Row(t("account.waiting_since"), format_datetime(since)),),
        note=t("account.waiting_note"),
        buttons=(Button("申し込みを取り下げる", CardTap("account_take_back")),),
    )


def words_of_move(notice: AccountCode | AccountMoved | AccountMoveRefused) -> str:
    """What somebody who goes on with another account is told."""
    match notice:
        case AccountCode(code=code, minutes=minutes):
            return t("notice.account_code", code=code, minutes=minutes)
        case AccountMoved(name=name):
            return t("notice.account_moved", name=name)
        case AccountMoveRefused(why=why):
            return t("notice.account_refused", why=t(f"move.why_{why}"))


def switched(role: Role) -> Message:
    """The receipt of 役割をかえる, with the way back."""
    return Text(t(f"role.switched_{role}"), (switch(),))


def one_role(role: Role) -> Message:
    """役割をかえる, by somebody who has one."""
    return Text(t(f"role.only_{role}"))


def switch() -> Button:
    """役割をかえる."""
    return Button("役割をかえる", MenuTap("役割をかえる"))
