"""Judging what a person says about themselves: name, reading, phone, mail, affiliation."""

from __future__ import annotations

import re
import unicodedata

import phonenumbers
from phonenumbers import PhoneNumberType

from models.rules.judgement import Accepted, Answers, Choice, Judgement, Refused, Unclear, fit_label
from models.rules.normalise import (
    HYPHENS,
    graphemes,
    join_long_marks,
    search_key,
    tidy,
    to_halfwidth_ascii,
    to_katakana,
)
from models.rules.splitting import split_kana, split_name

NAME_LIMIT = 50
MAIL_LIMIT = 254
AFFILIATION_LIMIT = 100
INDEPENDENT = "個人（所属なし）"

_NAME_SIGNS = frozenset("-'’.・=゠ ")
_HALF_KANA = re.compile("[\uff61-\uff9f]+")
_KANA_PART = re.compile("[ァ-ヺヽヾ][ァ-ヺーヽヾ]*")
_KANA_GAP = re.compile("[ ・,、.=]+")
_PHONE_SIGNS = re.compile(rf"[0-9ー{HYPHENS}() .]+")
_INDEPENDENT_WORDS = frozenset(
    map(
        search_key,
        (INDEPENDENT, "個人", "個人事業主", "無所属", "所属なし", "なし", "無し", "無", "フリーランス"),
    )
)
_REACHABLE = {
    PhoneNumberType.MOBILE,
    PhoneNumberType.FIXED_LINE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE,
    PhoneNumberType.VOIP,
    PhoneNumberType.PERSONAL_NUMBER,
}
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:[a-z]{2,24}|xn--[a-z0-9-]{1,59})")
_MISTYPED_DOMAINS = {
    "gmail.co": "gmail.com",
    "gmai.com": "gmail.com",
    "gmial.com": "gmail.com",
    "gamil.com": "gmail.com",
    "gnail.com": "gmail.com",
    "icloud.co": "icloud.com",
}
_MISTYPED_ENDS = {".con": ".com", ".cpm": ".com", ".comn": ".com", ".co.jo": ".co.jp", ".ne.jo": ".ne.jp"}


def _is_letter(char: str) -> bool:
    return unicodedata.category(char).startswith("L")


def _may_stand_in_name(char: str) -> bool:
    return _is_letter(char) or char in _NAME_SIGNS or unicodedata.category(char) in {"Mn", "Mc"}


def _name_text(text: str) -> str:
    full = _HALF_KANA.sub(lambda found: unicodedata.normalize("NFKC", found[0]), to_halfwidth_ascii(text))
    return tidy(join_long_marks(tidy(full)))


def judge_name(text: str, _answers: Answers) -> Judgement:
    """Family and given name with one ASCII space; kanji as typed, Latin letters half-width."""
    name = _name_text(text)
    if not name:
        return Refused("name.gap")
    if len(name) > NAME_LIMIT:
        return Refused("name.long", {"limit": str(NAME_LIMIT)})
    if not all(map(_may_stand_in_name, name)):
        return Refused("name.letters")
    parts = name.split(" ")
    if not all(any(map(_is_letter, part)) for part in parts):
        return Refused("name.letters")
    if len(parts) > 1:
        return Accepted(name)
    splits = split_name(name)
    if not splits:
        return Refused("name.gap")
    return Unclear("name.split", tuple(Choice(fit_label(split), split) for split in splits))


def judge_kana(text: str, _answers: Answers) -> Judgement:
    """The reading in full-width katakana, its parts divided by one ASCII space."""
    wide = tidy(to_katakana(to_halfwidth_ascii(tidy(text))))
    kana = _KANA_GAP.sub(" ", re.sub(rf"[{HYPHENS}]", "ー", wide)).strip(" ")
    if not kana:
        return Refused("kana.gap")
    if len(kana) > NAME_LIMIT:
        return Refused("kana.long", {"limit": str(NAME_LIMIT)})
    parts = kana.split(" ")
    if not all(map(_KANA_PART.fullmatch, parts)):
        return Refused("kana.letters")
    if len(parts) > 1:
        return Accepted(kana)
    splits = split_kana(kana)
    if not splits:
        return Refused("kana.gap")
    return Unclear("kana.split", tuple(Choice(fit_label(split), split) for split in splits))


def _parse_phone(text: str) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(text, "JP")
    except phonenumbers.NumberParseException:
        return None


def judge_phone(text: str, _answers: Answers) -> Judgement:
    """A Japanese number that reaches a person, in national form (090-1234-5678); not 0120 and the like."""
    plain = to_halfwidth_ascii(tidy(text)).removeprefix("TEL").lstrip(": ")
    foreign = plain.startswith("+")
    if not 3 <= len(plain) <= 40 or not _PHONE_SIGNS.fullmatch(plain[foreign:]):
        return Refused("phone.format")
    digits = re.sub("[^0-9]", "", plain)
    number = _parse_phone("+" * foreign + digits)
    if number is None:
        return Refused("phone.digits", {"digits": str(len(digits))})
    if number.country_code != 81:
        return Refused("phone.country")
    if not phonenumbers.is_valid_number(number):
        expected = 11 if re.match("0[5-9]0", digits) else 10
        wrong_length = not foreign and len(digits) != expected
        return Refused("phone.digits", {"digits": str(len(digits))}) if wrong_length else Refused("phone.format")
    if phonenumbers.number_type(number) not in _REACHABLE:
        return Refused("phone.personal")
    return Accepted(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL))


def _mended_domain(domain: str) -> str | None:
    if domain in _MISTYPED_DOMAINS:
        return _MISTYPED_DOMAINS[domain]
    end = next((wrong for wrong in _MISTYPED_ENDS if domain.endswith(wrong)), None)
    return domain.removesuffix(end) + _MISTYPED_ENDS[end] if end else None


def judge_mail(text: str, _answers: Answers) -> Judgement:
    """A mail address: local part as typed (also a..b@docomo.ne.jp, which exists), domain in lower case."""
    mail = tidy(to_halfwidth_ascii(text)).strip("<>「」 ")
    mail = re.sub(r" ?@ ?", "@", re.sub("^mailto:", "", mail, flags=re.IGNORECASE))
    if len(mail) > MAIL_LIMIT:
        return Refused("mail.long", {"limit": str(MAIL_LIMIT)})
    if re.search("[,、。，;]", mail):
        return Refused("mail.comma")
    if mail.count("@") != 1:
        return Refused("mail.at")
    local, _, domain = mail.partition("@")
    domain = domain.lower()
    if not _LOCAL.fullmatch(local):
        return Refused("mail.local")
    if not _DOMAIN.fullmatch(domain):
        return Refused("mail.domain")
    if mended := _mended_domain(domain):
        return Unclear("mail.mistyped", (Choice(fit_label(f"@{mended}"), f"{local}@{mended}"),))
    return Accepted(f"{local}@{domain}")


def judge_affiliation(text: str, _answers: Answers) -> Judgement:
    """The company or office one belongs to, as typed; words for "none" become 個人（所属なし）."""
    place = tidy(text)
    if not any(char.isalnum() for char in place):
        return Refused("affiliation.empty")
    if len(graphemes(place)) > AFFILIATION_LIMIT or len(place) > 2 * AFFILIATION_LIMIT:
        return Refused("affiliation.long", {"limit": str(AFFILIATION_LIMIT)})
    return Accepted(INDEPENDENT if search_key(place) in _INDEPENDENT_WORDS else place)
