"""記録: who did what and when, for managers; views of papers included. Words for the timeline of an expert, too."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint, url_for

from bot.forms.registration import ITEM_WORDS
from bot.text import catalogue, t
from handlers.admin import lists
from handlers.admin.listing import row_id
from handlers.admin.lists import Asked, Choice, Column, Day, ListPage, Text
from handlers.prints import NAMES
from models.rules.booking import EXCEPTABLE
from models.rules.calendar import day_start
from models.rules.dispatch import CATEGORY_WORDS, Why
from models.rules.fields import FIELDS
from models.rules.staff import ROLES
from models.views.audit import AuditLine
from storage import audit_lists
from storage.audit_lists import Wanted
from storage.database import UnitOfWork

MOST = 10_000
WORDS = "audit."
VIEWS = "views"
GROUPS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    VIEWS: ("書類を見た", ()),
    "application": ("登録の申請", ("application", "paper", "consent.give")),
    "commission": ("委嘱", ("letter", "terms")),
    "profile": ("プロフィールと変更", ("profile", "change")),
    "dispatch": ("派遣と支援", ("dispatch", "visit", "evidence")),
    "organisation": ("支援機関と招待", ("organisation", "approver", "invitation")),
    "account": ("LINEアカウント", ("move", "role")),
    "data": ("個人データ・ファイル・取り込み", ("person", "list", "import")),
    "staff": ("職員とログイン", ("staff",)),
    "system": ("システム", ("message", "event", "backup")),
    "settings": ("設定", ("settings", "desk", "consent.publish")),
}
"""By key: what a group is called and what is in it, by whole action or by the part before the dot; views are apart."""
KINDS: Mapping[str, tuple[str, str, str]] = {
    "application": ("申請", "admin.application", "application_id"),
    "person": ("専門家", "admin.expert", "person_id"),
    "dispatch": ("派遣", "admin.dispatch", "dispatch_id"),
    "organisation": ("支援機関", "admin.organisation", "organisation_id"),
    "staff": ("職員", "admin.staff_user", "staff_id"),
    "terms": ("委嘱条件", "admin.terms_version", "version"),
    "consent": ("個人情報の取扱い", "admin.consent_version", "version"),
    "task": ("まとめての処理", "admin.task", "task_id"),
    "import": ("取り込み", "admin.import_preview", "import_id"),
    "setting": ("設定", "admin.setting", "key"),
    "desk": ("窓口", "admin.desk_list", ""),
    "invitation": ("招待", "", ""),
    "list": ("一覧", "", ""),
    "message": ("お知らせ", "admin.troubles", ""),
    "event": ("受信", "admin.troubles", ""),
    "backup": ("バックアップ", "admin.status", ""),
}
"""By kind of subject: what it is called, and the page that shows it with the argument that takes its id."""
CODES: Mapping[str, str] = {
    "approver": "担当者", "expert": "専門家", **ROLES, **NAMES,
    "new_identity": "身分証明書（変更）", "new_bankbook": "通帳（変更）",
    **CATEGORY_WORDS, **{why: t(f"coordinate.why_{why}") for why in Why},
    **{code: t(f"coordinate.except_{code}") for code in EXCEPTABLE},
    "on": "受付中", "off": "受付停止中", "csv": "CSV", "xlsx": "Excel",
    **{field.key: field.name for field in FIELDS},
    **{item.value: word for item, word in ITEM_WORDS.items()},
}  # fmt: skip
"""Codes that stand in an entry's detail, in words."""


def actions() -> tuple[str, ...]:
    """Every action that has words."""
    return tuple(key.removeprefix(WORDS) for key in catalogue() if key.startswith(WORDS))


def group_of(action: str) -> str:
    """The group an action belongs to, or an empty string."""
    if action.endswith(".view"):
        return VIEWS
    start = action.partition(".")[0]
    return next((key for key, (_, starts) in GROUPS.items() if action in starts or start in starts), "")


def said(line: AuditLine) -> str:
    """What was done, in words; a code that nobody knows any more as it is."""
    return t(f"audit.{line.action}") if line.action in actions() else line.action


