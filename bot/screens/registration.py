"""The newcomer's and applicant's screens: joining, consent, the registration card, 登録状況."""

from collections.abc import Sequence

from bot.forms.registration import ITEM_WORDS, SECTION_WORDS, section_of
from bot.line.messages import Action, Button, Card, Link, Message, Row, Text
from bot.postbacks import CardTap, MenuTap
from bot.screens import account, commission
from bot.text import t
from models.rules.calendar import format_datetime
from models.rules.fields import holder_differs
from models.rules.normalise import to_halfwidth_ascii
from models.rules.registration import (
    FIELDS_OF,
    IN_REVIEW,
    PAPERS,
    Item,
    State,
    answered,
    missing_items,
    required_papers,
)
from models.rules.roles import Role
from models.views.chain import chain
from models.views.people import DeskView
from models.views.registration import ApplicationView, ChainStep

DIALLED = "+0123456789"
CARD_BUTTONS = 3
"""What does not fit on a card is offered under it (`ux.md`)."""
TONE = {
    State.DRAFT: "wait",
    State.RETURNED: "warn",
    State.REJECTED: "end",
    State.WITHDRAWN: "end",
    State.TERMS_SENT: "warn",
    State.COMMISSIONED: "warn",
    State.ACTIVE: "good",
    State.RENEWAL_DUE: "warn",
    State.SUSPENDED: "warn",
    State.ENDED: "end",
}


def state_word(state: State) -> str:
    """The state as it is shown."""
    return t(f"state.{state}")


def welcome() -> Message:
    """To somebody who is nobody's invitee yet."""
    no_code = Button("招待コードがない方", CardTap("no_code"))
    return Text(t("welcome.newcomer"), (no_code, account.registered_before()))


def code_needed() -> Message:
    """A menu word was tapped before any code."""
    return Text(t("welcome.code_needed"), (Button("招待コードがない方", CardTap("no_code")),))


def card(view: ApplicationView) -> Message:
    """The registration card: what is filled in, what is missing, and the next step first."""
    rows = [Row(SECTION_WORDS[key], *_section_row(view, key)) for key in SECTION_WORDS]
    if view.number:
        rows.insert(0, Row(t("card.number"), view.number))
    rows.insert(0, Row(t("card.organisation"), view.organisation))
    actions = _card_buttons(view)
    return Card(
        alt=t("card.alt", state=state_word(view.state)),
        title=t("card.title"),
        state=state_word(view.state),
        tone=TONE.get(view.state, "wait"),
        rows=tuple(rows),
        note=_note(view),
        buttons=tuple(actions[:CARD_BUTTONS]),
        quick=tuple(actions[CARD_BUTTONS:]),
    )


def _section_row(view: ApplicationView, key: str) -> tuple[str, str]:
    if view.state is State.RETURNED:
        return _returned_row(view, key)
    if key == "papers":
        wanted = required_papers(view.answers)
        done = sum(bool(view.papers_of(item)) for item in wanted)
        words = t("card.photos", done=done, total=len(wanted))
        return words, "good" if done == len(wanted) else "plain"
    done, total = answered(FIELDS_OF[Item(key)], view.answers)
    if key == "account":
        return (t("card.done"), "good") if done == total else (t("card.open"), "plain")
    return t("card.basic", done=done, total=total), "good" if done == total else "plain"


def _returned_row(view: ApplicationView, key: str) -> tuple[str, str]:
    items = [item for item in view.editable if section_of(item) == key]
    if not items:
        return t("card.fine"), "good"
    open_items = [item for item in items if item in view.unmended or item in _missing(view)]
    return (t("card.to_mend"), "warn") if open_items else (t("card.mended"), "good")


def _missing(view: ApplicationView) -> tuple[Item, ...]:
    return missing_items(view.answers, view.paper_counts())


def _note(view: ApplicationView) -> str:
    if view.state is State.RETURNED:
        return returned_words(view)
    if view.state is not State.DRAFT:
        return ""
    return t("card.missing", missing=item_words(_missing(view))) if _missing(view) else t("card.ready")


