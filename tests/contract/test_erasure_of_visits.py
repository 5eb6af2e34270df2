"""What dispatches and visits hold of people goes with them, or when its time is over; on both databases."""

import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from handlers.belongings import write_zip
from handlers.usecases import commission
from handlers.usecases import privacy as usecase
from handlers.usecases.visit import judge
from models.notices import DispatchTold
from models.rules.dispatch import Status
from models.rules.errors import NotAllowed, NotPossible
from models.rules.permissions import SYSTEM, Actor
from models.rules.visit import Evidence
from models.tables.dispatch import DispatchDetail, DispatchDraft
from models.tables.visit import Attendance, FeeRecord, Visit, VisitAct, VisitNote, VisitPhoto, VisitPosition
from models.views.people import PersonView
from storage import audit, dispatch, dispatch_lists, drafts, evidence_view, outbox, registration_views
from tests.support import dispatches, factories
from tests.support.cleaning import clean_up, files, place
from tests.support.factories import House
from tests.support.judging import FAR, visited
from tests.support.leaving import Visiting
from tests.support.traces import ANSWERS, WORDS, found_in

SAID = ("地下でGPSが届かない", "なぜ離れたのか", "裏口にいました", "都合の話です", "ここだけの話", f"{FAR.latitude}")
"""What the expert said, where the expert was, and what was said to the expert."""


@pytest.fixture
def visit(house: House, approver: PersonView) -> Visiting:
    """A visit by somebody with a name of their own: photo, position, signature, question, answer, words with a step."""
    expert = dispatches.expert(house, place(approver), approver, **ANSWERS)
    made = visited(house, place(approver), approver, expert)
    clerk = factories.office(house)
    house.clock.advance(hours=8)
    with house.database.unit() as uow:
        judge.ask(uow, clerk, made.dispatch.id, made.visit.version, "なぜ離れたのか", house.clock())
    house.clock.advance(minutes=1)
    with house.database.unit() as uow:
        judge.answer(uow, expert.actor, made.dispatch.id, "裏口にいました", house.clock())
        at = house.clock()
        audit.record(uow, expert.actor, "dispatch.decline", ("dispatch", made.dispatch.id), at)
        for side, by in (("expert", at), ("organisation", at + timedelta(seconds=1))):
            dispatch.add_words(
                uow, made.dispatch.id, "decline", side, by, private="ここだけの話", comment="都合の話です"
            )
        outbox.tell(uow, approver.user_id, told(made), at)
    with house.database.unit() as uow:
        words = [each for each in dispatch_words(uow, made) if each.side == "organisation"]
        words[0].private = words[0].comment = "支援機関のことば"
    return made


def dispatch_words(uow, made: Visiting):
    from models.tables.dispatch import DispatchWords

    return uow.session.scalars(select(DispatchWords).where(DispatchWords.dispatch_id == made.dispatch.id)).all()


def told(made: Visiting) -> DispatchTold:
    view = made.dispatch
    return DispatchTold(
        view.id, 1, "late", "expert", "organisation", view.number, view.received_at.isoformat(), view.business, "", "",
        "", (), (), (), True, ANSWERS["name"], "", "", True, "",
    )  # fmt: skip


def leave(house: House, made: Visiting) -> None:
    with house.database.unit() as uow:
        application = registration_views.latest(uow, made.expert.id)
        assert application
        commission.end(uow, factories.office_in(uow), application.id, application.version, "終わり", house.clock())


def erase(house: House, manager: Actor, person: PersonView, typed: str) -> None:
    with house.database.unit() as uow:
        usecase.erase(uow, manager, person.id, typed, house.clock())


def number_of(house: House, table) -> int:
    with house.database.read() as uow:
        return uow.session.scalar(select(func.count()).select_from(table)) or 0


# --- a person -------------------------------------------------------------------------------------


def test_an_erased_expert_leaves_numbers_times_and_fees(
    house: House, visit: Visiting, manager: Actor, tmp_path: Path
) -> None:
    before = {found.split(".")[0] for found in found_in(house.database, (*WORDS, *SAID))}
    assert before >= {"visit_notes", "visit_positions", "dispatch_words", "outbox"}
    leave(house, visit)
    erase(house, manager, visit.expert, ANSWERS["name"])
    assert found_in(house.database, (*WORDS, *SAID, visit.expert.user_id, "田中 一郎さん")) == []
    assert found_in(house.database, ["支援機関のことば"]), "what somebody else said stays"
    clean_up(house)
    assert files(tmp_path) == []
    with house.database.read() as uow:
        row = uow.session.get_one(Visit, visit.dispatch.id)
        assert (row.grade, row.yen, row.expert_id) == ("C", 13_200, visit.expert.id)
        view = dispatch.view(uow, visit.dispatch.id, private=True)
        assert view
        found = evidence_view.load(uow, view)
        assert [(each.how, each.name, each.file_key) for each in found.certificates] == [("signature", "", "")]
        assert found.acts[1].distance
        assert found.acts[1].point is None
    assert (number_of(house, VisitAct), number_of(house, FeeRecord), number_of(house, Attendance)) == (2, 1, 1)


