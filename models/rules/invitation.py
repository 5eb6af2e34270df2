"""Invitation codes: what they look like and how people type them."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from models.rules.judgement import Accepted, Judgement, Refused, Value
from models.rules.normalise import to_halfwidth_ascii

EXPERT, APPROVER = "expert", "approver"
#: No 0/O, 1/I/L, U/V: a code is read aloud and typed on a phone. 28^8 codes; guesses are counted.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTWXYZ"
_CODE = re.compile(r"(?<![0-9A-Za-z])([0-9A-Za-z]{4})[-‐‑‒–—―ーｰ－\s]?([0-9A-Za-z]{4})(?![0-9A-Za-z])")


def new_code(choose: Callable[[Sequence[str]], str]) -> str:
    """A fresh code `XXXX-XXXX`; `choose` picks one of a sequence unpredictably."""
    letters = [choose(ALPHABET) for _ in range(8)]
    return "".join(letters[:4]) + "-" + "".join(letters[4:])


def code_in(text: str) -> str | None:
    """The bare eight characters of the code in a text, in any width and case; None when there is none."""
    found = _CODE.search(to_halfwidth_ascii(text[:200]))
    return (found[1] + found[2]).upper() if found else None


def looks_like_code(text: str) -> bool:
    """Whether somebody means to send a code: the word 招待コード, or nothing but a code."""
    stripped = text.strip()
    return stripped.startswith("招待コード") or (len(stripped) <= 10 and code_in(stripped) is not None)


def judge_code(text: str, _answers: Mapping[str, Value]) -> Judgement:
    """A code as an answer to a question: the bare eight characters."""
    code = code_in(text)
    return Accepted(code) if code else Refused("account.code_format")


class CodeState(StrEnum):
    """What has become of an invitation."""

    OPEN = "open"
    USED = "used"
    REVOKED = "revoked"
    EXPIRED = "expired"


def code_state(used_at: datetime | None, revoked_at: datetime | None, expires_at: datetime, now: datetime) -> CodeState:
    """The state of an invitation at `now`."""
    if used_at is not None:
        return CodeState.USED
    if revoked_at is not None:
        return CodeState.REVOKED
    return CodeState.EXPIRED if expires_at <= now else CodeState.OPEN


def spelt(code: str) -> str:
    """Eight bare characters as `XXXX-XXXX`."""
    return f"{code[:4]}-{code[4:]}"


def masked(code: str) -> str:
    """A code of which one can say on the phone which it is, and that nobody can use: `XX••-••••`."""
    return f"{code[:2]}••-••••"
