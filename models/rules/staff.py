"""The secretariat's users: their roles in words, and who may be changed by whom."""

from collections.abc import Collection, Mapping
from types import MappingProxyType

ROLES: Mapping[str, str] = MappingProxyType({"reader": "閲覧", "clerk": "担当", "manager": "管理者"})
ABOUT: Mapping[str, str] = MappingProxyType(
    {
        "reader": "申請や書類を見られます。決めることはできません。",
        "clerk": "申請の承認・差し戻し・否認と、委嘱状の発行ができます。",
        "manager": "担当のすることに加えて、設定・窓口・職員・文章の版を変えられます。",
    }
)


def plain_address(typed: str) -> str:
    """A typed mail address as users are known by it, and tries counted: short, in lower case, nothing invisible."""
    return "".join(char for char in typed.lower() if char.isprintable()).strip()[:254]


def why_kept(user: str, actor: str | None, managers: Collection[str]) -> str:
    """The sentence that says why `user` may not lose the place of a manager, or an empty string.

    Nobody takes it from themselves, and nobody from the last one: somebody must be able to let others in.
    """
    if user == actor:
        return "staff.own"
    return "staff.last_manager" if user in managers and len(managers) <= 1 else ""
