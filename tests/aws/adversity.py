"""Ways in which this cloud lets one down, and what must hold all the same."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from tests.aws.cloud import Cloud
from tests.support.drafts import application_of, filled
from tests.support.ledger import Ledger
from tests.support.postgres import plain_url, postgres_url
from tests.support.world import Phone

TURN = {
    "after the claim": "handlers.line.worker:Worker._claim:1",
    "after the event was marked": "storage.inbox:finish:1",
    "just before the commit": "storage.inbox:keep_session:1",
    "right after the commit": "handlers.line.worker:Worker._commit:1",
    "before the reply": "bot.line.client:LineClient.reply:-1",
    "after the reply, before it is marked": "bot.line.client:LineClient.reply:1",
    "while the results are written": "storage.outbox:sent:1",
    "after the results were written": "handlers.line.worker:Worker._deliver:1",
    "before the first push": "bot.line.client:LineClient.push:-1",
    "after the first push": "bot.line.client:LineClient.push:1",
}
DOUBLED = ("after the reply, before it is marked", "while the results are written")
"""A reply whose outcome nobody knows is pushed: the one double there is (`architecture.md` 2.7)."""
PHOTO = {
    "after the photo was fetched": "bot.line.client:LineClient.fetch_content:1",
    "after the photo was put away": "storage.files_s3:S3Store.put:1",
}


@contextmanager
def database_away(cloud: Cloud) -> Iterator[None]:
    """Every connection ends, and none is let in."""
    name = make_url(cloud.environment["DATABASE_URL"]).database
    assert name
    cloud.world.service.database.engine.dispose()
    with psycopg.connect(plain_url(postgres_url()), autocommit=True) as server:
        allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
        server.execute(allow.format(sql.Identifier(name), sql.SQL("false")))
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        try:
            yield
        finally:
            server.execute(allow.format(sql.Identifier(name), sql.SQL("true")))


def looks_away(*phones: Phone) -> None:
    for phone in phones:
        phone.seen = phone._last()


def about_to_submit(cloud: Cloud, approver: Phone, name: str) -> Phone:
    """承認依頼 waits for one tap; from here on the test says who does what."""
    expert = filled(cloud.world, approver, name)
    expert.taps("承認依頼を送る")
    looks_away(approver)
    cloud.world.auto = False
    return expert


def submitted_once(cloud: Cloud, expert: Phone, approver: Phone) -> None:
    """Every effect of 承認依頼 is there, and is there once."""
    ledger = Ledger(cloud.world.service.database)
    view = application_of(cloud.world, expert)
    assert view.state == "organisation_review"
    assert ledger.one("SELECT count(*) FROM submissions WHERE application_id = :id", id=view.id) == 1
    audits = "SELECT count(*) FROM audit WHERE subject_id = :id AND action = 'application.submit'"
    assert ledger.one(audits, id=view.id) == 1
    assert set(ledger.events(expert.user_id)) == {"done"}
    unsent = "SELECT seq, state, error FROM outbox WHERE state <> 'sent' AND recipient IN (:one, :two)"
    assert not ledger.rows(unsent, one=expert.user_id, two=approver.user_id)
    assert sum(f"【要対応】{expert.name}さん" in words for words in approver.answers) == 1


def times_told(expert: Phone) -> int:
    """How often the phone shows the receipt."""
    return sum("承認依頼を送りました" in words for words in expert.answers)
