"""The house keeps its own rules: sizes, names, docstrings, routes, notices, README. Each failure tells the fix."""

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from typing import Any

import click
import pytest

from bot.emulator.validation import refuse_messages
from bot.line.messages import Button
from bot.line.richmenus import MENUS
from bot.postbacks import CardTap
from bot.screens.dispatch_notices import REMINDERS, VISIT_ACTS
from bot.screens.notices import mail, render, words
from handlers.cli import main
from handlers.line import routes
from models import notices
from models.rules import permissions
from models.rules.dispatch import STEPS as DISPATCH_STEPS
from models.rules.dispatch import Action as DispatchAction
from models.rules.dispatch import Side, Step
from models.rules.moves import REASONS
from models.rules.permissions import APPLICATION, DISPATCH, GENERAL
from models.rules.registration import APPOINTING, STAGES, TRANSITIONS, Action, Item, State
from tests.support.chat import FORMS
from tests.support.source import ROOMS, ROOT, at, attributes, calls, literals, nodes, sources, tree

MOST_LINES = 400
MOST_LINES_OF_A_FUNCTION = 50
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "stuff", "lib"}


# --- sizes and names ------------------------------------------------------------------------------


@pytest.mark.parametrize("room", [*ROOMS, "tests", "benchmarks"])
def test_a_file_can_be_held_in_the_head(room: str):
    long = {
        str(path): count for path in sources(room) if (count := len(path.read_text("utf-8").splitlines())) >= MOST_LINES
    }
    assert not long, f"split by subject (hard limit {MOST_LINES} lines): {long}"


@pytest.mark.parametrize("room", ROOMS)
def test_a_function_can_be_read_at_a_glance(room: str):
    long = [
        f"{at(path, node)} {node.name}"
        for path, node in nodes(room)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 >= MOST_LINES_OF_A_FUNCTION
    ]
    assert not long, f"take a step out of it (limit {MOST_LINES_OF_A_FUNCTION} lines): {long}"


@pytest.mark.parametrize("room", ROOMS)
def test_every_package_says_what_it_is_for(room: str):
    folders = {path.parent for path in sources(room)}
    silent = [
        str(folder.relative_to(ROOT))
        for folder in folders
        if not (folder / "__init__.py").exists() or not ast.get_docstring(tree(folder / "__init__.py"))
    ]
    assert not silent, f"an __init__.py with a docstring is missing: {silent}"


def test_every_module_says_what_it_is_for():
    silent = [str(path) for path in sources(*ROOMS) if not ast.get_docstring(tree(path))]
    assert not silent


def test_no_name_hides_what_is_inside():
    vague = [str(path) for path in sources(*ROOMS, "tests", "benchmarks") if VAGUE & {path.stem, *path.parts}]
    assert not vague, f"name the subject instead: {vague}"


# --- states, permissions, routes ------------------------------------------------------------------


ASKED = {
    Action.SUBMIT: "application.submit",
    Action.WITHDRAW: "application.withdraw",
    Action.AGREE: "terms.answer",
    Action.ISSUE: "letter.issue",
    Action.ACCEPT: "letter.answer",
    Action.FALL_DUE: "commission.run",
    Action.LAPSE: "commission.run",
    Action.CONTINUE: "commission.answer",
    Action.LEAVE: "commission.answer",
    Action.SUSPEND: "commission.suspend",
    Action.LIFT: "commission.lift",
    Action.END: "commission.end",
}
CAST = [
    permissions.Actor("person", person_id="applicant"),
    permissions.Actor("person", person_id="approver", organisations=frozenset({"org"})),
    permissions.Actor("staff", staff_id="clerk", staff_role="clerk"),
    permissions.SYSTEM,
]


