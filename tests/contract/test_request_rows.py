"""Drafts and requests on both databases: sent once however many press, businesses found, requests in a row."""

from datetime import datetime, timedelta
from threading import Barrier, Thread

from handlers.usecases.dispatch import request as usecase
from models.rules.dispatch import Status
from models.rules.errors import DomainError
from models.views.people import PersonView
from models.views.request import DraftView
from storage import audit, businesses, dispatch, drafts
from tests.support import dispatches, factories
from tests.support.factories import House

FULL = {
    "business": "株式会社みほん製作所",
    "business_address": "東京都千代田区丸の内1-9-1",
    "contact_name": "田中 一郎",
    "contact_phone": "03-1234-5678",
    "title": "原価管理の見直し",
    "topic": "生産管理",
    "wishes": "原価を下げたい",
    "place": "東京都千代田区丸の内1-9-1",
    "slot_1": "2026-12-01T13:00-16:00",
    "expert": "any",
}


def written(house: House, approver: PersonView, **more: str) -> DraftView:
    with house.database.unit() as uow:
        held = usecase.begin(uow, approver.actor, "", house.clock())
        return usecase.save(uow, approver.actor, held.id, {**FULL, **more}, house.clock())


def test_two_who_press_at_once_send_one_request(house: House, approver: PersonView):
    draft, start, said = written(house, approver), Barrier(4), list[str]()

    def presses() -> None:
        start.wait()
        try:
            with house.database.unit() as uow:
                usecase.send(uow, approver.actor, draft.id, draft.version, house.clock())
            said.append("sent")
        except DomainError as refused:
            said.append(refused.code)

    threads = [Thread(target=presses) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == ["request.sent"] * 3 + ["sent"]
    with house.database.read() as uow:
        made = dispatch.view(uow, draft.id)
        entries = audit.of_subject(uow, "dispatch", draft.id)
        assert usecase.sent(uow, approver.actor, draft.id) == made
    assert made
    assert [(entry.action, entry.from_state, entry.to_state) for entry in entries] == [
        ("dispatch.request", None, "needs_coordination")
    ]


def test_two_devices_save_at_once_and_no_answer_is_lost(house: House, approver: PersonView):
    draft, start = written(house, approver), Barrier(2)

    def saves(key: str) -> None:
        start.wait()
        for at in range(5):
            with house.database.unit() as uow:
                usecase.save(uow, approver.actor, draft.id, {key: f"{key} {at}"}, house.clock())

    threads = [Thread(target=saves, args=(key,)) for key in ("title", "wishes")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with house.database.read() as uow:
        after = drafts.seen(uow, draft.id)
    assert after
    assert (after.answers["title"], after.answers["wishes"]) == ("title 4", "wishes 4")
    assert after.version == draft.version + 10


def test_a_draft_is_sealed(house: House, approver: PersonView):
    draft = written(house, approver, wishes="見つからない言葉")
    with house.database.read() as uow:
        row = drafts.of_person(uow, approver.id)
        assert row
        assert "見つからない言葉".encode() not in row.answers
    assert draft.answers["wishes"] == "見つからない言葉"


def test_businesses_are_found_by_a_part_of_the_name_in_ones_own_organisation(house: House, approver: PersonView):
    (org,) = approver.actor.organisations
    now = house.clock()
    with house.database.unit() as uow:
        other = factories.organisation(uow, "札幌商工会議所", "北海道")
        stranger = factories.approver(uow, other, "別の人")
        for at, name in enumerate(("みほん製作所", "みほん商店", "100%オレンジ", "別の店")):
            businesses.ensure(uow, org, name, "", f"東京都{at}", now + timedelta(minutes=at))
        businesses.ensure(uow, other, "みほん北海道", "", "北海道", now)
    numbered = dispatches.request(house, other, stranger, None, business="みほん本社")
    with house.database.read() as uow:
        found = [each.name for each in businesses.search(uow, org, "みほん")]
        assert found == ["みほん商店", "みほん製作所"]
        assert [each.name for each in businesses.search(uow, org, "%")] == ["100%オレンジ"]
        assert [each.name for each in businesses.search(uow, org, "", limit=2)] == ["別の店", "100%オレンジ"]
        known = businesses.by_number(uow, org, dispatches.CORPORATE_NUMBER)
        assert known
        assert (known.name, known.contact) == ("みほん本社", None)
        assert businesses.known(uow, org, numbered.business_id)
        private = businesses.find(uow, other, "みほん北海道", "", "北海道")
        assert private
        assert businesses.known(uow, org, private) is None
    dispatches.request(house, org, approver, None, business="みほん本社")
    with house.database.read() as uow:
        again = businesses.known(uow, org, numbered.business_id)
        assert again
        assert again.contact
        assert "みほん本社" in [each.name for each in businesses.search(uow, org, "本社")]


def test_requests_in_a_row_are_counted_and_named(house: House, approver: PersonView):
    (org,) = approver.actor.organisations
    at: datetime = house.clock()
    first = dispatches.request(house, org, approver, None, status=Status.COMPLETED, times=(dispatches.slot(at, -20),))
    with house.database.unit() as uow:
        draft = usecase.ask_again(uow, approver.actor, first.id, at)
        assert (draft.follows, draft.nth) == (first.number, 2)
        draft = usecase.save(uow, approver.actor, draft.id, {"slot_1": FULL["slot_1"], "expert": "any"}, at)
        second = usecase.send(uow, approver.actor, draft.id, draft.version, at)
        row = dispatch.lock(uow, second.id)
        assert row
        dispatch.set_status(uow, row, Status.REPORT_DUE, at)
        third = usecase.ask_again(uow, approver.actor, second.id, at)
    assert second.predecessor_id == first.id
    assert (third.follows, third.nth) == (second.number, 3)
