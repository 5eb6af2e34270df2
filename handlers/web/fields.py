"""Any field of the rules as a control of a web form: how it is shown, read back and judged (`ux.md`, "On pages").

The rules are those of the chat; nothing is decided here. `read` gives what was typed, `judge` what of it holds, and
`controls` what the templates draw (`web/fields.html`).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as default
from datetime import date
from types import MappingProxyType
from typing import Any

from werkzeug.datastructures import MultiDict

from bot.text import t
from models.rules.banks import find_banks, find_branches
from models.rules.dates import OLDEST, YOUNGEST
from models.rules.detail import DAY, STEP, clock
from models.rules.errors import NotFound
from models.rules.fields import (
    FIELD_BY_KEY,
    Accepted,
    Answers,
    Choice,
    Field,
    Refused,
    Unclear,
    Value,
    as_text,
    display,
)
from models.rules.normalise import tidy, tidy_lines
from models.rules.regions import REGIONS

RAW_MAX = 10_000
"""So much of an answer is kept while it is not accepted yet."""
MOST_RADIOS = 6
MOST_FOUND = 10
OPEN = frozenset({"qualifications", "specialities"})
"""Lists to which words of one's own can be added."""
HINTED = frozenset(
    {
        "affiliation", "qualifications", "bank", "branch", "account_number", "account_holder", "employment",
        "employment_detail", "invoice_number", "weekly_off", "corporate_number", "contact_mail", "place", "wishes",
        "accompany",
    }
)  # fmt: skip
"""Fields with a sentence of their own beside the example."""
KEYBOARD: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "name": {"autocomplete": "name"},
        "birth_date": {"autocomplete": "bday"},
        "phone": {"type": "tel", "inputmode": "tel", "autocomplete": "tel"},
        "mail": {"type": "email", "inputmode": "email", "autocomplete": "email", "autocapitalize": "off"},
        "affiliation": {"autocomplete": "organization"},
        "account_number": {"inputmode": "numeric"},
        "invoice_number": {"inputmode": "numeric", "autocapitalize": "characters"},
        "corporate_number": {"inputmode": "numeric"},
        "contact_phone": {"type": "tel", "inputmode": "tel"},
        "contact_mail": {"type": "email", "inputmode": "email", "autocapitalize": "off"},
    }
)
GROUPS = tuple((region.name, tuple(Choice(name, name) for name in region.prefectures)) for region in REGIONS)
TIMES = tuple(clock(minutes) for minutes in range(0, DAY + STEP, STEP))
_CODE = re.compile("^(.*)（([0-9]{3,4})）$")


@dataclass(frozen=True)
class Fault:
    """Why an answer is not accepted; `choices` are what it may have meant."""

    words: str
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True)
class Judged:
    """What to keep (accepted, or as it was typed; None: emptied), and what is wrong with it, by key."""

    values: Mapping[str, Value | None]
    faults: Mapping[str, Fault] = default(default_factory=dict)


@dataclass(frozen=True)
class Control:
    """One field as it is drawn. `shape` is long, hours, slot, date, search, checks, select, radio or text."""

    field: Field
    shape: str
    text: str = ""
    ticked: tuple[str, ...] = ()
    other: str = ""
    hint: str = ""
    fault: Fault | None = None
    keyboard: Mapping[str, str] = default(default_factory=dict)
    grouped: tuple[tuple[str, tuple[Choice, ...]], ...] = ()

    @property
    def open(self) -> bool:
        """Whether words of one's own may be added to the list."""
        return self.field.key in OPEN

    @property
    def hours(self) -> tuple[str, str]:
        """From and to, as far as they are chosen."""
        opens, _, closes = self.text.partition("-")
        return opens, closes

    @property
    def slot(self) -> tuple[str, str, str]:
        """Day, from and to of a slot, as far as they are chosen."""
        day, _, clock = self.text.partition("T")
        starts, _, ends = clock.partition("-")
        return day, starts, ends

    @property
    def times(self) -> tuple[str, ...]:
        """What from and to are chosen from."""
        return TIMES


def shape_of(each: Field) -> str:
    """How a field is drawn."""
    if each.kind == "many":
        return "checks"
    if each.kind == "choice":
        return "radio" if len(each.choices) <= MOST_RADIOS else "select"
    return {"datetime": "slot", "place": "text"}.get(each.kind, each.kind)


def read(fields: Iterable[Field], form: MultiDict[str, str]) -> dict[str, Value]:
    """What was typed in each of these fields, tidied; what is missing was left empty.

    A button under an unclear answer says what was meant, `key=value`, and goes before what was typed.
    """
    key, _, meant = form.get("pick", "").partition("=")
    return {each.key: meant if meant and each.key == key else _typed(each, form) for each in fields}