def returned_words(view: ApplicationView) -> str:
    """What the reviewer asked to mend, item by item."""
    last = view.decisions[-1]
    lines = [f"{ITEM_WORDS[item]}：「{last.comments[item]}」" for item in Item if item in last.comments]
    return "\n".join([*lines, *([last.comments[""]] if "" in last.comments else [])])


def item_words(items: Sequence[str]) -> str:
    """Items as a person reads them."""
    return "、".join(ITEM_WORDS[Item(item)] for item in items)


def _card_buttons(view: ApplicationView) -> list[Action]:
    if view.state in IN_REVIEW:
        return [
            Button("登録状況", MenuTap("登録状況")),
            Button("取り下げる", CardTap("withdraw", view.id, view.version)),
        ]
    if view.state not in (State.DRAFT, State.RETURNED):
        return [Button("登録状況", MenuTap("登録状況"))]
    keys = dict.fromkeys(section_of(item) for item in view.editable)
    open_first = sorted(keys, key=lambda key: not _section_open(view, key))
    sections: list[Action] = [Button(SECTION_WORDS[key], CardTap("section", view.id, 0, key)) for key in open_first]
    submit = Button("承認依頼を送る", CardTap("submit", view.id, view.version))
    ready = not _missing(view) and not view.unmended
    return [submit, *sections] if ready else [*sections, submit]


def _section_open(view: ApplicationView, key: str) -> bool:
    return any(section_of(item) == key and (item in _missing(view) or item in view.unmended) for item in view.editable)


def detail_page(view: ApplicationView, link: str) -> Message:
    """詳細申請: the way to the page, and how far it is filled in."""
    done, total = answered(FIELDS_OF[Item.DETAIL], view.answers)
    return Card(
        alt=t("detail.alt"),
        title=ITEM_WORDS[Item.DETAIL],
        state=t("card.basic", done=done, total=total),
        tone="good" if done == total else "wait",
        note=t("detail.note"),
        buttons=(Link("ページを開く", link), Button("プロフィール登録", MenuTap("プロフィール登録"))),
    )


def confirm_submit(view: ApplicationView) -> Message:
    """The one confirmation before 承認依頼."""
    photos = sum(len(view.papers_of(item)) for item in PAPERS)
    notes = [t("submit.note")]
    holder, kana = str(view.answers.get("account_holder", "")), str(view.answers.get("kana", ""))
    if holder and holder_differs(kana, holder):
        notes.insert(0, t("submit.holder_differs", holder=holder, kana=kana))
    if view.unmended:
        unmended = [item for item in Item if item in view.unmended]
        notes.insert(0, t("submit.unmended", items=item_words(unmended)))
    return Card(
        alt=t("submit.alt"),
        title=t("submit.title"),
        state=t("submit.state", organisation=view.organisation),
        tone="wait",
        rows=(
            Row("氏名", view.name),
            Row("フリガナ", kana),
            Row("写真", t("form.photos", count=photos)),
            Row("口座名義", holder),
        ),
        note="\n".join(notes),
        buttons=(
            Button("この内容で送る", CardTap("submit_yes", view.id, view.version)),
            Button("もどる", MenuTap("プロフィール登録")),
        ),
    )


def submitted(view: ApplicationView) -> Message:
    """The receipt after 承認依頼."""
    words = t("submit.done", organisation=view.organisation, number=view.number)
    return Text(words, (Button("登録状況を見る", MenuTap("登録状況")),))


def confirm_withdraw(view: ApplicationView) -> Message:
    """The one confirmation before 取り下げ."""
    yes = Button("はい", CardTap("withdraw_yes", view.id, view.version))
    return Text(t("withdraw.ask", number=view.number), (yes, Button("いいえ", CardTap("withdraw_no"))))


def progress(view: ApplicationView) -> Message:
    """登録状況: each step, who holds it, since when."""
    steps = chain(view)
    return Card(
        alt=t("card.alt", state=state_word(view.state)),
        title="登録状況",
        state=state_word(view.state),
        tone=TONE.get(view.state, "wait"),
        rows=(*(Row(t(f"chain.{step.key}"), *_step(step)) for step in steps), *commission.rows(view)),
        note=_rejection(view) if view.state is State.REJECTED else _note_of_progress(view),
        buttons=_progress_buttons(view),
    )


