"""A request that is being written: the card with what is there and what stands in the way, and its receipt."""

from collections.abc import Mapping, Sequence
from datetime import date

from bot.forms.request import ANYBODY_WORD
from bot.line.messages import Action, Button, Card, Link, Message, Row, Text
from bot.postbacks import CardTap, MenuTap
from bot.screens import booking
from bot.text import t
from models.rules.booking import OF_EXPERT, OF_TIMES, Problem
from models.rules.dispatch import Why
from models.rules.judgement import Value, as_text
from models.rules.request import ANYBODY, OTHER, PLACE_SOURCE, SLOTS, fields, missing, show_accompany, show_slot
from models.views.dispatch import DispatchView
from models.views.request import DraftView

MENDED = ("business", "title", "topic", "place", *SLOTS, "expert")
"""What can be mended in the chat by a tap under the card."""
PAGE_LABEL = "ページで入力する"
CHECKED = frozenset({"business", "place", "slot_1", "expert"})
"""Nothing is checked before these are there."""


def card(view: DraftView, problems: Sequence[Problem], link: str, today: date, *, organisations: int = 1) -> Message:
    """Everything as it stands; the main button is whatever comes next."""
    lacking = missing(view.answers, today)
    state, tone = _state(lacking, problems)
    return Card(
        alt=t("request.alt", state=state),
        title=t("request.title", nth=view.nth) if view.follows else t("request.title_first"),
        state=state,
        tone=tone,
        rows=(*_rows(view, lacking), *_in_the_way(problems)),
        note=_note(view, lacking, problems),
        buttons=_buttons(view, lacking, problems, link),
        quick=_quick(view, link, organisations),
    )


def _state(lacking: Sequence[str], problems: Sequence[Problem]) -> tuple[str, str]:
    if problems:
        return t("request.state_problems", count=len(problems)), "warn"
    return (t("request.state_missing", count=len(lacking)), "wait") if lacking else (t("request.state_ready"), "good")


def _rows(view: DraftView, lacking: Sequence[str]) -> list[Row]:
    shown = {
        "business": text_of(view.answers, "business"),
        "title": text_of(view.answers, "title"),
        "topic": topic_words(view.answers),
        "place": place_words(view.answers),
        "slot_1": times_words(view.answers),
        "accompany": show_accompany(view.answers.get("accompany", "")),
        "expert": expert_words(view),
        "contact_name": text_of(view.answers, "contact_name"),
        "wishes": text_of(view.answers, "wishes"),
    }
    of = {field.key: field.name for field in fields(date.min)} | {"slot_1": t("request.times")}
    rows = [
        Row(of[key], value or t("request.empty"), "warn" if key in lacking else "plain") for key, value in shown.items()
    ]
    others = [of[key] for key in lacking if key not in shown]
    more = [Row(t("request.also_missing"), "・".join(others), "warn")] if others else []
    follows = [Row(t("request.follows"), view.follows)] if view.follows else []
    return [Row(t("request.organisation"), view.organisation), *follows, *rows, *more]


def _in_the_way(problems: Sequence[Problem]) -> list[Row]:
    return [Row(booking.reason(problem), booking.remedy(problem), "warn", wide=True) for problem in problems]


def _note(view: DraftView, lacking: Sequence[str], problems: Sequence[Problem]) -> str:
    if problems:
        return t("request.note_exception") if all(each.exceptable for each in problems) else t("request.note_problems")
    if lacking:
        return t("request.note_missing")
    return t("request.note_anybody") if view.answers.get("expert") == ANYBODY else t("request.note_ready")


def _buttons(view: DraftView, lacking: Sequence[str], problems: Sequence[Problem], link: str) -> tuple[Action, ...]:
    page = Link(PAGE_LABEL, link)
    if problems:
        return (*_ways_out(view, lacking, problems), page)[:3]
    if not lacking:
        return (Button("この内容で送る", CardTap("request_send", view.id, view.version)), page)
    asked = {*MENDED, "business_address", "topic_other"} & set(lacking)
    go_on = Button("続きを答える", CardTap("request_go", view.id))
    return (go_on, page) if asked else (page,)


def _ways_out(view: DraftView, lacking: Sequence[str], problems: Sequence[Problem]) -> list[Action]:
    """What `domain.md` 3 and 6 leave to do: an exception, another expert, another time."""
    ways: list[Action] = []
    if all(problem.exceptable for problem in problems) and not lacking:
        ways.append(Button("事務局に例外を依頼", CardTap("request_exception", view.id, view.version)))
    if any(problem.code in OF_EXPERT for problem in problems):
        ways.append(Button("別の専門家を選ぶ", CardTap("request_edit", view.id, 0, "expert")))
    if any(problem.code in OF_TIMES for problem in problems):
        ways.append(Button("日時を変える", CardTap("request_times", view.id)))
    return ways or [Button("続きを答える", CardTap("request_go", view.id))]


