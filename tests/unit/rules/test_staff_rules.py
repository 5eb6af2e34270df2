"""Who of the secretariat may lose the place of a manager."""

import pytest

from models.rules.staff import ABOUT, ROLES, why_kept


@pytest.mark.parametrize(
    ("user", "actor", "managers", "reason"),
    [
        ("a", "a", ["a", "b"], "staff.own"),
        ("a", "a", ["a"], "staff.own"),
        ("b", "a", ["a", "b"], ""),
        ("b", None, ["b"], "staff.last_manager"),
        ("c", "a", ["a"], ""),
        ("c", "a", [], ""),
    ],
)
def test_nobody_takes_it_from_themselves_or_from_the_last(user: str, actor: str | None, managers: list[str], reason):
    assert why_kept(user, actor, managers) == reason


def test_every_role_has_words():
    assert set(ROLES) == set(ABOUT) == {"reader", "clerk", "manager"}
