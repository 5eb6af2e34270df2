"""What a list shows: state, words, order and page, read from the address so that a list can be sent to a colleague."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

from bot.text import t
from models.rules.registration import State

PER_PAGE = 50
TABS: Mapping[str, tuple[State, ...]] = {
    "secretariat": (State.SECRETARIAT_REVIEW,),
    "organisation": (State.ORGANISATION_REVIEW,),
    "returned": (State.RETURNED,),
    "approved": (State.TERMS_SENT,),
    "agreed": (State.TERMS_AGREED,),
    "commissioned": (State.COMMISSIONED,),
    "active": (State.ACTIVE,),
    "withdrawn": (State.WITHDRAWN,),
    "rejected": (State.REJECTED,),
    "all": tuple(state for state in State if state is not State.DRAFT),
}
ORDERS = ("age", "-age", "number", "-number", "name", "-name")
WORDS_MAX = 60


@dataclass(frozen=True)
class Listing:
    """One view of the list of applications."""

    tab: str = "secretariat"
    words: str = ""
    order: str = "age"
    page: int = 1

    @property
    def states(self) -> tuple[State, ...]:
        """The states of the chosen tab."""
        return TABS[self.tab]

    def link(self, **changes: Any) -> dict[str, Any]:
        """Arguments of an address that shows this list with some `changes`; whatever is the default is left out."""
        plain = Listing()
        other = replace(self, **{"page": 1, **changes})
        pairs = {"state": other.tab, "q": other.words, "sort": other.order, "page": other.page}
        usual = {"state": plain.tab, "q": plain.words, "sort": plain.order, "page": plain.page}
        return {name: value for name, value in pairs.items() if value != usual[name]}

    def turned(self, key: str) -> str:
        """The order a click on a column's head gives: up, then down."""
        return f"-{key}" if self.order == key else key


def tab_name(tab: str) -> str:
    """What a tab is called: its state in words."""
    return "すべて" if tab == "all" else t(f"state.{TABS[tab][0]}")


def read_listing(args: Mapping[str, str]) -> Listing:
    """The list an address means; whatever makes no sense is taken as the default."""
    tab, order = args.get("state", ""), args.get("sort", "")
    return Listing(
        tab=tab if tab in TABS else "secretariat",
        words=read_words(args),
        order=order if order in ORDERS else "age",
        page=read_page(args),
    )


def read_words(args: Mapping[str, str]) -> str:
    """The words searched for, without control characters."""
    return clean(args.get("q", "")).replace("\n", " ")[:WORDS_MAX]


def read_page(args: Mapping[str, str]) -> int:
    """The page asked for, from 1."""
    page = args.get("page", "")
    return max(int(page), 1) if re.fullmatch("[0-9]{1,6}", page) else 1


def pages(total: int) -> int:
    """How many pages a list of `total` lines has; an empty one has one."""
    return max(ceil(total / PER_PAGE), 1)


def clean(text: str) -> str:
    """Typed text with plain line breaks, without control characters and lone surrogates."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in plain if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs")).strip()