def test_who_is_still_to_come_is_not_erased(house: House, visit: Visiting, manager: Actor) -> None:
    with house.database.unit() as uow:
        row = dispatch.lock(uow, visit.dispatch.id)
        assert row
        row.status = Status.CONFIRMED
    leave(house, visit)
    with pytest.raises(NotPossible, match=r"privacy\.awaited"):
        erase(house, manager, visit.expert, ANSWERS["name"])
    assert number_of(house, VisitPosition) == 1


def test_others_visits_stay(house: House, visit: Visiting, approver: PersonView, manager: Actor) -> None:
    other = dispatches.expert(house, place(approver), approver)
    visited(house, place(approver), approver, other, days=1, key="other")
    leave(house, visit)
    erase(house, manager, visit.expert, ANSWERS["name"])
    assert (number_of(house, VisitPosition), number_of(house, VisitPhoto), number_of(house, VisitNote)) == (1, 1, 1)
    with house.database.read() as uow:
        assert dispatch.view(uow, visit.dispatch.id), "the dispatch is still shown"
        wanted = dispatch_lists.Wanted(dispatch_lists.Side.SECRETARIAT)
        assert len(dispatch_lists.listed(uow, manager, wanted)) == 2


def test_an_approver_takes_the_draft_and_the_own_words_along(
    house: House, visit: Visiting, approver: PersonView, manager: Actor
) -> None:
    with house.database.unit() as uow:
        colleague = factories.approver(uow, place(approver), "西園寺 薫")
        drafts.create(uow, colleague.id, place(approver), {"wishes": "下書きの希望"}, house.clock())
        at = house.clock() + timedelta(minutes=5)
        audit.record(uow, colleague.actor, "dispatch.withdraw", ("dispatch", visit.dispatch.id), at)
        dispatch.add_words(uow, visit.dispatch.id, "withdraw", "organisation", at, comment="薫のことば")
    with house.database.unit() as uow:
        from storage import organisations

        organisations.end_approver(uow, place(approver), colleague.id, house.clock())
    erase(house, manager, colleague, "西園寺 薫")
    assert found_in(house.database, ["下書きの希望", "薫のことば", "西園寺"]) == []
    assert number_of(house, VisitPosition) == 1, "the visit is not theirs"
    assert found_in(house.database, ["原価を下げたい"]), "the business's wishes are not theirs"


def test_the_export_holds_dispatches_and_visits(house: House, visit: Visiting, manager: Actor) -> None:
    with house.database.read() as uow:
        held = usecase.read(uow, manager, visit.expert.id)
        assert usecase.holdings(uow, manager, visit.expert.id).dispatches == 1
    packed = io.BytesIO()
    write_zip(packed, house.services, held)
    with zipfile.ZipFile(packed) as file:
        text = file.read("データ.json").decode()
        (one,) = json.loads(text)["派遣"]
        assert len(file.read(one["写真"][0]["ファイル"])) > 100
    assert (one["立場"], one["事業者"]) == ("専門家", dispatches.BUSINESS)
    came, went = one["チェックイン・チェックアウト"]
    assert (came["方法"], went["位置（緯度,経度）"], went["支援場所からの距離（m）"]) == (
        "現地の写真と理由", "35.692000,139.770000", 1222
    )  # fmt: skip
    assert [each["種類"] for each in one["支援についてのことば"]] == ["写真で記録した理由", "質問", "質問への回答"]
    assert one["謝金の計算"][0]["円"] == 13_200
    assert [each["事務局へ"] for each in one["書いたことば"]] == ["ここだけの話"]
    assert "田中 一郎" not in text, "the business's people are not the expert"


def test_the_export_of_an_approver_holds_requests_and_the_draft(
    house: House, visit: Visiting, approver: PersonView, manager: Actor
) -> None:
    with house.database.unit() as uow:
        drafts.create(uow, approver.id, place(approver), {"title": "下書きの件名"}, house.clock())
        audit.record(uow, approver.actor, "dispatch.request", ("dispatch", visit.dispatch.id), house.clock())
    with house.database.read() as uow:
        held = usecase.read(uow, manager, approver.id)
    packed = io.BytesIO()
    write_zip(packed, house.services, held)
    with zipfile.ZipFile(packed) as file:
        data = json.loads(file.read("データ.json"))
    assert data["入力中の派遣依頼"] == {"件名": "下書きの件名"}
    (one,) = data["派遣"]
    assert (one["立場"], one["希望"][:4], one["チェックイン・チェックアウト"]) == ("依頼した担当者", "原価を下", [])


