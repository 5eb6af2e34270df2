"""Fills the gaps of a route's address: with ids that name nothing, or with given values."""

import re
from collections.abc import Mapping

from werkzeug.routing import Rule

NOBODY = "0" * 32
GAP = re.compile(r"<(?:(?P<kind>[a-z_]+)(?:\((?P<choices>[^)]*)\))?:)?(?P<name>[^<>]+)>")


def address(rule: Rule, values: Mapping[str, str] | None = None, junk: str | None = None) -> str:
    """The address of a rule. Without a value an id is of nobody, a choice its first, all else a word nobody knows.

    `junk` goes into every gap instead.
    """

    def fill(gap: re.Match[str]) -> str:
        if junk is not None:
            return junk
        usual = NOBODY if gap["kind"] == "row_id" else (gap["choices"] or "x.y.z").split(",")[0]
        return (values or {}).get(gap["name"], usual)

    return GAP.sub(fill, rule.rule)
