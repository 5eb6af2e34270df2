"""Lists of the secretariat's page: declared once, read from the address, shown by one template, exported.

A page declares a `ListPage` with its columns and filters and two queries, and puts it on the blueprint with `add`:
`/admin/things` shows it, `/admin/things.csv` and `.xlsx` hold what the same arguments choose.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from math import ceil
from typing import Any, Generic, TypeVar

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from handlers import exports
from handlers.admin.context import actor, now, services
from models.rules.calendar import format_date, format_datetime, to_jst
from models.rules.errors import NotAllowed
from models.rules.normalise import tidy
from models.rules.permissions import can
from storage import audit
from storage.database import UnitOfWork

PER_PAGE = 50
AT_ONCE = 1000
WORDS_MAX = 60
Row = TypeVar("Row")
Raw = str | int | date | datetime | None


@dataclass(frozen=True)
class Column(Generic[Row]):
    """One column. `text` gives a string, a number, a date or a time: the page words it, an export keeps it as it is.

    `sortable`: its key is an order; `number`: right-aligned; `shown` on the page, `exported` to files.
    """

    key: str
    title: str
    text: Callable[[Row], Raw]
    sortable: bool = False
    number: bool = False
    shown: bool = True
    exported: bool = True

    def cell(self, row: Row) -> str:
        """What the page shows."""
        return in_words(self.text(row))


@dataclass(frozen=True)
class Choice:
    """A filter with a finite set: `options` are (value, label); `default` stands for itself where nothing is chosen.

    Without a default the first entry of the select is 「すべて」. `shown` False: the page shows it another way (tabs).
    """

    key: str
    title: str
    options: Sequence[tuple[str, str]]
    default: str = ""
    shown: bool = True
    kind: str = "choice"

    def read(self, raw: str) -> str:
        """The value an address means; anything unknown is the default."""
        return raw if any(raw == value for value, _ in self.options) else self.default


@dataclass(frozen=True)
class Text:
    """A filter of a few typed words."""

    key: str
    title: str
    hint: str = ""
    default: str = ""
    shown: bool = True
    kind: str = "text"

    def read(self, raw: str) -> str:
        """The words, tidied and cut."""
        return _words(raw)


@dataclass(frozen=True)
class Day:
    """A filter by a day (Asia/Tokyo), in the address as 2026-11-18."""

    key: str
    title: str
    default: str = ""
    shown: bool = True
    kind: str = "date"

    def read(self, raw: str) -> str:
        """The day if it is one."""
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", raw):
            return self.default
        try:
            return date.fromisoformat(raw).isoformat()
        except ValueError:
            return self.default


Filter = Choice | Text | Day


@dataclass(frozen=True)
class ListPage(Generic[Row]):
    """A list. `endpoint` is the view's name without `admin.`; `order` the usual one (a minus turns it round).

    `count` and `rows` are asked inside one transaction: `rows(uow, asked, limit, offset)`. `stream`, where given,
    yields all rows for an export from one query; otherwise they are fetched a thousand at a time. `searched` names what
    the search box finds, empty for no box; `empty` says what will fill the list, `none` that nothing fits. `head` is
    the column that names the row, `link` where the row leads; `here` is the menu's entry; `permission` is asked for
    page and files. `most`: more rows than these are not counted and not paged (0: all are); a file holds all.
    """

    endpoint: str
    title: str
    columns: Sequence[Column[Row]]
    count: Callable[[UnitOfWork, "Asked"], int]
    rows: Callable[[UnitOfWork, "Asked", int, int], Sequence[Row]]
    order: str
    searched: str = ""
    empty: str = ""
    none: str = "合うものはありません。"
    here: str = ""
    head: str = ""
    link: "Callable[[Row, Asked], str] | None" = None
    filters: Sequence[Filter] = ()
    permission: str = "queue.read"
    stream: "Callable[[UnitOfWork, Asked], Iterable[Row]] | None" = None
    template: str = "admin/list.html"
    most: int = 0

    @property
    def name(self) -> str:
        """The column that names a row: `head`, or the first."""
        return self.head or self.columns[0].key

    @property
    def orders(self) -> tuple[str, ...]:
        """What the list may be sorted by."""
        return (self.order.removeprefix("-"), *(column.key for column in self.columns if column.sortable))

    @property
    def ways_to_sort(self) -> tuple[tuple[str, str], ...]:
        """The orders with words, for screens that show no heads."""
        sortable = [column for column in self.columns if column.sortable]
        usual = self.order.removeprefix("-")
        own = () if not sortable or usual in [column.key for column in sortable] else ((self.order, "いつもの順"),)
        ways = ((sign + each.key, each.title + way) for each in sortable for sign, way in (("", " ▲"), ("-", " ▼")))
        return (*own, *ways)


@dataclass(frozen=True)
class Asked:
    """What an address asks of a list; `chosen` by the filter's key."""

    of: ListPage[Any]
    words: str = ""
    order: str = ""
    page: int = 1
    chosen: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, key: str) -> str:
        """What is chosen of a filter, or its default."""
        return self.chosen[key]

    def day(self, key: str) -> date | None:
        """The day of a `Day` filter."""
        return date.fromisoformat(self.chosen[key]) if self.chosen[key] else None

    def link(self, **changes: Any) -> dict[str, Any]:
        """Arguments of an address that asks the same with some `changes`; what is usual is left out, the page is 1."""
        own = {key: changes.pop(key) for key in tuple(changes) if key in self.chosen}
        other = replace(self, **{"page": 1, **changes, "chosen": {**self.chosen, **own}})
        pairs = {each.key: other.chosen[each.key] for each in self.of.filters}
        pairs |= {"q": other.words, "sort": other.order, "page": other.page}
        usual = {each.key: each.default for each in self.of.filters} | {"q": "", "sort": self.of.order, "page": 1}
        return {name: value for name, value in pairs.items() if value != usual[name]}

    def turned(self, key: str) -> str:
        """The order a click on a column's head gives: up, then down."""
        return f"-{key}" if self.order == key else key

    def sorted_by(self, key: str) -> str:
        """The value of aria-sort for a column, or an empty string."""
        if self.order.removeprefix("-") != key:
            return ""
        return "descending" if self.order.startswith("-") else "ascending"

    @property
    def narrowed(self) -> bool:
        """Whether words or a filter that is shown leave something out."""
        shown = (each for each in self.of.filters if each.shown)
        return bool(self.words) or any(self.chosen[each.key] != each.default for each in shown)

    @property
    def plain(self) -> dict[str, Any]:
        """Arguments of the same list without words and shown filters."""
        return self.link(words="", **{each.key: each.default for each in self.of.filters if each.shown})

    @property
    def unshown(self) -> dict[str, Any]:
        """Arguments the search form carries along: filters that have no field in it."""
        fields = {"q", "sort", "page", *(each.key for each in self.of.filters if each.shown)}
        return {name: value for name, value in self.link().items() if name not in fields}

    @property
    def offset(self) -> int:
        """How many rows lie before this page."""
        return (self.page - 1) * PER_PAGE

    def within(self, total: int) -> "Asked":
        """The same with the last page of `total` rows for one behind it."""
        return replace(self, page=min(self.page, pages(total)))