# --- what is over ---------------------------------------------------------------------------------


def settle(house: House, visit: Visiting, evidence: Evidence, status: Status = Status.REPORT_DUE) -> None:
    with house.database.unit() as uow:
        row, held = dispatch.lock(uow, visit.dispatch.id), uow.session.get_one(Visit, visit.dispatch.id)
        assert row
        held.evidence, held.evidence_since = evidence, house.clock()
        row.status, row.status_since = status, house.clock()


@pytest.mark.parametrize("evidence", [Evidence.CLEAR, Evidence.ACCEPTED, Evidence.REJECTED])
def test_positions_go_a_year_after_the_visit_was_settled(house: House, visit: Visiting, evidence: Evidence) -> None:
    house.clock.advance(days=100)
    settle(house, visit, evidence)
    house.clock.advance(days=364, hours=23)
    assert clean_up(house)["positions"] == 0
    house.clock.advance(hours=2)
    assert clean_up(house)["positions"] == 1
    assert clean_up(house)["positions"] == 0
    with house.database.read() as uow:
        act = uow.session.scalars(select(VisitAct).where(VisitAct.end == "out")).one()
        assert (act.distance, act.accuracy) == (1222, 40)
    assert found_in(house.database, [f"{FAR.latitude}"]) == []


def test_positions_of_a_visit_somebody_must_still_look_at_stay(house: House, visit: Visiting) -> None:
    for evidence in (Evidence.WAITING, Evidence.ASKED):
        settle(house, visit, evidence)
        house.clock.advance(days=400)
        assert clean_up(house)["positions"] == 0
    settle(house, visit, Evidence.WAITING, Status.CANCELLED)
    house.clock.advance(days=366)
    assert clean_up(house)["positions"] == 1, "what did not take place is looked at by nobody"


def test_words_contacts_and_pictures_go_five_years_after_the_end(
    house: House, visit: Visiting, approver: PersonView, tmp_path: Path
) -> None:
    settle(house, visit, Evidence.ACCEPTED, Status.COMPLETED)
    house.clock.advance(days=1824)
    assert clean_up(house)["dispatches"] == 0
    assert [path for path in files(tmp_path) if path.startswith(("visits", "signatures"))]
    house.clock.advance(days=2)
    assert clean_up(house)["dispatches"] == 1
    assert clean_up(house)["dispatches"] == 0
    clean_up(house)
    gone = ("田中 一郎", "03-1234-5678", "tanaka@example.jp", "原価を下げたい", "支援機関のことば", *SAID)
    assert [found for found in found_in(house.database, gone) if not found.startswith(("inbox", "outbox"))] == []
    assert [path for path in files(tmp_path) if path.startswith(("visits", "signatures"))] == []
    with house.database.read() as uow:
        assert [entry.action for entry in audit.of_subject(uow, "dispatch", visit.dispatch.id)][-1] == "dispatch.erase"
        row = uow.session.get_one(Visit, visit.dispatch.id)
        assert (row.grade, row.yen) == ("C", 13_200)
        assert dispatch.view(uow, visit.dispatch.id)


def test_a_dispatch_that_goes_on_keeps_everything(house: House, visit: Visiting) -> None:
    house.clock.advance(days=4000)
    assert clean_up(house)["dispatches"] == 0
    with house.database.read() as uow:
        assert uow.session.get_one(DispatchDetail, visit.dispatch.id).contact_name


def test_a_request_nobody_went_on_with_goes_after_thirty_days(house: House, approver: PersonView) -> None:
    with house.database.unit() as uow:
        drafts.create(uow, approver.id, place(approver), {"title": "下書き"}, house.clock())
    house.clock.advance(days=29, hours=23)
    assert clean_up(house)["drafts"] == 0
    house.clock.advance(hours=2)
    assert clean_up(house)["drafts"] == 1
    assert number_of(house, DispatchDraft) == 0


def test_nobody_but_the_job_retires(house: House, manager: Actor) -> None:
    for act in (usecase.retire_dispatches, usecase.retire_positions, usecase.retire_drafts):
        with house.database.unit() as uow, pytest.raises(NotAllowed):
            act(uow, manager, house.clock())
        with house.database.unit() as uow:
            assert act(uow, SYSTEM, house.clock()) == 0
