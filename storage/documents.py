"""The commission letter 委嘱状 and the acceptance 就任承諾書 (`domain.md` 2) as one-page A4 PDFs.

Their sentences stand in documents.toml. The same input gives the same bytes as long as pylopdf and the font are the
same, so a document is made once and stored. The font is embedded as a subset. A character it lacks is drawn as 〓 and
named by its code at the foot; the document's Subject keeps the name as it was given.
pylopdf is imported at the first use, to keep cold starts short. Lengths are points, from the top left corner.
"""

import tomllib
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from models.rules.calendar import JST, to_jst
from models.rules.dates import ERAS

if TYPE_CHECKING:
    from pylopdf import Font

PAGE_WIDTH = 595.28
PAGE_HEIGHT = 841.89
WIDTH = 432.0
LEFT = (PAGE_WIDTH - WIDTH) / 2
LABEL_WIDTH = 96.0
BODY = 12.0
SMALL = 9.5
LEADING = 1.4
FOOT = 738.0
MOST_CODES = 12
DOCUMENT_LANGUAGE = b"ja-JP"
JOINING = frozenset({"Mn", "Me", "Mc", "Cf"})
START, CENTRE, END = range(3)


@dataclass(frozen=True)
class Letter:
    """A commission letter 委嘱状; `fiscal_year` 2026 is April 2026 to March 2027, `starts` to `ends` lies within."""

    number: str
    name: str
    fiscal_year: int
    starts: date
    ends: date
    issued: date
    issuer: str
    desk: str
    desk_phone: str


@dataclass(frozen=True)
class Acceptance:
    """An acceptance 就任承諾書; `accepted_at` is an aware datetime, shown in Japan's time."""

    letter_number: str
    name: str
    accepted_at: datetime
    terms_version: str
    starts: date
    ends: date
    issuer: str


def letter_pdf(letter: Letter) -> bytes:
    """The commission letter; ValueError when its texts do not fit one page."""
    words = _words()["letter"]
    name, issuer = _tidy(letter.name), _tidy(letter.issuer)
    gaps = {"period": _period(letter.starts, letter.ends), "fiscal_year": _fiscal_year(letter.fiscal_year)}
    sheet = _Sheet(words["title"], f"{letter.number} {name}", datetime.combine(letter.issued, time(), JST))
    sheet.frame()
    sheet.write(words["number"].format(number=_tidy(letter.number)), top=76, size=11, align=END)
    sheet.write(words["title"], top=112, size=30, align=CENTRE)
    sheet.write(words["addressee"].format(name=name), top=192, size=18, least=12, lines=5)
    sheet.write(words["body"], below=22, size=BODY, leading=1.6)
    _write_items(sheet, words, gaps)
    sheet.write(_day(letter.issued), below=14, size=BODY)
    sheet.write(issuer, below=12, size=15, least=11, lines=3, align=END)
    sheet.write(words["seal"], below=0, size=SMALL, align=END)
    sheet.foot(words["desk"].format(desk=_tidy(letter.desk), phone=_tidy(letter.desk_phone)))
    return sheet.finish()


def acceptance_pdf(acceptance: Acceptance) -> bytes:
    """The acceptance; ValueError when its texts do not fit one page or its moment is naive."""
    if acceptance.accepted_at.tzinfo is None:
        raise ValueError("accepted_at must be an aware datetime")
    words = _words()["acceptance"]
    name, accepted = _tidy(acceptance.name), to_jst(acceptance.accepted_at)
    gaps = {
        "letter_number": _tidy(acceptance.letter_number),
        "terms_version": _tidy(acceptance.terms_version),
        "period": _period(acceptance.starts, acceptance.ends),
        "moment": _moment(accepted),
    }
    sheet = _Sheet(words["title"], f"{acceptance.letter_number} {name}", accepted)
    sheet.write(_day(accepted.date()), top=76, size=BODY, align=END)
    sheet.write(words["title"], top=118, size=26, align=CENTRE)
    sheet.write(words["addressee"].format(issuer=_tidy(acceptance.issuer)), top=190, size=14, least=11, lines=3)
    sheet.write(words["body"], below=22, size=BODY, leading=1.6)
    _write_items(sheet, words, gaps)
    sheet.write(words["signature"].format(name=name), below=30, size=16, least=12, lines=5, align=END)
    sheet.foot(words["origin"])
    return sheet.finish()


def _write_items(sheet: "_Sheet", words: dict[str, Any], gaps: dict[str, str]) -> None:
    sheet.write(words["below"], below=16, size=BODY, align=CENTRE)
    for number, (label, text) in enumerate(words["items"].items(), start=1):
        sheet.item(f"{number}　{label}", text.format(**gaps))
    sheet.write(words["end"], below=6, size=BODY, align=END)


