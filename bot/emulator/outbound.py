"""What the account sends: replies, pushes, the month's quota, the loading animation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from bot.emulator import ids
from bot.emulator.records import Json, Phone, Via
from bot.emulator.refusals import LineError, Problem, invalid_body
from bot.emulator.webhooks import Webhooks
from bot.line import limits

JAPAN = timezone(timedelta(hours=9))
LOADING_DEFAULT = 20
RETRY_LIFE = timedelta(hours=limits.RETRY_KEY_HOURS)
MONTHLY_LIMIT = "You have reached your monthly limit."
_USAGE = "usage"


@dataclass(frozen=True)
class Accepted:
    """A send that carried a retry key and was taken."""

    request_id: str
    sent: list[Json]
    at: datetime

    def as_json(self) -> Json:
        """What is kept."""
        return {"request_id": self.request_id, "sent": self.sent, "at": self.at.isoformat()}


class Outbound(Webhooks):
    """Sends cost quota but for replies; `monthly_quota` None is unlimited."""

    def __init__(self, *core: Any, **more: Any) -> None:
        super().__init__(*core, **more)
        self.monthly_quota: int | None = None
        self.usage: dict[str, int] = self.store.all(_USAGE)
        self.retry_keys: dict[str, Accepted] = {
            key: Accepted(body["request_id"], body["sent"], datetime.fromisoformat(body["at"]))
            for key, body in self.store.all("retry").items()
        }

    def reply(self, token: str, messages: Sequence[Json], request_id: str) -> list[Json]:
        """The sent messages; LineError 400 for a token used before, too old or unknown."""
        with self.lock:
            right = self.tokens.get(token)
            if right is None or right.used or self.clock() > right.alive_until:
                raise LineError(400, "Invalid reply token")
            right.used = True
            phone = self.users.get(right.user_id)
            return self._deliver([phone] if phone else [], messages, "reply", request_id)

    def push(self, to: str, messages: Sequence[Json], request_id: str, retry_key: str | None) -> list[Json]:
        """The sent messages; LineError 400 (unknown person), 409 (key seen before) or 429 (quota).

        Somebody who blocks the account or is not its friend gets nothing, and the answer does not tell.
        """
        with self.lock:
            self._refuse_repeat(retry_key)
            phone = self.users.get(to)
            if phone is None:
                raise invalid_body([Problem("to", "invalid user id")])
            return self._send_paid([phone], messages, request_id, retry_key)

    def multicast(self, to: Sequence[str], messages: Sequence[Json], request_id: str, retry_key: str | None) -> None:
        """To each of them that can be reached; LineError 409 or 429."""
        with self.lock:
            self._refuse_repeat(retry_key)
            phones = [self.users[user_id] for user_id in dict.fromkeys(to) if user_id in self.users]
            self._send_paid(phones, messages, request_id, retry_key)

    def consumption(self) -> int:
        """How many people's worth of messages went out this month, in Japan."""
        return self.usage.get(self._month(), 0)

    def show_loading(self, user_id: str, seconds: int | None) -> None:
        """Until a message arrives; nothing happens for who does not show the talk."""
        with self.lock:
            phone = self.users.get(user_id)
            if phone and phone.reachable:
                phone.loading_until = self.clock() + timedelta(seconds=seconds or LOADING_DEFAULT)
                self.changed(user_id)

    def _send_paid(
        self, phones: Sequence[Phone], messages: Sequence[Json], request_id: str, retry_key: str | None
    ) -> list[Json]:
        self._spend(sum(phone.reachable for phone in phones))
        sent = self._deliver(phones, messages, "push", request_id)
        if retry_key:
            accepted = Accepted(request_id, sent, self.clock())
            self.retry_keys[retry_key] = accepted
            self.store.put("retry", retry_key, accepted.as_json())
        return sent

    def _spend(self, people: int) -> None:
        used = self.consumption() + people
        if self.monthly_quota is not None and used > self.monthly_quota:
            raise LineError(429, MONTHLY_LIMIT)
        self.usage[self._month()] = used
        self.store.put(_USAGE, self._month(), used)

    def _month(self) -> str:
        return f"{self.clock().astimezone(JAPAN):%Y-%m}"

    def _refuse_repeat(self, retry_key: str | None) -> None:
        """A key is remembered for 24 hours, whatever the body; then it is a new send."""
        before = self.retry_keys.get(retry_key) if retry_key else None
        if before and self.clock() - before.at < RETRY_LIFE:
            raise LineError(
                409,
                "The retry key is already accepted",
                extra={"sentMessages": before.sent},
                headers={"x-line-accepted-request-id": before.request_id},
            )

    def _deliver(self, phones: Sequence[Phone], messages: Sequence[Json], via: Via, request_id: str) -> list[Json]:
        sent: list[Json] = [{"id": ids.message_id(), "quoteToken": ids.quote_token()} for _ in messages]
        for phone in phones:
            if not phone.reachable:
                continue
            for message, receipt in zip(messages, sent, strict=True):
                self._show(phone, "bot", message, receipt["id"], via, request_id)
            phone.loading_until = None
            phone.unread += len(messages)
            self._keep(phone)
            self.changed(phone.user_id)
        return sent
