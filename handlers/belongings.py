"""The export of one person's data: a zip of readable JSON in Japanese, the photos and the documents."""

import json
import zipfile
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import IO, Any

from bot.forms.registration import ITEM_WORDS
from bot.text import t
from handlers import belongings_dispatch
from handlers.prints import NAMES
from handlers.services import Services
from models.rules.calendar import format_datetime, to_jst
from models.rules.fields import FIELD_BY_KEY, display
from models.views.privacy import Belongings, HeldApplication, HeldDispatch, HeldFile
from storage.files import FileMissing

DATA = "データ.json"
KINDS = {
    "new_identity": "変更後の身分証明書",
    "new_bankbook": "変更後の通帳",
    "unsorted": "種類を選んでいない写真",
    **NAMES,
} | {item.value: word for item, word in ITEM_WORDS.items()}
GONE = "（ファイルはありません）"
Json = dict[str, Any]


def write_zip(file: IO[bytes], services: Services, held: Belongings) -> None:
    """Everything, one photo in memory at a time. StoreUnavailable leaves a zip that must not be sent."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        applications = [
            _application(each) | {"ファイル": list(_files(packed, services, each, place))}
            for place, each in enumerate(held.applications, 1)
        ]
        dispatches = [
            belongings_dispatch.dispatch(each) | {"写真": list(_shots(packed, services, each))}
            for each in held.dispatches
        ]
        draft = belongings_dispatch.draft(held.draft, to_jst(services.clock()).date())
        whole = _person(held) | {"申請": applications, "派遣": dispatches, "入力中の派遣依頼": draft}
        words = json.dumps(whole, ensure_ascii=False, indent=2, default=_plain)
        packed.writestr(DATA, words)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return format_datetime(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def _files(packed: zipfile.ZipFile, services: Services, held: HeldApplication, place: int) -> Iterable[Json]:
    for number, each in enumerate(held.files, 1):
        document = each.kind in NAMES
        name = f"{held.number or f'申請{place}'}/{number:02d}-{_kind(each.kind)}.{'pdf' if document else 'jpg'}"
        line: Json = {"種類": _kind(each.kind), "ファイル": name if _packed(packed, services, each, name) else GONE}
        yield line | (
            {"番号": each.name} if document else {"受け取った日時": each.at, "差し替え・取り消し済み": each.removed}
        )


def _shots(packed: zipfile.ZipFile, services: Services, held: HeldDispatch) -> Iterable[Json]:
    for number, each in enumerate(held.files, 1):
        name = f"{held.number}/{number:02d}-現地の写真.jpg"
        yield {"ファイル": name if _packed(packed, services, each, name) else GONE, "受け取った日時": each.at}


def _packed(packed: zipfile.ZipFile, services: Services, held: HeldFile, name: str) -> bool:
    try:
        sealed = services.files.get(held.file_key)
    except FileMissing:
        return False
    packed.writestr(zipfile.ZipInfo(name), services.database.vault.open(sealed))
    return True


def _kind(kind: str) -> str:
    return KINDS.get(kind, kind)


def _person(held: Belongings) -> Json:
    return {
        "説明": "中小企業119が、この方について持っている情報のすべてです。日時は日本時間です。",
        "番号": held.person_id,
        "氏名": held.name,
        "メールアドレス": held.mail,
        "LINEとの結びつき": "あり" if held.linked else "なし",
        "LINEのブロック": held.blocked_at,
        "はじめての利用": held.created_at,
        "個人情報の取扱いへの同意": [{"版": version, "日時": at} for version, at in held.consents],
        "支援機関の担当": [{"支援機関": name, "開始": begun, "終了": ended} for name, begun, ended in held.memberships],
        "作った招待": [
            {"種類": kind, "作った日時": made, "使われた日時": used} for kind, made, used in held.invitations
        ],
        "LINEアカウントの変更": [{"状態": state, "申し込み": at} for state, at in held.moves],
        "派遣の受付": _profile(held.profile),
        "休みの日": list(held.days_off),
        "操作の記録": [
            {
                "日時": entry.at,
                "操作した人": "ご本人" if entry.own else "ほかの人",
                "操作": entry.action,
                "対象": entry.subject,
                "前": entry.moved[0],
                "後": entry.moved[1],
                "番号など": entry.detail,
            }
            for entry in held.entries
        ],
    }


PROFILE_NAMES = {
    "since": "専門家になった日時",
    "accepting": "派遣を受け付ける",
    "weekly_off": "定休日（0が月曜、6が日曜、7が祝日）",
    "opens": "開始（0時からの分）",
    "closes": "終了（0時からの分）",
    "hidden": "検索に出さない項目",
    "specialities": "専門分野",
}


def _profile(profile: Mapping[str, Any]) -> Json:
    return {PROFILE_NAMES[key]: value for key, value in profile.items()}


def _application(held: HeldApplication) -> Json:
    return {
        "受付番号": held.number,
        "状態": t(f"state.{held.state}"),
        "支援機関": held.organisation,
        "始めた日時": held.created_at,
        "最後に送った日時": held.submitted_at,
        "いまの内容": answers(held.answers),
        "送った内容": [{"回": number, "日時": at, "内容": answers(sent)} for number, at, sent in held.submissions],
        "審査": [
            {
                "段階": t(f"chain.{stage}"),
                "結果": t(f"answer.{answer}"),
                "日時": at,
                "コメント": {_item(item): words for item, words in comments.items()},
            }
            for stage, answer, at, comments in held.decisions
        ],
        "停止・終了などの理由": [{"操作": action, "理由": reason, "日時": at} for action, reason, at in held.reasons],
        "内容の変更の申し出": [
            {"項目": _item(item), "状態": state, "日時": at, "理由": reason, "内容": answers(wanted)}
            for item, state, at, reason, wanted in held.changes
        ],
        "委嘱条件への回答": [{"版": version, "回答": answer, "日時": at} for version, answer, at in held.terms],
        "委嘱状": [
            {"番号": number, "開始": starts, "終了": ends, "承諾した日時": accepted}
            for number, starts, ends, accepted in held.letters
        ],
    }


def _item(item: str) -> str:
    return KINDS.get(item, "全体")


def answers(held: Mapping[str, Any]) -> Json:
    """Answers under the names of their fields, as a person reads them."""
    return {
        FIELD_BY_KEY[key].name if key in FIELD_BY_KEY else key: display(FIELD_BY_KEY[key], value, held)
        if key in FIELD_BY_KEY
        else value
        for key, value in held.items()
    }
