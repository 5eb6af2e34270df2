"""The card of a dispatch for each side and status, and what the notices and mails say (seeds/002)."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.emulator.validation import refuse_messages
from bot.screens import dispatch as screens
from bot.screens import dispatch_notices as notices
from models.notices import DispatchTold, VisitTold
from models.rules.dispatch import CATEGORY_WORDS, STEPS, Side, Status
from models.rules.place import PlaceSource
from models.views.dispatch import PlaceView
from tests.support.chat import actions_of
from tests.support.dispatch_views import HOURS, NOW, START, view
from tests.support.world import words_of


def labels(card: screens.Card) -> list[str]:
    refuse_messages({"messages": [card.as_json()]})
    return [action["label"] for action in actions_of([card])]


def shown(card: screens.Card) -> str:
    return words_of(card.as_json())


AROUND = ["地図を開く", "担当者に電話する", "カレンダーに入れる"]
BUTTONS: dict[tuple[Status, Side], list[str]] = {
    (Status.REQUESTED, Side.EXPERT): [
        "12/1（火）13:00〜16:00 で確定", "12/2（水）13:00〜16:00 で確定", "12/3（木）13:00〜16:00 で確定",
        "別の日程を提案する", "辞退する",
    ],
    (Status.REQUESTED, Side.ORGANISATION): ["取り下げる"],
    (Status.COUNTER_PROPOSED, Side.EXPERT): [],
    (Status.COUNTER_PROPOSED, Side.ORGANISATION): [
        "12/6（日）13:00〜16:00 で確定", "12/7（月）13:00〜16:00 で確定", "どれも合わない", "取り下げる",
    ],
    (Status.NEEDS_COORDINATION, Side.EXPERT): [],
    (Status.NEEDS_COORDINATION, Side.ORGANISATION): ["取り下げる"],
    (Status.CONFIRMED, Side.EXPERT): [*AROUND, "キャンセルする"],
    (Status.CONFIRMED, Side.ORGANISATION): ["カレンダーに入れる", "キャンセルする"],
    (Status.REPORT_DUE, Side.ORGANISATION): ["もう一度依頼する"],
    (Status.REPORTED, Side.ORGANISATION): ["もう一度依頼する"],
    (Status.COMPLETED, Side.ORGANISATION): ["もう一度依頼する"],
    (Status.DECLINED, Side.ORGANISATION): ["もう一度依頼する"],
    (Status.CANCELLED, Side.ORGANISATION): ["もう一度依頼する"],
}  # fmt: skip


@pytest.mark.parametrize("side", [Side.EXPERT, Side.ORGANISATION])
@pytest.mark.parametrize("status", list(Status))
def test_a_card_offers_what_its_side_can_do_now(status: Status, side: Side):
    card = screens.card(view(status), side, link="https://example.jp/p", now=NOW)
    assert labels(card) == [*BUTTONS.get((status, side), []), "くわしく見る"]
    assert card.state == screens.status_word(status)[0]
    assert status in screens.ENDED or card.note or status is Status.COMPLETED
    for part in ("株式会社みほん製作所", "D-2026-000001", "東京都千代田区丸の内1-9-1", "佐藤 恵さんが同行します"):
        assert part in shown(card)


def test_a_time_that_has_begun_is_not_offered_any_more():
    card = screens.card(view(Status.REQUESTED), Side.EXPERT, now=START + timedelta(hours=1))
    assert [label for label in labels(card) if "確定" in label] == [
        "12/2（水）13:00〜16:00 で確定", "12/3（木）13:00〜16:00 で確定",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("moment", "near"),
    [
        (START - timedelta(hours=13, minutes=1), False),
        (START - timedelta(hours=12, minutes=59), True),
        (START + timedelta(hours=2), True),
        (START + HOURS, False),
    ],
)
def test_on_the_day_check_in_and_being_late_come_first(moment: datetime, near: bool):
    found = labels(screens.card(view(Status.CONFIRMED), Side.EXPERT, now=moment))
    assert (found[:2] == ["チェックイン", "遅れます"]) is near


def test_the_day_of_an_early_visit_begins_twelve_hours_before_it():
    early = START.replace(hour=7)
    fixed = view(Status.CONFIRMED, starts=early, ends=early + HOURS)
    assert "遅れます" in labels(screens.card(fixed, Side.EXPERT, now=early - timedelta(hours=11)))
    assert "遅れます" not in labels(screens.card(fixed, Side.EXPERT, now=early - timedelta(hours=12, minutes=1)))


def test_a_place_that_is_not_on_the_map_is_marked_and_searched_for_by_its_address():
    unknown = PlaceView("東京都千代田区" + "長い住所" * 50, PlaceSource.UNKNOWN, None)
    card = screens.card(view(Status.CONFIRMED, place=unknown), Side.EXPERT, now=NOW)
    assert "地図の位置は未確認" in shown(card)
    assert "地図で探す" in labels(card)


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (3, "12月1日（火）13:00〜16:00"),
        (11, "12月1日（火）13:00〜翌00:00"),
        (13, "12月1日（火）13:00〜翌02:00"),
        (36, "12月1日（火）13:00〜12月3日（木）01:00"),
    ],
)
def test_a_time_says_when_it_ends_on_another_day(hours: int, words: str):
    assert screens.span_words((START, START + timedelta(hours=hours))) == words


def test_no_key_of_a_category_means_two_things():
    assert len(CATEGORY_WORDS) == len({*CATEGORY_WORDS})
    assert CATEGORY_WORDS["schedule"] == "日程の都合"
    assert CATEGORY_WORDS["dates"] == "日程が合わない"


# --- notices --------------------------------------------------------------------------------------

SPAN = f"{START.isoformat()}/{(START + HOURS).isoformat()}"
OTHER = f"{(START + timedelta(days=1)).isoformat()}/{(START + timedelta(days=1) + HOURS).isoformat()}"


def notice(act: str, to: Side, by: Side = Side.EXPERT, **more: object) -> DispatchTold:
    made = DispatchTold(
        dispatch_id="d" * 32, version=3, act=act, by=by, to=to, number="D-2026-000001", received=NOW.isoformat(),
        business="株式会社みほん製作所", organisation="千代田商工会", title="原価管理の見直し", topic="生産管理",
        times=(SPAN, OTHER), slots=("a" * 32, "b" * 32), proposed=(), fixed=False, expert="山田 太郎",
        place="東京都千代田区丸の内1-9-1", point="35.681236,139.767125", accompany=True, contact="田中 一郎",
    )  # fmt: skip
    return replace(made, **more)  # pyright: ignore[reportArgumentType]


WANTED = [
    ("request", Side.EXPERT), ("request", Side.SECRETARIAT), ("reassign", Side.EXPERT), ("propose", Side.ORGANISATION),
    ("none_fits", Side.SECRETARIAT), ("send_report", Side.ORGANISATION), ("send_report", Side.SECRETARIAT),
    ("return_report", Side.EXPERT), ("remind_unanswered", Side.EXPERT), ("remind_checkout", Side.EXPERT),
]  # fmt: skip
EVERY = [(row.action.value, side) for row in STEPS for side in sorted(row.tells)]


@pytest.mark.parametrize(("act", "to"), sorted({*EVERY, *WANTED}))
def test_a_notice_begins_with_what_it_wants_if_it_wants_something(act: str, to: Side):
    told = notice(act, to)
    assert notices.words(told).startswith("【要対応】") is ((act, to) in WANTED)
    assert "状態が変わりました" not in notices.words(told)
    body = notices.render(told).as_json()
    refuse_messages({"messages": [body]})
    assert body["altText"] == notices.words(told)


def test_a_request_holds_what_002_lists_and_the_way_to_answer():
    card = notices.render(notice("request", Side.EXPERT, Side.ORGANISATION, answer_by="2026-11-26", distance=6900))
    assert isinstance(card, screens.Card)
    for part in (
        "回答期限 11/26（木）",
        "D-2026-000001",
        "11月24日（火）10:00",
        "株式会社みほん製作所",
        "原価管理の見直し",
        "12月1日（火）13:00〜16:00",
        "12月2日（水）13:00〜16:00",
        "約6.9km",
    ):
        assert part in shown(card)
    assert labels(card) == [
        "12/1（火）13:00〜16:00 で確定",
        "12/2（水）13:00〜16:00 で確定",
        "別の日程を提案する",
        "辞退する",
        "内容を見る",
    ]


@pytest.mark.parametrize("to", list(Side)[:4])
def test_a_cancellation_holds_what_002_lists_on_line_and_by_mail(to: Side):
    told = notice(
        "cancel", to, Side.ORGANISATION, times=(SPAN,), wished=(SPAN, OTHER), slots=(), fixed=True, category="weather",
        comment="台風のため",
    )  # fmt: skip
    subject, text = notices.mail(told, "https://example.jp/admin/")
    assert "キャンセル" in subject
    card = shown(notices.render(told))  # pyright: ignore[reportArgumentType]
    for said in (text, card):
        for part in (
            "天候・交通",
            "台風のため",
            "D-2026-000001",
            "株式会社みほん製作所",
            "千代田商工会",
            "原価管理の見直し",
            "12月1日（火）13:00〜16:00",
            "12月2日（水）13:00〜16:00",
        ):
            assert part in said
    assert "2026年11月24日（火）10:00" in text
    assert ("https://example.jp/admin/dispatches/" in text) is (to is Side.SECRETARIAT)
    assert ("田中 一郎 様" in text) is (to is Side.BUSINESS)


def test_a_mail_to_a_business_names_no_phone_and_no_link_of_ours():
    _, text = notices.mail(notice("take_slot", Side.BUSINESS, times=(SPAN,), slots=(), fixed=True), "https://x/admin/")
    assert "http" not in text
    assert "03-" not in text


def test_the_mail_that_asks_for_a_certificate_has_the_link_and_no_fee():
    told = VisitTold("d" * 32, "certify", Side.BUSINESS, "D-2026-000001", "みほん", "件名", "山田 太郎", SPAN,
                     link="https://example.jp/p/certify/x", yen=18480)  # fmt: skip
    subject, text = notices.mail(told, "https://example.jp/admin/")
    assert "確認のお願い" in subject
    assert "https://example.jp/p/certify/x" in text
    assert "18,480" not in text
    assert "みほん 御中" in text


def test_a_question_about_a_visit_has_its_answer_on_the_card():
    told = VisitTold(
        "d" * 32, "ask", Side.EXPERT, "D-2026-000001", "みほん", "件名", "山田 太郎", SPAN, comment="なぜ？"
    )
    card = notices.render(told)
    assert isinstance(card, screens.Card)
    assert labels(card)[0] == "回答する"
    assert "「なぜ？」" in shown(card)
    assert notices.words(told).startswith("【要対応】")


def test_a_notice_of_an_older_release_or_of_odd_acts_kills_nothing():
    odd = notice("somersault", Side.SYSTEM, times=(), slots=("x",))
    for told in (odd, notice("late", Side.EXPERT)):
        assert notices.words(told)
        refuse_messages({"messages": [notices.render(told).as_json()]})
