"""Notices as messages and as mails: the first line says what is wanted (`ux.md`)."""

from dataclasses import asdict
from typing import Any

from bot.forms.registration import ITEM_WORDS
from bot.line.messages import Button, Card, Message, Row, Text
from bot.postbacks import CardTap, MenuTap
from bot.screens import account, commission, dispatch_notices
from bot.screens.profile import item_word
from bot.screens.registration import item_words
from bot.text import t
from models import notices
from models.notices import Notice
from models.rules.registration import Item, State


def render(notice: Notice) -> list[dict[str, Any]]:
    """The messages of a notice, as LINE takes them."""
    return [_message(notice).as_json()]


def _message(notice: Notice) -> Message:
    match notice:
        case notices.ApplicationSubmitted():
            return _submitted(notice)
        case notices.ApplicationReturned():
            return _returned_card(notice)
        case notices.FormFinished():
            return _form_card(notice)
        case notices.TermsSent():
            return _action_card(words(notice), t("appointment.terms_title"), "terms_sent", "委嘱条件を開く", "terms")
        case notices.LetterIssued():
            return _action_card(words(notice), t("appointment.letter_title"), "commissioned", "委嘱状を開く", "letter")
        case notices.ProfileChangeReturned():
            return _change_card(notice)
        case notices.RenewalAsked():
            return commission.asked(notice.number, notice.application_id, notice.ends, reminder=notice.reminder)
        case notices.DispatchTold() | notices.VisitTold():
            return dispatch_notices.render(notice)
        case notices.ApplicationApproved() | notices.ApplicationRejected() | notices.CommissionOver():
            return Text(words(notice), (Button("登録状況", MenuTap("登録状況")),))
        case _:
            return Text(words(notice))


def _action_card(alt: str, title: str, state: str, label: str, act: str) -> Message:
    button = Button(label, CardTap(act))
    return Card(alt=alt, title=title, state=t(f"state.{state}"), tone="warn", note=alt, buttons=(button,))


def _change_card(notice: notices.ProfileChangeReturned) -> Message:
    return Card(
        alt=words(notice),
        title=t("profile.title"),
        state=t("profile.change_returned_state"),
        tone="warn",
        rows=(Row(t("card.number"), notice.number),),
        note=words(notice),
        buttons=(Button("プロフィール", MenuTap("プロフィール")),),
    )


def _form_card(notice: notices.FormFinished) -> Message:
    submit = Button("承認依頼を送る", CardTap("submit", notice.application_id, notice.version))
    card = Button("プロフィール登録", MenuTap("プロフィール登録"))
    return Card(
        alt=words(notice),
        title=t("card.title"),
        state=t(f"state.{notice.state}"),
        tone="warn" if notice.state == State.RETURNED else "wait",
        note=words(notice),
        buttons=(card,) if notice.missing else (submit, card),
    )


def _submitted(notice: notices.ApplicationSubmitted) -> Message:
    """A card: its button stays when later messages arrive, which a quick reply's does not."""
    return Card(
        alt=words(notice),
        title=t("notice.submitted_title", name=notice.name),
        state=t("approval.again") if notice.again else t("state.organisation_review"),
        tone="warn",
        rows=(Row(t("card.number"), notice.number),),
        note=words(notice),
        buttons=(Button("内容を見る", CardTap("application", notice.application_id, notice.version)),),
    )


def _returned_card(notice: notices.ApplicationReturned) -> Message:
    rows = tuple(Row(ITEM_WORDS[Item(item)], f"「{comment}」") for item, comment in notice.items if item)
    return Card(
        alt=words(notice),
        title=t("card.title"),
        state=t("state.returned"),
        tone="warn",
        rows=(Row(t("card.number"), notice.number), *rows),
        note=words(notice),
        buttons=(Button("プロフィール登録", MenuTap("プロフィール登録")),),
    )


