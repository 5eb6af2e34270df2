"""What nobody should send, and what happens then: never a 500, nothing lost, nothing half done."""

import base64
import hashlib
import hmac
import io
import json
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest

from bot.emulator.webhooks import sign
from bot.postbacks import CardTap, FormTap, encode
from handlers.bootstrap import Service
from storage import people, staff
from tests.support import photos
from tests.support.databases import KINDS, fresh
from tests.support.drafts import application_of, code_by, filled, joined, submitted
from tests.support.ledger import Ledger
from tests.support.world import Phone, World, open_world

WEBHOOK = "/line/webhook"


class Town:
    """One world for all tests of this file (each brings its own people), with one approver."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ledger = Ledger(world.service.database)
        self.approver = world.approver("佐藤 恵")

    def send(self, *events: Any, **envelope: Any) -> int:
        body = {"destination": "U" + "0" * 32, "events": list(events), **envelope}
        return self.raw(json.dumps(body).encode())

    def raw(self, body: bytes, signature: str | None = None) -> int:
        status = self.world.platform.send_raw(body, signature)
        self.world.settle()
        return status

    def event(self, phone: Phone, kind: str, **fields: Any) -> dict[str, Any]:
        return dict(self.world.platform.make_event(phone.user_id, kind, **fields))

    def text(self, phone: Phone, words: Any, **fields: Any) -> dict[str, Any]:
        message = {"type": "text", "id": "m" + hashlib.md5(repr(words).encode()).hexdigest(), "text": words}
        return self.event(phone, "message", message=message, **fields)

    def taps_data(self, phone: Phone, data: str, **params: str) -> None:
        """A postback with these data, whatever they are (also half characters)."""
        phone.seen = phone._last()
        assert self.send(self.event(phone, "postback", postback={"data": data, "params": params})) == 200


@pytest.fixture(scope="module", params=KINDS)
def town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    with open_world(folder, fresh(request.param, folder)) as world:
        yield Town(world)


@pytest.fixture(autouse=True)
def nothing_half_done(town: Town) -> Iterator[None]:
    """After each test: every event is done or ignored, every webhook that was due a 200 got it."""
    yield
    town.world.settle()
    left = town.ledger.all_events()
    unhandled = town.ledger.rows("SELECT error, body FROM inbox WHERE state IN ('dead', 'pending')")
    unsent = town.ledger.rows("SELECT error FROM outbox WHERE state <> 'sent'")
    town.ledger.change("UPDATE inbox SET state = 'done' WHERE state IN ('dead', 'pending')")
    assert not unhandled, unhandled
    assert not unsent
    assert set(left) <= {"done", "ignored"}


def count(town: Town) -> int:
    return town.ledger.one("SELECT count(*) FROM inbox")


# --- Who may speak at all


def test_an_unsigned_body_is_refused_and_nothing_is_stored(town: Town):
    before = count(town)
    connection = HTTPConnection(urlsplit(town.world.base_url).netloc)
    connection.request("POST", WEBHOOK, json.dumps({"events": [{"type": "follow"}]}))
    assert connection.getresponse().status == 401
    connection.close()
    assert town.raw(b'{"events":[]}', "") == 401
    assert count(town) == before


@pytest.mark.parametrize(
    "signature", ["AAAA", "=", "not base64!", "あ".encode().decode("latin-1"), "A" * 5000, "\t", "QUJD" * 11]
)
def test_a_junk_signature_is_refused(town: Town, signature: str):
    before = count(town)
    assert town.raw(b'{"events":[{"type":"follow"}]}', signature) == 401
    assert count(town) == before


def test_a_wrong_signature_is_refused_even_for_the_same_body_and_another_secret(town: Town):
    phone = town.world.phone("署名")
    phone.follows()
    body = json.dumps({"events": [town.text(phone, "x")]}).encode()
    before = count(town)
    assert town.raw(body, sign(body, "another secret")) == 401
    assert town.raw(body + b" ", sign(body, town.world.platform.settings.channel_secret)) == 401
    hexed = hmac.new(town.world.platform.settings.channel_secret.encode(), body, hashlib.sha256).hexdigest()
    assert town.raw(body, hexed) == 401
    assert town.raw(body, base64.b64encode(b"").decode()) == 401
    assert count(town) == before


def test_both_secrets_are_good_during_a_rotation(tmp_path):
    environment = {"LINE_CHANNEL_SECRET": "new-secret, old-secret", "LINE_CHANNEL_ACCESS_TOKEN": "token"}
    environment |= {"SECRET_KEY": "k" * 43 + "=", "FIELD_KEYS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}
    environment |= {"LINE_API_BASE_URL": "http://127.0.0.1:1", "DATABASE_URL": fresh("sqlite", tmp_path)}
    from handlers.settings import read

    service = Service(read(environment, tmp_path))
    webhook = service.webhook(lambda _people: None)
    body = b'{"events":[{"type":"follow","webhookEventId":"e1"}]}'
    statuses = [_call(webhook, body, sign(body, secret)) for secret in ("new-secret", "old-secret", "older")]
    assert statuses == ["200 OK", "200 OK", "401 Unauthorized"]
    assert Ledger(service.database).one("SELECT count(*) FROM inbox") == 1
    service.close()


def _call(app: Any, body: bytes, signature: str, length: str | None = "right", *, terminated: bool = False) -> str:
    """The status a WSGI app answers with, asked directly."""
    found: list[str] = []
    environ: dict[str, Any] = {
        "PATH_INFO": WEBHOOK, "REQUEST_METHOD": "POST", "HTTP_X_LINE_SIGNATURE": signature,
        "wsgi.input": io.BytesIO(body), "wsgi.input_terminated": terminated,
    }  # fmt: skip
    if length is not None:
        environ["CONTENT_LENGTH"] = str(len(body)) if length == "right" else length
    app(environ, lambda status, _headers: found.append(status))
    return found[0]


def test_get_on_the_webhook_is_not_allowed(town: Town):
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        connection = HTTPConnection(urlsplit(town.world.base_url).netloc)
        connection.request(method, WEBHOOK)
        assert connection.getresponse().status == 405
        connection.close()


def test_a_body_over_two_megabytes_is_refused(town: Town):
    before = count(town)
    body = b'{"events":[],"x":"' + b"a" * (2 * 1024 * 1024) + b'"}'
    app = town.world.service.webhook(lambda _people: None)
    assert _call(app, body, sign(body, town.world.platform.settings.channel_secret)).startswith("413")
    assert town.world.platform.send_raw(body) in (413, 0)  # 0: we hung up before it was all sent
    assert count(town) == before


@pytest.mark.parametrize(
    ("length", "terminated"), [(None, False), ("", False), ("x", False), ("-5", False), ("0", True), (None, True)]
)
def test_a_request_without_a_usable_length(town: Town, length: str | None, terminated: bool):
    """Refused when the body cannot be told; read to its end where the server says there is one (chunked)."""
    app = town.world.service.webhook(lambda _people: None)
    body, secret = b'{"events":[]}', town.world.platform.settings.channel_secret
    wanted = "200 OK" if terminated else "401 Unauthorized"
    assert _call(app, body, sign(body, secret), length=length, terminated=terminated) == wanted
    big = body + b" " * (2 * 1024 * 1024)
    if terminated:
        assert _call(app, big, sign(big, secret), length=length, terminated=True).startswith("413")


# --- Signed, but not what LINE sends


@pytest.mark.parametrize(
    "body",
    [
        b"", b"hello", b"{", b"[]", b"null", b"3", b'"x"', b"{}", b'{"events":{}}', b'{"events":null}', b'{"events":"x"}',
        b"\xff\xfe\x00", b'{"events":[],' + b"\x00" + b"}", b'{"events":[' + b"1" * 6000 + b"]}",
        b'{"events":' + b"[" * 100_000, b"\x80abc",
    ],
    ids=lambda body: repr(body[:16]),
)  # fmt: skip
def test_a_signed_body_that_is_no_webhook_is_refused(town: Town, body: bytes):
    before = count(town)
    assert town.raw(body) == 400
    assert count(town) == before


@pytest.mark.parametrize("depth", [10, 300, 480, 700, 900, 940, 970, 980, 985, 990, 995, 1000, 5000])
def test_a_deeply_nested_event_is_kept_or_refused_but_never_a_500(town: Town, depth: int):
    phone = town.world.phone("深い人")
    nested = "[" * depth + "]" * depth
    event = json.dumps(town.event(phone, "message", message={"type": "text", "id": "1", "text": "x"}))
    body = f'{{"events":[{event[:-1]},"more":{nested}}}]}}'.encode()
    assert town.raw(body) in (200, 400)


def test_numbers_that_are_none_or_too_large(town: Town):
    phone = town.world.phone("大きい数")
    phone.follows()
    event = json.dumps(town.text(phone, "使い方"))
    for number in ("NaN", "Infinity", "-Infinity", "1e999", "1" * 400, "-1", "0", "1.5", "true", '"1"', "null"):
        before = len(phone.answers)
        fresh_id = hashlib.md5(number.encode()).hexdigest()
        changed = {**json.loads(event), "webhookEventId": fresh_id, "timestamp": "@@", "more": {"x": "@@"}}
        body = json.dumps({"events": [changed]}).replace('"@@"', number).encode()
        assert town.raw(body) == 200, number
        assert len(phone.answers) >= before
    assert town.ledger.events(phone.user_id) == {"done": 12}


def test_an_event_from_the_future_does_not_make_all_that_follows_late(town: Town):
    phone = joined(town.world, town.approver, "未来 太郎")
    phone.taps("基本情報")
    at = int(town.world.clock().timestamp() * 1000)
    assert town.send(town.text(phone, "未来 太郎", timestamp=at + 10**9)) == 200
    town.world.clock.forward(seconds=5)
    phone.says("ミライ タロウ")
    phone.sees("生年月日")


def test_no_events_at_all_is_fine(town: Town):
    before = count(town)
    assert town.send() == 200
    assert count(town) == before


def test_things_in_the_list_that_are_no_events_do_not_stop_their_neighbours(town: Town):
    phone = town.world.phone("隣人")
    phone.follows()
    phone.seen = phone._last()
    assert town.send(None, 3, "x", [], {}, {"type": None}, town.text(phone, "使い方"), {"type": ["x"]}) == 200
    phone.sees("【使い方】")


def test_unknown_kinds_of_events_and_messages_are_kept_and_answered_with_nothing(town: Town):
    phone = town.world.phone("新機能")
    phone.follows()
    before = town.ledger.domain()
    kinds: list[tuple[str, dict[str, Any]]] = [
        ("teleport", {"teleport": {"to": "moon"}}), ("membership", {"membership": 1}), ("", {}), ("postback", {}),
        ("postback", {"postback": {"data": 5}}), ("message", {}), ("message", {"message": []}),
        ("message", {"message": {"type": "hologram", "id": "1"}}), ("message", {"message": {"type": "text"}}),
        ("message", {"message": {"type": "text", "id": 5, "text": 5}}), ("unsend", {"unsend": {}}),
        ("message", {"message": {"type": "image"}}), ("message", {"message": {"type": "location", "id": "1"}}),
    ]  # fmt: skip
    events = [town.event(phone, kind, **fields) for kind, fields in kinds]
    assert town.send(*events) == 200
    assert town.ledger.events(phone.user_id)["done"] == len(events) + 1
    assert town.ledger.domain() == before
    phone.seen = phone._last()
    phone.says("使い方")
    phone.sees("【使い方】")


def test_an_event_without_an_id_is_kept_once(town: Town):
    phone = town.world.phone("番号なし")
    phone.follows()
    event = town.text(phone, "使い方")
    for missing in (None, 5, "", "x" * 65, "a b", "\u0000", "ｘ"):
        event["webhookEventId"] = missing
        assert town.send(event, event) == 200
        assert town.send(event) == 200
    assert town.ledger.events(phone.user_id)["done"] == 1 + 7


@pytest.mark.parametrize(
    "source",
    [
        None, [], {}, {"type": "user"}, {"type": "user", "userId": None}, {"type": "user", "userId": 5},
        {"type": "user", "userId": "U" + "g" * 32}, {"type": "user", "userId": "U" + "0" * 31 + "\u0000"},
        {"type": "user", "userId": "U" + "0" * 32 + "\n"}, {"userId": "U" + "1" * 32},
        {"type": "group", "groupId": "C" + "1" * 32, "userId": "U" + "1" * 32},
        {"type": "room", "roomId": "R" + "1" * 32, "userId": "U" + "1" * 32},
    ],
    ids=repr,
)  # fmt: skip
def test_whoever_cannot_be_answered_is_ignored_but_kept(town: Town, source: Any):
    phone = town.world.phone("誰か")
    before, talks = town.ledger.all_events(), town.ledger.one("SELECT count(*) FROM conversations")
    event = town.text(phone, f"使い方 {source!r}")
    event["source"] = source
    asked = len(town.world.platform.requests)
    assert town.send(event) == 200
    after = town.ledger.all_events()
    assert (after["ignored"], after["done"]) == (before["ignored"] + 1, before["done"])
    assert town.ledger.one("SELECT count(*) FROM conversations") == talks
    assert len(town.world.platform.requests) == asked


def test_in_standby_nothing_is_sent_and_nothing_done(town: Town):
    phone = joined(town.world, town.approver, "待機 花子")
    phone.taps("基本情報")
    before, asked = town.ledger.domain(), len(town.world.platform.requests)
    assert town.send(town.text(phone, "待機 花子", mode="standby")) == 200
    assert town.ledger.domain() == before
    assert len(town.world.platform.requests) == asked
    phone.says("待機 花子")
    phone.sees("フリガナ")


def test_a_hundred_events_of_many_people_in_one_body(town: Town):
    crowd = [town.world.phone(f"群衆{number}") for number in range(20)]
    with town.world.platform.hold() as held:
        for phone in crowd:
            town.world.platform.follow(phone.user_id)
        for _ in range(4):
            for phone in crowd:
                town.world.platform.say(phone.user_id, "使い方")
    for phone in crowd:
        phone.seen = 0
    assert town.world.platform.send_events(held) == [200]
    town.world.settle()
    for phone in crowd:
        assert town.ledger.events(phone.user_id) == {"done": 5}
        assert sum("【使い方】" in words for words in phone.answers) == 4
        phone.sees("友だち追加ありがとうございます")


# --- Words


NASTY = (
    "\u0000", "a\u0000b", "\u0000" * 5000, "\ud800", "\udfff\ud800", "x" * 5000, "😀" * 2500, "👨‍👩‍👧‍👦" * 400, "\u202e\u200b\ufeff",
    "".join(map(chr, range(1, 32))) * 100, "\n" * 5000, " " * 5000, "　", "'; DROP TABLE inbox; --", "{name}", "%s%n{0}", "<b>&amp;",
    "e\u0301" * 1000, "\U000f0000", "招待コード", "招待コード \u0000", "招待コード " + "A" * 4900, "\u0000AAAA-AAAA", "10" * 2500,
)  # fmt: skip


def nasty_is_survived(town: Town, phone: Phone) -> None:
    for words in NASTY:
        phone.seen = phone._last()
        assert town.send(town.text(phone, words)) == 200
        assert phone.answers, f"no answer to {words[:20]!r}"


def test_nasty_words_outside_a_form(town: Town):
    phone = joined(town.world, town.approver, "怪文書 一郎")
    before = town.ledger.domain()
    nasty_is_survived(town, phone)
    assert town.ledger.domain() == before


@pytest.mark.parametrize("section", ["基本情報", "写真", "口座"])
def test_nasty_words_in_a_form_are_no_answers(town: Town, section: str):
    phone = joined(town.world, town.approver, f"怪文書 {section}")
    phone.taps(section)
    before = application_of(town.world, phone)
    nasty_is_survived(town, phone)
    assert application_of(town.world, phone).papers == before.papers
    assert "name" not in application_of(town.world, phone).answers


def test_nasty_words_at_every_question_of_the_basic_section(town: Town):
    phone = joined(town.world, town.approver, "質問 全部")
    phone.taps("基本情報")
    answers = (
        "質問 全部",
        "シツモン ゼンブ",
        "1980-04-01",
        "09012345678",
        "a@example.jp",
        "個人（所属なし）",
        "東京都",
        "1",
    )
    for answer in (*answers, "税理士", "次へ", "経営戦略", "次へ"):
        for words in ("\u0000", "\ud800", "😀" * 2500, "x\u0000" * 2500, "\n"):
            phone.seen = phone._last()
            assert town.send(town.text(phone, words)) == 200
            assert phone.answers
        phone.says(answer)
    kept = application_of(town.world, phone).answers
    assert "\u0000" not in json.dumps(kept)
    assert kept["name"] == "質問 全部"


def test_nasty_words_as_a_name_and_as_the_reason_of_a_rejection(town: Town):
    applicant = submitted(town.world, town.approver, "理由 花子")
    town.approver.taps("承認待ち")
    view = application_of(town.world, applicant)
    town.taps_data(town.approver, encode(CardTap("reject", view.id, view.version)))
    assert town.send(town.text(town.approver, "だめ\u0000な\ud800理由\u202e😀" + "長" * 100)) == 200
    town.approver.taps("この内容で送る")
    assert application_of(town.world, applicant).state == "rejected"
    (comment,) = town.ledger.rows("SELECT comment FROM decision_comments WHERE comment LIKE 'だめ%'")
    assert "\u0000" not in comment[0]
    applicant.sees("否認")


def test_a_nasty_name_of_an_approver(town: Town):
    phone = town.world.phone("名無し")
    phone.follows()
    phone.says(f"招待コード {town.world.organisation('名無し商工会')}")
    nasty_is_survived(town, phone)
    assert town.ledger.one("SELECT name FROM people WHERE user_id = :user", user=phone.user_id) is None


# --- Buttons


FORGED = (
    "", "x", "[]", "{}", "null", "0", "[1]", '"menu"', '["menu"]', '["menu",5]', '["menu","ない"]', '["menu","承認待ち","x"]',
    '["form"]', '["form","basic"]', '["form","basic","1","answer","x"]', '["form","basic",true,"answer","x"]',
    '["form","basic",1.0,"answer","x"]', '["form","basic",NaN,"answer","x"]', '["form","nope",1,"answer","x"]',
    '["form","basic",-1,"finish",""]', '["form","return",0,"finish",""]', '["form","reject",0,"answer","x"]',
    '["form","approver_name",0,"finish",""]', '["card"]', '["card",""]', '["card","nope"]', '["card",["approve"]]',
    '["card","approve"]', '["card","approve_yes"]', '["card","approve_yes","x"]', '["card","approve_yes","x",1]',
    '["card","return","x",1]', '["card","reject","x",1]', '["card","application","x"]', '["card","application"]',
    '["card","submit_yes","x",1]', '["card","withdraw_yes","x",1]', '["card","resume","nope"]', '["card","resume"]',
    '["card","section","",0,"nope"]', '["card","section"]', '["card","sort","x",0,"face"]', '["card","sort","",0,""]',
    '["card","approve_yes","\\u0000",1]', '["card","application","\\u0000"]', '["card","sort","\\u0000",0,"face"]',
    '["card","submit_yes","\\ud800",1]', '["card","approve","' + "x" * 900 + '",1]', "[" * 900, '["card","approve_yes","x",' + "9" * 300 + "]",
    '["form","basic",' + "9" * 300 + ',"answer","x"]', '["menu","\\u0000"]', "\u0000", "\ud800", "act=approve&id=1",
)  # fmt: skip


@pytest.mark.parametrize("data", FORGED, ids=lambda data: repr(data[:48]))
def test_a_forged_or_old_button_changes_nothing_and_is_answered(town: Town, data: str):
    phone = town.world.phone("偽造 太郎")
    if not phone.history():
        joined(town.world, town.approver, "偽造 太郎")
    before = town.ledger.domain()
    town.taps_data(phone, data)
    assert phone.answers, "no answer"
    assert town.ledger.domain() == before


@pytest.mark.parametrize(
    "act", ["answer", "date", "page", "edit", "finish", "retake", "done", "skip", "back", "nope", ""]
)
def test_a_forged_button_with_the_right_revision_is_still_judged(town: Town, act: str):
    phone = joined(town.world, town.approver, f"正規 {act}")
    phone.taps("基本情報")
    phone.says("正規 太郎")
    answers = application_of(town.world, phone).answers
    for value in ("\u0000", "\ud800", "x" * 200, "", "[]", "9999-99-99"):
        phone.seen = phone._last()
        revision = _revision(town, phone)
        town.taps_data(phone, json.dumps(["form", "basic", revision, act, value]), date=value)
        assert phone.answers, (act, value)
    assert application_of(town.world, phone).answers == answers


def _revision(town: Town, phone: Phone) -> int:
    with town.world.service.database.read() as uow:
        sealed = Ledger(town.world.service.database).one(
            "SELECT session FROM conversations WHERE user_id = :user", user=phone.user_id
        )
        state = uow.vault.open_json(bytes(sealed))
    return int((state.get("running") or state["paused"][0])["revision"])


def test_other_peoples_applications_cannot_be_touched(town: Town):
    mine = filled(town.world, town.approver, "自分 太郎")
    other = submitted(town.world, town.approver, "他人 花子")
    stranger = town.world.approver("別の 担当", "よその商工会")
    theirs = application_of(town.world, other)
    before = town.ledger.domain()
    for phone in (mine, stranger):
        for act in ("application", "approve", "approve_yes", "return", "reject", "submit_yes", "withdraw_yes"):
            town.taps_data(phone, encode(CardTap(act, theirs.id, theirs.version)))
            assert phone.answers, act
            phone.sees_not("他人 花子", theirs.number)
        town.taps_data(phone, encode(CardTap("sort", theirs.papers[0].id, 0, "face")))
        assert phone.answers
    town.taps_data(other, encode(CardTap("approve_yes", theirs.id, theirs.version)))
    assert other.answers
    assert town.ledger.domain() == before


def test_a_photo_sorted_as_something_that_is_no_paper(town: Town):
    phone = joined(town.world, town.approver, "整理 太郎")
    phone.sends(photos.jpeg(1200, 800, "loose"))
    phone.sees("この写真は何ですか")
    (paper,) = application_of(town.world, phone).papers
    for kind in ("basic", "account", "unsorted", "nope", "\u0000", "FACE"):
        town.taps_data(phone, encode(CardTap("sort", paper.id, 0, kind)))
        assert phone.answers, kind
        assert [held.kind for held in application_of(town.world, phone).papers] == ["unsorted"]


def test_a_second_tap_on_submit_sends_one_application(town: Town):
    phone = filled(town.world, town.approver, "二度 押子")
    phone.taps("承認依頼を送る")
    button = next(a for a in town.world.platform.actions_of(phone.user_id) if a.get("label") == "この内容で送る")
    with town.world.platform.hold() as held:
        for _ in range(3):
            town.world.platform.tap(phone.user_id, button)
    assert town.world.platform.send_events(held) == [200]
    phone.seen = phone._last()
    town.world.settle()
    view = application_of(town.world, phone)
    assert (view.state, len(town.ledger.rows("SELECT 1 FROM submissions WHERE application_id = :id", id=view.id))) == (
        "organisation_review", 1,
    )  # fmt: skip
    shown = "\n".join(phone.answers)
    assert shown.count("承認依頼を送りました") == 1
    assert shown.count("もう送ってあります") == 2


def test_a_second_tap_on_approve_decides_once_and_says_who_was_faster(town: Town):
    applicant = submitted(town.world, town.approver, "二重 承認")
    view = application_of(town.world, applicant)
    for _ in range(2):
        town.taps_data(town.approver, encode(CardTap("approve_yes", view.id, view.version)))
    town.approver.sees("承認済み")
    decisions = town.ledger.rows("SELECT answer FROM decisions WHERE application_id = :id", id=view.id)
    assert [row[0] for row in decisions] == ["approve"]
    assert application_of(town.world, applicant).state == "secretariat_review"


def test_an_old_form_button_changes_no_answer(town: Town):
    phone = joined(town.world, town.approver, "古い 釦子")
    phone.taps("基本情報")
    old = _revision(town, phone)
    phone.says("古い 釦子")
    phone.says("フルイ ボタンコ")
    town.taps_data(phone, encode(FormTap("basic", old, "answer", "上書き 太郎")))
    phone.sees("前の質問", "生年月日")
    assert application_of(town.world, phone).answers == {"name": "古い 釦子", "kana": "フルイ ボタンコ"}


def test_an_old_card_in_the_middle_of_a_form_leaves_the_form_open_or_offers_it_again(town: Town):
    phone = joined(town.world, town.approver, "途中 札子")
    phone.taps("基本情報")
    before = application_of(town.world, phone)
    town.taps_data(phone, encode(CardTap("submit_yes", before.id, before.version - 1)))
    assert application_of(town.world, phone).state == "draft"
    offered = any("続き" in label for label in phone.labels)
    phone.says("途中 札子")
    assert offered or application_of(town.world, phone).answers == {"name": "途中 札子"}


def test_a_text_that_arrives_after_a_newer_one_answers_nothing(town: Town):
    phone = joined(town.world, town.approver, "遅れて 着子")
    phone.taps("基本情報")
    with town.world.platform.hold() as held:
        town.world.platform.say(phone.user_id, "古い 答え")
        town.world.platform.say(phone.user_id, "遅れて 着子")
    first, second = held
    town.world.platform.send_events([second])
    town.world.settle()
    phone.seen = phone._last()
    town.world.platform.send_events([first])
    town.world.settle()
    phone.sees("遅れて届いた", "フリガナ")
    assert application_of(town.world, phone).answers == {"name": "遅れて 着子"}


# --- Photos


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (photos.pdf, "PDF"), (photos.mp4, "動画"), (photos.mov, "動画"), (photos.webm, "動画"), (lambda: b"", "空"),
        (photos.bomb_png, "大きすぎ"), (photos.truncated_jpeg, "途中で切れて"), (lambda: photos.jpeg(1200, 400), "小さ"),
        (lambda: b"\x00" * 50_000, "読めません"), (lambda: b"\xff\xd8\xff\xe0" + b"\x00" * 5000, ""),
        (lambda: photos.jpeg() + b"\x00" * (10 * 1024 * 1024), "大きすぎ"), (lambda: b"GIF89a", ""), (lambda: b"<svg/>", "読めません"),
    ],
    ids=["pdf", "mp4", "mov", "webm", "empty", "bomb", "truncated", "small", "zeros", "half-jpeg", "11MB", "gif-head", "svg"],
)  # fmt: skip
def test_a_photo_that_is_none_is_refused_with_a_reason_and_asked_for_again(town: Town, make: Any, words: str):
    phone = town.world.phone("写真 悪子")
    if not phone.history():
        joined(town.world, town.approver, "写真 悪子")
        phone.taps("写真")
        phone.sends(photos.jpeg(800, 1000, "face"))
        phone.taps("このまま使う")
    before = application_of(town.world, phone)
    phone.sends(make())
    phone.sees(words, "身分証明書")
    after = application_of(town.world, phone)
    assert (after.papers, after.version) == (before.papers, before.version)


def test_one_bad_photo_among_good_ones_loses_none_of_them(town: Town):
    phone = joined(town.world, town.approver, "混在 太郎")
    phone.taps("写真")
    phone.sends(photos.jpeg(800, 1000, "face"))
    phone.taps("このまま使う")
    phone.sends(photos.jpeg(1200, 800, "front"), photos.pdf(), photos.jpeg(1200, 800, "back"))
    phone.sees("PDF")
    kinds = [paper.kind for paper in application_of(town.world, phone).papers]
    assert sorted(kinds) == ["face", "identity", "identity"]


def test_content_that_is_gone_failed_or_external(town: Town):
    phone = joined(town.world, town.approver, "消えた 写真")
    phone.taps("写真")
    for state in ("failed", "unsent"):
        with town.world.platform.hold() as held:
            town.world.platform.send_photo(phone.user_id, photos.jpeg(800, 1000, state))
        town.world.platform.content_state(held[0]["message"]["id"], state)
        phone.seen = phone._last()
        town.world.platform.send_events(held)
        town.world.settle()
    external = {
        "type": "image",
        "id": "990001",
        "contentProvider": {"type": "external", "originalContentUrl": "http://x/"},
    }
    never = {"type": "image", "id": "990002", "contentProvider": {"type": "line"}}
    for message, words in ((external, "ほかのサービス"), (never, "取り出せません")):
        phone.seen = phone._last()
        assert town.send(town.event(phone, "message", message=message)) == 200
        phone.sees(words)
    assert not application_of(town.world, phone).papers


# --- Invitation codes


def test_an_expired_used_or_revoked_invitation_opens_nothing(town: Town):
    expired, used, revoked = (code_by(town.world, town.approver) for _ in range(3))
    holder = town.world.phone("先の 人")
    holder.follows()
    holder.says(f"招待コード {used}")
    with town.world.service.database.unit() as uow:
        digests = {name: uow.vault.digest(code.replace("-", "")) for name, code in (("e", expired), ("r", revoked))}
    past = "expires_at = '2020-01-01 00:00:00+00:00'" if town.world.service.database.url.startswith("p") else (
        "expires_at = '2020-01-01 00:00:00.000000'"
    )  # fmt: skip
    town.ledger.change(f"UPDATE invitations SET {past} WHERE code_digest = :d", d=digests["e"])
    town.ledger.change("UPDATE invitations SET revoked_at = issued_at WHERE code_digest = :d", d=digests["r"])
    phone = town.world.phone("後の 人")
    phone.follows()
    before = town.ledger.domain()
    for code, words in ((expired, "期限が切れて"), (used, "すでに使われて"), (revoked, "取り消されて")):
        phone.says(f"招待コード {code}")
        phone.sees(words)
        assert town.ledger.domain() == before
    holder.says(f"招待コード {used}")
    holder.sees("もう受け付けています")
    assert town.ledger.domain() == before


def test_guessing_codes_is_counted_and_slowed_and_a_right_code_waits_too(town: Town):
    phone = town.world.phone("当てずっぽう")
    phone.follows()
    right = code_by(town.world, town.approver)
    before = town.ledger.domain()
    for number in range(5):
        phone.says(f"招待コード AAAA-AAA{number + 2}")
        phone.sees("見つかりませんでした")
    phone.says(f"招待コード {right}")
    phone.sees("15分ほどお待ちください")
    with town.world.service.database.read() as uow:
        person = people.by_user_id(uow, phone.user_id)
        assert person
        assert staff.count_attempts(uow, "code", person.id, town.world.clock.now.replace(year=2000)) == 5
    _restart(town)
    phone.says(right)
    phone.sees("15分ほどお待ちください")
    assert town.ledger.domain() == before
    town.world.clock.forward(minutes=16)
    phone.says(right)
    phone.sees("千代田商工会の招待を確認しました")


def test_guessing_in_one_body_is_counted_as_well(town: Town):
    phone = town.world.phone("一括 推測")
    phone.follows()
    right = code_by(town.world, town.approver)
    guesses = [town.text(phone, f"招待コード AAAA-AA{number + 22}") for number in range(40)]
    before = town.ledger.domain()
    assert town.send(*guesses, town.text(phone, f"招待コード {right}")) == 200
    assert town.ledger.domain() == before
    shown = "\n".join(phone.answers)
    assert (shown.count("見つかりませんでした"), shown.count("15分ほど")) == (5, 36)


def _restart(town: Town) -> None:
    """A new worker on the same database, as after a restart."""
    service = town.world.service
    service.__dict__.pop("worker")
    service.__dict__.pop("delivery")
