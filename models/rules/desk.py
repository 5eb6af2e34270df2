"""Regional desks: what their words must be, and which desk serves which prefecture (`domain.md` 1)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import phonenumbers

from models.rules.judgement import Accepted, Refused, Unclear
from models.rules.normalise import tidy, to_halfwidth_ascii
from models.rules.person import judge_mail
from models.rules.regions import PREFECTURES

WORDS = {"name": ("desk.name", 60), "hours": ("desk.hours", 80), "address": ("desk.address", 200)}
"""By field: the sentence that says what is expected, and the most characters."""
OTHERS = "others"
"""What a form says instead of prefectures for the desk of all others."""


@dataclass(frozen=True)
class Served:
    """Which desk serves what: an id, its name, and its prefectures (none: all others)."""

    id: str
    name: str
    prefectures: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """What changes when a desk serves other prefectures than before.

    `takes`: (prefecture, the other desk's name) that move to it; `others`: what each other desk concerned is left with.
    """

    prefectures: tuple[str, ...]
    takes: tuple[tuple[str, str], ...] = ()
    others: tuple[Served, ...] = ()


def judge_words(typed: Mapping[str, str]) -> tuple[dict[str, str], dict[str, Refused]]:
    """Name, phone, mail, address and hours as they are kept, and what is wrong with them by field."""
    words = {key: tidy(typed.get(key, "")) for key in WORDS}
    faults = {
        key: Refused(code, {"most": str(most)})
        for key, (code, most) in WORDS.items()
        if len(words[key]) > most or (not words[key] and key != "address")
    }
    phone, mail = _phone(typed.get("phone", "")), judge_mail(typed.get("mail", ""), {})
    words |= {"phone": phone or "", "mail": str(mail.value) if isinstance(mail, Accepted) else ""}
    if not phone:
        faults["phone"] = Refused("desk.phone")
    if isinstance(mail, Refused):
        faults["mail"] = mail
    if isinstance(mail, Unclear):
        faults["mail"] = Refused("desk.mail_mistyped", {"meant": mail.choices[0].value})
    return words, faults


def _phone(text: str) -> str | None:
    """A Japanese number in its usual form; a desk may have a free or a shared-cost one (0120, 0570)."""
    digits = re.sub("[^0-9+]", "", to_halfwidth_ascii(tidy(text))[:40])
    try:
        number = phonenumbers.parse(digits, "JP")
    except phonenumbers.NumberParseException:
        return None
    fits = number.country_code == 81 and phonenumbers.is_valid_number(number)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL) if fits else None


def plan(desk_id: str, wanted: Iterable[str], *, others: bool, desks: Iterable[Served]) -> Plan | Refused:
    """What it takes that the desk (`desk_id` empty: a new one) serves `wanted`, or all `others`.

    There is always exactly one desk for all others, and a prefecture belongs to one desk.
    """
    known = tuple(desks)
    own = next((desk for desk in known if desk.id == desk_id), None)
    rest = tuple(desk for desk in known if desk.id != desk_id)
    general = next((desk for desk in rest if not desk.prefectures), None)
    if others:
        return _for_others(own, general)
    prefectures = tuple(name for name in PREFECTURES if name in set(wanted))
    if not prefectures:
        return Refused("desk.prefectures")
    if general is None:
        return Refused("desk.others_needed")
    return _taking(prefectures, rest)


def _for_others(own: Served | None, general: Served | None) -> Plan | Refused:
    """A desk becomes the one for all others: the one that was so far takes over its prefectures."""
    if general is None:
        return Plan(())
    if own is None:
        return Refused("desk.others_taken", {"name": general.name})
    return Plan((), others=(Served(general.id, general.name, own.prefectures),))


def _taking(prefectures: tuple[str, ...], rest: tuple[Served, ...]) -> Plan | Refused:
    takes, left = [], []
    for desk in rest:
        taken = [name for name in desk.prefectures if name in prefectures]
        if not taken:
            continue
        kept = tuple(name for name in desk.prefectures if name not in prefectures)
        if not kept:
            return Refused("desk.emptied", {"name": desk.name})
        takes += [(name, desk.name) for name in taken]
        left.append(Served(desk.id, desk.name, kept))
    return Plan(prefectures, tuple(takes), tuple(left))
