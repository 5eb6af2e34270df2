"""The renewal job on both databases: many experts, killed in the middle, run by two processes at once."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import insert

from handlers.jobs import renew as job
from handlers.jobs.renew import renew
from handlers.usecases import commission, tell, year_end
from models.rules.commission import NEVER, Force
from models.rules.errors import DomainError
from models.rules.permissions import Actor
from models.rules.registration import State
from models.rules.roles import Role
from models.tables.appointment import CommissionLetter, Terms
from models.tables.expert import Expert
from models.tables.organisation import Approver, Organisation
from models.tables.person import Person
from models.tables.registration import Application
from storage import experts
from storage.database import Database
from tests.support.ledger import Ledger
from tests.support.place import together

APRIL = datetime(2026, 4, 1, 1, 0, tzinfo=UTC)
ASK = datetime(2027, 1, 30, 1, 0, tzinfo=UTC)
REMIND = datetime(2027, 3, 1, 1, 0, tzinfo=UTC)
OVER = datetime(2027, 3, 31, 15, 0, tzinfo=UTC)  # midnight in Tokyo: 1 April
INVITERS = 3


def hexed(kind: int, number: int) -> str:
    return f"{kind:02x}{number:030x}"


def settle_in(database: Database, many: int) -> None:
    """So many active experts with an accepted letter of the year 2026, invited by a few approvers."""
    sealed = database.vault.seal_json({})
    person = {"created_at": APRIL, "menu": Role.EXPERT.menu}
    people = [
        *({"id": hexed(1, at), "user_id": f"U{at:032x}", "name": f"専門家{at}", **person} for at in range(many)),
        *({"id": hexed(2, at), "user_id": f"V{at:032x}", "name": f"担当{at}", **person} for at in range(INVITERS)),
    ]
    applications = [
        {
            "id": hexed(3, at), "number": f"R-2026-{at:06d}", "person_id": hexed(1, at), "organisation_id": hexed(4, 0),
            "inviter_id": hexed(2, at % INVITERS), "state": State.ACTIVE, "state_since": APRIL, "created_at": APRIL,
            "answers": sealed, "name": f"専門家{at}",
        }
        for at in range(many)
    ]  # fmt: skip
    letters = [
        {
            "id": hexed(5, at), "number": f"C-2026-{at:06d}", "application_id": hexed(3, at), "fiscal_year": 2026,
            "terms_version": "1", "starts": date(2026, 4, 1), "ends": date(2027, 3, 31),
            "issued_on": date(2026, 4, 1), "file_key": "k", "accepted_at": APRIL,
        }
        for at in range(many)
    ]  # fmt: skip
    rows = [{"person_id": hexed(1, at), "application_id": hexed(3, at), "since": APRIL} for at in range(many)]
    members = [
        {"id": hexed(6, at), "person_id": hexed(2, at), "organisation_id": hexed(4, 0), "joined_at": APRIL}
        for at in range(INVITERS)
    ]
    place = {"id": hexed(4, 0), "name": "商工会", "prefecture": "東京都", "created_at": APRIL}
    with database.unit() as uow:
        uow.session.execute(insert(Organisation), [place])
        uow.session.execute(insert(Terms), [{"version": "1", "text": "第1条", "published_at": APRIL}])
        tables = ((Person, people), (Approver, members), (Application, applications), (CommissionLetter, letters))
        for table, values in tables:
            uow.session.execute(insert(table), values)
        uow.session.execute(insert(Expert), rows)


def told(database: Database) -> dict[str, int]:
    """How many notices of each kind each of the experts has (by kind: how many rows)."""
    query = "SELECT recipient, notice FROM outbox WHERE channel = 'line'"
    found: dict[str, int] = {}
    for _, notice in Ledger(database).rows(query):
        kind = notice.split('"')[3]
        found[kind] = found.get(kind, 0) + 1
    return found


def states(database: Database) -> dict[str, int]:
    rows = Ledger(database).rows("SELECT state, count(*) FROM applications GROUP BY state")
    return {row[0]: row[1] for row in rows}


def twice(database: Database) -> int:
    """Steps of the lifecycle that were taken more than once."""
    return len(
        Ledger(database).rows(
            "SELECT subject_id FROM audit GROUP BY subject_id, from_state, to_state, action HAVING count(*) > 1"
        )
    )


def test_a_whole_year_end_of_many(database: Database):
    settle_in(database, 430)
    assert len(renew(database, ASK)) == 430
    assert states(database) == {"renewal_due": 430}
    assert renew(database, ASK) == set()
    assert len(renew(database, REMIND)) == 430
    assert renew(database, REMIND) == set()
    assert len(renew(database, OVER)) == 430 + INVITERS
    assert renew(database, OVER) == set()
    assert states(database) == {"ended": 430}
    found = told(database)
    assert (found["RenewalAsked"], found["CommissionOver"]) == (860, 430)
    assert found["ExpertsOver"] <= 2 * INVITERS, "an inviter of many is not told of each"
    assert twice(database) == 0
    menus = Ledger(database).rows("SELECT menu, count(*) FROM people WHERE id LIKE '01%' GROUP BY menu")
    assert [tuple(row) for row in menus] == [(Role.NEWCOMER.menu, 430)]


@pytest.mark.parametrize("moment", [ASK, OVER], ids=["asking", "ending"])
def test_two_processes_at_once_do_each_once(database: Database, moment: datetime, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(job, "AT_ONCE", 7)
    settle_in(database, 60)
    other = Database(database.url, database.vault)
    together(lambda: renew(database, moment), lambda: renew(other, moment))
    renew(database, moment)
    other.close()
    assert states(database) == {"renewal_due" if moment is ASK else "ended": 60}
    found = told(database)
    assert found["RenewalAsked" if moment is ASK else "CommissionOver"] == 60
    assert twice(database) == 0


@pytest.mark.parametrize("moment", [ASK, OVER], ids=["asking", "ending"])
def test_killed_in_the_middle_of_a_transaction(database: Database, moment: datetime, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(job, "AT_ONCE", 10)
    settle_in(database, 35)
    whole, calls = tell.person, [0]

    def dies(*arguments):
        calls[0] += 1
        if calls[0] == 15:
            raise KeyboardInterrupt
        whole(*arguments)

    monkeypatch.setattr(tell, "person", dies)
    with pytest.raises(KeyboardInterrupt):
        renew(database, moment)
    half = "renewal_due" if moment is ASK else "ended"
    assert states(database) == {"active": 25, half: 10}
    assert len(Ledger(database).rows("SELECT 1 FROM audit")) == 10
    renew(database, moment)
    assert states(database) == {half: 35}
    assert told(database)["RenewalAsked" if moment is ASK else "CommissionOver"] == 35
    assert twice(database) == 0


def test_one_that_cannot_be_attended_to_keeps_no_other(database: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(job, "AT_ONCE", 10)
    settle_in(database, 25)
    whole = tell.person

    def broken(uow, person_id, *rest):
        if person_id == hexed(1, 0):
            raise ValueError("never shown")
        whole(uow, person_id, *rest)

    monkeypatch.setattr(tell, "person", broken)
    renew(database, OVER)
    assert states(database) == {"active": 1, "ended": 24}
    monkeypatch.undo()
    renew(database, OVER)
    assert states(database) == {"ended": 25}
    assert told(database)["CommissionOver"] == 25
    assert twice(database) == 0


def test_another_process_that_takes_over_ends_this_one(database: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(job, "AT_ONCE", 10)
    settle_in(database, 35)
    turns = iter([True, True, False])
    renew(database, ASK, lambda: next(turns))
    assert states(database) == {"active": 15, "renewal_due": 20}


def test_a_departure_at_the_same_moment_wins_or_loses_as_a_whole(database: Database):
    """The expert leaves while the job ends the year: one of the two ends the commission."""
    settle_in(database, 12)
    refused: list[str] = []

    def leave() -> None:
        for at in range(12):
            try:
                with database.unit() as uow:
                    actor = Actor("person", person_id=hexed(1, at))
                    commission.leave(uow, actor, hexed(3, at), 1, OVER)
            except DomainError as error:
                refused.append(error.code)

    together(leave, lambda: renew(database, OVER))
    assert states(database) == {"ended": 12}
    ends = Ledger(database).rows("SELECT action FROM audit WHERE to_state = 'ended'")
    assert len(ends) == 12
    assert len(refused) == sum(row[0] == "application.lapse" for row in ends)


def test_whether_a_commission_is_in_force(database: Database):
    settle_in(database, 2)
    with database.unit() as uow:
        assert experts.in_force(uow, hexed(1, 0), date(2027, 3, 31))
        assert not experts.in_force(uow, hexed(1, 0), date(2027, 4, 1))
        assert experts.standing_of(uow, hexed(2, 0), date(2027, 3, 31)) == NEVER
        assert year_end.attend(uow, Actor("staff", staff_id="x", staff_role="manager"), [hexed(3, 0)], OVER) == 0
    renew(database, OVER)
    with database.read() as uow:
        found = experts.standing_of(uow, hexed(1, 1), date(2027, 5, 1))
    assert (found.force, found.last_day) == (Force.OVER, date(2027, 3, 31))
    assert not found.has_expert_menu


def test_an_experts_profile_survives_renewal_and_moves_to_a_new_application(database: Database):
    settle_in(database, 2)
    with database.unit() as uow:
        row = uow.session.get(Expert, hexed(1, 0))
        assert row
        row.accepting, row.weekly_off, row.hidden = False, "0,7", "phone,mail"
    with database.unit() as uow:
        experts.commission(uow, hexed(1, 0), hexed(3, 0), ["経営戦略", "販路開拓", "経営戦略"], ASK)
    with database.unit() as uow:
        same = experts.of_person(uow, hexed(1, 0))
        experts.commission(uow, hexed(1, 0), hexed(3, 0), [], ASK)
    assert same
    assert (same.since, same.accepting, same.weekly_off, same.hidden) == (APRIL, False, (0, 7), ("phone", "mail"))
    ledger = Ledger(database)
    assert ledger.rows("SELECT 1 FROM expert_specialities") == []
    ledger.change("INSERT INTO applications (id, person_id, organisation_id, state, state_since, version, answers,"
                  " created_at) SELECT 'new', person_id, organisation_id, 'commissioned', state_since, 1, answers,"
                  " created_at FROM applications WHERE id = :id", id=hexed(3, 0))  # fmt: skip
    with database.unit() as uow:
        experts.commission(uow, hexed(1, 0), "new", ["IT"], OVER)
    with database.read() as uow:
        moved = experts.of_person(uow, hexed(1, 0))
        assert experts.of_person(uow, "nobody") is None
    assert moved
    assert (moved.application_id, moved.since, moved.accepting) == ("new", OVER, False)
    assert moved.version == same.version + 1
