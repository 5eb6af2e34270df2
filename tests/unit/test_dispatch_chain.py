"""The chain of a dispatch: every step that was taken, who holds it now, and what is ahead, as each side may see it."""

from datetime import UTC, date, datetime, timedelta

import pytest

from bot.screens.dispatch_chain import words
from models.rules.dispatch import STEPS, Action, Side, Status
from models.rules.place import PlaceSource
from models.views.dispatch import ContactView, DispatchView, PlaceView, WordsView
from models.views.dispatch_chain import ChainLink, Moved, chain, said
from models.views.dispatch_chain import side_of as side_of_move

AT = datetime(2026, 11, 18, 1, 0, tzinfo=UTC)
EXPERT, APPROVER, EARLIER = "expert", "approver", "earlier"


def dispatch(status: Status, **how: object) -> DispatchView:
    values: dict[str, object] = {
        "id": "d", "number": "D-2026-000001", "version": 1, "status": status, "status_since": AT + timedelta(hours=9),
        "received_at": AT, "day": date(2026, 11, 20), "organisation_id": "o", "organisation": "千代田商工会",
        "requester_id": APPROVER, "requester": "佐藤 花子", "business_id": "b", "business": "みほん",
        "corporate_number": "", "business_address": "", "expert_id": EXPERT,
        "expert": "山田 太郎", "predecessor_id": "", "title": "t",
        "topic": "生産管理", "topic_other": "", "wishes": "", "contact": ContactView("", "", ""), "accompany": True,
        "place": PlaceView("", PlaceSource.UNKNOWN, None), "slots": (),
    }  # fmt: skip
    return DispatchView(**(values | how))  # pyright: ignore[reportArgumentType]


def moved(
    action: Action, source: Status, target: Status, kind: str = "person", by: str = EXPERT, hours: int = 1
) -> Moved:
    names = {EXPERT: "山田 太郎", APPROVER: "佐藤 花子", EARLIER: "鈴木 花子"}
    return Moved(action, source, target, kind, by, names.get(by, ""), AT + timedelta(hours=hours))


def read(view: DispatchView, moves: tuple[Moved, ...], side: Side) -> list[tuple[str, str, str]]:
    return [(link.status, link.name, link.text) for link in words(view, chain(view, moves, side))]


def test_a_dispatch_that_went_back_and_forth_reads_like_its_story():
    moves = (
        moved(Action.PROPOSE, Status.REQUESTED, Status.COUNTER_PROPOSED),
        moved(Action.ACCEPT, Status.COUNTER_PROPOSED, Status.CONFIRMED, by=APPROVER, hours=2),
        moved(Action.END_PASSED, Status.CONFIRMED, Status.REPORT_DUE, kind="system", by="", hours=60),
    )
    assert read(dispatch(Status.REPORT_DUE), moves, Side.ORGANISATION) == [
        ("done", "派遣を依頼", "千代田商工会 佐藤 花子さん　2026年11月18日（水）10:00"),
        ("done", "別の日程を提案", "山田 太郎さん　11月18日（水）11:00"),
        ("done", "提案の日程で決定", "千代田商工会 佐藤 花子さん　11月18日（水）12:00"),
        ("done", "予定の終了時刻", "自動　11月20日（金）22:00"),
        ("now", "支援の報告", "山田 太郎さん　11月18日（水）19:00から（期限 11/30（月））"),
        ("todo", "報告の確認", "これから"),
        ("todo", "完了", "これから"),
    ]


