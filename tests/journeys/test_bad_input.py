"""Words, photos and codes nobody should send: nothing lost, nothing half done, an answer every time."""

import json
from typing import Any

import pytest

from bot.postbacks import CardTap, encode
from storage import people, staff
from tests.support import photos
from tests.support.drafts import application_of, code_by, joined, submitted
from tests.support.town import Town
from tests.support.world import Phone

NASTY = (
    "\u0000",
    "a\u0000b",
    "\u0000" * 5000,
    "\ud800",
    "\udfff\ud800",
    "x" * 5000,
    "😀" * 2500,
    "👨‍👩‍👧‍👦" * 400,
    "\u202e\u200b\ufeff",
    "".join(map(chr, range(1, 32))) * 100,
    "\n" * 5000,
    " " * 5000,
    "　",
    "'; DROP TABLE inbox; --",
    "{name}",
    "%s%n{0}",
    "<b>&amp;",
    "e\u0301" * 1000,
    "\U000f0000",
    "招待コード",
    "招待コード \u0000",
    "招待コード " + "A" * 4900,
    "\u0000AAAA-AAAA",
    "10" * 2500,
)


def nasty_is_survived(town: Town, phone: Phone) -> None:
    phone.seen = phone._last()
    assert town.send(*[town.text(phone, words) for words in NASTY]) == 200
    replies = {entry.request_id for entry in town.world.platform.messages(phone.user_id, phone.seen) if entry.via}
    assert len(replies) == len(NASTY)


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
        phone.seen = phone._last()
        nasty = ("\u0000\ud800", "😀" * 2500)
        assert town.send(*[town.text(phone, words) for words in nasty]) == 200
        assert len(phone.answers) >= len(nasty)
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


# --- Photos


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (photos.pdf, "PDF"),
        (photos.mp4, "動画"),
        (photos.mov, "動画"),
        (photos.webm, "動画"),
        (lambda: b"", "空"),
        (photos.bomb_png, "大きすぎ"),
        (photos.truncated_jpeg, "途中で切れて"),
        (lambda: photos.jpeg(1200, 400), "小さ"),
        (lambda: b"\x00" * 50_000, "読めません"),
        (lambda: b"\xff\xd8\xff\xe0" + b"\x00" * 5000, ""),
        (lambda: photos.jpeg() + b"\x00" * (10 * 1024 * 1024), "大きすぎ"),
        (lambda: b"GIF89a", ""),
        (lambda: b"<svg/>", "読めません"),
    ],
    ids=[
        "pdf",
        "mp4",
        "mov",
        "webm",
        "empty",
        "bomb",
        "truncated",
        "small",
        "zeros",
        "half-jpeg",
        "11MB",
        "gif-head",
        "svg",
    ],
)
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
    past = (
        "expires_at = '2020-01-01 00:00:00+00:00'"
        if town.world.service.database.url.startswith("p")
        else ("expires_at = '2020-01-01 00:00:00.000000'")
    )
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
