"""`run`: everything in one process. Without LINE credentials the stand-in plays LINE and demo data is made."""

import os
import threading
import webbrowser
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from handlers import menus
from handlers.bootstrap import Service, Wsgi, dispatch
from handlers.demo import STAFF, prepare
from handlers.server import start_threads
from handlers.watch import logs
from storage import schema

if TYPE_CHECKING:
    from bot.emulator import Platform

OURS = ("/line/", "/admin", "/p/", "/static/", "/healthz", "/readyz")


def run(service: Service, *, open_browser: bool) -> None:
    """Migrate, start, print and open one address; returns at Ctrl-C."""
    from werkzeug.serving import make_server

    logs.set_up()
    schema.upgrade(service.database.engine)
    platform = _stand_in(service) if service.settings.local else None
    app = service.web() if platform is None else _with_phones(service.web(), platform)
    try:
        server = make_server("127.0.0.1", service.settings.port, app, threaded=True)
    except (OSError, SystemExit):
        in_use = f"ポート {service.settings.port} は使われています。PORT=8120 make run のように変えられます。"
        raise click.ClickException(in_use) from None
    stop = threading.Event()
    threading.Thread(target=server.serve_forever, name="http", daemon=True).start()
    threads = start_threads(service, stop)
    try:
        _greet(service, platform, open_browser=open_browser)
        threading.Event().wait()
    except KeyboardInterrupt:
        click.echo("\n終了します。")
    finally:
        stop.set()
        threads[0].join(timeout=10)
        server.shutdown()
        if platform:
            platform.close()
        service.close()


def _greet(service: Service, platform: "Platform | None", *, open_browser: bool) -> None:
    address = f"http://localhost:{service.settings.port}/"
    if platform is not None:
        menus.sync(service.database, service.client, service.clock())
        prepare(service, platform)
    click.echo(f"\n  中小企業119 が動いています: {address}\n  （Ctrl-C で終了）\n")
    if open_browser:
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


def _stand_in(service: Service) -> "Platform":
    from bot.emulator import Platform, refuse_with_credentials

    refuse_with_credentials(os.environ)
    at = service.settings
    mail_dir = at.mail_url.removeprefix("file:") if at.mail_url.startswith("file:") else None
    platform = Platform(
        webhook_url=f"http://127.0.0.1:{at.port}/line/webhook",
        channel_secret=at.channel_secrets[0],
        access_token=at.access_token,
        state_dir=at.var / "phones",
        mail_dir=Path(mail_dir) if mail_dir else None,
        friend_link_id=at.account_id,
        admin_note=f"事務局ページのログイン：{STAFF[0]} / {STAFF[2]}",
    )
    platform.redelivery = True
    return platform


def _with_phones(web: Wsgi, platform: "Platform") -> Wsgi:
    """Our paths to the product, everything else to the stand-in: the phones at `/`, LINE's API under `/v2/`."""
    from bot.emulator import create_app

    phones = create_app(platform)
    ours = dispatch({}, web)

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        return (ours if path.startswith(OURS) else phones)(environ, start_response)

    return app
