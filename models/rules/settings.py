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


def _seeded(key: str, name: str, default: int, limits: tuple[int, int], effect: str, where: str, unit: str) -> Setting:
    return Setting(key, name, default, unit, *limits, Source.SEED, where, effect)


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
        "書類と、暗号化した項目を消します。終わった派遣の連絡先・ことば・署名・写真も同じ期間で消します。"
        "いつ誰が何をしたかの記録は残ります。", "domain.md 2",
    ),
    _assumed(
        "retain_bodies_days", "送受信したメッセージの本文を消すまで", 7, (1, 90),
        "届け終えたメッセージの本文を消します。送った日時は残ります。", "architecture.md 5",
    ),
    _seeded(
        "visits_per_year", "1事業者が年度内に受けられる派遣", 3, (1, 20),
        "これを超える派遣依頼には、事務局の例外の承認が必要です。", "seeds/004", "回",
    ),
    _assumed(
        "visits_per_year_it", "ITの課題で年度内に受けられる派遣（0は上と同じ）", 0, (0, 20),
        "ITの課題だけ回数を分けるときに使います。", "domain.md 3", "回",
    ),
    _assumed(
        "unanswered_after_days", "派遣依頼に返事がないとき知らせるまで", 2, (1, 10),
        "専門家にもう一度LINEで知らせ、依頼した担当者にも伝えます。", "domain.md 3", "営業日",
    ),
    _assumed(
        "visit_radius", "チェックインの場所の許容範囲（半径）", 300, (50, 5000),
        "これより離れた記録は証跡Bになり、事務局が確かめます。", "domain.md 4", "m",
    ),
    _assumed(
        "visit_accuracy", "GPSの精度の許容範囲", 100, (10, 2000),
        "精度がこれより粗い記録は証跡Bになり、事務局が確かめます。", "domain.md 4", "m",
    ),
    _assumed(
        "visit_window", "予定時刻との差の許容範囲", 60, (5, 480),
        "予定の前後でこれより離れた記録は証跡Bになり、事務局が確かめます。", "domain.md 4", "分",
    ),
    _assumed(
        "undo_minutes", "チェックインを専門家が取り消せる時間", 10, (1, 120),
        "過ぎたあとは事務局だけが取り消せます。", "domain.md 4", "分",
    ),
    _assumed(
        "forgotten_minutes", "チェックアウト忘れを知らせるまで", 30, (5, 240),
        "予定の終了からこの時間が過ぎても記録がない専門家にLINEで知らせます。", "domain.md 4", "分",
    ),
    _assumed(
        "retain_positions_days", "GPSの位置を消すまで", 365, (30, 3650),
        "チェックイン・チェックアウトの緯度と経度を消します。距離と証跡の評価は残ります。", "domain.md 4",
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
