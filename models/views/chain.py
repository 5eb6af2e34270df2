"""登録状況: the chain of an application — each step, who holds it, since when (`domain.md` 2)."""

from models.rules.registration import State
from models.views.registration import ApplicationView, ChainStep

REVIEWS = ("draft", "organisation", "secretariat")
APPOINTMENT = ("terms", "letter", "acceptance")
STEPS = (*REVIEWS, *APPOINTMENT)
_AT = {
    State.DRAFT: "draft",
    State.RETURNED: "draft",
    State.ORGANISATION_REVIEW: "organisation",
    State.SECRETARIAT_REVIEW: "secretariat",
    State.TERMS_SENT: "terms",
    State.TERMS_AGREED: "letter",
    State.COMMISSIONED: "acceptance",
}
_STOPPED = {State.SUSPENDED: "suspended", State.ENDED: "ended"}


def chain(view: ApplicationView) -> tuple[ChainStep, ...]:
    """The steps in order. A renewal begins with the expert's answer and goes through the appointment again."""
    if view.state is State.REJECTED:
        return _rejected(view)
    if view.state is State.WITHDRAWN:
        return _declined(view)
    if view.state in _AT:
        steps = (*REVIEWS, "renewal", *APPOINTMENT) if view.subject.renewing else STEPS
        at = steps.index(_AT[view.state])
        return tuple(_step(view, key, place - at) for place, key in enumerate(steps))
    done = tuple(_step(view, key, -1) for key in STEPS)
    if view.state is State.RENEWAL_DUE:
        return (*done, ChainStep("renewal", "now", "applicant", view.state_since))
    if view.state in _STOPPED:
        return (*done, ChainStep("commission", _STOPPED[view.state], "", view.state_since))
    return done


def _step(view: ApplicationView, key: str, ahead: int) -> ChainStep:
    holder = _holder(view, key)
    if ahead == 0:
        status = "returned" if view.state is State.RETURNED else "now"
        return ChainStep(key, status, holder, view.state_since)
    if ahead > 0:
        return ChainStep(key, "todo", holder)
    return ChainStep(key, "done", *_done_by(view, key))


def _holder(view: ApplicationView, key: str) -> str:
    return {"draft": "applicant", "organisation": view.organisation, "secretariat": "secretariat"}.get(key, "")


def _done_by(view: ApplicationView, key: str):
    if key == "draft":
        return "applicant", view.submitted_at
    if key in view.passed:
        return "", view.passed[key]
    answered = [decision for decision in view.decisions if decision.stage == key]
    return (_holder(view, key), answered[-1].decided_at if answered else None)


def _rejected(view: ApplicationView) -> tuple[ChainStep, ...]:
    last = view.decisions[-1]
    at = STEPS.index(last.stage)
    before = tuple(_step(view, key, -1) for key in STEPS[:at])
    return (*before, ChainStep(last.stage, "rejected", _holder(view, last.stage), last.decided_at))


def _declined(view: ApplicationView) -> tuple[ChainStep, ...]:
    """The terms were declined, or the commission after the letter."""
    at = STEPS.index("acceptance" if view.lettered else "terms")
    before = tuple(_step(view, key, -1) for key in STEPS[:at])
    return (*before, ChainStep(STEPS[at], "declined", "", view.state_since))
