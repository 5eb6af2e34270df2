"""専門家を招待: the code, the link and the QR at once; and the words around joining as an approver."""

from datetime import datetime

from bot.line.messages import Button, Card, Link, Message, Text
from bot.postbacks import MenuTap
from bot.text import t
from models.rules.calendar import format_date, to_jst


def issued(code: str, link: str, qr_url: str, until: datetime) -> tuple[Message, ...]:
    """A new code to hand on: text to forward, and the QR to show."""
    words = t("invitation.issued", code=code, until=format_date(to_jst(until).date()), link=link)
    qr = Card(
        alt=t("invitation.issued_alt", code=code),
        title=t("invitation.issued_title"),
        state=f"招待コード {code}",
        tone="wait",
        note=t("invitation.issued_note"),
        image_url=qr_url,
        buttons=(Link("QRコードを大きく表示", qr_url),),
    )
    return Text(words), qr


def approver_ready(name: str, organisation: str) -> Message:
    """The receipt of a new approver."""
    words = t("invitation.approver_ready", name=name, organisation=organisation)
    return Text(words, (Button("専門家を招待", MenuTap("専門家を招待")), Button("承認待ち", MenuTap("承認待ち"))))
