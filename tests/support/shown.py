"""Everything the product can show, made with values as they come and as long as they can get."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product

from bot.form import Form, Step
from bot.line.messages import Message
from bot.line.richmenus import MENUS
from bot.moves import begin
from bot.screens import (
    account,
    appointment,
    approval,
    commission,
    consent,
    invitation,
    profile,
    question,
    registration,
    request,
)
from bot.session import REVIEW, Session
from models.rules import commission as calendar
from models.rules.booking import EXCEPTABLE, Code, Problem
from models.rules.fields import Value
from models.rules.permissions import Actor, ApplicationSubject
from models.rules.profile import Hours
from models.rules.registration import APPOINTING, COMMISSION, PAPERS, STAGES, Item, State
from models.rules.roles import Role
from models.views.consent import ConsentView, Standing
from models.views.organisation import CodeView
from models.views.people import DeskView
from models.views.profile import ChangeView, ProfileView
from models.views.registration import ApplicationView, DecisionView, PaperView, QueueRow
from models.views.request import DraftView
from tests.support import dispatch_views
from tests.support.chat import FORMS, GOOD

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
TEXTS = {
    "plain": "山田 太郎",
    "long": "齋藤" * 250,
    "emoji": "👨‍👩‍👧‍👦𠮷野家🏴󠁧󠁢󠁥󠁮󠁧󠁿" * 60,
    "5000": "あ" * 5000,
    "empty": "",
    "odd": '{name}\n\t"quoted" \\ \x07 <b>&amp;</b>',
}
DESKS = (
    None,
    DeskView("関東デスク", "03-1234-5678", "d@example.jp", "9:00–17:00", "東京都千代田区見本町1-1"),
    DeskView("本部", "０３（１２３４）代表", "", ""),
)
STANDINGS = tuple(
    Standing("2027-04", given=given, earlier=earlier) for given, earlier in product((False, True), repeat=2)
)
GAPS = ("at", "hours", "slot", "days", "first", "second", "last", "opens", "closes", "year", "count", "limit")
CONTACT = {"contact_name": "田中 一郎", "contact_phone": "03-1234-5678", "accompany": "yes"}
APPROVER = Actor("person", person_id="approver", organisations=frozenset({"org"}))


def views() -> Iterator[ApplicationView]:
    """An application in each state, with each text, before and after decisions."""
    for text, state, decided in product(TEXTS.values(), State, (False, True)):
        if decided or state in (State.DRAFT, State.ORGANISATION_REVIEW):
            yield _view(text, state, decided)
    yield replace(_view("山田 太郎", State.DRAFT, False), answers={}, papers=(), number="")
    yield replace(_view("山田 太郎", State.DRAFT, False), answers={"requirement": "2", "qualifications": ["なし"]})


def _view(text: str, state: State, decided: bool) -> ApplicationView:
    answers: dict[str, Value] = {**GOOD["basic"], **GOOD["account"]}
    if text != TEXTS["plain"]:
        free = ("name", "kana", "affiliation", "account_holder")
        answers |= {**dict.fromkeys(free, text), "qualifications": [text] * 5, "specialities": [text] * 5}
    papers = [
        PaperView(f"{item}-{n}", item, "key", 1200, 900, NOW) for item in PAPERS for n in range(PAPERS[item].most)
    ]
    return ApplicationView(
        id="f" * 36,
        number="R-2026-000001",
        version=2**31,
        state=state,
        state_since=NOW,
        person_id="applicant",
        organisation_id="org",
        organisation=text or "千代田商工会",
        inviter_id="approver",
        inviter=text,
        answers=answers,
        papers=tuple(papers),
        reopened=tuple(item.value for item in Item),
        submitted_at=NOW if decided else None,
        rounds=1,
        decisions=_decisions(text, state) if decided else (),
        subject=ApplicationSubject("applicant", "org", state),
        fine={"organisation": frozenset({"identity"})},
        unmended=frozenset({"face"}) if decided else frozenset(),
    )


def _decisions(text: str, state: State) -> tuple[DecisionView, ...]:
    answer = {State.RETURNED: "return", State.REJECTED: "reject"}.get(state, "approve")
    comments = {"": text} if answer == "reject" else {"": text, **{item.value: text for item in Item}}
    return tuple(DecisionView(1, stage.key, answer, NOW, text, {"identity": "ok"}, comments) for stage in STAGES)


def of_commission(view: ApplicationView) -> Iterator[Message]:
    """What an expert is asked, and told, of the commission."""
    day = date(2027, 3, 31)
    held = replace(view, ends=day)
    again = replace(held, subject=replace(view.subject, renewing=True))
    for shown in (held, again):
        yield from (registration.progress(shown), commission.confirm_leave(shown, day), commission.left(shown, NOW))
        yield from (appointment.confirm_decline_terms(shown, "2026-11", day), appointment.confirm_decline(shown, day))
    yield from (commission.asked(view.number, view.id, "2027-03-31", reminder=again) for again in (False, True))
    yield from (commission.continued(day, terms=terms) for terms in (False, True))
    yield from (
        commission.not_for_experts_of(calendar.Standing(force, day), "チェックイン") for force in calendar.Force
    )


def queues() -> Iterator[tuple[Message, ...]]:
    """承認待ち: empty, one, full, and more than can be shown."""
    for text, count in product(TEXTS.values(), (0, 1, 10, 60)):
        row = QueueRow("f" * 36, "R-2026-000001", text, text, "東京都", State.ORGANISATION_REVIEW, NOW, 1, again=True)
        yield approval.queue([row] * min(count, approval.SHOWN), count, NOW)


def of_view(view: ApplicationView) -> Iterator[Message]:
    """Every screen of one application."""
    yield from (registration.card(view), registration.progress(view), registration.confirm_submit(view))
    yield from (registration.submitted(view), registration.confirm_withdraw(view))
    yield from (registration.which_photo(view, "f" * 36, late) for late in (False, True))
    yield approval.application(view, APPROVER, "https://example.jp/p/papers/" + "a" * 300)
    yield approval.confirm_approve(view)
    yield from (approval.receipt(kind, view) for kind in ("approved", "returned", "rejected"))


def standing() -> Iterator[Message]:
    """Screens that hang on no application."""
    link = "https://line.me/R/oaMessage/%40chusho119/?" + "%E6%8B%9B" * 20
    words = [area.word for menu in MENUS for area in menu.areas]
    filled = [text for text in TEXTS.values() if text]
    yield from (registration.welcome(), registration.code_needed())
    for agreed in STANDINGS:
        yield from (consent.first(agreed), consent.given(agreed))
        for view in (ConsentView("2026-11"), *(ConsentView("2027-04", text) for text in (*filled, "あ" * 20_000))):
            yield from consent.whole(view, agreed, "https://example.jp/p/consent/2027-04")
        yield from (consent.at_hand(text, agreed, again=again) for text in filled for again in (False, True))
    for text in TEXTS.values():
        yield from (approval.decided(text, NOW, answer) for answer in ("approve", "return", "reject"))
        yield invitation.approver_ready(text, text)
    yield from invitation.issued("K7QX-3M9T", link, "https://example.jp/p/invitations/" + "a" * 400 + ".png", NOW)
    yield from account_screens()
    yield from codes()
    for desk in DESKS:
        yield from (registration.guide(role, desk) for role in Role)
        yield registration.unknown(words, desk)


def account_screens() -> Iterator[Message]:
    """アカウントをかえる and 役割をかえる."""
    yield from (account.ways(), account.mail_sent(30), account.waiting(NOW))
    yield account.code_refused("account.code_wrong", 30)
    for desk in DESKS:
        yield account.call("K7QX-3M9T", 30, registration.call(desk), registration.desk_words(desk))
    yield from (account.switched(role) for role in (Role.EXPERT, Role.APPROVER))
    yield from (account.one_role(role) for role in Role)


def codes() -> Iterator[Message]:
    """招待の一覧: none, one, a page with more behind it, and what comes of 取り消す."""
    for text in TEXTS.values():
        past = NOW - timedelta(days=1)
        ends = ((None, None, NOW + timedelta(days=1)), (past, None, past), (None, past, past), (None, None, past))
        found = [
            CodeView("f" * 32, "expert", "f" * 32, text or "団体", code, text, None, past, until, used, revoked)
            for used, revoked, until in ends
            for code in ("K7QX-3M9T", "")
        ]
        yield from (invitation.listed(found[:many], 99, 0, more, NOW) for many in (1, 5) for more in (0, 94))
        yield from (invitation.confirm_revoke(found[0]), invitation.revoked(found[0], NOW))
        yield invitation.which_organisation([("f" * 32, text or "団体")] * 20)
    yield from (invitation.listed([], total, 0, 0, NOW) for total in (0, 5))
    yield invitation.kept()


def profiles() -> Iterator[Message]:
    """プロフィール in each state of a commission: taking requests or not, few and many days off, something waiting."""
    link = "https://example.jp/p/profile/" + "a" * 400
    days = frozenset(NOW.date() + timedelta(days=ahead) for ahead in range(100))
    for text, state, accepting in product(TEXTS.values(), sorted(COMMISSION | APPOINTING), (False, True)):
        change = ChangeView("c" * 32, "f" * 32, "account", {}, "waiting", NOW, None, "", "")
        view = ProfileView(
            "p" * 32, "f" * 32, "R-2026-000001", state, {"name": text}, accepting, frozenset({5, 6, 7}), Hours(),
            frozenset(), days, {"basic": replace(change, item="basic"), "account": change},
        )  # fmt: skip
        yield profile.card(view, link, text)
        yield profile.card(replace(view, days_off=frozenset(), changes={}, weekly_off=frozenset()), link)


def questions(form: Form) -> Iterator[Message]:
    """Every question of a form in every way it can be asked, its review, and the choice of what to mend."""
    good = GOOD[form.key]
    yield from begin(form, {}).replies
    for text in TEXTS.values():
        for step in _asked(form):
            for session in _standings(form, step, text):
                yield question.question(form, session, (text[:100],))
        yield question.question(form, Session(form.key, form.version, form.steps[0].key), (text,))
        session = Session(form.key, form.version, REVIEW, _filled(form, text))
        yield from question.review(form, session, (text,) if text else ())
        yield question.which_to_mend(form, session)
    yield from begin(form, good).replies


def _asked(form: Form) -> tuple[Step, ...]:
    every = [item.value for item in Item]
    ways: list[Mapping[str, Value]] = [{}, {"items": every}, {"requirement": "2", "qualifications": ["なし"]}]
    return tuple({step.key: step for answers in ways for step in form.asked(answers)}.values())


def _standings(form: Form, step: Step, text: str) -> Iterator[Session]:
    answers: dict[str, Value] = {"items": [item.value for item in Item]} if form.key == "return" else {}
    if step.key == "career":
        answers = {"requirement": "2", "qualifications": ["なし"]}
    plain = Session(form.key, form.version, step.key, answers, revision=10**9)
    yield plain
    yield replace(plain, options=tuple((text or "一", text[:50]) for _ in range(10)))
    yield from (replace(plain, page=page) for page in ("1", "99", *step.groups))
    ticks = tuple(choice.value for choice in step.options(answers))
    yield from (replace(plain, picked=picked) for picked in ((), ticks[:1], ticks))
    if step.photos:
        yield replace(plain, answers={**answers, step.key: ["a", "b"]})


def _filled(form: Form, text: str) -> dict[str, Value]:
    if form.key == "return":
        return {"items": [item.value for item in Item], **{f"comment_{item}": text for item in Item}}
    return {
        key: text if key in ("name", "kana", "affiliation", "reason") else value
        for key, value in GOOD[form.key].items()
    }


def requests() -> Iterator[Message]:
    """A request that is being written: empty, whole, with everything in the way, and what is said around it."""
    problems = tuple(
        Problem(code, code in EXCEPTABLE, dict.fromkeys(GAPS, "12/1（火）13:00〜16:00"), 1) for code in Code
    )
    for text in TEXTS.values():
        answers = {
            **GOOD["request"],
            "title": text,
            "business": text,
            "wishes": text,
            "place": text,
            "topic_other": text,
        }
        for held, found in product(({}, answers, {**answers, **CONTACT}), ((), problems[:1], problems)):
            view = DraftView("f" * 32, 2**31, "p", "org", text or "千代田商工会", NOW, held, text, "d", text, 3)
            yield request.card(view, found, "https://example.jp/p/request/" + "x" * 200, NOW.date(), organisations=2)
            yield from (request.times_question(view), request.confirm_drop(view), request.confirm_again(view, "f" * 32))
        yield request.which_organisation([("f" * 32, text or "支援機関")] * 20)


def everything() -> Iterator[tuple[str, Message]]:
    """All of it, each with a word that says where it is from."""
    for view in views():
        yield from ((f"application {view.state}", message) for message in of_view(view))
        if view.state in (*APPOINTING, *COMMISSION, State.ENDED):
            yield from ((f"application {view.state}", message) for message in of_commission(view))
    for messages in queues():
        yield from (("queue", message) for message in messages)
    yield from (("standing", message) for message in standing())
    yield from (("standing", message) for message in profiles())
    yield from (("request", message) for message in requests())
    yield from (("dispatch", message) for message in dispatch_views.shown(TEXTS.values()))
    for form in FORMS:
        yield from ((f"form {form.key}", message) for message in questions(form))
