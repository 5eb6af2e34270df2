"""The commands of `architecture.md` 3."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TextIO

import click

from handlers import bootstrap
from handlers.settings import SettingsError
from models.rules.errors import DomainError


@dataclass(frozen=True)
class Given:
    """What whoever runs a command hands it: how its service is made, and what it reads as standard input."""

    service: Callable[[], "bootstrap.Service"]
    input: TextIO


@click.group()
@click.pass_context
def main(context: click.Context) -> None:
    """The expert-dispatch service on LINE."""
    context.obj = context.obj or Given(lambda: bootstrap.Service(bootstrap.settings()), sys.stdin)


def _given() -> Given:
    return click.get_current_context().obj


def _service() -> "bootstrap.Service":
    """The service of this command; it gives everything back when the command has ended, however it ends."""
    try:
        service = _given().service()
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    click.get_current_context().call_on_close(service.close)
    return service


@main.command()
@click.option("--open/--no-open", "open_browser", default=True, help="Open the page in a browser.")
def run(open_browser: bool) -> None:
    """Everything in one process; phones and demo data when no LINE credentials are set."""
    from handlers.local import run as run_locally

    run_locally(_service(), open_browser=open_browser)


@main.command()
def serve() -> None:
    """The web server (gunicorn), with a worker thread and the jobs in each process unless SERVE_WORKER is 0."""
    from handlers.server import serve as serve_web

    serve_web(_service().settings)


@main.command()
def worker() -> None:
    """The worker and the jobs alone."""
    from handlers.server import work_alone

    work_alone(_service())


@main.command()
@click.argument("name", type=click.Choice(["deliver", "sweep", "remind", "tasks", "retain"]))
def jobs(name: str) -> None:
    """One round of a scheduled job."""
    from handlers.jobs.named import JobFailed

    service = _service()
    try:
        done = service.jobs.run(name)
    except JobFailed as error:
        raise click.ClickException(f"failed: {error}; the log says where") from None
    finally:
        if not service.queue and name not in ("sweep", "deliver"):
            service.worker.sweep()
    click.echo(" ".join(f"{key} {count}" for key, count in done.items()))


@main.group()
def db() -> None:
    """The database."""


@db.command("upgrade")
def db_upgrade() -> None:
    """Bring the schema to the newest revision."""
    from storage import schema

    service = _service()
    schema.upgrade(service.database.engine)
    click.echo(f"schema {schema.head()}")


@main.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--keep", type=click.IntRange(min=1), help="How many backups stay; older ones are taken away.")
def backup(folder: Path, keep: int | None) -> None:
    """Write the database, the files and a manifest to FOLDER/<UTC time>, while the service runs."""
    from handlers.backup import back_up
    from storage.backup import BackupFailed

    service = _service()
    try:
        done = back_up(service, folder, keep)
    except BackupFailed as error:
        raise click.ClickException(str(error)) from None
    gone = f", {done.gone} deleted meanwhile" if done.gone else ""
    dropped = f"; {done.dropped} old ones taken away" if done.dropped else ""
    missing = f"; WARNING: {done.missing} files that rows name are not in the store" if done.missing else ""
    click.echo(f"{done.place}: {done.rows} rows, {done.files} files{gone}, {done.size} bytes{dropped}{missing}")


@main.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--send-waiting", is_flag=True, help="Send what waited: only if the service was stopped first.")
def restore(folder: Path, send_waiting: bool) -> None:
    """Restore the backup FOLDER (…/<UTC time>) into an empty database and an empty file store."""
    from handlers.backup import restore as take_back
    from storage.backup import BackupFailed

    service = _service()
    try:
        take_back(service, folder, click.echo, send_waiting=send_waiting)
    except BackupFailed as error:
        raise click.ClickException(str(error)) from None


@main.command("create-organisation")
@click.argument("name")
@click.option("--prefecture", required=True, help="Such as 東京都.")
def create_organisation(name: str, prefecture: str) -> None:
    """Add a support organisation (or find it) and print an invitation code for one approver."""
    from handlers.usecases.organisation import code_for
    from storage.database import Conflict

    service = _service()
    try:
        with service.database.unit() as uow:
            code = code_for(uow, name, prefecture, service.clock())
    except DomainError as error:
        raise click.ClickException(_words(error)) from None
    except Conflict:
        raise click.ClickException(f"{name} was added by somebody else at this moment: run it again.") from None
    click.echo(code)


@main.command("create-secretariat-user")
@click.argument("email")
@click.option("--name", default="", help="What colleagues see; the address when left out.")
@click.option("--role", type=click.Choice(["reader", "clerk", "manager"]), default="manager")
def create_secretariat_user(email: str, name: str, role: str) -> None:
    """Add a user of the secretariat's page; the password is read from standard input."""
    from handlers.usecases import staff, staff_admin
    from models.rules.permissions import SYSTEM
    from storage.database import Conflict

    service = _service()
    password = _given().input.readline().rstrip("\r\n")
    try:
        email, name, role = staff_admin.judged({"email": email, "name": name or email, "role": role})
        hashed = staff.hash_password(password)
        with service.database.unit() as uow:
            staff.create(uow, SYSTEM, email, name, hashed, role, service.clock())
    except DomainError as error:
        raise click.ClickException(_words(error)) from None
    except Conflict:
        raise click.ClickException(f"{email} is a user already.") from None
    click.echo(f"created {email} ({role})")


