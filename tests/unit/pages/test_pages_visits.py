"""支援の記録 over HTTP: the list, several at once, one visit with all behind it, the answers, and bad input."""

import re

import pytest

from handlers.usecases.visit import judge
from models.rules.dispatch import Status
from models.rules.visit import Evidence
from storage import audit, dispatch
from tests.support import dispatches, factories, judging
from tests.support.factories import House
from tests.support.judging import visited
from tests.support.leaving import Visiting
from tests.support.visitors import Browser

EVIL = '"><script>alert(1)</script>'


@pytest.fixture
def visit(house: House) -> Visiting:
    with house.database.unit() as uow:
        organisation = factories.organisation(uow)
        approver = factories.approver(uow, organisation)
    expert = dispatches.expert(house, organisation, approver)
    made = visited(house, organisation, approver, expert)
    house.clock.advance(hours=8)
    return made


@pytest.fixture
def desk(visit: Visiting, clerk: Browser) -> Browser:
    """Logged in after the visit, so that the session is fresh."""
    clerk.log_in()
    return clerk


def address(visit: Visiting, act: str = "") -> str:
    return f"/admin/visits/{visit.dispatch.id}{act}"


def posts(browser: Browser, visit: Visiting, act: str, query: str = "", **form: str):
    browser.get(address(visit))
    return browser.post(address(visit, f"/{act}{query}"), version=str(visit.visit.version), **form)


def another(first: Visiting, key: str) -> Visiting:
    house, organisation = first.house, first.dispatch.organisation_id
    expert = dispatches.expert(house, organisation, first.approver)
    return visited(house, organisation, first.approver, expert, days=-1, key=key)


# --- the list -------------------------------------------------------------------------------------


def test_the_list_shows_what_waits_and_why(visit: Visiting, desk: Browser) -> None:
    page = desk.get("/admin/visits").text
    for words in (visit.dispatch.number, "写真で記録、離れた場所", "13,200", "確認待ち <b>1</b>", "理由をひとつ選んで"):
        assert words in page
    assert 'type="checkbox" name="visit"' not in page
    assert "いまはありません" in desk.get("/admin/visits?state=asked").text
    csv = desk.get("/admin/visits.csv").data.decode("utf-8-sig")
    assert visit.dispatch.number in csv
    assert "写真で記録、離れた場所" in csv
    start = desk.get("/admin/").text
    assert "支援の証跡の確認待ち" in start


@pytest.mark.parametrize("query", [
    "state=nonsense", "reason=nonsense", "grade=Z", "sort=nonsense", "page=999999", "q=%00%ff", "q=" + "あ" * 500,
    "q=D-2026-000001&state=clear", "state=open&reason=far&grade=C&sort=-yen&page=2",
])  # fmt: skip
def test_odd_addresses_give_a_list(visit: Visiting, desk: Browser, query: str) -> None:
    assert desk.get(f"/admin/visits?{query}").status_code == 200


def test_several_are_accepted_for_one_reason(visit: Visiting, desk: Browser) -> None:
    other = another(visit, "other")
    desk.log_in()
    page = desk.get("/admin/visits?reason=photo").text
    ticked = re.findall(r'name="visit" value="([^"]+)"', page)
    assert len(ticked) == 2
    assert desk.post("/admin/visits", visit=ticked).status_code == 422, "no reason was chosen"
    assert "ひとつ以上選んで" in desk.post("/admin/visits?reason=photo").text
    stale = ticked[0].split(".")[0] + ".99"
    answer = desk.post("/admin/visits?reason=photo", visit=[stale, ticked[1], "x.1", "f" * 32 + ".1", ".", EVIL])
    assert answer.status_code == 302
    shown = desk.get(answer.headers["Location"]).text
    assert "1件の証跡を認めました" in shown
    assert "2件は、記録が変わったか" in shown
    assert sorted([visit.visit.evidence, other.visit.evidence]) == ["accepted", "waiting"]


def test_a_reader_sees_and_decides_nothing(visit: Visiting, reader: Browser) -> None:
    reader.log_in("reader@example.jp")
    assert 'name="visit"' not in reader.get("/admin/visits?reason=photo").text
    page = reader.get(address(visit)).text
    assert "data-opens" not in page
    assert posts(reader, visit, "accept").status_code == 409
    ticked = f"{visit.dispatch.id}.{visit.visit.version}"
    assert reader.post("/admin/visits?reason=photo", visit=ticked).status_code == 403
    assert visit.visit.evidence is Evidence.WAITING


# --- one visit ------------------------------------------------------------------------------------