@pytest.mark.parametrize(("state", "action"), list(TRANSITIONS), ids=str)
def test_somebody_can_take_every_step_of_the_lifecycle(state: State, action: Action):
    assert action.name in attributes("Action", "handlers/usecases"), f"no use case does {action}"
    again = state in APPOINTING and action in (Action.SUSPEND, Action.LEAVE, Action.END)
    subject = permissions.ApplicationSubject("applicant", "org", state, renewing=again)
    declining = "terms.answer" if state is State.TERMS_SENT else "letter.answer"
    asked = declining if action is Action.DECLINE else ASKED.get(action, "application.decide")
    assert [actor for actor in CAST if permissions.can(actor, asked, subject)], f"nobody may {action} in {state}"


WITH_REPORTS = {DispatchAction.SEND_REPORT, DispatchAction.RETURN_REPORT, DispatchAction.COMPLETE}
"""Steps of a dispatch that nobody takes until there are reports."""


@pytest.mark.parametrize("action", list(DispatchAction), ids=str)
def test_every_step_of_a_dispatch_has_a_use_case(action: DispatchAction):
    done = action.name in attributes("Action", "handlers/usecases")
    assert done is (action not in WITH_REPORTS), f"no use case does {action}, or take it out of WITH_REPORTS"


@pytest.mark.parametrize("step", DISPATCH_STEPS, ids=lambda step: f"{step.status}-{step.action}")
def test_somebody_can_take_every_step_of_a_dispatch(step: Step):
    subject = permissions.DispatchSubject("org", "expert", step.status, "approver")
    cast = [*CAST, permissions.Actor("person", person_id="expert")]
    assert [actor for actor in cast if permissions.can(actor, f"dispatch.{step.action}", subject)]


def test_every_permission_is_asked_for():
    said = {
        word for _, node in nodes("handlers", "storage") if isinstance(node, ast.Constant) for word in literals(node)
    }
    steps = {f"dispatch.{action}" for action in DispatchAction}
    assert {*APPLICATION, *GENERAL, *DISPATCH} - steps <= said


@pytest.mark.parametrize("word", sorted({area.word for menu in MENUS for area in menu.areas}))
def test_every_word_of_the_rich_menus_leads_somewhere(word: str):
    assert word in routes.MENU


def built(kind: str) -> set[str]:
    """The first argument of every CardTap(…) or MenuTap(…) in the code."""
    return {word for _, call in calls(kind, rooms=("bot", "handlers")) for word in literals(call.args[0])[:1]}


def test_every_button_of_a_card_leads_somewhere_and_every_handler_has_a_button():
    assert built("CardTap") - {"resume"} == set(routes.CARDS)


def test_every_menu_word_on_a_button_leads_somewhere():
    assert built("MenuTap") <= set(routes.MENU)


def test_every_form_can_be_taken_up_again_and_has_its_command():
    assert set(routes.FORMS) == {form.key for form in FORMS}
    assert set(routes.COMMANDS) == {form.command for form in FORMS}


def test_no_tap_of_a_card_is_too_long_for_line():
    for act in routes.CARDS:
        Button("x" * 40, CardTap(act, "f" * 36, 2**31, "v" * 40)).as_json()


# --- notices --------------------------------------------------------------------------------------

SPAN = "2026-11-28T22:00:00+09:00/2026-11-29T01:00:00+09:00"
LONG = "齋藤👨‍👩‍👧" * 60
VALUES: dict[str, tuple[Any, ...]] = {
    "stage": tuple(stage.key for stage in STAGES),
    "answer": ("approve", "return", "reject"),
    "action": ("suspend", "lift", "end"),
    "step": ("suspend", "lift", "end", "leave"),
    "ends": ("2027-03-31",),
    "application_id": ("f" * 36,),
    "item": ("basic", "account"),
    "items": ((("identity", "期限切れです"),), tuple((item.value, LONG) for item in Item), (("", LONG),), ()),
    "missing": ((), tuple(item.value for item in Item)),
    "state": ("draft", "returned"),
    "why": REASONS,
    "dispatch_id": ("f" * 36,),
    "act": (
        *(one.action for one in DISPATCH_STEPS),
        "request",
        "late",
        "released",
        "stranded",
        *REMINDERS,
        *VISIT_ACTS,
    ),
    "by": tuple(Side),
    "to": tuple(Side),
    "times": (("2026-11-28T13:00:00+09:00/2026-11-28T16:00:00+09:00",), (SPAN,) * 3),
    "proposed": ((), (SPAN,), (SPAN,) * 5),
    "slots": ((), ("f" * 36,) * 3),
    "wished": ((), (SPAN,) * 3),
    "received": ("2026-11-21T01:00:00+00:00",),
    "when": (SPAN, ""),
    "point": ("", "35.681236,139.767125"),
    "category": ("", "schedule", "30", LONG),
    "answer_by": ("", "2026-11-25"),
    "distance": (-1, 12600),
    "bool": (False, True),
    "int": (1, 2**31),
    "str": ("山田 太郎", LONG, ""),
}
LINE_KINDS = sorted(notices.KINDS)


