"""専門家を招待: the code, the link and the QR at once; one's own codes; and the words around joining as an approver."""

from collections.abc import Sequence
from datetime import datetime

from bot.line.messages import Action, Button, Card, Cards, Link, Message, Row, Text
from bot.postbacks import CardTap, MenuTap
from bot.text import t
from models.rules.calendar import format_date, format_datetime, to_jst
from models.rules.invitation import CodeState
from models.views.organisation import CodeView

TONES = {CodeState.OPEN: "wait", CodeState.USED: "good", CodeState.EXPIRED: "end", CodeState.REVOKED: "end"}


def which_organisation(organisations: Sequence[tuple[str, str]]) -> Message:
    """For somebody who approves for several: (id, name) of each."""
    return Text(t("invitation.which"), tuple(Button(name, CardTap("invite", id_)) for id_, name in organisations))


def issued(code: str, link: str, qr_url: str, until: datetime) -> tuple[Message, ...]:
    """A new code to hand on: text to forward, and the QR to show."""
    words = t("invitation.issued", code=code, until=_day(until), link=link)
    qr = Card(
        alt=t("invitation.issued_alt", code=code),
        title=t("invitation.issued_title"),
        state=f"招待コード {code}",
        tone="wait",
        note=t("invitation.issued_note"),
        image_url=qr_url,
        buttons=(Link("QRコードを大きく表示", qr_url), _list(0, "招待の一覧")),
    )
    return Text(words), qr


def listed(codes: Sequence[CodeView], total: int, page: int, more: int, now: datetime) -> Message:
    """One page of one's own codes; `more`: how many older ones follow."""
    if not codes:
        return Text(t("invitation.list_no_more" if total else "invitation.list_none"), (_invite(),))
    cards = [_card(code, now) for code in codes]
    if more:
        title = t("invitation.list_more", count=more)
        follow = (_list(page + 1, "つぎ"),)
        cards.append(Card(alt=title, title=title, note=t("invitation.list_more_note"), buttons=follow))
    return Cards(t("invitation.list_alt", total=total), tuple(cards))


def _card(code: CodeView, now: datetime) -> Card:
    state = code.state(now)
    rows = (
        Row(t("invitation.list_organisation"), code.organisation),
        Row(t("invitation.list_issued"), _day(code.issued_at)),
    )
    revoke: tuple[Action, ...] = (Button("取り消す", CardTap("invitation_revoke", code.id)),)
    return Card(
        alt=code.code,
        title=code.code or t("invitation.list_closed", at=_day(code.issued_at)),
        state=t(f"invitation.state_{state}", at=_day(ended(code, state))),
        tone=TONES[state],
        rows=rows,
        buttons=revoke if state is CodeState.OPEN else (),
        ranked=False,
    )


def ended(code: CodeView, state: CodeState) -> datetime:
    """When the code came, or will come, to its end."""
    when = {CodeState.USED: code.used_at, CodeState.REVOKED: code.revoked_at}.get(state)
    return when or code.expires_at


def confirm_revoke(code: CodeView) -> Message:
    """The one confirmation before a code is taken back."""
    yes = Button("取り消す", CardTap("invitation_revoke_yes", code.id))
    words = t("invitation.revoke_ask", code=code.code)
    return Text(words, (yes, Button("取り消さない", CardTap("invitation_keep"))))


def revoked(code: CodeView, now: datetime) -> Message:
    """The receipt."""
    words = t("invitation.revoked_now", code=code.code, at=format_datetime(now))
    return Text(words, (_list(0, "招待の一覧"), _invite()))


def kept() -> Message:
    """取り消さない."""
    return Text(t("invitation.revoke_kept"), (_list(0, "招待の一覧"),))


def _day(at: datetime) -> str:
    return format_date(to_jst(at).date())


def _list(page: int, label: str) -> Button:
    return Button(label, CardTap("invitations", "", 0, str(page)))


def _invite() -> Button:
    return Button("専門家を招待", MenuTap("専門家を招待"))


def approver_ready(name: str, organisation: str) -> Message:
    """The receipt of a new approver."""
    words = t("invitation.approver_ready", name=name, organisation=organisation)
    return Text(words, (_invite(), Button("承認待ち", MenuTap("承認待ち"))))
