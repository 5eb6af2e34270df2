"""The roles of somebody on LINE, and which one's rich menu is shown (`domain.md` 1).

Somebody who approves and is an expert too has two roles and sees the menu of one of them at a time.
"""

from collections.abc import Sequence
from enum import StrEnum

MENU_PREFIX = "chusho119-"


class Role(StrEnum):
    """What somebody on LINE is to the programme."""

    NEWCOMER = "newcomer"
    EXPERT = "expert"
    APPROVER = "approver"

    @property
    def menu(self) -> str:
        """The alias of the role's rich menu."""
        return f"{MENU_PREFIX}{self}"


def roles_held(*, approves: bool, expert: bool) -> tuple[Role, ...]:
    """The roles of somebody who approves for an organisation, or is an expert, or both; the first is the usual one."""
    held = tuple(role for role, holds in ((Role.APPROVER, approves), (Role.EXPERT, expert)) if holds)
    return held or (Role.NEWCOMER,)


def role_shown(held: Sequence[Role], chosen: str) -> Role:
    """Whose menu is shown: the role that was chosen, while it is held; otherwise the usual one."""
    return next((role for role in held if role == chosen), held[0])


def other_role(held: Sequence[Role], shown: Role) -> Role | None:
    """The role to switch to, for somebody who has two."""
    return next((role for role in held if role is not shown), None)