class _Sheet:
    """One page, written from top to bottom; `write` and `item` continue below what was written last."""

    def __init__(self, title: str, subject: str, made: datetime) -> None:
        from pylopdf import Document

        self._document = Document()
        self._page = self._document.new_page(width=PAGE_WIDTH, height=PAGE_HEIGHT)
        self._shape = self._page.new_shape()
        self._font = _font()
        self._document.set_metadata(
            {"title": title, "subject": subject, "creationDate": f"D:{made:%Y%m%d%H%M%S}+09'00'"}
        )
        self._missing: dict[str, None] = {}
        self._bottom = 0.0

    def frame(self) -> None:
        """A thin double frame around the page."""
        for edge, width in ((34.0, 0.9), (38.0, 0.3)):
            self._shape.draw_rect((edge, edge, PAGE_WIDTH - edge, PAGE_HEIGHT - edge))
            self._shape.finish(width=width)

    def foot(self, text: str) -> None:
        """What stands below a thin line at the page's foot; ValueError when the page has already grown past it."""
        if self._bottom > FOOT:
            raise ValueError("the texts do not fit one page")
        self._shape.draw_line((LEFT, FOOT), (LEFT + WIDTH, FOOT))
        self._shape.finish(width=0.4)
        self.write(text, top=FOOT + 6, size=10, least=8, lines=2)

    def write(
        self,
        text: str,
        *,
        size: float,
        top: float | None = None,
        below: float = 0.0,
        least: float | None = None,
        lines: int = 8,
        align: int = START,
        leading: float = LEADING,
        left: float = LEFT,
        width: float = WIDTH,
    ) -> None:
        """Text in one line if it can be by shrinking to `least`, else wrapped into as few lines as will do."""
        start = self._bottom + below if top is None else top
        shown = self._drawable(text)
        for count in range(1, lines + 1):
            for smaller in _sizes(size, least or size):
                height = (count * leading + 0.3) * smaller
                box = (left, start, left + width, start + height)
                spare = self._shape.insert_textbox(
                    box, shown, font=self._font, fontsize=smaller, align=align, lineheight=leading
                )
                if spare >= 0:
                    self._bottom = start + height * self._font.ascender
                    return
        raise ValueError(f"the text does not fit its place on the page: {len(text)} characters")

    def item(self, label: str, text: str) -> None:
        """A numbered label with its text beside it."""
        top = self._bottom + 4
        self.write(label, top=top, size=BODY, width=LABEL_WIDTH)
        self.write(text, top=top, size=BODY, lines=6, left=LEFT + LABEL_WIDTH + BODY, width=WIDTH - LABEL_WIDTH - BODY)

    def finish(self) -> bytes:
        """The PDF, with the note on missing characters if there are any."""
        from pylopdf import String

        if self._missing:
            self.write(_missing_note(list(self._missing)), below=2, size=8, lines=2)
        self._shape.commit()
        self._document.catalog["Lang"] = String(DOCUMENT_LANGUAGE)
        self._document.catalog["ViewerPreferences"] = {"DisplayDocTitle": True}
        pdf = self._document.tobytes(deflate=True)
        self._document.close()
        return pdf

    def _drawable(self, text: str) -> str:
        if all(_draws(line) for line in text.split("\n")):
            return text
        return "".join(cluster if cluster == "\n" else self._instead(cluster) for cluster in _clusters(text))

    def _instead(self, cluster: str) -> str:
        if _draws(cluster):
            return cluster
        if _draws(cluster[0]):
            return cluster[0]
        self._missing[cluster[0]] = None
        return _words()["sheet"]["missing"]


@cache
def _font() -> "Font":
    from pylopdf import Font
    from pylopdf_fonts_jp import serif_path

    return Font(fontfile=serif_path())


@cache
def _words() -> dict[str, dict[str, Any]]:
    return tomllib.loads(files("storage").joinpath("documents.toml").read_text("utf-8"))


def _draws(text: str) -> bool:
    """Marks and selectors have no glyph of their own: only drawing tells whether the font can show them."""
    from pylopdf import PdfError

    try:
        _font().text_length(text)
    except PdfError:
        return False
    return True


def _missing_note(missing: list[str]) -> str:
    words = _words()["sheet"]
    codes = words["between"].join(f"U+{ord(char):04X}" for char in missing[:MOST_CODES])
    return words["missing_note"].format(codes=codes + words["more"] * (len(missing) > MOST_CODES))


def _clusters(text: str) -> list[str]:
    clusters: list[str] = []
    for char in text:
        if clusters and unicodedata.category(char) in JOINING:
            clusters[-1] += char
        else:
            clusters.append(char)
    return clusters


def _sizes(size: float, least: float) -> list[float]:
    steps = int((size - least) * 2)
    return [size - step / 2 for step in range(steps + 1)]


def _tidy(text: str) -> str:
    return " ".join(text.split())


def _day(day: date) -> str:
    return _words()["calendar"]["day"].format(month=day.month, day=day.day, **_era_year(day))


def _western_day(day: date) -> str:
    return _words()["calendar"]["western_day"].format(year=day.year, month=day.month, day=day.day)


def _moment(moment: datetime) -> str:
    gaps = {"day": _day(moment.date()), "hour": moment.hour, "minute": moment.minute}
    return _words()["calendar"]["moment"].format(**gaps)


def _period(starts: date, ends: date) -> str:
    return _words()["calendar"]["period"].format(
        starts=_day(starts), ends=_day(ends), western_starts=_western_day(starts), western_ends=_western_day(ends)
    )


def _fiscal_year(year: int) -> str:
    """A year is named after the era that holds most of it."""
    return _words()["calendar"]["fiscal_year"].format(western=year, **_era_year(date(year, 10, 1)))


def _era_year(day: date) -> dict[str, str]:
    era = next(era for era in reversed(ERAS) if era.first <= day)
    year = day.year - era.first.year + 1
    return {"era": era.name, "year": _words()["calendar"]["first_year"] if year == 1 else str(year)}
