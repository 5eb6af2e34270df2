"""Every sentence of the catalogue is used, every one that is used exists, and its gaps are filled."""

import ast
import re
from collections.abc import Iterator

from bot.screens.dispatch_notices import REMINDERS
from bot.text import catalogue
from handlers.admin.troubles import REASONS as TROUBLES
from handlers.checks.files import CODES as BUCKET
from handlers.checks.finding import Level
from handlers.doctor import CHECKS
from handlers.web.fields import HINTED
from models.rules.booking import EXCEPTABLE, Code
from models.rules.dispatch import STEPS as DISPATCH_STEPS
from models.rules.dispatch import Action as Step
from models.rules.dispatch import Side, Status, Why
from models.rules.evidence import Answer
from models.rules.invitation import CodeState
from models.rules.moves import REASONS, SHOWN
from models.rules.registration import STAGES, State
from models.rules.roles import Role
from models.rules.visit import End, Evidence, Grade, Reason, Source
from models.views.chain import STEPS
from models.views.dispatch_chain import AHEAD, WAITS
from tests.support import audited
from tests.support.chat import FORMS
from tests.support.source import ROOMS, ROOT, at, calls, literals, nodes

REMINDED = (
    "late_organisation", "late_business", "remind_unanswered_expert", "remind_unanswered_organisation",
    "remind_day_expert", "remind_day_organisation", "remind_hours_expert", "remind_hours_organisation",
    "remind_checkout_expert", "released_expert", "stranded_secretariat",
)  # fmt: skip
TOLD = {f"{row.action}_{side}" for row in DISPATCH_STEPS for side in row.tells} | {
    "request_expert",
    "request_secretariat",
}
"""Every act of a dispatch with everybody it is told."""


def statuses() -> set[str]:
    """The code of every finding: what the functions that make one are given, and the table of the bucket's answers."""
    makers = ("fine", "warning", "error", "unknown", "say")
    made = {
        word
        for path, call in calls(*makers, rooms=("handlers",))
        if path.parent.name == "checks" or path.name == "doctor.py"
        for word in (literals(call.args[0]) if call.args else ())
    }
    chosen = {"quota", "quota_low", "quota_none", "worker_keeps_up", "worker_behind", "sent_keeps_up", "sent_behind"}
    return made | chosen | {code for yes, no, _ in BUCKET.values() for code in (yes, no)}


DYNAMIC: dict[str, tuple[str, ...]] = {
    "answer.*": ("approve", "return", "reject"),
    "approval.*": ("approved", "returned", "rejected"),
    "ask.*": tuple(step.prompt.removeprefix("ask.") for form in FORMS for step in form.steps),
    "audit.*": tuple(sorted(audited.actions()[0])),
    "booking.*": tuple(Code),
    "booking.*_do": tuple(Code),
    "coordinate.done_*": ("reopen", "end", "cancel", "not_held"),
    "coordinate.empty_*": (*Status, "unanswered", "all"),
    "coordinate.except_*": tuple(EXCEPTABLE),
    "coordinate.why_*": tuple(Why),
    "chain.*": (*STEPS, "renewal", "commission", "returned", "declined", "suspended", "ended"),
    "expert.done_*": ("suspend", "lift", "end"),
    "notice.*": ("submitted", "resubmitted", "reminder"),
    "notice.*_approved": tuple(stage.key for stage in STAGES),
    "commission.decline_*_ask": ("terms", "letter"),
    "commission.inviter_*": ("suspend", "lift", "end", "leave"),
    "commission.told_*": ("suspend", "lift", "end"),
    "invitation.state_*": tuple(CodeState),
    "menu.guide_*": tuple(Role),
    "move.state_*": SHOWN,
    "move.why_*": REASONS,
    "notice.outcome_*": ("approve", "return", "reject"),
    "dispatch.*_alt": ("waits", "proposals"),
    "dispatch.*_receipt": ("fixed", "proposed", "declined", "none_fits", "withdrawn", "cancelled"),
    "dispatch_chain.*": (*Step, *(key for key, _ in WAITS.values()), *AHEAD, "request", "done", "now"),
    "dispatch_chain.by_*": tuple(Side),
    "dispatch_list.none_*": ("organisation", "expert"),
    "dispatch_list.side_*": ("organisation", "expert"),
    "dispatch_list.title_*": ("organisation", "expert"),
    "dispatch.about_*": (
        "request",
        "late",
        "released",
        "stranded",
        *REMINDERS,
        *(row.action for row in DISPATCH_STEPS if row.tells),
    ),
    "dispatch.by_*": tuple(Side),
    "dispatch.note_*": tuple(key.partition("note_")[2] for key in catalogue() if key.startswith("dispatch.note_")),
    "dispatch.note_*_*": ("requested_expert", "requested_organisation"),
    "dispatch.status_*": tuple(Status),
    "dispatch.told_*_*": (*TOLD, *REMINDED),
    "hint.*": tuple(HINTED),
    "page.link_*": ("over", "browser", "gone"),
    "page.link_*_next": ("over", "browser", "gone"),
    "page.*_next": (
        *(
            f"{name}_{why}"
            for name in ("papers", "letter", "profile", "request", "check-in", "certify", "experts")
            for why in ("over", "browser", "gone")
        ),
        "terms_gone",
        "form_over",
        "form_browser",
        "calendar_over",
    ),
    "page.*_*": tuple(key.removeprefix("page.") for key in catalogue() if re.fullmatch(r"page\.(title|next)_\d+", key)),
    "role.only_*": tuple(Role),
    "role.switched_*": (Role.EXPERT, Role.APPROVER),
    "status.*": tuple(statuses()),
    "status_do.*": tuple(key.partition(".")[2] for key in catalogue() if key.startswith("status_do.")),
    "status.level_*": tuple(Level),
    "status.group_*": tuple(check.group for check in CHECKS),
    "trouble.why_*": tuple(sorted(set(TROUBLES.values()))),
    "staff.did_*": ("role", "end", "restore", "everywhere", "code", "link"),
    "staff.done_*": ("approve", "return", "reject"),
    "state.*": tuple(State),
    "evidence.by_*": ("staff", "person", "business", "system"),
    "evidence.certified_*": ("signature", "link"),
    "evidence.done_*": tuple(Answer),
    "evidence.empty_*": tuple(Evidence),
    "evidence.end_*": tuple(End),
    "evidence.note_*": (*Answer, "answer", "corrected", "declared", "disagreed", "photo", "undone"),
    "evidence.short_*": tuple(Reason),
    "evidence.state_*": tuple(Evidence),
    "visit.grade_*": tuple(Grade),
    "visit.reason_*": tuple(Reason),
    "visit.source_*": tuple(Source),
    "visit_told.*_*": (
        "certify_business",
        "certified_expert",
        "certified_organisation",
        "accept_expert",
        "ask_expert",
        "reject_expert",
        "corrected_expert",
        "corrected_organisation",
        "undone_expert",
        "undone_organisation",
    ),
    "visit_told.state_*": ("done", "ask", "reject", "changed"),
}
"""Keys that are put together at run time, and every ending they can have."""
NOT_SENTENCES = {"dispatch.*", "invitation.issue_*", "application.*", "message.*"}
"""Of the same shape, but for the audit or for events."""
INNER_CODES = {"staff.faults"}
"""Codes that are never shown as they are."""
CODES = (
    "t", "Refused", "Unclear", "NotPossible", "NotAllowed", "NotFound", "Stale", "TooManyAttempts", "DomainError",
    "PhotoRefused", "PhotoBad", "Misfit", "_again", "_misfit",
)  # fmt: skip
KEY = re.compile(r"[a-z_]+\.[a-z_0-9]*[a-z0-9]")


