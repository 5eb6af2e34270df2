"""届かなかったもの: seen, tried again and put away, once and by those who may."""

import pytest
from sqlalchemy import select

from models.tables.audit import AuditEntry
from models.tables.conversation import InboxEvent, OutboxRow
from storage import inbox, outbox
from tests.support.factories import House
from tests.support.given_up import USER, event, message
from tests.support.visitors import Browser


def row(house: House, seq: int) -> OutboxRow:
    with house.database.read() as uow:
        return uow.session.scalars(select(OutboxRow).where(OutboxRow.seq == seq)).one()


def audited(house: House) -> list[tuple[str, str, str]]:
    with house.database.read() as uow:
        rows = uow.session.scalars(select(AuditEntry).where(AuditEntry.subject_kind.in_(("message", "event"))))
        return [(each.action, each.subject_id, each.actor_kind) for each in rows]


def test_a_message_is_sent_again_in_words_made_anew(house: House, clerk: Browser) -> None:
    with house.database.unit() as uow:
        seq = message(uow, house.clock())
    page = clerk.get("/admin/troubles").text
    assert "LINEが断りました（400）" in page
    assert USER not in page
    clerk.post("/admin/troubles/messages", row=str(seq))
    again = row(house, seq)
    assert (again.state, again.attempts, again.body, again.error) == ("pending", 0, None, None)
    assert USER in house.told
    assert audited(house) == [("message.again", str(seq), "staff")]
    assert "1件をもう一度試します" in clerk.get("/admin/troubles").text


def test_words_without_a_notice_leave_as_they_were(house: House, clerk: Browser) -> None:
    with house.database.unit() as uow:
        seq = message(uow, house.clock(), notice=None, body='[{"type": "text", "text": "はい"}]')
    clerk.get("/admin/troubles")
    clerk.post("/admin/troubles/messages", row=str(seq))
    assert row(house, seq).body == '[{"type": "text", "text": "はい"}]'


def test_a_mail_wakes_the_mails(house: House, clerk: Browser) -> None:
    with house.database.unit() as uow:
        seq = message(uow, house.clock(), channel="mail", recipient="taro@example.jp", error="mail refused")
    assert "相手のサーバーが断りました" in clerk.get("/admin/troubles").text
    clerk.post("/admin/troubles/messages", row=str(seq))
    assert house.told == [outbox.MAIL]


def test_what_a_restore_set_aside_is_said_in_words(house: House, clerk: Browser) -> None:
    with house.database.unit() as uow:
        message(uow, house.clock(), state="pending", error=None)
        assert outbox.set_aside(uow) == 1
    page = clerk.get("/admin/troubles").text
    assert "バックアップから戻したときに止めました" in page
    assert outbox.SET_ASIDE not in page


def test_after_a_move_nothing_is_tried_again_on_the_old_account(house: House, clerk: Browser) -> None:
    """The old account may be in other hands: what was dead there would go to the new one."""
    new = "U" + "8" * 32
    with house.database.unit() as uow:
        seq = message(uow, house.clock(), error="blocked")
        message(uow, house.clock(), notice=None, error="refused 400")
        outbox.readdress(uow, USER, new)
        assert uow.told == set()
    assert (row(house, seq).state, row(house, seq).error, row(house, seq).recipient) == ("dead", "blocked", new)
    clerk.get("/admin/troubles")
    clerk.post("/admin/troubles/messages", row=str(seq))
    assert house.told == [new]
    with house.database.read() as uow:
        assert outbox.troubles(uow)["dead"] == 0


