"""An application as the parts of its form: what may be typed now, what only stands there, and how much is done."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from bot.forms.registration import ITEM_WORDS
from handlers import sheet
from handlers.web.fields import Control, Fault, Judged, controls, judge
from models.rules.fields import Field, dated
from models.rules.registration import FIELDS_OF, PAPERS, Item, State, answered, required_papers
from models.views.registration import ApplicationView

PAPERS_WORD = "写真・書類"
FIELD_ITEMS = (Item.BASIC, Item.ACCOUNT, Item.DETAIL)
NO_FAULTS: Mapping[str, Fault] = MappingProxyType({})


@dataclass(frozen=True)
class PaperPart:
    """One kind of photo, and how many are there."""

    item: Item
    word: str
    held: int


@dataclass(frozen=True)
class Section:
    """A part of the form. `open`: it may be changed now; otherwise `lines` shows what stands there."""

    key: str
    word: str
    done: int
    total: int
    open: bool
    controls: tuple[Control, ...] = ()
    lines: tuple[sheet.Line, ...] = ()
    papers: tuple[PaperPart, ...] = ()

    @property
    def progress(self) -> str:
        """3/10."""
        return f"{self.done}/{self.total}"


def fields_open(view: ApplicationView, today: date) -> tuple[Field, ...]:
    """The fields that may be changed now, in the page's order."""
    return tuple(dated(each, today) for item in FIELD_ITEMS if item in view.editable for each in FIELDS_OF[item])


def rejudged(view: ApplicationView, today: date) -> Judged:
    """What is wrong with the answers as they are kept, by the same rules as when they are typed."""
    fields = fields_open(view, today)
    return judge(fields, {each.key: view.answers.get(each.key, "") for each in fields}, view.answers)


def sections(view: ApplicationView, today: date, faults: Mapping[str, Fault] = NO_FAULTS) -> tuple[Section, ...]:
    """The four parts in the page's order."""
    basic, account, detail = (_typed_part(view, item, today, faults) for item in FIELD_ITEMS)
    return (basic, account, _papers(view), detail)


def to_mend(view: ApplicationView) -> tuple[tuple[str, str, str], ...]:
    """What the last return asks for: the part of the page ("" for the whole), the item's word, the reviewer's words."""
    if view.state is not State.RETURNED:
        return ()
    comments = view.decisions[-1].comments
    named = tuple(
        ("papers" if item in PAPERS else str(item), ITEM_WORDS[item], comments[item])
        for item in Item
        if comments.get(item)
    )
    return (*named, ("", "全体", comments[""])) if comments.get("") else named


def _typed_part(view: ApplicationView, item: Item, today: date, faults: Mapping[str, Fault]) -> Section:
    fields = FIELDS_OF[item]
    done, total = answered(fields, view.answers)
    drawn = controls(fields, view.answers, faults, today=today)
    lines = sheet.lines(view, tuple(each.key for each in fields))
    return Section(item, ITEM_WORDS[item], done, total, item in view.editable, drawn, lines)


def _papers(view: ApplicationView) -> Section:
    parts = tuple(
        PaperPart(item, ITEM_WORDS[item], len(view.papers_of(item))) for item in required_papers(view.answers)
    )
    done = sum(part.held > 0 for part in parts)
    return Section("papers", PAPERS_WORD, done, len(parts), any(item in PAPERS for item in view.editable), papers=parts)


def faulty(parts: Iterable[Section]) -> tuple[Control, ...]:
    """The controls with a fault, in the page's order."""
    return tuple(control for part in parts if part.open for control in part.controls if control.fault)
