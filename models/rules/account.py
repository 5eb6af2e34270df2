"""Judging a bank account: bank, branch, type, number, holder."""

from __future__ import annotations

import re

from models.rules.banks import (
    YUCHO,
    Hits,
    bank_name,
    branch_name,
    find_banks,
    find_branches,
    has_bank,
    has_branch,
)
from models.rules.judgement import (
    Accepted,
    Answers,
    Choice,
    Judgement,
    Refused,
    Unclear,
    Value,
    as_text,
    fit_label,
)
from models.rules.normalise import (
    HYPHENS,
    join_long_marks,
    search_key,
    tidy,
    to_halfwidth_ascii,
    to_katakana,
    to_large_kana,
)

MOST_HITS = 10
NUMBER_LENGTH = 7
HOLDER_LIMIT = 48
_QUERY_LIMIT = 60

ACCOUNT_TYPE_CHOICES = (Choice("普通", "1"), Choice("当座", "2"), Choice("貯蓄", "4"))
"""Labels and the codes of the zengin transfer file (預金種目)."""

_TYPE_WORDS = {
    search_key(word): value
    for value, words in {
        "1": "1 普通 普通預金 普通口座 普通貯金 通常貯金 総合 総合口座 総合口座(普通) フツウ",
        "2": "2 当座 当座預金 当座口座 振替口座 トウザ",
        "4": "4 貯蓄 貯蓄預金 貯蓄口座 通常貯蓄貯金 チョチク",
    }.items()
    for word in words.split()
}
_YUCHO_SYMBOL = re.compile(rf"([01])([0-9]{{2}})[0-9]0(?:[ー{HYPHENS} ]?[0-9])?(?:[ー{HYPHENS} ]?[0-9]{{2,8}})?")
_KANJI_DIGITS = str.maketrans("〇○◯零一二三四五六七八九", "0000123456789")
_NUMBER_FILLING = re.compile(rf"[ー{HYPHENS} ]")
_HOLDER = re.compile("[ァ-ヴー0-9A-Z（）．－／ ]+")
_HOLDER_SIGNS = str.maketrans("()./-", "（）．／－")
_OLD_KANA = str.maketrans("ヰヱヮヵヶ", "イエワカケ")


def _single(hits: Hits, plain_end: bool) -> str | None:
    if len(hits.exact) == 1:
        return hits.exact[0].code
    if not hits.exact and len(hits.near) == 1 and not plain_end:
        return hits.near[0].code
    return None


def _bank_choices(hits: Hits) -> tuple[Choice, ...]:
    return tuple(Choice(fit_label(bank_name(hit.code)), hit.code) for hit in hits.near[:MOST_HITS])


def judge_bank(text: str, _answers: Answers) -> Judgement:
    """The 4-digit code of the bank meant by a code, a name or a part of one; several hits ask which."""
    query = to_halfwidth_ascii(tidy(text))
    if not query:
        return Refused("bank.empty")
    if len(query) > _QUERY_LIMIT:
        return Refused("bank.none")
    if re.fullmatch("[0-9]{4}", query):
        return Accepted(query) if has_bank(query) else Refused("bank.code", {"code": query})
    hits = find_banks(query)
    if not hits.near:
        return Refused("bank.none")
    if code := _single(hits, plain_end=query.endswith("銀行")):
        return Accepted(code)
    more = len(hits.near) > MOST_HITS
    return Unclear("bank.many" if more else "bank.which", _bank_choices(hits), more=more)


def _branch_choice(bank: str, code: str) -> Choice:
    return Choice(fit_label(f"{branch_name(bank, code)}（{code}）"), code)


def _judge_yucho_branch(query: str) -> Judgement | None:
    number = re.sub("(支店|店)$", "", query).translate(_KANJI_DIGITS)
    if re.fullmatch("[0-9]{3}", number):
        return Accepted(number) if has_branch(YUCHO, number) else Refused("branch.yucho")
    symbol = _YUCHO_SYMBOL.fullmatch(query)
    if symbol is None:
        return None
    code = symbol[2] + ("8" if symbol[1] == "1" else "9")
    return Unclear("branch.symbol", (_branch_choice(YUCHO, code),)) if has_branch(YUCHO, code) else None


