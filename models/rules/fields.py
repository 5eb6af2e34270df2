"""The questions of the registration: one definition a field, called by chat, web form, submit and import.

Wording of the names: domain.md 2. Types of a judgement: judgement.py.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from models.rules.account import (
    ACCOUNT_TYPE_CHOICES,
    branch_in,
    holder_differs,
    judge_account_holder,
    judge_account_number,
    judge_account_type,
    judge_bank,
    judge_branch,
    show_bank,
    show_branch,
)
from models.rules.choosing import (
    PREFECTURE_CHOICES,
    QUALIFICATION_CHOICES,
    REQUIREMENT_CHOICES,
    SPECIALITY_CHOICES,
    judge_prefecture,
    judge_qualifications,
    judge_requirement,
    judge_specialities,
    show_requirement,
)
from models.rules.dates import check_birth_date, judge_birth_date, judge_birth_form, show_date
from models.rules.detail import DETAIL
from models.rules.judgement import (
    Accepted,
    Answers,
    Choice,
    Field,
    Judge,
    Judgement,
    Refused,
    Unclear,
    Value,
    as_text,
    fit_label,
)
from models.rules.person import (
    INDEPENDENT,
    judge_affiliation,
    judge_kana,
    judge_mail,
    judge_name,
    judge_phone,
)

__all__ = [
    "ACCOUNT",
    "BASIC",
    "DETAIL",
    "FIELDS",
    "FIELD_BY_KEY",
    "REGISTRATION",
    "Accepted",
    "Answers",
    "Choice",
    "Field",
    "Judge",
    "Judgement",
    "Refused",
    "Unclear",
    "Value",
    "as_text",
    "check_birth_date",
    "dated",
    "display",
    "fit_label",
    "holder_differs",
]


def _show_choice(choices: tuple[Choice, ...]):
    labels = {choice.value: choice.label for choice in choices}
    return lambda value: labels.get(as_text(value), as_text(value))


BASIC = (
    Field("name", "氏名", "山田 太郎", judge_name, as_text),
    Field("kana", "フリガナ", "ヤマダ タロウ", judge_kana, as_text),
    Field("birth_date", "生年月日", "1980年4月1日", judge_birth_form, show_date, kind="date"),
    Field("phone", "電話番号", "090-1234-5678", judge_phone, as_text),
    Field("mail", "メールアドレス", "taro@example.jp", judge_mail, as_text),
    Field(
        "affiliation",
        "所属",
        "山田経営研究所",
        judge_affiliation,
        as_text,
        choices=(Choice(INDEPENDENT, INDEPENDENT),),
    ),
    Field(
        "prefecture",
        "主な活動地域",
        "東京都",
        judge_prefecture,
        as_text,
        choices=PREFECTURE_CHOICES,
        kind="choice",
    ),
    Field(
        "requirement",
        "登録要件",
        "①公的資格",
        judge_requirement,
        show_requirement,
        choices=REQUIREMENT_CHOICES,
        kind="choice",
    ),
    Field(
        "qualifications",
        "主な資格",
        "中小企業診断士、税理士",
        judge_qualifications,
        as_text,
        choices=QUALIFICATION_CHOICES,
        many=True,
        kind="many",
    ),
    Field(
        "specialities",
        "専門分野",
        "経営戦略、販路開拓",
        judge_specialities,
        as_text,
        choices=SPECIALITY_CHOICES,
        many=True,
        kind="many",
    ),
)
"""基本情報, in the order it is asked."""

ACCOUNT = (
    Field("bank", "金融機関", "みずほ", judge_bank, show_bank, kind="search"),
    Field("branch", "支店", "新宿", judge_branch, show_branch, kind="search"),
    Field(
        "account_type",
        "口座種別",
        "普通",
        judge_account_type,
        _show_choice(ACCOUNT_TYPE_CHOICES),
        choices=ACCOUNT_TYPE_CHOICES,
        kind="choice",
    ),
    Field("account_number", "口座番号", "1234567", judge_account_number, as_text, secret=True),
    Field("account_holder", "口座名義カナ", "ヤマダ タロウ", judge_account_holder, as_text, secret=True),
)
"""口座, in the order it is asked; 支店 needs the answer to 金融機関."""

REGISTRATION = {"basic": BASIC, "account": ACCOUNT, "detail": DETAIL}
FIELDS = BASIC + ACCOUNT + DETAIL
FIELD_BY_KEY = {field.key: field for field in FIELDS}


def display(field: Field, value: Value, answers: Answers) -> str:
    """`value` as a person reads it beside the other answers: a branch by name, the rest as `show` says."""
    return branch_in(answers.get("bank", ""), value) if field.key == "branch" else field.show(value)


def dated(field: Field, today: date) -> Field:
    """The field as it is judged on a day (Asia/Tokyo): a birth date is one of somebody of an expert's age."""
    if field.key != "birth_date":
        return field
    return replace(field, judge=lambda text, _answers: judge_birth_date(text, today))