@main.group()
def richmenu() -> None:
    """The rich menus."""


@richmenu.command("sync")
def richmenu_sync() -> None:
    """Make LINE's rich menus what the code says; running it again changes nothing."""
    from bot.line.outcomes import LineError
    from handlers.menus import SyncRunning, sync

    service = _service()
    try:
        for line in sync(service.database, service.client, service.clock()):
            click.echo(line)
    except LineError as error:
        raise click.ClickException(f"LINE: {error}. Run it again; chusho119 doctor says more.") from None
    except SyncRunning:
        raise click.ClickException("another richmenu sync is at work: run it again in some minutes.") from None


@main.command()
@click.argument("start")
@click.argument("end")
@click.option("--non-payable", default=0, metavar="MINUTES", help="Breaks and meals; they come off first.")
@click.option("--on", default="", metavar="DATE", help="The day of START and of the rate; else START's own, or today.")
def fee(start: str, end: str, non_payable: int, on: str) -> None:
    """The fee from START to END with its working; the last line is the yen alone.

    Each is HH:MM or in ISO form, Japanese time unless it has a zone. An HH:MM before START is the next day's.
    """
    from bot.screens.fee import period, rate, to_next, working
    from handlers.times import read_day, read_period
    from models.rules import fee as rules
    from models.rules.calendar import JST

    try:
        began, ended = read_period(start, end, read_day(on) if on else datetime.now(JST).date())
        schedule = rules.schedule_on(read_day(on) if on else began.date())
        found = rules.fee(began, ended, non_payable, schedule)
    except DomainError as error:
        raise click.ClickException(_words(error)) from None
    for line in (rate(schedule), period(began, ended), working(found), to_next(found), found.yen):
        click.echo(line)


@main.command("new-key")
def new_key() -> None:
    """Print a fresh key for SECRET_KEY or FIELD_KEYS."""
    from storage import secrets

    click.echo(secrets.new_key())


@main.command()
@click.option("--dry-run", is_flag=True, help="Look only: say what is sealed with an older key.")
def reseal(dry_run: bool) -> None:
    """Bring everything sealed under the newest of FIELD_KEYS, so that older ones may go; the service may be running."""
    from handlers.reseal import Refused
    from handlers.reseal import reseal as run_reseal

    service = _service()
    try:
        done = run_reseal(service.database, service.files, service.clock, change=not dry_run)
    except Refused as error:
        raise click.ClickException(str(error)) from None
    for line in done.lines:
        click.echo(line)
    click.get_current_context().exit(0 if done.fine else 1)


@main.command()
def doctor() -> None:
    """Check settings, keys, database, files, mail, LINE and what waits, and say what to do; changes nothing."""
    import logging

    from handlers.checks.finding import Level
    from handlers.doctor import findings, report
    from handlers.watch import logs

    logs.set_up(logging.ERROR)
    found = findings(_service())
    for line in report(found):
        click.echo(line)
    click.get_current_context().exit(1 if any(finding.level is Level.ERROR for finding in found) else 0)


def _words(error: DomainError) -> str:
    from bot.text import t

    return t(error.code, **error.data)
