"""The whole of the stand-in's behaviour, without HTTP: what `api.py` and `phones.py` open to the outside."""

from pathlib import Path
from typing import Any

from bot.emulator import menu_rules, validation
from bot.emulator.acting import Acting
from bot.emulator.core import Clock, Settings, utc_now
from bot.emulator.outbound import Outbound
from bot.emulator.records import Json
from bot.emulator.webhooks import Post


class Platform(Acting, Outbound):
    """LINE's servers and the phones of its users, for one account.

    `state_dir` keeps talks, contents and rich menus over a restart; None keeps them in memory. `mail_dir` is
    the folder of `.eml` files shown as the mailbox. `validate=False` takes any message, for benchmarks.
    `post(url, body, headers) -> status` replaces the HTTP client that delivers webhooks.
    """

    def __init__(
        self,
        webhook_url: str,
        channel_secret: str,
        access_token: str,
        state_dir: Path | None = None,
        mail_dir: Path | None = None,
        clock: Clock = utc_now,
        friend_link_id: str = "@chusho119",
        *,
        official_name: str = "中小企業119",
        admin_url: str = "/admin/",
        admin_note: str = "",
        allow_http_localhost: bool = True,
        validate: bool = True,
        post: Post | None = None,
    ) -> None:
        settings = Settings(
            webhook_url=webhook_url,
            channel_secret=channel_secret,
            access_token=access_token,
            friend_link_id=friend_link_id,
            official_name=official_name,
            admin_url=admin_url,
            admin_note=admin_note,
            allow_http_localhost=allow_http_localhost,
            validate=validate,
        )
        super().__init__(settings, state_dir, mail_dir, clock, post=post)

    @property
    def admin_url(self) -> str:
        """Where the page of the phones links to as the secretariat's page."""
        return self.settings.admin_url

    @property
    def admin_note(self) -> str:
        """How to log in there, shown beside the link; empty for none."""
        return self.settings.admin_note

    def __enter__(self) -> "Platform":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def refuse(self, kind: str, body: Any) -> None:
        """LineError 400 for a body that LINE would not take as `reply`, `push`, `multicast` or `messages`."""
        if self.settings.validate:
            _JUDGES[kind](body, allow_http_localhost=self.settings.allow_http_localhost)

    def refuse_menu(self, body: Any) -> None:
        """LineError 400 for a rich menu LINE would not create."""
        menu_rules.refuse_menu(body)

    def upload_menu_image(self, menu_id: str, data: bytes, content_type: str) -> None:
        """Judge and keep the picture of a menu; LineError when LINE would refuse it."""
        size: Json = self.menu(menu_id).definition["size"]
        menu_rules.refuse_image(data, content_type, size)
        self.set_menu_image(menu_id, data, content_type)


_JUDGES = {
    "reply": validation.refuse_reply,
    "push": validation.refuse_push,
    "multicast": validation.refuse_multicast,
    "messages": validation.refuse_messages,
}