def test_the_page_shows_all_that_is_known(visit: Visiting, desk: Browser) -> None:
    page = desk.get(address(visit)).text
    for words in (
        "証跡C", "位置情報の代わりに写真で記録されました", "支援場所から1.2km", "誤差 約40m", "地下でGPSが届かない",
        "田中 一郎", "スマートフォンの画面で署名した", "3時間3分 − 対象外15分 = 2時間48分", "13,200円",
        '&#34;kind&#34;: &#34;out&#34;', '&#34;around&#34;: 300', "半径300m", "予定 11月",
    ):  # fmt: skip
        assert words in page, words
    assert "&#34;kind&#34;: &#34;in&#34;" not in page, "a photo has no position"


def test_signature_and_photo_are_sent_to_those_who_may_and_each_look_is_written_down(
    visit: Visiting, desk: Browser, visitor: Browser
) -> None:
    with visit.house.database.read() as uow:
        photo, signature = judging.pictures(uow, visit)
    for path in (f"/photo/{photo}.jpg", f"/signature/{signature}"):
        answer = desk.get(address(visit, path))
        assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
        assert "no-store" in answer.headers["Cache-Control"]
        assert "/admin/login" in visitor.get(address(visit, path)).headers["Location"]
        foreign = dispatches.request(visit.house, visit.dispatch.organisation_id, visit.approver, visit.expert)
        assert desk.get(f"/admin/visits/{foreign.id}{path}").status_code == 404
    for path in (f"/photo/{signature}.jpg", f"/signature/{photo}", f"/photo/{'0' * 32}.jpg"):
        assert desk.get(address(visit, path)).status_code == 404
    desk.get(address(visit))
    with visit.house.database.read() as uow:
        views = [
            entry for entry in audit.of_subject(uow, "dispatch", visit.dispatch.id) if entry.action == "evidence.view"
        ]
    assert len(views) == 1


def test_a_picture_that_is_gone_says_so(visit: Visiting, desk: Browser) -> None:
    visit.house.services.files.delete("signatures/scene")
    with visit.house.database.read() as uow:
        _, signature = judging.pictures(uow, visit)
    answer = desk.get(address(visit, f"/signature/{signature}"))
    assert (answer.status_code, answer.mimetype) == (404, "image/svg+xml")


def test_there_is_no_page_before_a_date_is_fixed_and_one_before_the_first_record(
    visit: Visiting, desk: Browser
) -> None:
    view = dispatches.request(visit.house, visit.dispatch.organisation_id, visit.approver, visit.expert)
    assert desk.get(f"/admin/visits/{view.id}").status_code == 404
    assert desk.get(f"/admin/visits/{'0' * 32}").status_code == 404
    with visit.house.database.unit() as uow:
        row = dispatch.lock(uow, view.id)
        assert row
        row.status = Status.CONFIRMED
    page = desk.get(f"/admin/visits/{view.id}").text
    assert "まだ記録がありません" in page
    assert "時刻を直す" in page
    assert "認める" not in page


# --- answers --------------------------------------------------------------------------------------


def test_accepting_goes_on_to_the_next(visit: Visiting, desk: Browser) -> None:
    other = another(visit, "other")
    desk.log_in()
    answer = posts(desk, visit, "accept", "?reason=photo", words="事業者に確かめました")
    assert answer.headers["Location"].endswith(f"{other.dispatch.id}?reason=photo")
    assert f"{visit.dispatch.number}の証跡を認めました" in desk.get(answer.headers["Location"]).text
    answer = posts(desk, other, "accept", "?reason=photo")
    assert answer.headers["Location"].endswith("/admin/visits?reason=photo")
    page = desk.get(address(visit)).text
    assert "事業者に確かめました" in page
    assert "支援の証跡を認めた" in page
    assert visit.house.told


@pytest.mark.parametrize("act", ["ask", "reject"])
def test_words_are_needed_kept_and_never_run(visit: Visiting, desk: Browser, act: str) -> None:
    empty = posts(desk, visit, act, words=" 　\n")
    assert empty.status_code == 422
    assert "内容を書いてください" in empty.text
    long = posts(desk, visit, act, words="あ" * 501)
    assert long.status_code == 422
    assert "あ" * 501 in long.text
    assert posts(desk, visit, act, words=EVIL).status_code == 302
    page = desk.get(address(visit)).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_a_question_and_its_answer_stand_on_top(visit: Visiting, desk: Browser) -> None:
    assert posts(desk, visit, "ask", words="なぜ離れた場所ですか？").status_code == 302
    assert "質問中" in desk.get(address(visit)).text
    with visit.house.database.unit() as uow:
        judge.answer(uow, visit.expert.actor, visit.dispatch.id, "裏口でした", visit.house.clock())
    page = desk.get(address(visit)).text
    assert "質問「なぜ離れた場所ですか？」" in page
    assert page.index("裏口でした") < page.index("記録</h2>")


