"""LINE Login: whose ID token this is, asked of LINE for every one.

Source: LINE Login v2.1 API reference, "Verify ID token". User ids are the same as in webhooks when the Login channel
and the Messaging API channel belong to one provider. A token is never logged and never kept.
"""

import re

from bot.line.outcomes import Answer

PATH = "/oauth2/v2.1/verify"
CONNECT_SECONDS, READ_SECONDS = 3.0, 7.0
LONGEST_TOKEN = 8000
USER_ID = re.compile("U[0-9a-f]{32}")


class IdTokenRefused(Exception):
    """Not a token of ours that holds now; `expired`: it was one."""

    retryable = False

    def __init__(self, *, expired: bool = False) -> None:
        super().__init__("expired" if expired else "invalid")
        self.expired = expired


class LoginUnavailable(Exception):
    """LINE did not answer, or not as documented; `reason` is for the log."""

    retryable = True

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class LoginVerifier:
    """Asks LINE about ID tokens of one Login channel. Threads may share it; make it after a fork."""

    def __init__(self, channel_id: str, api_base_url: str) -> None:
        import urllib3

        timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
        self._pool = urllib3.PoolManager(timeout=timeout, retries=False)
        self._url = api_base_url.rstrip("/") + PATH
        self._channel_id = channel_id

    def verify(self, id_token: str) -> str:
        """The LINE user id a token speaks for; IdTokenRefused or LoginUnavailable otherwise."""
        if not id_token or len(id_token) > LONGEST_TOKEN or not id_token.isascii():
            raise IdTokenRefused
        answer = self._ask(id_token)
        told = answer.json()
        if answer.status == 400:
            raise IdTokenRefused(expired="expired" in str(told.get("error_description", "")).lower())
        user_id = str(told.get("sub", ""))
        if answer.status != 200 or not USER_ID.fullmatch(user_id):
            raise LoginUnavailable(f"status {answer.status}")
        if str(told.get("aud", "")) != self._channel_id:
            raise IdTokenRefused
        return user_id

    def _ask(self, id_token: str) -> Answer:
        from urllib3.exceptions import HTTPError

        fields = {"id_token": id_token, "client_id": self._channel_id}
        try:
            got = self._pool.request("POST", self._url, fields=fields, encode_multipart=False, redirect=False)
        except HTTPError as error:
            raise LoginUnavailable(type(error).__name__) from None
        return Answer(got.status, got.headers, got.data)