def by(line: AuditLine) -> str:
    """Who did it, in words."""
    kinds = {"staff": "事務局", "system": "自動の処理"}
    return line.who or kinds.get(line.actor_kind, "LINEの利用者")


def moved(line: AuditLine) -> str:
    """From which state to which, in words; an empty string for what moves nothing."""
    if not line.to_state:
        return ""
    return " → ".join(_state(state) for state in (line.from_state, line.to_state) if state)


def _state(state: str) -> str:
    words = (f"state.{state}", f"dispatch.status_{state}", f"evidence.state_{state}")
    return next((t(key) for key in words if key in catalogue()), state)


def detail(line: AuditLine) -> str:
    """The codes of an entry in words; ids say nothing to a person, and the subject's link leads there."""
    codes = [code for code in re.split("[, ]", line.detail or "") if code and not row_id(code)]
    return "、".join(CODES.get(code, code) for code in codes)


def about(line: AuditLine) -> str:
    """What the subject is called."""
    kind = KINDS.get(line.subject_kind, (line.subject_kind, "", ""))[0]
    return f"{kind} {line.name or line.subject_id}" if line.name or len(line.subject_id) < 30 else kind


def subject_link(line: AuditLine) -> str:
    """The subject's page, or an empty string."""
    _, endpoint, argument = KINDS.get(line.subject_kind, ("", "", ""))
    if not endpoint or (line.subject_kind == "person" and not line.expert):
        return ""
    values: dict[str, Any] = {argument: line.subject_id} if argument else {}
    return url_for(endpoint, **values)


def _wanted(asked: Asked) -> Wanted:
    group = asked["group"]
    last = asked.day("to")
    return Wanted(
        actions=[action for action in actions() if group_of(action) == group] if group else None,
        who=asked["who"],
        kind=asked["kind"],
        subject=asked["id"],
        since=_midnight(asked.day("from")),
        until=_midnight(last + timedelta(days=1)) if last and last < date.max else None,
    )


def _midnight(day: date | None) -> datetime | None:
    return day_start(day) if day and day > date.min else None


def _rows(uow: UnitOfWork, asked: Asked, limit: int, offset: int) -> Sequence[AuditLine]:
    return audit_lists.listed(uow, _wanted(asked), asked.order, limit, offset)


def _stream(uow: UnitOfWork, asked: Asked) -> Iterator[AuditLine]:
    return audit_lists.stream(uow, _wanted(asked), asked.order)


AUDIT = ListPage[AuditLine](
    endpoint="audit_list",
    title="記録",
    columns=(
        Column("at", "日時", lambda line: line.at, sortable=True),
        Column("who", "だれが", by),
        Column("what", "何をした", said),
        Column("subject", "対象", about),
        Column("moved", "状態", moved),
        Column("detail", "詳しく", detail),
        Column("codes", "詳しくのコード", lambda line: line.detail, shown=False),
        Column("action", "コード", lambda line: line.action, shown=False),
        Column("actor_id", "だれがのID", lambda line: line.actor_id, shown=False),
        Column("subject_id", "対象のID", lambda line: line.subject_id, shown=False),
    ),
    count=lambda uow, asked: audit_lists.count(uow, _wanted(asked), MOST),
    rows=_rows, stream=_stream, order="-at", here="settings", head="what", permission="audit.read",
    none="合う記録はありません。", empty="だれかが何かをすると、ここに残ります。", most=MOST,
    template="admin/audit.html",
    filters=(
        Choice("group", "何を", [(key, name) for key, (name, _) in GROUPS.items()]),
        Text("who", "だれが", "名前の一部"),
        Choice("kind", "対象", [(kind, name) for kind, (name, _, _) in KINDS.items()]),
        Text("id", "対象の番号・ID"),
        Day("from", "いつから"),
        Day("to", "いつまで"),
    ),
)  # fmt: skip


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    lists.add(bp, "/audit", AUDIT, lambda: lists.show(AUDIT, subject_link=subject_link))
