"""What the secretariat keeps for itself, the same on SQLite and PostgreSQL: presence, settings, versions, logins."""

from datetime import timedelta

from models.rules.permissions import SYSTEM
from storage import audit, consents, presence, registration, settings, staff
from storage.database import Database
from tests.support import factories
from tests.support.factories import START


def test_opening_an_application_twice_is_one_presence(database: Database):
    with database.unit() as uow:
        first, second = (factories.staff_user(uow, f"{name}@example.jp") for name in ("first", "second"))
        person = factories.person(uow)
        made = registration.create(uow, person.id, factories.organisation(uow), None, None, START)
        audit.record(uow, first.actor, "papers.view", ("application", made), START)
    for seconds in (5, 0, 9):
        with database.unit() as uow:
            presence.opened(uow, made, first.id, START + timedelta(seconds=seconds))
    with database.unit() as uow:
        assert presence.seen(uow, made, first.id, START + timedelta(seconds=20))
        assert not presence.seen(uow, made, second.id, START)
        [visitor] = presence.others(uow, made, second.id, START + timedelta(seconds=20))
        assert (visitor.name, visitor.since) == ("鈴木 一郎", START)
        assert not presence.others(uow, made, first.id, START)
        presence.drop_before(uow, START + timedelta(seconds=21))
        assert not presence.others(uow, made, second.id, START)


def test_the_newest_value_of_a_setting_counts(database: Database):
    for days in (20, 30, 25):
        with database.unit() as uow:
            settings.change(uow, "invitation_days", days, None, START)
    with database.read() as uow:
        assert settings.value(uow, "invitation_days") == 25
        assert settings.value(uow, "retain_bodies_days") == 7
        assert [(each.before, each.after) for each in settings.history(uow, "invitation_days")] == [
            (30, 25), (20, 30), (14, 20),
        ]  # fmt: skip


def test_versions_of_the_privacy_text_and_who_agreed(database: Database):
    with database.unit() as uow:
        consents.publish(uow, "2027-04", "文章", None, START)
        consents.publish(uow, "2027-05", "文章", None, START + timedelta(days=1))
    with database.read() as uow:
        assert [view.version for view in consents.everything(uow)] == ["2027-05", "2027-04", consents.FIRST]
        assert consents.current_version(uow) == "2027-05"


def test_the_last_login_of_each_user_and_the_counts_of_a_day(database: Database):
    with database.unit() as uow:
        user, other = (factories.staff_user(uow, f"{name}@example.jp") for name in ("user", "other"))
        for hours in (1, 3, 2):
            audit.record(uow, user.actor, "staff.log_in", ("staff", user.id), START + timedelta(hours=hours))
        audit.record(uow, SYSTEM, "staff.prove", ("staff", other.id), START, moved=("a", "b"))
    with database.read() as uow:
        rows = {row.view.id: row.last_login for row in staff.listed(uow)}
        assert rows == {user.id: START + timedelta(hours=3), other.id: None}
        counts = audit.counts_since(uow, START + timedelta(hours=2), {"staff.log_in", "staff.prove"})
        assert counts == {("staff.log_in", ""): 2}
        assert staff.lock_managers(uow) == []