def test_what_changed_meanwhile_is_said_and_nothing_typed_is_lost(visit: Visiting, desk: Browser) -> None:
    seen = visit.visit.version
    posts(desk, visit, "ask", words="？")
    late = desk.post(address(visit, "/reject"), version=str(seen), words="支援の場所ではありません")
    assert late.status_code == 409
    assert "開いたあとに" in late.text
    assert "支援の場所ではありません" in late.text
    assert visit.visit.evidence is Evidence.ASKED


def test_a_wrong_time_is_put_right(visit: Visiting, desk: Browser) -> None:
    page = desk.get(address(visit)).text
    came, went = re.findall(r'type="datetime-local" value="([^"]+)"', page)
    assert came.endswith("T13:02")
    form = {"came": came, "went": went.replace("T16:05", "T15:02"), "non_payable": "１５分", "words": "電話で確かめた"}
    answer = posts(desk, visit, "correct", **form)
    assert answer.headers["Location"].endswith(address(visit))
    page = desk.get(answer.headers["Location"]).text
    assert "時刻を直しました" in page
    assert "事務局による訂正" in page
    assert "7,920円" in page
    assert "前の計算" in page
    assert (visit.visit.yen, visit.visit.evidence) == (7_920, Evidence.WAITING)


@pytest.mark.parametrize(("change", "said"), [
    ({}, "いまの記録と同じです"),
    ({"came": ""}, "空にできません"),
    ({"came": "きのう"}, "日付と時刻を入力"),
    ({"came": "0001-01-01T00:00"}, "日付と時刻を入力"),
    ({"went": "9999-12-31T23:59"}, "これからの時刻"),
    ({"non_payable": "たくさん"}, "0分から1,440分"),
    ({"non_payable": "9" * 30}, "0分から1,440分"),
    ({"non_payable": "-5"}, "0分から1,440分"),
    ({"non_payable": "20", "words": ""}, "内容を書いてください"),
])  # fmt: skip
def test_a_correction_that_cannot_be_is_refused_and_kept(
    visit: Visiting, desk: Browser, change: dict[str, str], said: str
) -> None:
    came, went = re.findall(r'type="datetime-local" value="([^"]+)"', desk.get(address(visit)).text)
    before = visit.visit
    form = {"came": came, "went": went, "non_payable": "15", "words": "理由です", **change}
    answer = posts(desk, visit, "correct", **form)
    assert answer.status_code == 422
    assert said in answer.text
    assert 'id="correct" aria-labelledby="correct-title" data-open' in answer.text
    if form["words"]:
        assert "理由です" in answer.text
    assert visit.visit == before


def test_a_record_is_taken_back_with_a_reason(visit: Visiting, desk: Browser) -> None:
    went = visit.visit.went
    assert went
    assert posts(desk, visit, "undo", end="out", seq=str(went.seq)).status_code == 422
    assert posts(desk, visit, "undo", end="out", seq="1", words="x").status_code == 409
    assert posts(desk, visit, "undo", end="out", seq=str(went.seq), words="違う支援でした").status_code == 302
    page = desk.get(address(visit)).text
    assert "チェックアウトの取り消し" in page
    assert "取り消し済み" in page
    assert "違う支援でした" in page
    assert visit.visit.went is None


def test_an_ended_dispatch_can_be_looked_at_and_not_judged(visit: Visiting, desk: Browser) -> None:
    with visit.house.database.unit() as uow:
        row = dispatch.lock(uow, visit.dispatch.id)
        assert row
        row.status = Status.CANCELLED
    page = desk.get(address(visit)).text
    assert "data-opens" not in page
    assert "キャンセルまたは辞退" in posts(desk, visit, "accept").text


def test_after_the_positions_are_gone_the_page_says_so(visit: Visiting, desk: Browser) -> None:
    from handlers.usecases import privacy
    from models.rules.permissions import SYSTEM

    posts(desk, visit, "accept")
    visit.house.clock.advance(days=366)
    with visit.house.database.unit() as uow:
        assert privacy.retire_positions(uow, SYSTEM, visit.house.clock()) == 1
    desk.log_in()
    page = desk.get(address(visit)).text
    assert "位置の記録はありません" in page
    assert "1.2km" in page
    assert "map.js" not in page


def test_a_double_press_decides_once(visit: Visiting, desk: Browser) -> None:
    form = {"version": str(visit.visit.version), "words": "x"}
    desk.get(address(visit))
    first, second = desk.post(address(visit, "/accept"), **form), desk.post(address(visit, "/accept"), **form)
    assert (first.status_code, second.status_code) == (302, 409)
    with visit.house.database.read() as uow:
        assert len(judge.read(uow, factories.office(visit.house), visit.dispatch.id).decisions) == 1
