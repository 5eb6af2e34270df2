"""Settings the secretariat may change: name, default, limits, and where each default comes from.

A default that no official source gives is an assumption of ours (`domain.md`), and is shown as one, never as a rule.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from models.rules.errors import NotPossible


class Source(StrEnum):
    """Who says so: nobody but us, the programme's own papers (`seeds/`), or the law."""

    ASSUMPTION = "assumption"
    SEED = "seed"
    LAW = "law"


@dataclass(frozen=True)
class Setting:
    """One value: a whole number of `unit` from `least` to `most`. `where` names the place of its source.

    `effect` says what it changes; `erases`: a smaller one makes a job erase what cannot be brought back.
    """

    key: str
    name: str
    default: int
    unit: str
    least: int
    most: int
    source: Source
    where: str
    effect: str
    erases: bool = False

    @property
    def assumed(self) -> bool:
        """Whether the default is a choice of ours that no source gives."""
        return self.source is Source.ASSUMPTION


def _assumed(
    key: str, name: str, default: int, limits: tuple[int, int], effect: str, where: str, unit: str = "日"
) -> Setting:
    erases = key.startswith("retain_")
    return Setting(key, name, default, unit, *limits, Source.ASSUMPTION, where, effect, erases)


ALL = (
    _assumed(
        "invitation_days", "招待コードの有効期間", 14, (1, 90),
        "これから作る招待コードに使います。すでに渡したコードの期限は変わりません。", "domain.md 2",
    ),
    _assumed(
        "colleagues_after_days", "同じ支援機関のほかの担当者に知らせるまで", 2, (1, 20),
        "支援機関の承認待ちがこの日数を超えた申請を、ほかの担当者にもLINEで知らせます。", "domain.md 2", "営業日",
    ),
    _assumed(
        "secretariat_after_days", "事務局の「遅れている申請」に入るまで", 5, (1, 40),
        "支援機関の承認待ちがこの日数を超えた申請を、はじめの画面と一覧で目立たせます。", "domain.md 2", "営業日",
    ),
    _assumed(
        "renewal_ask_days", "更新の意向をたずねる時期（年度末の何日前）", 60, (14, 180),
        "3月31日までこの日数になった専門家に、続けるかどうかをLINEでたずねます。", "domain.md 2",
    ),
    _assumed(
        "renewal_remind_days", "更新の意向をもう一度たずねる時期（年度末の何日前）", 30, (1, 120),
        "まだ答えていない専門家に、もう一度LINEでたずねます。", "domain.md 2",
    ),
    _assumed(
        "retain_rejected_days", "否認・取り下げの申請の書類を消すまで", 90, (30, 3650),
        "書類と、暗号化した項目を消します。いつ誰が何をしたかの記録は残ります。"
        "変えるときは、個人情報の取扱いの文章も合わせてください。", "domain.md 2",
    ),
    _assumed(
        "retain_ended_days", "委嘱が終わった方の書類を消すまで", 1825, (365, 3650),
        "書類と、暗号化した項目を消します。いつ誰が何をしたかの記録は残ります。", "domain.md 2",
    ),
    _assumed(
        "retain_bodies_days", "送受信したメッセージの本文を消すまで", 7, (1, 90),
        "届け終えたメッセージの本文を消します。送った日時は残ります。", "architecture.md 5",
    ),
)  # fmt: skip
SETTINGS: Mapping[str, Setting] = MappingProxyType({setting.key: setting for setting in ALL})
BELOW = (("colleagues_after_days", "secretariat_after_days"), ("renewal_remind_days", "renewal_ask_days"))
"""Pairs of which the first must stay smaller: colleagues hear before the secretariat, a reminder comes later."""


def judge(key: str, text: str, values: Mapping[str, int]) -> int:
    """The number that `text` gives for a setting; NotPossible says what would fit. `values`: what holds now, by key."""
    setting = SETTINGS[key]
    typed = re.sub(r"[\s,]", "", unicodedata.normalize("NFKC", text)).removesuffix(setting.unit)
    number = int(typed) if re.fullmatch(r"[0-9]{1,9}", typed) else None
    if number is None or not setting.least <= number <= setting.most:
        least, most = f"{setting.least:,}", f"{setting.most:,}"
        raise NotPossible("setting.number", name=setting.name, unit=setting.unit, least=least, most=most)
    for lower, higher in BELOW:
        now = {**values, key: number}
        if key in (lower, higher) and now[lower] >= now[higher]:
            other = higher if key == lower else lower
            words = "setting.smaller" if key == lower else "setting.larger"
            raise NotPossible(words, other=SETTINGS[other].name, value=f"{now[other]:,}", unit=SETTINGS[other].unit)
    return number
