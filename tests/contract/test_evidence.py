"""The secretariat's look at visits, on both databases: queue, answers, corrections, and who may not."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from handlers.usecases.visit import certify, judge, record
from handlers.usecases.visit.judge import Times
from models.notices import VisitTold, from_json
from models.rules.dispatch import Status
from models.rules.errors import DomainError, NotAllowed, NotFound, NotPossible, Stale
from models.rules.permissions import SYSTEM, Actor
from models.rules.place import Point
from models.rules.visit import Evidence, Grade, Reason, Source
from models.tables.conversation import OutboxRow
from models.views.evidence import EvidenceView
from models.views.visit import VisitView
from storage import audit, dispatch, evidence
from storage.evidence import Wanted
from tests.support import dispatches, factories
from tests.support.factories import House
from tests.support.leaving import Visiting, visiting

FAR = Point(35.70, 139.80)


@pytest.fixture
def clerk(house: House) -> Actor:
    with house.database.unit() as uow:
        return factories.staff_user(uow, "clerk2@example.jp").actor


@pytest.fixture
def far(house: House) -> Visiting:
    """A visit recorded three kilometres away, signed: grade B."""
    made = visiting(house)
    made.comes(0, point=FAR)
    made.leaves(180, signed=True)
    made.at(200)
    return made


def another(first: Visiting) -> Visiting:
    """A second visit of the same day, by another expert."""
    house, organisation = first.house, first.dispatch.organisation_id
    house.clock.now = first.starts - timedelta(hours=3)
    expert = dispatches.expert(house, organisation, first.approver)
    times = (dispatches.slot(house.clock(), 0),)
    made = dispatches.request(house, organisation, first.approver, expert, status=Status.CONFIRMED, times=times)
    return Visiting(house, made, expert, first.approver)


def read(made: Visiting, actor: Actor) -> EvidenceView:
    with made.house.database.read() as uow:
        return judge.read(uow, actor, made.dispatch.id)


def says(made: Visiting, actor: Actor, what: str, words: str = "", version: int | None = None) -> VisitView:
    made.house.clock.advance(minutes=1)
    act = {"accept": judge.accept, "ask": judge.ask, "reject": judge.reject}[what]
    with made.house.database.unit() as uow:
        seen = made.visit.version if version is None else version
        return act(uow, actor, made.dispatch.id, seen, words, made.house.clock())


def corrects(made: Visiting, actor: Actor, came: int | None, went: int | None, rested: int = 0) -> VisitView:
    ends = [None if at is None else made.starts + timedelta(minutes=at) for at in (came, went)]
    with made.house.database.unit() as uow:
        times = Times(ends[0], ends[1], rested)
        version = read(made, actor).version
        return judge.correct(uow, actor, made.dispatch.id, version, times, "電話で確かめた", made.house.clock())


def told(made: Visiting) -> list[VisitTold]:
    """What the expert was told of the visit, oldest first."""
    with made.house.database.read() as uow:
        mine = select(OutboxRow.notice).where(OutboxRow.recipient == made.expert.user_id, OutboxRow.notice.is_not(None))
        notices = [from_json(text) for text in uow.session.scalars(mine.order_by(OutboxRow.seq)) if text]
    return [notice for notice in notices if isinstance(notice, VisitTold)]


def queue(house: House, actor: Actor, **wanted: str) -> list[str]:
    with house.database.read() as uow:
        return [row.number for row in evidence.listed(uow, actor, Wanted(**wanted))]  # type: ignore[arg-type]


# --- answers --------------------------------------------------------------------------------------


def test_a_visit_that_was_far_away_waits_is_accepted_and_said(far: Visiting, clerk: Actor) -> None:
    assert (far.visit.grade, far.visit.reasons, far.visit.evidence) == (Grade.B, (Reason.FAR,), Evidence.WAITING)
    after = says(far, clerk, "accept", "会社の別の入口でした")
    assert after.evidence is Evidence.ACCEPTED
    found = read(far, clerk)
    assert [(each.answer, each.staff) for each in found.decisions] == [("accept", "鈴木 一郎")]
    assert [(note.kind, note.text) for note in found.notes] == [("accept", "会社の別の入口でした")]
    assert [(notice.act, notice.comment, notice.yen) for notice in told(far)] == [
        ("accept", "会社の別の入口でした", 15_840)
    ]
    with far.house.database.read() as uow:
        last = audit.of_subject(uow, "dispatch", far.dispatch.id)[-1]
    assert (last.action, last.from_state, last.to_state, last.detail) == ("visit.accept", "waiting", "accepted", None)


def test_a_question_goes_to_the_expert_and_the_answer_comes_back(far: Visiting, clerk: Actor) -> None:
    says(far, clerk, "ask", "なぜ離れた場所ですか？")
    assert far.visit.evidence is Evidence.ASKED
    assert (told(far)[-1].act, told(far)[-1].comment) == ("ask", "なぜ離れた場所ですか？")
    with far.house.database.read() as uow:
        assert judge.question(uow, far.expert.actor, far.dispatch.id)[1] == "なぜ離れた場所ですか？"
    far.house.clock.advance(minutes=1)
    with far.house.database.unit() as uow:
        judge.answer(uow, far.expert.actor, far.dispatch.id, "地下でした", far.house.clock())
    assert far.visit.evidence is Evidence.WAITING
    assert [note.kind for note in read(far, clerk).notes] == ["ask", "answer"]
    with pytest.raises(Stale, match=r"evidence\.not_asked"), far.house.database.unit() as uow:
        judge.answer(uow, far.expert.actor, far.dispatch.id, "もう一度", far.house.clock())
    with pytest.raises(Stale), far.house.database.read() as uow:
        judge.question(uow, far.expert.actor, far.dispatch.id)


def test_a_rejection_has_a_reason_and_can_be_looked_at_again(far: Visiting, clerk: Actor) -> None:
    with pytest.raises(NotPossible, match=r"evidence\.no_words"):
        says(far, clerk, "reject")
    says(far, clerk, "reject", "支援の場所ではありません")
    assert far.visit.evidence is Evidence.REJECTED
    assert [(notice.act, notice.yen) for notice in told(far)] == [("reject", 0)], "no fee is named that is not paid"
    with pytest.raises(NotPossible, match=r"evidence\.not_possible"):
        says(far, clerk, "ask", "？")
    says(far, clerk, "accept", "事業者に確かめました")
    assert [each.answer for each in read(far, clerk).decisions] == ["reject", "accept"]
    assert far.visit.evidence is Evidence.ACCEPTED
    with pytest.raises(NotPossible, match=r"evidence\.not_possible"):
        says(far, clerk, "accept")


def test_what_changed_since_the_page_was_opened_is_not_judged(far: Visiting, clerk: Actor) -> None:
    seen = far.visit.version
    says(far, clerk, "ask", "？")
    with pytest.raises(Stale, match=r"evidence\.changed"):
        says(far, clerk, "accept", version=seen)


def test_an_a_and_an_open_visit_want_no_answer(house: House, clerk: Actor) -> None:
    made = visiting(house)
    made.comes()
    with pytest.raises(NotPossible):
        says(made, clerk, "accept")
    made.leaves(signed=True)
    assert made.visit.evidence is Evidence.CLEAR
    with pytest.raises(NotPossible):
        says(made, clerk, "accept")


def test_a_business_that_disagrees_brings_an_a_back(house: House, clerk: Actor) -> None:
    made = visiting(house)
    made.comes()
    made.leaves(signed=False)
    with house.database.unit() as uow:
        certify.disagree(uow, made.dispatch.id, made.visit.version, "2時間でした", house.clock())
    assert made.dispatch.number in queue(house, clerk)
    says(made, clerk, "accept", "事業者の思い違いでした")
    assert made.visit.evidence is Evidence.ACCEPTED


def test_what_a_business_objected_to_is_looked_at_even_if_somebody_confirms_it_later(
    house: House, clerk: Actor
) -> None:
    """The link's QR stands on the expert's own phone: it must not silence the business."""
    made = visiting(house)
    made.comes()
    made.leaves(signed=False)
    with house.database.unit() as uow:
        certify.disagree(uow, made.dispatch.id, made.visit.version, "来ていません", house.clock())
    house.clock.advance(minutes=1)
    made.confirms()
    assert (made.visit.grade, made.visit.evidence) == (Grade.A, Evidence.WAITING)
    assert made.dispatch.number in queue(house, clerk)
    house.clock.advance(minutes=1)
    says(made, clerk, "accept", "事業者に確かめました")
    assert made.visit.evidence is Evidence.ACCEPTED


@pytest.mark.parametrize("words", ["あ" * 501, "あ" * 100_000])
def test_too_many_words_are_refused(far: Visiting, clerk: Actor, words: str) -> None:
    for what in ("accept", "ask", "reject"):
        with pytest.raises(NotPossible, match=r"evidence\.too_many_words"):
            says(far, clerk, what, words)
    says(far, clerk, "ask", "あ" * 500)
    with pytest.raises(NotPossible), far.house.database.unit() as uow:
        judge.answer(uow, far.expert.actor, far.dispatch.id, words, far.house.clock())


# --- many -----------------------------------------------------------------------------------------


def test_many_are_accepted_for_one_reason_and_what_does_not_fit_is_left(house: House, clerk: Actor) -> None:
    first = visiting(house)
    made = [first, *(another(first) for _ in range(3))]
    for each in made:
        each.comes(0, point=FAR if each is not made[3] else dispatches.OFFICE)
        each.leaves(180, signed=each is not made[3])
    chosen = {each.dispatch.id: each.visit.version for each in made} | {"f" * 32: 1}
    chosen[made[2].dispatch.id] -= 1
    with house.database.unit() as uow:
        done = judge.accept_many(uow, clerk, chosen, Reason.FAR, house.clock())
    assert (done.done, done.left) == (2, 3)
    assert [each.visit.evidence for each in made] == [
        Evidence.ACCEPTED, Evidence.ACCEPTED, Evidence.WAITING, Evidence.WAITING
    ]  # fmt: skip
    assert [len(told(each)) for each in made] == [1, 1, 0, 0]
    with house.database.unit() as uow:
        again = judge.accept_many(uow, clerk, chosen, Reason.FAR, house.clock())
    assert again.done == 0


# --- corrections ----------------------------------------------------------------------------------


def test_a_corrected_time_is_a_new_act_with_a_new_fee(far: Visiting, clerk: Actor) -> None:
    assert far.visit.yen == 15_840
    after = corrects(far, clerk, 0, 120, 0)
    assert (after.grade, after.evidence, after.yen) == (Grade.C, Evidence.WAITING, 10_560)
    assert after.reasons[0] is Reason.FAR
    assert Reason.CORRECTED in after.reasons
    found = read(far, clerk)
    assert [(act.end, act.source) for act in found.acts] == [
        ("in", Source.GPS), ("out", Source.GPS), ("out", Source.CORRECTED)
    ]  # fmt: skip
    assert [each.fee.yen for each in found.fees] == [10_560, 15_840]
    assert (found.notes[-1].kind, found.notes[-1].text, found.notes[-1].act_seq) == (
        "corrected", "電話で確かめた", found.acts[-1].seq
    )  # fmt: skip
    assert (told(far)[-1].act, told(far)[-1].yen) == ("corrected", 10_560)


def test_minutes_alone_can_be_corrected(far: Visiting, clerk: Actor) -> None:
    says(far, clerk, "accept")
    before = far.visit.version
    after = corrects(far, clerk, 0, 180, 45)
    assert (after.non_payable, after.yen, after.evidence) == (45, 10_560, Evidence.WAITING)
    assert after.version > before
    assert len(read(far, clerk).acts) == 2


def test_a_visit_nobody_recorded_can_be_put_in_afterwards(house: House, clerk: Actor) -> None:
    made = visiting(house)
    made.at(300)
    after = corrects(made, clerk, 5, 125, 10)
    assert (after.grade, after.evidence, after.yen) == (Grade.C, Evidence.WAITING, 7_920)


@pytest.mark.parametrize(("came", "went", "rested", "code"), [
    (0, 180, 0, "unchanged"), (0, None, 0, "end_missing"), (None, 180, 0, "end_missing"), (0, -1, 0, "order"),
    (0, 500, 0, "future"), (-2000, 180, 0, "too_long"), (0, 180, -1, "non_payable"), (0, 180, 5000, "non_payable"),
])  # fmt: skip
def test_what_cannot_have_been_is_refused(
    far: Visiting, clerk: Actor, came: int | None, went: int | None, rested: int, code: str
) -> None:
    before = far.visit
    with pytest.raises(NotPossible, match=rf"evidence\.{code}"):
        corrects(far, clerk, came, went, rested)
    assert far.visit == before


# --- who ------------------------------------------------------------------------------------------


def test_nobody_but_clerks_judges(far: Visiting, clerk: Actor) -> None:
    reader = Actor("staff", staff_id="r", staff_role="reader")
    assert read(far, reader).visit
    with pytest.raises(NotAllowed):
        says(far, reader, "accept")
    own = Actor("staff", person_id=far.expert.id, staff_id="s", staff_role="manager")
    for actor in (own, far.expert.actor, far.approver.actor, SYSTEM, Actor("business")):
        with pytest.raises(DomainError):
            says(far, actor, "accept")
        with pytest.raises(NotFound):
            read(far, actor)
        assert queue(far.house, actor) == []
    for actor in (clerk, far.approver.actor, Actor("person", person_id="x" * 32)):
        with pytest.raises((NotAllowed, NotFound)), far.house.database.unit() as uow:
            judge.answer(uow, actor, far.dispatch.id, "x", far.house.clock())
    assert far.visit.evidence is Evidence.WAITING


def test_two_clerks_at_once_decide_once(far: Visiting, clerk: Actor) -> None:
    start, said, version = threading.Barrier(2), list[str](), far.visit.version

    def act(what: str) -> None:
        start.wait()
        try:
            says(far, clerk, what, "理由", version)
            said.append("done")
        except Stale:
            said.append("stale")

    threads = [threading.Thread(target=act, args=(what,)) for what in ("accept", "reject")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(said) == ["done", "stale"]
    assert len(read(far, clerk).decisions) == 1


# --- the queue ------------------------------------------------------------------------------------


def test_the_queue_is_searched_and_narrowed(house: House, far: Visiting, clerk: Actor) -> None:
    other = another(far)
    other.comes()
    other.leaves(190, signed=False)
    assert queue(house, clerk) == [far.dispatch.number, other.dispatch.number]
    assert queue(house, clerk, reason="far") == [far.dispatch.number]
    assert queue(house, clerk, reason="not_certified") == [other.dispatch.number]
    assert queue(house, clerk, reason="fa") == []
    assert queue(house, clerk, grade="C") == []
    assert len(queue(house, clerk, words="みほん")) == 2
    assert len(queue(house, clerk, words="原価")) == 2
    assert len(queue(house, clerk, words="ヤマダ")) == 2
    assert queue(house, clerk, words="%") == []
    says(far, clerk, "accept")
    assert queue(house, clerk) == [other.dispatch.number]
    assert queue(house, clerk, words=far.dispatch.number) == [far.dispatch.number], "a number finds it in any state"
    assert queue(house, clerk, evidence="accepted") == [far.dispatch.number]
    with house.database.read() as uow:
        assert evidence.waiting(uow, clerk)[0] == 1
        assert evidence.counts(uow, clerk, 10)[Evidence.ACCEPTED] == 1
        assert evidence.count(uow, clerk, Wanted(), 10) == 1
        assert len(list(evidence.stream(uow, clerk, Wanted()))) == 1


def test_a_dispatch_that_did_not_take_place_waits_for_nobody(house: House, far: Visiting, clerk: Actor) -> None:
    with house.database.unit() as uow:
        row = dispatch.lock(uow, far.dispatch.id)
        assert row
        dispatch.set_status(uow, row, Status.CANCELLED, house.clock())
    assert queue(house, clerk) == []
    with pytest.raises(NotPossible, match=r"evidence\.over"):
        says(far, clerk, "accept")


def test_the_number_of_statements_hangs_on_nothing(house: House, far: Visiting, clerk: Actor) -> None:
    def statements() -> list[int]:
        found: list[int] = []
        for look in (
            lambda uow: evidence.listed(uow, clerk, Wanted()),
            lambda uow: judge.read(uow, clerk, far.dispatch.id),
            lambda uow: evidence.counts(uow, clerk, 100),
        ):
            said: list[str] = []
            note = lambda *args, said=said: said.append(args[2])  # noqa: E731
            event.listen(house.database.engine, "before_cursor_execute", note)
            with house.database.read() as uow:
                look(uow)
            event.remove(house.database.engine, "before_cursor_execute", note)
            found.append(len([each for each in said if each.startswith(("SELECT", "WITH"))]))
        return found

    before = statements()
    corrects(far, clerk, 0, 150)
    says(far, clerk, "ask", "？")
    for _ in range(3):
        more = another(far)
        more.comes(point=FAR)
        more.leaves()
    assert statements() == before


def test_the_expert_does_not_take_back_what_the_secretariat_corrected(house: House, clerk: Actor) -> None:
    made = visiting(house)
    made.comes()
    at = made.at(3)
    times = Times(made.starts + timedelta(minutes=2), None, 0)
    with house.database.unit() as uow:
        judge.correct(uow, clerk, made.dispatch.id, made.visit.version, times, "お電話で伺いました", at)
    with pytest.raises(NotPossible, match=r"visit\.undo_over"), house.database.unit() as uow:
        record.undo(uow, made.expert.actor, made.dispatch.id, at)
    with house.database.read() as uow:
        assert record.own(uow, made.expert.actor, made.dispatch.id, at).undo_until is None
    assert made.visit.came
    assert made.visit.came.at == times.came


def test_what_a_business_objected_to_is_not_accepted_among_many(house: House, clerk: Actor) -> None:
    made = visiting(house)
    made.comes()
    made.leaves(signed=False)
    with house.database.unit() as uow:
        certify.disagree(uow, made.dispatch.id, made.visit.version, "来ていません", house.clock())
    chosen = {made.dispatch.id: made.visit.version}
    with house.database.unit() as uow:
        assert judge.accept_many(uow, clerk, chosen, Reason.NOT_CERTIFIED, house.clock()) == judge.Several(0, 1)
    assert made.visit.evidence is Evidence.WAITING
    says(made, clerk, "accept", "事業者に確かめました")
    assert made.visit.evidence is Evidence.ACCEPTED