def test_what_was_erased_can_only_be_put_away(house: House, clerk: Browser) -> None:
    with house.database.unit() as uow:
        seq = message(uow, house.clock(), notice=None, body=None)
        lost = event(uow, house.clock(), body=None)
    assert clerk.get("/admin/troubles").text.count("内容は消えています") == 2
    clerk.post("/admin/troubles/messages", row=str(seq))
    clerk.post("/admin/troubles/events", row=str(lost))
    assert row(house, seq).state == "dead"
    assert "内容が消えているか" in clerk.get("/admin/troubles").text
    clerk.post("/admin/troubles/messages/away", row=str(seq))
    clerk.post("/admin/troubles/events/away", row=str(lost))
    with house.database.read() as uow:
        assert outbox.troubles(uow)["dead"] == inbox.count_dead(uow) == 0


def test_an_event_has_another_turn(house: House, clerk: Browser) -> None:
    with house.database.unit() as uow:
        seq = event(uow, house.clock())
    assert "システムの誤り（KeyError）" in clerk.get("/admin/troubles").text
    clerk.post("/admin/troubles/events", row=str(seq))
    with house.database.read() as uow:
        waiting = inbox.pending(uow, USER)
    assert [(each.seq, each.attempts, each.not_before_ms) for each in waiting] == [(seq, 0, 0)]
    assert audited(house) == [("event.again", str(seq), "staff")]


def test_putting_away_asks_for_the_password_when_the_last_proof_is_old(house: House, clerk: Browser) -> None:
    with house.database.unit() as uow:
        seqs = [message(uow, house.clock()) for _ in range(3)]
    clerk.get("/admin/troubles")
    house.clock.advance(minutes=11)
    chosen = [str(seq) for seq in seqs[:2]]
    asked = clerk.post("/admin/troubles/messages/away", row=chosen)
    assert asked.status_code == 401
    assert asked.text.count('name="row"') == 2
    clerk.post(
        "/admin/troubles/messages/away", row=[str(seq) for seq in seqs[:2]], password_again="correct horse battery"
    )
    assert [row(house, seq).state for seq in seqs] == ["ignored", "ignored", "dead"]


def test_a_second_press_and_a_held_row_change_nothing(house: House, clerk: Browser) -> None:
    with house.database.unit() as uow:
        seq, held = message(uow, house.clock()), message(uow, house.clock(), held=True)
    clerk.get("/admin/troubles")
    for path in ("messages/away", "messages/away", "messages"):
        clerk.post(f"/admin/troubles/{path}", row=[str(seq), str(held)])
    assert row(house, seq).state == "ignored"
    assert (row(house, held).state, row(house, held).held) == ("pending", True)
    assert audited(house) == [("message.put_away", str(seq), "staff")]


@pytest.mark.parametrize("junk", ["", "x", "-1", "9" * 40, "１", "1.5", "'; --"])
def test_junk_is_answered(house: House, clerk: Browser, junk: str) -> None:
    clerk.get("/admin/troubles")
    for path in ("messages", "messages/away", "events", "events/away"):
        answer = clerk.post(f"/admin/troubles/{path}", row=junk)
        assert answer.status_code == 422
        assert "選ばれていません" in answer.text


def test_readers_look_and_change_nothing(house: House, reader: Browser) -> None:
    with house.database.unit() as uow:
        seq = message(uow, house.clock())
    page = reader.get("/admin/troubles").text
    assert "LINEが断りました" in page
    assert 'name="row"' not in page
    assert reader.post("/admin/troubles/messages", row=str(seq)).status_code == 403
    assert row(house, seq).state == "dead"


def test_what_was_put_away_loses_its_content_with_the_rest(house: House, clerk: Browser) -> None:
    with house.database.unit() as uow:
        at = house.clock()
        seqs = message(uow, at), event(uow, at)
    clerk.get("/admin/troubles")
    clerk.post("/admin/troubles/messages/away", row=str(seqs[0]))
    clerk.post("/admin/troubles/events/away", row=str(seqs[1]))
    house.clock.advance(days=8)
    with house.database.unit() as uow:
        assert inbox.erase_bodies(uow, house.clock()) == outbox.erase_bodies(uow, house.clock()) == 1
        assert uow.session.scalars(select(InboxEvent.body)).all() == [None]