def _typed(each: Field, form: MultiDict[str, str]) -> Value:
    if each.kind == "many":
        return tidied(each, [*form.getlist(each.key), form.get(f"{each.key}_other", "")])
    if each.kind == "hours":
        ends = [form.get(f"{each.key}_{end}", "") for end in ("from", "to")]
        return tidied(each, "-".join(ends) if any(ends) else "")
    if each.kind == "datetime":
        day, starts, ends = (form.get(f"{each.key}_{part}", "") for part in ("day", "from", "to"))
        return tidied(each, f"{day}T{starts}-{ends}" if day or starts or ends else "")
    return tidied(each, form.get(each.key, ""))


def tidied(each: Field, value: Value) -> Value:
    """An answer without what nobody sees, as a list or a text as its field wants it."""
    if each.kind == "many":
        return [word for word in map(tidy, [value] if isinstance(value, str) else value) if word]
    return (tidy_lines if each.kind == "long" else tidy)(as_text(value))


def judge(fields: Iterable[Field], typed: Mapping[str, Value], others: Answers) -> Judged:
    """What of the typed holds beside the `others` (those typed before it go first); nothing typed is lost."""
    answers = dict(others)
    values: dict[str, Value | None] = {}
    faults: dict[str, Fault] = {}
    for each in fields:
        if each.key not in typed:
            continue
        value = typed[each.key]
        found = each.judge(_meant(each, as_text(value), answers), answers) if value or not each.optional else None
        values[each.key] = found.value if isinstance(found, Accepted) else value or None
        if isinstance(found, Refused | Unclear):
            faults[each.key] = _fault(found)
        kept = values[each.key]
        answers = {key: held for key, held in answers.items() if key != each.key} | ({each.key: kept} if kept else {})
    return Judged(values, faults)


def _fault(found: Refused | Unclear) -> Fault:
    return Fault(t(found.code, **found.data)) if isinstance(found, Refused) else Fault(t(found.code), found.choices)


def _meant(each: Field, text: str, answers: Answers) -> str:
    """A bank or branch is shown as 新宿支店（240）: that is the code, as long as the two belong together."""
    shown = _CODE.match(text) if each.kind == "search" else None
    if shown is None:
        return text
    return shown[2] if display(each, shown[2], answers) == text else shown[1]


def too_long(typed: Mapping[str, Value]) -> tuple[str, ...]:
    """The keys of answers that are too long to be kept even as a draft."""
    return tuple(key for key, value in typed.items() if len(as_text(value)) > RAW_MAX)


def controls(
    fields: Iterable[Field], answers: Answers, faults: Mapping[str, Fault] = MappingProxyType({}), *, today: date
) -> tuple[Control, ...]:
    """The fields as they are drawn, with what is answered so far."""
    return tuple(_control(each, answers, faults.get(each.key), today) for each in fields)


def _control(each: Field, answers: Answers, fault: Fault | None, today: date) -> Control:
    value = answers.get(each.key, "")
    known = {choice.value for choice in each.choices}
    words = value if isinstance(value, list) else [value] if value else []
    keyboard = dict(KEYBOARD.get(each.key, {}))
    if each.kind == "datetime":
        keyboard |= {"min": today.isoformat()}
    if each.kind == "date":
        keyboard |= {"min": f"{today.year - OLDEST}-01-01", "max": f"{today.year - YOUNGEST}-12-31"}
    return Control(
        field=each,
        shape=shape_of(each),
        text=shown(each, answers),
        ticked=tuple(word for word in words if word in known),
        other="、".join(word for word in words if word not in known) if each.key in OPEN else "",
        hint=_hint(each),
        fault=fault,
        keyboard=keyboard,
        grouped=GROUPS if each.key == "prefecture" else (),
    )


def shown(each: Field, answers: Answers) -> str:
    """An answer as its control holds it: a bank and branch by name and code, all else as it is kept."""
    value = as_text(answers.get(each.key, ""))
    if each.kind == "search" and each.judge(value, answers) == Accepted(value):
        return display(each, value, answers)
    return value


def _hint(each: Field) -> str:
    own = t(f"hint.{each.key}") if each.key in HINTED else ""
    plain = each.kind in ("text", "long", "search", "place")
    return own + (t("hint.example", example=each.example) if plain else "")


def searched(given: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to a page's search for a bank or branch (`field`, `words`, `bank`); NotFound for anything else.

    It is asked by a post, so that no address holds what somebody types.
    """
    key, words, bank = (str(given.get(name, ""))[:100] for name in ("field", "words", "bank"))
    if key not in ("bank", "branch"):
        raise NotFound
    meant = as_text(judge((FIELD_BY_KEY["bank"],), {"bank": tidy(bank)}, {}).values["bank"] or "")
    each, answers, query = FIELD_BY_KEY[key], {"bank": meant}, tidy(words)
    near = find_banks(query).near if key == "bank" else find_branches(meant, query).near
    codes = [hit.code for hit in near[:MOST_FOUND]]
    judged = each.judge(query, answers)
    if isinstance(judged, Accepted) and judged.value not in codes:
        codes.insert(0, as_text(judged.value))
    return {"found": [display(each, code, answers) for code in codes], "more": len(near) > MOST_FOUND}
