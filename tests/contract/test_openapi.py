"""Every body that goes out, against LINE's OpenAPI (hardened) and against the limits that only LINE's prose names.

LINE's description lies beside the checkout (`../shared/line-openapi`); it is not ours to copy. Where it is absent these
tests are skipped, but never in CI.
"""

import os
import re
from collections import Counter

import pytest

from bot.emulator.menu_rules import refuse_menu
from bot.emulator.validation import refuse_push
from bot.line.messages import Card, Cards, Message, Row
from bot.line.richmenus import MENUS
from bot.screens.dispatch_notices import REMINDERS, VISIT_ACTS
from bot.screens.notices import render
from models import notices
from models.rules.dispatch import STEPS, Side
from models.rules.moves import REASONS
from models.rules.registration import Item
from tests.support import photos
from tests.support.line_spec import FILE, complaints
from tests.support.shown import everything
from tests.support.talks import (
    approve_by_secretariat,
    code_of,
    fill_account,
    fill_basic,
    fill_detail,
    fill_papers,
    invited,
)
from tests.support.world import World

ME = "U" + "0" * 32
SCHEMAS = {
    ("POST", r"/v2/bot/message/reply"): "ReplyMessageRequest",
    ("POST", r"/v2/bot/message/push"): "PushMessageRequest",
    ("POST", r"/v2/bot/chat/loading/start"): "ShowLoadingAnimationRequest",
    ("POST", r"/v2/bot/richmenu"): "RichMenuRequest",
    ("POST", r"/v2/bot/richmenu/alias"): "CreateRichMenuAliasRequest",
    ("POST", r"/v2/bot/richmenu/alias/[a-z0-9_-]+"): "UpdateRichMenuAliasRequest",
}
"""The calls that carry a body, and what LINE calls it."""


@pytest.fixture(autouse=True)
def _description() -> None:
    if FILE.exists():
        return
    reason = f"LINE's OpenAPI is not there ({FILE.parent.name}/{FILE.name} in ../shared beside the checkout)"
    if os.environ.get("CI"):
        pytest.fail(f"{reason}; CI must have it")
    pytest.skip(reason)


def push(*messages: dict) -> dict:
    return {"to": ME, "messages": list(messages)}


def check(where: str, message: Message) -> None:
    body = push(message.as_json())
    assert not complaints("PushMessageRequest", body), f"{where}: {message}"
    refuse_push(body)


# --- the oracle itself ----------------------------------------------------------------------------