def _progress_buttons(view: ApplicationView) -> tuple[Action, ...]:
    """What the person can do about the state it is in."""
    match view.state:
        case State.ORGANISATION_REVIEW | State.SECRETARIAT_REVIEW:
            return (Button("取り下げる", CardTap("withdraw", view.id, view.version)),)
        case State.DRAFT | State.RETURNED:
            return (Button("プロフィール登録", MenuTap("プロフィール登録")),)
        case State.TERMS_SENT:
            return (Button("委嘱条件を開く", CardTap("terms")), *commission.buttons(view))
        case State.COMMISSIONED:
            return (commission.LETTER, *commission.buttons(view))
        case _:
            return commission.buttons(view)


def _note_of_progress(view: ApplicationView) -> str:
    number = f"{t('card.number')} {view.number}" if view.number else ""
    mend = returned_words(view) if view.state is State.RETURNED else ""
    return "\n".join(part for part in (number, mend, commission.note(view)) if part)


def _rejection(view: ApplicationView) -> str:
    return f"「{view.decisions[-1].comments.get('', '')}」"


def _step(step: ChainStep) -> tuple[str, str]:
    at = format_datetime(step.since) if step.since else ""
    holder = {"applicant": t("chain.applicant"), "secretariat": t("chain.secretariat_name")}.get(
        step.holder, step.holder
    )
    match step.status:
        case "done":
            return t("chain.done", at=at).strip(), "good"
        case "now":
            return (t("chain.now", holder=holder, at=at) if holder else t("chain.todo")), "wait"
        case "returned" | "suspended":
            return t(f"chain.{step.status}", at=at), "warn"
        case "declined" | "ended":
            return t(f"chain.{step.status}", at=at), "end"
        case "rejected":
            return t("chain.rejected", at=at), "warn"
        case _:
            return t("chain.todo"), "end"


def which_photo(view: ApplicationView, paper_id: str, late: bool) -> Message:
    """A photo that came without a question: what is it?"""
    kinds = [item for item in view.editable if item in PAPERS]
    buttons = [Button(ITEM_WORDS[item], CardTap("sort", paper_id, 0, item)) for item in kinds]
    text = (t("form.late_photo") + "\n" if late else "") + t("photo.what")
    return Text(text, (*buttons, Button("使わない", CardTap("sort", paper_id, 0, ""))))


def guide(role: Role, desk: DeskView | None, also: tuple[Action, ...] = ()) -> Message:
    """使い方, with the desk of one's prefecture; `also`: what else this person may want."""
    words = t(f"menu.guide_{role}") + desk_words(desk) + _desk_place(desk)
    own = (Button("招待の一覧", MenuTap("招待の一覧")),) if role is Role.APPROVER else ()
    return Text(words, (*own, *also, *call(desk)))


def desk_words(desk: DeskView | None) -> str:
    """Whom to call; empty before any desk is set up."""
    return t("menu.desk", name=desk.name, phone=desk.phone, hours=desk.hours) if desk else ""


def _desk_place(desk: DeskView | None) -> str:
    """Where the desk is, by mail and by foot, as far as it says."""
    places = (("menu.desk_mail", desk.mail), ("menu.desk_address", desk.address)) if desk else ()
    return "".join(t(key, place=place) for key, place in places if place)


def call(desk: DeskView | None) -> tuple[Action, ...]:
    """The button that calls the desk, if its number can be dialled."""
    digits = "".join(character for character in to_halfwidth_ascii(desk.phone if desk else "") if character in DIALLED)
    return (Link("電話をかける", f"tel:{digits}"),) if digits else ()


def unknown(words: Sequence[str], desk: DeskView | None) -> Message:
    """Nothing is met by silence: what is possible now, and whom to call."""
    buttons = [Button(word, MenuTap(word)) for word in words[:8]]
    return Text(t("menu.unknown") + desk_words(desk), (*buttons, *call(desk)))
