"""What the database holds, looked at by tests with plain SQL: events, messages, applications, leases."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from storage.database import Database


@dataclass(frozen=True)
class Ledger:
    """Rows of one database; `user_id` is always a LINE account."""

    database: Database

    def rows(self, query: str, **values: Any) -> list[Any]:
        with self.database.read() as uow:
            return list(uow.session.execute(text(query), values))

    def one(self, query: str, **values: Any) -> Any:
        return self.rows(query, **values)[0][0]

    def change(self, query: str, **values: Any) -> None:
        with self.database.unit() as uow:
            uow.session.execute(text(query), values)

    def events(self, user_id: str) -> Counter[str]:
        """The person's events by state."""
        found = self.rows("SELECT state, count(*) FROM inbox WHERE user_id = :user GROUP BY state", user=user_id)
        return Counter({row[0]: row[1] for row in found})

    def all_events(self) -> Counter[str]:
        """Everybody's events by state."""
        return Counter({row[0]: row[1] for row in self.rows("SELECT state, count(*) FROM inbox GROUP BY state")})

    def outbox(self, user_id: str) -> list[Any]:
        """The person's rows, oldest first."""
        return self.rows(
            "SELECT seq, channel, state, via, held, attempts, error, body, notice, retry_key, reply_token, not_before"
            " FROM outbox WHERE recipient = :user ORDER BY seq",
            user=user_id,
        )

    def domain(self) -> dict[str, list[Any]]:
        """Everything a conversation may change, to compare before and after."""
        queries = {
            "applications": "SELECT id, number, state, version, reopened, answers FROM applications ORDER BY id",
            "papers": "SELECT id, kind, sha256, removed_at FROM papers ORDER BY id",
            "submissions": "SELECT id, round FROM submissions ORDER BY id",
            "decisions": "SELECT id, stage, answer, round FROM decisions ORDER BY id",
            "approvers": "SELECT id, organisation_id, person_id FROM approvers ORDER BY id",
            "invitations": "SELECT id, used_by, used_at, revoked_at FROM invitations ORDER BY id",
            "consents": "SELECT person_id, version FROM consents ORDER BY person_id, version",
            "audit": "SELECT count(*) FROM audit",
        }
        return {name: [tuple(row) for row in self.rows(query)] for name, query in queries.items()}

    def let_leases_end(self) -> None:
        """As if the time of every lease had passed."""
        self.change("UPDATE conversations SET lease_until_ms = 0")

    def wake(self) -> None:
        """As if every wait had passed: events put off, messages waiting for another try."""
        self.change("UPDATE inbox SET not_before_ms = 0 WHERE state = 'pending'")