def words(notice: Notice) -> str:
    """A notice in words alone, for LINE and for mail."""
    match notice:
        case notices.ApplicationSubmitted(number=number, name=name):
            key = "reminder" if notice.reminder else "resubmitted" if notice.again else "submitted"
            return t(f"notice.{key}", name=name, number=number, days=notice.waited)
        case notices.FormFinished(missing=missing):
            return t("detail.kept_missing", missing=item_words(missing)) if missing else t("detail.kept_ready")
        case notices.ApplicationWaits():
            return t("notice.mail_waits", number=notice.number, organisation=notice.organisation, link="")
        case notices.ApplicationApproved():
            return t(f"notice.{notice.stage}_approved", number=notice.number, organisation=notice.organisation)
        case notices.ApplicationReturned():
            return _returned(notice)
        case notices.ApplicationRejected():
            return t("notice.rejected", number=notice.number, who=_who(notice), reason=notice.reason)
        case notices.ApplicationOutcome():
            return t(f"notice.outcome_{notice.answer}", name=notice.name, number=notice.number)
        case notices.ApplicationWithdrawn():
            return t("notice.withdrawn", name=notice.name, number=notice.number)
        case notices.TermsSent():
            return t("appointment.terms_sent")
        case notices.LetterIssued():
            return t("appointment.letter_issued", number=notice.number)
        case notices.CommissionAccepted():
            key = "commission.inviter_renewed" if notice.renewed else "appointment.commission_accepted"
            return t(key, name=notice.name, number=notice.number)
        case notices.ProfileChangeApproved(number=number, item=item):
            return t("profile.change_approved", item=item_word(item), number=number)
        case notices.ProfileChangeReturned(number=number, item=item, reason=reason):
            return t("profile.change_returned", item=item_word(item), number=number, reason=reason)
        case (
            notices.RenewalAsked() | notices.LetterOver() | notices.CommissionOver()
            | notices.CommissionSteered() | notices.ExpertMoved() | notices.ExpertsOver()
        ):  # fmt: skip
            return commission.words(notice)
        case notices.InvitationUsed():
            return t("notice.invitation_used")
        case notices.StaffLink(link=link, new=new):
            return t("staff.mail_new" if new else "staff.mail_password", link=link)
        case notices.ExpertInvited():
            return t("import.mail", **asdict(notice))
        case notices.AccountCode() | notices.AccountMoved() | notices.AccountMoveRefused():
            return account.words_of_move(notice)
        case notices.OldAccountTold() | notices.ApproverRemoved():
            return _cut_off(notice)
        case notices.DispatchTold() | notices.VisitTold():
            return dispatch_notices.words(notice)


def _cut_off(notice: notices.OldAccountTold | notices.ApproverRemoved) -> str:
    if isinstance(notice, notices.OldAccountTold):
        return t("notice.account_cut_off" if notice.cut_off else "notice.account_asked")
    key = "notice.approver_moved" if notice.to else "notice.approver_removed"
    return t(key, organisation=notice.organisation, to=notice.to)


def _returned(notice: notices.ApplicationReturned) -> str:
    lines = [
        t("notice.returned_item", item=ITEM_WORDS[Item(item)], comment=comment)
        for item, comment in notice.items
        if item
    ]
    whole = t("notice.returned_whole", comment=notice.comment) if notice.comment else ""
    return t("notice.returned", number=notice.number, who=_who(notice)) + "".join(lines) + whole


def _who(notice: notices.ApplicationReturned | notices.ApplicationRejected) -> str:
    return notice.organisation if notice.stage == "organisation" else t("chain.secretariat_name")


def mail(notice: Notice, admin_link: str) -> tuple[str, str]:
    """Subject and text of a notice sent by mail."""
    if isinstance(notice, notices.DispatchTold | notices.VisitTold):
        return dispatch_notices.mail(notice, admin_link)
    number = getattr(notice, "number", "")
    subject = t("notice.mail_subject", number=number).strip()
    if isinstance(notice, notices.ApplicationWaits):
        text = t("notice.mail_waits", number=number, organisation=notice.organisation, link=admin_link)
        return subject, text
    if isinstance(notice, notices.ExpertInvited):
        return t("import.mail_subject"), words(notice)
    if isinstance(notice, notices.AccountCode):
        return t("notice.account_code_subject"), words(notice) + t("notice.account_mail_end")
    if isinstance(notice, notices.StaffLink):
        return t("staff.mail_subject"), words(notice)
    return subject, words(notice) + t("notice.mail_end")
