"""What the page of the phones calls; the state over a restart; the mailbox."""

import io
from pathlib import Path
from typing import Any

from bot.emulator import Platform, create_app
from tests.unit.emulator.conftest import SECRET, TOKEN, Clock, Line, Product

MAIL = """\
From: desk@example.jp
To: =?utf-8?b?5bGx55Sw?= <yamada@example.jp>
Subject: =?utf-8?b?5om/6KqN44Gu44GK55+l44KJ44Gb?=
Date: Fri, 20 Nov 2026 18:00:00 +0900
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

次のページを開いてください。
http://localhost:8119/p/abc?x=1。
"""


def phone(page: Any, user: str) -> dict[str, Any]:
    return next(p for p in page.get("/phones/api/phones").json["phones"] if p["user_id"] == user)


def test_a_phone_follows_talks_and_blocks(platform: Platform, page: Any, product: Product) -> None:
    user = page.post("/phones/api/phones", json={"name": "佐藤 花子"}).json["user_id"]
    base = f"/phones/api/phones/{user}"
    refused = page.post(f"{base}/text", json={"text": "a"})
    assert (refused.status_code, "友だち" in refused.json["error"]) == (409, True)
    page.post(f"{base}/follow")
    page.post(f"{base}/text", json={"text": "こんにちは"})
    page.post(f"{base}/action", json={"action": {"type": "postback", "data": "d", "displayText": "はい"}})
    page.post(f"{base}/sticker", json={})
    page.post(f"{base}/location", json={"title": "駅", "address": "東京", "latitude": 35, "longitude": 139})
    page.post(f"{base}/file", data={"file": (io.BytesIO(b"%PDF-1.7"), "a.pdf")})
    page.post(f"{base}/block")
    platform.settle()
    assert [event["type"] for event in product.events] == [
        "follow",
        "message",
        "postback",
        *["message"] * 3,
        "unfollow",
    ]
    assert (phone(page, user)["friend"], phone(page, user)["blocked"]) == (True, True)
    page.post(f"{base}/unblock")
    assert phone(page, user)["blocked"] is False
    platform.settle()


def test_photos_are_sent_shown_and_unsent(platform: Platform, page: Any, user: str) -> None:
    base = f"/phones/api/phones/{user}"
    photos = [(io.BytesIO(b"\xff\xd8\xff1"), "1.jpg"), (io.BytesIO(b"\xff\xd8\xff2"), "2.jpg")]
    page.post(f"{base}/photos", data={"photos": photos})
    shown = page.get(f"{base}/messages").json["messages"]
    assert [one["message"]["imageSet"]["index"] for one in shown] == [1, 2]
    picture = page.get(f"/phones/api/content/{shown[1]['id']}")
    assert (picture.data, picture.mimetype) == (b"\xff\xd8\xff2", "image/jpeg")
    page.post(f"{base}/unsend", json={"message_id": shown[1]["id"]})
    assert page.get(f"/phones/api/content/{shown[1]['id']}").status_code == 404
    assert page.get(f"{base}/messages?after=1").json["messages"][0]["unsent"] is True
    assert page.post(f"{base}/unsend", json={"message_id": shown[1]["id"]}).status_code == 409
    assert page.post(f"{base}/redeliver-last").json == {"status": 200}
    platform.settle()


def test_the_page_sees_answers_unread_counts_and_loading(line: Line, page: Any, user: str) -> None:
    line.push(user, {"type": "text", "text": "a"}, {"type": "text", "text": "b"})
    line.call("POST", "/chat/loading/start", {"chatId": user})
    assert phone(page, user)["unread"] == 2
    talk = page.get(f"/phones/api/phones/{user}/messages?after=1").json
    assert [(one["seq"], one["from"], one["via"], one["message"]["text"]) for one in talk["messages"]] == [
        (2, "bot", "push", "b")
    ]
    assert talk["loading_until"] is not None
    assert phone(page, user)["unread"] == 0


def test_changes_are_told_as_they_happen(platform: Platform, page: Any, user: str) -> None:
    stream = page.get("/phones/api/events").response
    assert next(stream) == b": hello\n\n"
    platform.say(user, "a")
    assert next(stream) == f'data: {{"user_id": "{user}", "revision": {platform.revision}}}\n\n'.encode()
    stream.close()
    platform.settle()


def test_faults_can_be_asked_for(platform: Platform, line: Line, page: Any, user: str) -> None:
    fault = {
        "path": "/v2/bot/message/push",
        "status": 429,
        "times": 1,
        "message": "You have reached your monthly limit.",
    }
    assert page.post("/phones/api/faults", json=fault).status_code == 200
    assert page.post("/phones/api/faults", json={"path": "/phones", "status": 500}).status_code == 400
    assert page.post("/phones/api/faults", json={**fault, "status": "500"}).status_code == 400
    answer = line.push(user, {"type": "text", "text": "a"})
    assert (answer.status_code, answer.json["message"]) == (429, fault["message"])


def test_mails_are_read(tmp_path: Path) -> None:
    (tmp_path / "20261120-a.eml").write_text(MAIL, encoding="utf-8")
    with Platform("https://p.example/", SECRET, TOKEN, mail_dir=tmp_path) as platform:
        page: Any = create_app(platform).test_client()
        (summary,) = page.get("/phones/api/mails").json["mails"]
        assert (summary["subject"], summary["id"]) == ("承認のお知らせ", "20261120-a")
        assert summary["preview"].startswith("次のページ")
        mail = page.get("/phones/api/mails/20261120-a").json
        assert mail["links"] == ["http://localhost:8119/p/abc?x=1"]
        assert page.get("/phones/api/mails/none").status_code == 404


def test_a_restart_shows_the_phones_in_the_same_order(tmp_path: Path, clock: Clock, product: Product) -> None:
    captions = [f"{number} の電話" for number in "①②③④⑤⑥"]
    for run in range(2):
        with Platform("https://p.example/", SECRET, TOKEN, state_dir=tmp_path, clock=clock, post=product) as platform:
            seeded = platform.seed_phones(captions)
            assert list(platform.users)[: len(seeded)] == seeded, f"run {run}"
            platform.add_phone("あとから増やした電話")


def test_a_restart_shows_the_same_talks(tmp_path: Path, clock: Clock, product: Product) -> None:
    def opened() -> Platform:
        return Platform("https://p.example/", SECRET, TOKEN, state_dir=tmp_path, clock=clock, post=product)

    with opened() as platform:
        user, other = platform.seed_phones([("山田 太郎", "① 新しい専門家"), "② 承認者"])
        platform.follow(user, wait=True)
        photo = platform.send_photo(user, b"\xff\xd8\xff", wait=True)["message"]["id"]
        Line(create_app(platform).test_client()).push(user, {"type": "text", "text": "a"})
        before = platform.messages(user)
    with opened() as platform:
        assert platform.seed_phones([("山田 太郎", "① 新しい専門家"), "② 承認者"]) == [user, other]
        assert (platform.phone(user).friend, platform.phone(other).friend) == (True, False)
        assert platform.messages(user) == before
        line = Line(create_app(platform).test_client())
        assert line.call("GET", f"/message/{photo}/content").data == b"\xff\xd8\xff"
        assert line.call("GET", "/message/quota/consumption").json == {"totalUsage": 1}