GOOD_TEXT = {"type": "text", "text": "こんにちは"}
BUBBLE = {"type": "bubble", "body": {"type": "box", "layout": "vertical", "contents": [{"type": "text", "text": "x"}]}}
QUICK = {"items": [{"type": "action", "action": {"type": "camera", "label": "写真"}}]}
BAD = {
    "a text without its text": {"type": "text"},
    "an unknown kind": {"type": "fax", "text": "x"},
    "no kind at all": {"text": "x"},
    "a misspelt property": {**GOOD_TEXT, "quickreply": QUICK},
    "a flex message without words for the list": {"type": "flex", "contents": BUBBLE},
    "a box that says it is a text": {"type": "flex", "altText": "x", "contents": {**BUBBLE, "body": {"type": "text"}}},
    "an unknown action": {**GOOD_TEXT, "quickReply": {"items": [{"type": "action", "action": {"type": "call"}}]}},
    "a misspelt property deep inside": {
        "type": "flex",
        "altText": "x",
        "contents": {
            "type": "bubble",
            "body": {"type": "box", "layout": "vertical", "contents": [{**GOOD_TEXT, "colour": "#FFF"}]},
        },
    },
    "fourteen quick replies": {**GOOD_TEXT, "quickReply": {"items": QUICK["items"] * 14}},
    "a number for a text": {"type": "text", "text": 5},
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_the_hardened_description_refuses(bad: dict):
    assert complaints("PushMessageRequest", push(bad))


def test_the_hardened_description_takes_what_is_good():
    good = [
        GOOD_TEXT,
        {**GOOD_TEXT, "quickReply": QUICK},
        {"type": "flex", "altText": "x", "contents": BUBBLE},
        {"type": "flex", "altText": "x", "contents": {"type": "carousel", "contents": [BUBBLE, BUBBLE]}},
    ]
    assert not complaints("PushMessageRequest", push(*good))
    assert complaints("PushMessageRequest", push(*[GOOD_TEXT] * 6))
    assert complaints("PushMessageRequest", {"messages": [GOOD_TEXT]})


# --- what we can show -----------------------------------------------------------------------------


def test_every_screen_and_every_question_however_long():
    seen: Counter[str] = Counter()
    for where, message in everything():
        check(where, message)
        seen[where.split()[0]] += 1
    assert set(seen) == {"application", "dispatch", "form", "queue", "request", "standing"}
    assert sum(seen.values()) > 1000


LONG = "齋藤👨‍👩‍👧𠮷" * 62
ITEMS = tuple((item, LONG) for item in ("basic", "face", "identity", "certificate", "career", "bankbook", "account"))
SPAN = "2026-12-01T13:00:00+09:00/2026-12-01T16:00:00+09:00"
TOLD = ("request", "late", "stranded", *(row.action for row in STEPS))


def told(act: str, to: Side, text: str) -> notices.DispatchTold:
    return notices.DispatchTold(
        "f" * 32, 2**31, act, Side.EXPERT, to, "D-2026-000001", "2026-11-24T01:00:00+00:00", text, text, text, text,
        (SPAN,) * 3, ("f" * 32,) * 3, (SPAN,) * 5, False, text, text, "35.681236,139.767125", True, text, "other", text,
        wished=(SPAN,) * 3,
    )  # fmt: skip


NOTICES = [
    notices.ApplicationSubmitted("f" * 36, 2**31, "R-2026-000001", LONG, again=True, reminder=True),
    notices.ApplicationSubmitted("f" * 36, 1, "R-2026-000001", "山田 太郎"),
    notices.ApplicationWaits("R-2026-000001", LONG),
    *(notices.ApplicationApproved("R-2026-000001", stage, LONG) for stage in ("organisation", "secretariat")),
    notices.ApplicationReturned("R-2026-000001", "organisation", LONG, ITEMS, LONG),
    notices.ApplicationReturned("R-2026-000001", "secretariat", "", (), "全体"),
    notices.ApplicationRejected("R-2026-000001", "organisation", LONG, LONG * 10),
    *(notices.ApplicationOutcome("R-2026-000001", LONG, answer) for answer in ("approve", "return", "reject")),
    notices.ApplicationWithdrawn("R-2026-000001", LONG),
    notices.InvitationUsed(LONG),
    *(notices.ApproverRemoved(LONG, to) for to in ("", LONG)),
    notices.AccountCode("K7QX-3M9T", 30),
    *(notices.OldAccountTold(cut_off) for cut_off in (False, True)),
    notices.AccountMoved(LONG),
    *(notices.AccountMoveRefused(why) for why in REASONS),
    *(notices.StaffLink("https://example.jp/admin/password/" + "x" * 200, new=new) for new in (False, True)),
    notices.ExpertInvited(LONG, LONG, "K7QX-3M9T", "https://line.me/R/oaMessage/x", "2026年12月5日"),
    notices.FormFinished("f" * 32, 2**31, "draft", tuple(item.value for item in Item)),
    notices.FormFinished("f" * 32, 1, "returned", ()),
    notices.TermsSent("R-2026-000001"),
    notices.LetterIssued("C-2026-000001", "f" * 32),
    *(notices.CommissionAccepted("R-2026-000001", LONG, renewed) for renewed in (False, True)),
    notices.LetterOver("C-2026-000001"),
    *(notices.RenewalAsked("R-2026-000001", "f" * 32, "2027-03-31", reminder) for reminder in (False, True)),
    *(notices.CommissionOver("R-2026-000001", "2027-03-31", renewing) for renewing in (False, True)),
    *(notices.CommissionSteered("R-2026-000001", action, LONG * 4) for action in ("suspend", "lift", "end")),
    *(notices.ExpertMoved("R-2026-000001", LONG, step) for step in ("suspend", "lift", "end", "leave")),
    *(notices.ExpertsOver(LONG, count) for count in (1, 9999)),
    *(notices.ProfileChangeApproved("R-2026-000001", item) for item in ("basic", "account")),
    notices.ProfileChangeReturned("R-2026-000001", "account", LONG),
    *(told(act, side, text) for act in (*TOLD, *REMINDERS) for side in Side for text in ("みほん", LONG)),
    *(
        notices.VisitTold("f" * 32, act, side, "D-2026-000001", LONG, LONG, LONG, SPAN, LONG, "https://x/" + "y" * 500)
        for act in VISIT_ACTS
        for side in Side
    ),
]


@pytest.mark.parametrize("notice", NOTICES, ids=lambda notice: type(notice).__name__)
def test_every_notice_however_long(notice: notices.Notice):
    body = push(*render(notice))
    assert not complaints("PushMessageRequest", body)
    refuse_push(body)


def test_a_card_that_weighs_too_much_is_cut_and_not_refused():
    light, heavy = (Card("x", "x", rows=tuple(Row("項目", "𠮷" * long) for _ in range(8))) for long in (50, 4000))
    assert "…" not in str(light.as_json())
    assert "𠮷𠮷…" in str(heavy.as_json())
    check("one", heavy)
    check("twelve", Cards("x", (heavy,) * 12))


def test_the_list_above_names_every_kind_of_notice():
    assert {type(notice).__name__ for notice in NOTICES} == set(notices.KINDS)


@pytest.mark.parametrize("menu", MENUS, ids=lambda menu: menu.alias)
def test_every_rich_menu(menu):
    body = menu.as_json(f"{menu.alias}@0123456789abcdef")
    assert not complaints("RichMenuRequest", body)
    refuse_menu(body)


# --- what really goes out -------------------------------------------------------------------------


def schema_of(method: str, path: str) -> str | None:
    return next((name for (verb, way), name in SCHEMAS.items() if verb == method and re.fullmatch(way, path)), None)


def a_long_journey(world: World) -> None:
    """Registration with detours, a return, both approvals, and people who send what nobody asked for."""
    approver = world.approver("佐藤 恵")
    expert = invited(world, "山田", approver=approver)
    expert.says("🍣" * 2000)
    expert.taps("使い方")
    fill_basic(expert)
    fill_papers(expert)
    expert.sends(photos.jpeg(1000, 1000, "what"))
    expert.sends(photos.pdf())
    fill_account(expert, holder="ヤマダ ハナコ")
    fill_detail(expert)
    expert.taps("承認依頼を送る")
    expert.taps("この内容で送る")
    expert.taps("登録状況")
    approver.taps("承認待ち")
    approver.taps("内容を見る")
    approver.taps("差し戻す")
    approver.taps("口座")
    approver.taps("選び終わった")
    approver.says("名義が違います" * 70)
    approver.taps("この内容で送る")
    expert.taps("プロフィール登録")
    expert.says("承認依頼を送る")
    expert.taps("この内容で送る")
    approver.taps("承認待ち")
    approver.taps("内容を見る")
    approver.taps("承認する")
    approver.taps("承認する")
    approve_by_secretariat(world)
    other = world.phone("鈴木")
    other.follows()
    other.says(f"招待コード {code_of(approver)}")


def test_every_body_of_a_whole_journey(world: World):
    a_long_journey(world)
    seen: Counter[str] = Counter()
    for request in world.platform.requests:
        assert request.status < 400 or request.status == 404, f"the stand-in refused {request}"
        name = schema_of(request.method, request.path)
        if request.body is None:
            assert name is None, f"{request.path} was sent without a body"
            continue
        assert name, f"which schema of LINE's has {request.method} {request.path}?"
        assert not complaints(name, request.body), request
        seen[name] += 1
    assert seen["ReplyMessageRequest"] > 40
    assert seen["PushMessageRequest"] > 3
    assert seen["RichMenuRequest"] == len(MENUS)