def _quick(view: DraftView, link: str, organisations: int) -> tuple[Action, ...]:
    """Mending one answer, by a tap; the page is always there."""
    names = {field.key: field.name for field in fields(date.min)}
    mend = [Button(f"{names[key]}を直す", CardTap("request_edit", view.id, 0, key)) for key in MENDED]
    other = [Button("支援機関を変える", CardTap("request_which", view.id))] if organisations > 1 else []
    return (Link(PAGE_LABEL, link), *mend, *other, Button("依頼をやめる", CardTap("request_drop", view.id)))


def text_of(answers: Mapping[str, Value], key: str) -> str:
    """A plain answer."""
    return as_text(answers.get(key, ""))


def topic_words(answers: Mapping[str, Value]) -> str:
    """支援課題, and what その他 stands for."""
    topic, other = text_of(answers, "topic"), text_of(answers, "topic_other")
    return t("request.topic_other", topic=topic, other=other) if topic == OTHER and other else topic


def place_words(answers: Mapping[str, Value]) -> str:
    """The address, and whether it is known where on the map it lies."""
    address = text_of(answers, "place")
    return address if not address or answers.get(PLACE_SOURCE) else t("request.place_unknown", address=address)


def times_words(answers: Mapping[str, Value]) -> str:
    """The wished times, one a line."""
    return "\n".join(show_slot(answers[key]) for key in SLOTS if answers.get(key))


def expert_words(view: DraftView) -> str:
    """The expert's name, or who proposes one."""
    return ANYBODY_WORD if view.answers.get("expert") == ANYBODY else view.expert


def times_question(view: DraftView) -> Message:
    """日時を変える: which of them."""
    held = [key for key in SLOTS if view.answers.get(key)]
    free = [key for key in SLOTS if key not in held][:1]
    names = {field.key: field.name for field in fields(date.min)}
    shown = "\n".join(t("request.slot_line", name=names[key], time=show_slot(view.answers[key])) for key in held)
    buttons = [Button(names[key], CardTap("request_edit", view.id, 0, key)) for key in (*held, *free)]
    length = Button("支援時間", CardTap("request_edit", view.id, 0, "length"))
    return Text(t("request.which_time", times=shown), (*buttons, length))


def which_organisation(choices: Sequence[tuple[str, str]]) -> Message:
    """For which organisation the dispatch is asked: (id, name) pairs."""
    buttons = tuple(Button(name, CardTap("request_for", organisation_id)) for organisation_id, name in choices[:13])
    return Text(t("request.which_organisation"), buttons)


def confirm_drop(view: DraftView) -> Message:
    """依頼をやめる: the one confirmation."""
    yes = Button("消す", CardTap("request_drop_yes", view.id))
    return Text(t("request.drop_ask"), (yes, Button("残す", MenuTap("派遣を依頼"))))


def confirm_again(view: DraftView, dispatch_id: str) -> Message:
    """A request like an earlier one would take the place of the one at hand."""
    title = text_of(view.answers, "title") or text_of(view.answers, "business") or t("request.title_first")
    yes = Button("消して新しく始める", CardTap("ask_again", dispatch_id, 0, "yes"))
    return Text(t("request.again_ask", title=title), (yes, Button("書きかけを続ける", MenuTap("派遣を依頼"))))


def receipt(view: DispatchView) -> Message:
    """What was sent, when and under which number, and what comes next."""
    if view.why is None:
        note = t("request.sent_expert", expert=view.expert)
    else:
        note = t("request.sent_exception" if view.why is Why.EXCEPTION else "request.sent_anybody")
    return Card(
        alt=t("request.receipt_alt", number=view.number),
        title=t("request.receipt", number=view.number),
        state=t("request.state_sent"),
        tone="good",
        rows=(
            Row(t("request.business"), view.business),
            Row(t("request.subject"), view.title),
            Row(t("request.expert_row"), view.expert or t("request.by_secretariat")),
        ),
        note=note,
        buttons=(Button("派遣状況", MenuTap("派遣状況")),),
    )


def already_sent(view: DispatchView) -> Message:
    """The same button once more."""
    words = t("request.sent", number=view.number)
    return Text(words, (Button("派遣状況", MenuTap("派遣状況")), Button("派遣を依頼", MenuTap("派遣を依頼"))))