def _judge_branch_name(bank: str, query: str) -> Judgement:
    hits = find_branches(bank, query)
    if not hits.near:
        return Refused("branch.none", {"bank": bank_name(bank)})
    if code := _single(hits, plain_end=query.endswith("支店")):
        return Accepted(code)
    more = len(hits.near) > MOST_HITS
    choices = tuple(_branch_choice(bank, hit.code) for hit in hits.near[:MOST_HITS])
    return Unclear("branch.many" if more else "branch.which", choices, more=more)


def judge_branch(text: str, answers: Answers) -> Judgement:
    """The 3-digit code of a branch of `answers["bank"]`; a ゆうちょ 記号 (1XXX0) offers its branch."""
    bank = as_text(answers.get("bank", ""))
    if not has_bank(bank):
        return Refused("branch.bank_first")
    query = to_halfwidth_ascii(tidy(text))
    if not query:
        return Refused("branch.empty")
    if len(query) > _QUERY_LIMIT:
        return Refused("branch.none", {"bank": bank_name(bank)})
    if bank == YUCHO and (judged := _judge_yucho_branch(query)):
        return judged
    if re.fullmatch("[0-9]{3}", query):
        known = has_branch(bank, query)
        return Accepted(query) if known else Refused("branch.code", {"bank": bank_name(bank), "code": query})
    judged = _judge_branch_name(bank, query)
    return Refused("branch.yucho") if bank == YUCHO and isinstance(judged, Refused) else judged


def judge_account_type(text: str, _answers: Answers) -> Judgement:
    """The type as its code in the zengin file: 1 普通, 2 当座, 4 貯蓄."""
    value = _TYPE_WORDS.get(search_key(text))
    return Accepted(value) if value else Refused("account_type.choose")


def judge_account_number(text: str, answers: Answers) -> Judgement:
    """Seven digits; fewer offer zeros in front, eight of ゆうちょ that end in 1 offer the first seven."""
    digits = _NUMBER_FILLING.sub("", to_halfwidth_ascii(tidy(text)))
    if not re.fullmatch("[0-9]{1,20}", digits):
        return Refused("account_number.digits")
    if len(digits) == NUMBER_LENGTH:
        return Accepted(digits)
    if len(digits) < NUMBER_LENGTH:
        padded = digits.zfill(NUMBER_LENGTH)
        return Unclear("account_number.pad", (Choice(padded, padded),))
    if answers.get("bank") == YUCHO and len(digits) == NUMBER_LENGTH + 1 and digits.endswith("1"):
        return Unclear("account_number.yucho", (Choice(digits[:-1], digits[:-1]),))
    return Refused("account_number.length", {"digits": str(len(digits))})


def _bank_kana(text: str) -> str:
    kana = to_katakana(to_halfwidth_ascii(tidy(text))).translate(_OLD_KANA).upper()
    marked = join_long_marks(kana)
    return tidy(re.sub(f"[{HYPHENS}]", "－", marked).translate(_HOLDER_SIGNS))


def judge_account_holder(text: str, _answers: Answers) -> Judgement:
    """The holder as the bankbook has it: full-width katakana, digits, A–Z, （）．－／ (zengin characters)."""
    holder = _bank_kana(text)
    if len(holder) > HOLDER_LIMIT:
        return Refused("account_holder.long", {"limit": str(HOLDER_LIMIT)})
    if not _HOLDER.fullmatch(holder) or not re.search("[ァ-ヴA-Z]", holder):
        return Refused("account_holder.kana")
    return Accepted(holder)


def _holder_key(text: str) -> str:
    kana = to_large_kana(_bank_kana(text).replace("・", " ").replace("－", "ー"))
    return kana.replace(" ", "")


def holder_differs(kana: str, holder: str) -> bool:
    """Whether フリガナ and 口座名義カナ differ in more than spaces, small kana and long marks."""
    return _holder_key(kana) != _holder_key(holder)


def show_bank(value: Value) -> str:
    """A bank code as みずほ銀行（0001）."""
    code = as_text(value)
    return f"{bank_name(code)}（{code}）" if has_bank(code) else code


def show_branch(value: Value) -> str:
    """A branch code without its bank; `branch_in` names the branch."""
    return f"店番 {as_text(value)}"


def branch_in(bank: Value, branch: Value) -> str:
    """A branch code of a bank as 新宿支店（240）."""
    code = as_text(branch)
    return f"{branch_name(as_text(bank), code)}（{code}）" if has_branch(as_text(bank), code) else show_branch(code)