@pytest.mark.parametrize(
    ("status", "now", "ahead"),
    [
        (Status.REQUESTED, ("専門家の回答", "山田 太郎さん"), 4),
        (Status.COUNTER_PROPOSED, ("支援機関の回答", "千代田商工会"), 4),
        (Status.NEEDS_COORDINATION, ("事務局の調整", "事務局"), 4),
        (Status.CONFIRMED, ("支援の実施", "山田 太郎さん"), 3),
        (Status.REPORT_DUE, ("支援の報告", "山田 太郎さん"), 2),
        (Status.REPORTED, ("報告の確認", "千代田商工会・事務局"), 1),
    ],
)
def test_somebody_holds_every_open_dispatch(status: Status, now: tuple[str, str], ahead: int):
    shown = read(dispatch(status), (), Side.ORGANISATION)
    assert [status for status, _, _ in shown] == ["done", "now", *["todo"] * ahead]
    assert shown[1][1] == now[0]
    assert shown[1][2].startswith(f"{now[1]}　11月18日（水）19:00から")


@pytest.mark.parametrize(
    ("status", "action", "ends"),
    [
        (Status.DECLINED, Action.DECLINE, "ended"),
        (Status.CANCELLED, Action.CANCEL, "ended"),
        (Status.COMPLETED, Action.COMPLETE, "done"),
    ],
)
def test_a_chain_ends_where_the_dispatch_does(status: Status, action: Action, ends: str):
    source = next(row.status for row in STEPS if row.action is action)
    known = read(dispatch(status), (moved(action, source, status),), Side.ORGANISATION)
    assert [each for each, _, _ in known] == ["done", ends]
    assert [each for each, _, _ in read(dispatch(status), (), Side.ORGANISATION)] == ["done", ends]


def test_a_new_expert_hears_nothing_of_the_one_before():
    moves = (
        moved(Action.PROPOSE, Status.REQUESTED, Status.COUNTER_PROPOSED, by=EARLIER),
        moved(Action.NONE_FITS, Status.COUNTER_PROPOSED, Status.NEEDS_COORDINATION, by=APPROVER, hours=2),
        moved(Action.REASSIGN, Status.NEEDS_COORDINATION, Status.REQUESTED, kind="staff", by="s", hours=3),
    )
    spoken = tuple(
        WordsView(move.action, "", "schedule", "ひみつ" if at < 2 else "", f"コメント{at}", move.at)
        for at, move in enumerate(moves)
    )
    view = dispatch(Status.REQUESTED, words=spoken)
    own = chain(view, moves, Side.EXPERT)
    assert [link.key for link in own][:3] == ["request", "reassign", "answer"]
    assert "鈴木 花子" not in str(read(view, moves, Side.EXPERT))
    assert [words.comment for words in said(view, own, Side.EXPERT)] == ["コメント2"]
    theirs = chain(view, moves, Side.ORGANISATION)
    assert "鈴木 花子さん" in str(read(view, moves, Side.ORGANISATION))
    assert len(said(view, theirs, Side.ORGANISATION)) == 3


@pytest.mark.parametrize("row", STEPS, ids=lambda row: f"{row.status}-{row.action}")
def test_every_step_has_words_and_its_own_side(row):
    kinds = {"expert": ("person", EXPERT), "organisation": ("person", APPROVER), "secretariat": ("staff", "s")}
    for side in row.by:
        kind, by = kinds.get(side, (str(side), ""))
        move = moved(row.action, row.status, row.target, kind, by)
        view = dispatch(row.target)
        assert side_of_move(view, move) is side
        for looking in (Side.EXPERT, Side.ORGANISATION, Side.SECRETARIAT):
            assert all(each.name and each.text for each in words(view, chain(view, (move,), looking)))


def test_the_year_is_named_again_when_it_turns():
    view = dispatch(Status.CONFIRMED, status_since=datetime(2027, 1, 6, 1, 0, tzinfo=UTC))
    assert read(view, (), Side.EXPERT)[1][2] == "山田 太郎さん　2027年1月6日（水）10:00から"


def test_what_nobody_said_is_not_shown():
    empty = WordsView("accept", "organisation", "", "", "", AT)
    assert said(dispatch(Status.CONFIRMED, words=(empty,)), (ChainLink("request", "done", ()),), Side.EXPERT) == ()
