"""The dispatches in the export of one person's data, in words a person reads."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from bot.screens.dispatch import status_word
from bot.text import t
from models.rules.dispatch import CATEGORY_WORDS
from models.rules.request import fields
from models.views.privacy import HeldDispatch

Json = dict[str, Any]
ROLES = {"expert": "専門家", "requester": "依頼した担当者", "helper": "操作した担当者"}


def dispatch(held: HeldDispatch) -> Json:
    """One dispatch with the person's part in it; times are still times."""
    return {
        "番号": held.number,
        "立場": ROLES[held.role],
        "状態": status_word(held.status)[0],
        "事業者": held.business,
        "件名": held.title,
        "支援課題": held.topic,
        "受付": held.received_at,
        "開始": held.starts,
        "終了": held.ends,
        "支援の場所": held.place,
        "希望": held.wishes,
        "書いたことば": [
            {
                "操作": action,
                "区分": CATEGORY_WORDS.get(category, category),
                "事務局へ": private,
                "関係者へ": comment,
                "日時": at,
            }
            for action, category, private, comment, at in held.said
        ],
        "チェックイン・チェックアウト": [
            {
                "種類": t(f"evidence.end_{end}"),
                "方法": t(f"visit.source_{source}"),
                "時刻": at,
                "受信": received,
                "支援場所からの距離（m）": distance,
                "誤差（m）": accuracy,
                "位置（緯度,経度）": point,
            }
            for end, source, at, received, distance, accuracy, point in held.acts
        ],
        "支援についてのことば": [
            {"種類": t(f"evidence.note_{kind}"), "内容": text, "日時": at} for kind, text, at in held.notes
        ],
        "事業者の確認": [{"方法": t(f"evidence.certified_{how}"), "日時": at} for how, at in held.certified],
        "事務局の確認": [{"結果": t(f"audit.visit.{answer}"), "日時": at} for answer, at in held.judged],
        "謝金の計算": [
            {"開始": starts, "終了": ends, "対象外（分）": off, "円": yen, "計算した日時": at}
            for starts, ends, off, yen, at in held.fees
        ],
    }


def draft(answers: Mapping[str, Any], today: date) -> Json:
    """A request that was begun, under the names of its fields."""
    names = {field.key: field.name for field in fields(today)}
    return {names.get(key, key): value for key, value in answers.items()}
