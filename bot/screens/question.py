"""The question of a form, its buttons, and the review at its end."""

from collections.abc import Sequence

from bot.form import Form, Step
from bot.line.messages import (
    Action,
    Button,
    Camera,
    CameraRoll,
    Card,
    Message,
    PickDate,
    Row,
    SendLocation,
    Text,
)
from bot.postbacks import FormTap, MenuTap
from bot.session import Session
from bot.text import t
from models.rules.fields import Choice, display

PAGE = 9
CANDIDATES = 10


def _button(form: Form, session: Session, label: str, act: str, value: str = "") -> Button:
    return Button(label, FormTap(form.key, session.revision, act, value))


def question(form: Form, session: Session, before: Sequence[str] = ()) -> Message:
    """The question the session stands at, after the sentences `before`."""
    step = form.step(session.step)
    if step is None:
        raise LookupError(session.step)
    asked = form.asked(session.answers)
    at = f"{form.title} {[s.key for s in asked].index(step.key) + 1}/{len(asked)}" if form.numbered else ""
    head = "　".join(part for part in (at, "".join(before)) if part)
    prompt = _prompt(session, step, told=any(before))
    return Text("\n".join(part for part in (head, prompt) if part), buttons(form, session, step))


def _prompt(session: Session, step: Step, *, told: bool) -> str:
    """What is asked; where the receipt of a photo was just `told`, only whether there are more."""
    held = session.answers.get(step.key) if step.photos and told else None
    if not isinstance(held, list) or not held:
        return t(step.prompt, name=step.field.name, example=step.field.example)
    return t("form.more_photos") if len(held) < step.photos else ""


def ticked(session: Session) -> tuple[str, ...]:
    """What is ticked now; a question opened again starts with its old answer ticked."""
    if session.picked is not None:
        return session.picked
    held = session.answers.get(session.step)
    return tuple(held) if isinstance(held, list) else ()


def buttons(form: Form, session: Session, step: Step) -> tuple[Action, ...]:
    """The answers that can be tapped, and the engine's own buttons."""
    actions = _answers(form, session, step)
    actions += [Button(word, MenuTap(word)) for word in step.menu]
    if step.field.optional:
        actions.append(_button(form, session, "スキップ", "skip"))
    actions.append(_button(form, session, "もどる", "back"))
    actions.append(_button(form, session, "中断する", "pause"))
    return tuple(actions)


def _answers(form: Form, session: Session, step: Step) -> list[Action]:
    if step.photos:
        return _photo_buttons(form, session, step)
    if session.options:
        return [_button(form, session, label, "answer", value) for label, value in session.options[:CANDIDATES]]
    if step.field.kind == "date":
        tap = FormTap(form.key, session.revision, "date")
        return [PickDate("日付を選ぶ", tap, "1980-01-01", "1920-01-01", step.latest or "2100-12-31")]
    if step.field.kind == "datetime":
        tap = FormTap(form.key, session.revision, "date")
        return [PickDate("日時を選ぶ", tap, step.initial or step.earliest, step.earliest, step.latest, "datetime")]
    if step.field.kind == "place":
        return [SendLocation("地図で選ぶ"), *_paged(form, session, step.options(session.answers))]
    if step.groups:
        return _grouped(form, session, step)
    choices = step.options(session.answers)
    return _many(form, session, choices) if step.field.many else _paged(form, session, choices)


def _photo_buttons(form: Form, session: Session, step: Step) -> list[Action]:
    buttons: list[Action] = []
    if session.answers.get(step.key):
        use = "このまま使う" if step.photos == 1 else "次へ"
        buttons += [_button(form, session, use, "done"), _button(form, session, "撮り直す", "retake")]
    return [*buttons, Camera("写真をとる"), CameraRoll("アルバムから選ぶ")]


def _grouped(form: Form, session: Session, step: Step) -> list[Action]:
    members = step.groups.get(session.page)
    if members is None:
        return [_button(form, session, group, "page", group) for group in step.groups]
    return [_button(form, session, choice.label, "answer", choice.value) for choice in members]


def _paged(form: Form, session: Session, choices: Sequence[Choice], ticks: Sequence[str] = ()) -> list[Action]:
    room = PAGE - bool(ticks)
    pages = -(-len(choices) // (room - 1)) if len(choices) > PAGE else 1
    page = int(session.page) % pages if session.page.isdecimal() and len(session.page) < 3 else 0
    shown = choices if pages == 1 else choices[page * (room - 1) : (page + 1) * (room - 1)]
    buttons: list[Action] = [
        _button(form, session, f"✓{choice.label}" if choice.value in ticks else choice.label, "answer", choice.value)
        for choice in shown
    ]
    if pages > 1:
        buttons.append(_button(form, session, "ほかを見る", "page", str(page + 1)))
    return buttons


def _many(form: Form, session: Session, choices: Sequence[Choice]) -> list[Action]:
    ticks = ticked(session)
    shown = _paged(form, session, choices, ticks)
    return [_button(form, session, "選び終わった", "done"), *shown] if ticks else shown


def review(form: Form, session: Session, before: Sequence[str] = ()) -> tuple[Message, ...]:
    """All answers with the button that ends the form, and the one that mends an answer."""
    rows = tuple(Row(step.field.name, _shown(step, session)) for step in form.asked(session.answers))
    card = Card(
        alt=t("form.review_alt", title=form.title),
        title=form.title,
        state=t(form.review),
        tone="wait",
        rows=rows,
        buttons=(
            _button(form, session, form.finish, "finish"),
            _button(form, session, "直す", "edit"),
        ),
        quick=(
            _button(form, session, form.finish, "finish"),
            _button(form, session, "直す", "edit"),
            _button(form, session, "中断する", "pause"),
        ),
    )
    return (Text("".join(before)), card) if before else (card,)


def _shown(step: Step, session: Session) -> str:
    value = session.answers.get(step.key)
    if step.photos:
        return t("form.photos", count=str(len(value or ())))
    return display(step.field, value, session.answers) if value else "（なし）"


def which_to_mend(form: Form, session: Session) -> Message:
    """Which answer is to be changed."""
    steps = form.asked(session.answers)
    shown = [_button(form, session, step.field.name, "edit", step.key) for step in steps[:11]]
    return Text(t("form.which_to_mend"), (*shown, _button(form, session, "もどる", "page")))