def read(page: ListPage[Any], args: Mapping[str, str]) -> Asked:
    """What the arguments of an address ask for; whatever makes no sense is taken as the default."""
    order, number = args.get("sort", ""), args.get("page", "")
    return Asked(
        of=page,
        words=_words(args.get("q", "")) if page.searched else "",
        order=order if order.removeprefix("-") in page.orders else page.order,
        page=max(int(number), 1) if re.fullmatch("[0-9]{1,6}", number) else 1,
        chosen={each.key: each.read(args.get(each.key, "")) for each in page.filters},
    )


def _words(raw: str) -> str:
    return tidy(raw)[:WORDS_MAX].strip()


def pages(total: int) -> int:
    """How many pages a list of `total` rows has; an empty one has one."""
    return max(ceil(total / PER_PAGE), 1)


def in_words(value: Raw) -> str:
    """A value of a cell as a person reads it."""
    if isinstance(value, datetime):
        local = to_jst(value)
        return (f"{local.year}年" if local.year != to_jst(now()).year else "") + format_datetime(value)
    if isinstance(value, date):
        return format_date(value)
    return f"{value:,}" if isinstance(value, int) else value or ""


def add(bp: Blueprint, path: str, page: ListPage[Any], view: Callable[[], ResponseReturnValue] | None = None) -> None:
    """Put the list and its two exports on the blueprint; `view` where the page needs more than `show`."""
    bp.add_url_rule(path, page.endpoint, view or (lambda: show(page)))
    bp.add_url_rule(
        f"{path}.<any(csv,xlsx):file_type>", f"{page.endpoint}_export", lambda file_type: export(page, file_type)
    )


def show(
    page: ListPage[Any],
    status: int = 200,
    hide: Iterable[str] = (),
    also: Callable[[UnitOfWork], Mapping[str, Any]] | None = None,
    **values: Any,
) -> ResponseReturnValue:
    """The answer to a request for a list. `hide`: keys of columns this user does not need.

    `values` reach the page's own template; `also` finds more of them in the same transaction.
    """
    if not can(actor(), page.permission):
        raise NotAllowed
    asked = read(page, request.args)
    with services().database.read() as uow:
        counted = page.count(uow, asked)
        total = min(counted, page.most or counted)
        asked = asked.within(total)
        rows = page.rows(uow, asked, PER_PAGE, asked.offset) if total else []
        more = also(uow) if also else {}
    columns = [column for column in page.columns if column.shown and column.key not in {*hide}]
    shown = render_template(
        page.template, list=page, asked=asked, rows=rows, total=total, pages=pages(total), columns=columns,
        over=counted > total,
        **values, **more,
    )  # fmt: skip
    return shown, status


def export(page: ListPage[Any], kind: str) -> Response:
    """All that the arguments choose as a file, whole before it is sent; audited, but not what was searched for."""
    if not can(actor(), page.permission):
        raise NotAllowed
    asked = read(page, request.args)
    at = now()
    with services().database.unit() as uow:
        narrowing = len(asked.link(order=page.order))
        audit.record(uow, actor(), "list.export", ("list", page.endpoint), at, detail=f"{kind} {narrowing}")
    with services().database.read() as uow:
        rows = page.stream(uow, asked) if page.stream else _batches(page, uow, asked)
        return exported(page, rows, kind)


def exported(page: ListPage[Row], rows: Iterable[Row], kind: str) -> Response:
    """`rows` as a download, read one by one: the file lies on the disk, not in memory. `kind`: csv or xlsx."""
    columns = [column for column in page.columns if column.exported]
    lines = ([column.text(row) for column in columns] for row in rows)
    return exports.download(page.title, to_jst(now()).date(), kind, [column.title for column in columns], lines)


def _batches(page: ListPage[Row], uow: UnitOfWork, asked: Asked) -> Iterator[Row]:
    offset = 0
    while rows := page.rows(uow, asked, AT_ONCE, offset):
        yield from rows
        offset += len(rows)