def expand(pattern: str) -> set[str]:
    prefix, _, suffix = pattern.partition("*")
    suffix = "" if suffix == "_*" else suffix
    return {f"{prefix}{ending}{suffix}" for ending in DYNAMIC[pattern]}


def patterns() -> Iterator[tuple[str, str]]:
    """Every f-string that looks like a key of the catalogue: its place, and its pattern."""
    for path, node in nodes(*ROOMS):
        if isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "*" for part in node.values]
            pattern = "".join(str(part) for part in parts)
            if re.fullmatch(r"[a-z_]+\.[a-z_*]+", pattern) and "*" in pattern:
                yield at(path, node), pattern


def test_every_sentence_that_is_used_exists():
    missing = []
    for path, call in calls(*CODES):
        keys = {word for argument in call.args for word in literals(argument) if KEY.fullmatch(word)}
        missing += [f"{at(path, call)} {key}" for key in keys - set(catalogue()) - INNER_CODES]
    assert not missing, f"write these sentences in bot/text: {missing}"


def test_keys_put_together_at_run_time_are_known_and_exist():
    unknown = {f"{place} {pattern}" for place, pattern in patterns() if pattern not in {*DYNAMIC, *NOT_SENTENCES}}
    assert not unknown, f"add to DYNAMIC above with every ending: {unknown}"
    missing = {key for pattern in DYNAMIC for key in expand(pattern)} - set(catalogue())
    assert not missing, f"write these sentences in bot/text: {missing}"


def test_every_sentence_is_used():
    used = {key for pattern in {pattern for _, pattern in patterns()} & set(DYNAMIC) for key in expand(pattern)}
    used |= {word for _, node in nodes(*ROOMS) if isinstance(node, ast.Constant) for word in literals(node)}
    templates = [path.read_text("utf-8") for room in ROOMS for path in (ROOT / room).rglob("*.html")]
    used |= {word for text in templates for word in re.findall(KEY, text)}
    unused = sorted(set(catalogue()) - used)
    assert not unused, f"nobody says these sentences, take them out of bot/text: {unused}"


def gaps(sentence: str) -> set[str]:
    return set(re.findall(r"\{([a-z_]+)", sentence))


def test_every_gap_of_a_sentence_is_filled_where_it_is_said():
    unfilled = []
    for path, call in calls("t"):
        given = {keyword.arg for keyword in call.keywords}
        keys = {word for word in literals(call.args[0]) if word in catalogue()} if call.args else set()
        if None not in given:
            unfilled += [f"{at(path, call)} {key}" for key in keys if gaps(catalogue()[key]) - given]
    assert not unfilled


def test_every_gap_of_a_refusal_is_filled_where_it_is_made():
    unfilled = []
    for path, call in calls("Refused", "PhotoRefused", "NotPossible", "NotAllowed", "Stale"):
        given = {str(keyword.arg) for keyword in call.keywords}
        for data in call.args[1:]:
            given |= set(literals(data)) if isinstance(data, ast.Dict) else {"*"}
        keys = {word for argument in call.args[:1] for word in literals(argument) if word in catalogue()}
        unfilled += [f"{at(path, call)} {key}" for key in keys if "*" not in given and gaps(catalogue()[key]) - given]
    assert not unfilled


def test_the_question_after_an_unclear_answer_has_no_gaps():
    """The engine has nothing to fill them with."""
    for path, call in calls("Unclear"):
        for word in literals(call.args[0]):
            assert not gaps(catalogue().get(word, "")), at(path, call)


def test_sentences_are_polite_japanese_and_not_too_long_for_a_message():
    for key, sentence in catalogue().items():
        assert sentence == sentence.strip(" \t"), key
        assert len(sentence) < 1500, key
        assert "不正" not in sentence, f"{key}: say what is expected instead"