def examples(kind: type[Any]) -> list[Any]:
    """Notices of a kind: each value of each field at least once."""
    options = [
        VALUES.get(field.name) or VALUES[str(getattr(field.type, "__name__", field.type))] for field in fields(kind)
    ]
    rounds = max(len(values) for values in options)
    return [kind(*(values[at % len(values)] for values in options)) for at in range(rounds)]


@pytest.mark.parametrize("kind", LINE_KINDS)
def test_every_notice_has_words_messages_and_a_mail(kind: str):
    for notice in examples(notices.KINDS[kind]):
        assert words(notice).strip()
        refuse_messages({"messages": render(notice)})
        subject, text = mail(notice, "https://example.jp/admin/")
        assert subject.startswith("【中小企業119】")
        assert "\n" not in subject
        assert text.strip()
        assert notices.from_json(notices.to_json(notice)) == notice


@pytest.mark.parametrize("kind", LINE_KINDS)
def test_every_notice_is_sent_by_something(kind: str):
    assert list(calls(kind, rooms=("handlers",))), f"nothing tells {kind}"


@pytest.mark.parametrize(
    "kind", ["ApplicationSubmitted", "ApplicationReturned", "RenewalAsked", "ProfileChangeReturned"]
)
def test_a_notice_that_wants_something_says_so_first(kind: str):
    for notice in examples(notices.KINDS[kind]):
        assert words(notice).startswith("【要対応】")
        shown = render(notice)[0]
        assert str(shown.get("altText") or shown.get("text")).startswith("【要対応】")


# --- what the README promises ---------------------------------------------------------------------


@cache
def readme() -> str:
    return (ROOT / "README.md").read_text("utf-8")


WSGI = {"PATH_INFO"}


def environment_names() -> set[str]:
    paths = [ROOT / "handlers" / "settings.py", ROOT / "handlers" / "bootstrap.py"]
    said = {word for path in paths for node in ast.walk(tree(path)) for word in literals(node)}
    return {word for word in said if re.fullmatch(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*", word) and len(word) > 3} - WSGI


@pytest.mark.parametrize("name", sorted(environment_names()))
def test_every_setting_is_documented(name: str):
    assert f"`{name}`" in readme(), f"describe {name} in README.md"


def commands(group: click.Command, path: str = "") -> Iterator[str]:
    if isinstance(group, click.Group):
        for name, command in group.commands.items():
            yield from commands(command, f"{path} {name}".strip())
    else:
        yield path


@pytest.mark.parametrize("command", sorted(commands(main)))
def test_every_command_is_documented(command: str):
    assert re.search(rf"[`\s]{re.escape(command)}[`\s|]", readme()), f"describe `{command}` in README.md"


def test_every_target_of_the_makefile_says_what_it_does():
    text = (ROOT / "Makefile").read_text("utf-8")
    targets = re.findall(r"^([a-z][a-z-]*):(.*)$", text, re.MULTILINE)
    assert {"install", "run", "test", "lint", "bench"} <= {name for name, _ in targets}
    assert not [name for name, rest in targets if "##" not in rest]
