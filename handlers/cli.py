"""The commands of `architecture.md` 3."""

import sys
from datetime import datetime

import click

from handlers import bootstrap
from handlers.settings import SettingsError
from models.rules.errors import DomainError


@click.group()
def main() -> None:
    """The expert-dispatch service on LINE."""


def _service() -> "bootstrap.Service":
    try:
        return bootstrap.Service(bootstrap.settings())
    except SettingsError as error:
        raise click.ClickException(str(error)) from None


@main.command()
@click.option("--open/--no-open", "open_browser", default=True, help="Open the page in a browser.")
def run(open_browser: bool) -> None:
    """Everything in one process; phones and demo data when no LINE credentials are set."""
    from handlers.local import run as run_locally

    run_locally(_service(), open_browser=open_browser)


@main.command()
def serve() -> None:
    """The web server (gunicorn) with one worker thread and the jobs in each process."""
    from handlers.server import serve as serve_web

    serve_web(_service().settings)


@main.command()
def worker() -> None:
    """The worker alone."""
    from handlers.server import work_alone

    work_alone(_service())


@main.command()
@click.argument("name", type=click.Choice(["deliver", "sweep", "remind", "tasks", "retain"]))
def jobs(name: str) -> None:
    """One round of a scheduled job."""
    from handlers.jobs.dispatches import attend_dispatches
    from handlers.jobs.remind import remind
    from handlers.jobs.renew import renew
    from handlers.jobs.retain import retain

    service = _service()
    match name:
        case "remind":
            told = set[str]().union(
                *(job(service.database, service.clock()) for job in (remind, attend_dispatches, renew))
            )
            service.worker.work(sorted(told))
            click.echo(f"reminded {len(told)}")
        case "tasks":
            done = service.tasks.advance()
            service.worker.sweep()
            click.echo(f"pieces done {done}, acceptances printed {service.letters.write_acceptances()}")
        case "retain":
            done = retain(service.database, service.files, service.clock())
            click.echo(" ".join(f"{key} {count}" for key, count in done.items()))
        case _:
            click.echo(f"attended to {service.worker.sweep()}")
    service.close()


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
    service.close()


@main.command("create-organisation")
@click.argument("name")
@click.option("--prefecture", required=True, help="Such as 東京都.")
def create_organisation(name: str, prefecture: str) -> None:
    """Add a support organisation (or find it) and print an invitation code for one approver."""
    from handlers.usecases.organisation import code_for

    service = _service()
    try:
        with service.database.unit() as uow:
            code = code_for(uow, name, prefecture, service.clock())
    except DomainError as error:
        raise click.ClickException(_words(error)) from None
    click.echo(code)
    service.close()


@main.command("create-secretariat-user")
@click.argument("email")
@click.option("--name", default="", help="What colleagues see; the address when left out.")
@click.option("--role", type=click.Choice(["reader", "clerk", "manager"]), default="manager")
def create_secretariat_user(email: str, name: str, role: str) -> None:
    """Add a user of the secretariat's page; the password is read from standard input."""
    from handlers.usecases import staff
    from models.rules.permissions import SYSTEM
    from storage.database import Conflict

    service = _service()
    password = sys.stdin.readline().rstrip("\n")
    try:
        hashed = staff.hash_password(password)
        with service.database.unit() as uow:
            staff.create(uow, SYSTEM, email, name or email, hashed, role, service.clock())
    except DomainError as error:
        raise click.ClickException(_words(error)) from None
    except Conflict:
        raise click.ClickException(f"{email} is a user already.") from None
    click.echo(f"created {email} ({role})")
    service.close()


@main.group()
def richmenu() -> None:
    """The rich menus."""


@richmenu.command("sync")
def richmenu_sync() -> None:
    """Make LINE's rich menus what the code says; running it again changes nothing."""
    from handlers.menus import sync

    service = _service()
    for line in sync(service.database, service.client, service.clock()):
        click.echo(line)
    service.close()


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
def doctor() -> None:
    """Check settings, database, files and the LINE token, and say what to do."""
    from handlers.doctor import findings

    troubles = findings(_service())
    for finding in troubles:
        click.echo(("ok    " if finding.fine else "ERROR ") + finding.words)
    sys.exit(0 if all(finding.fine for finding in troubles) else 1)


def _words(error: DomainError) -> str:
    from bot.text import t

    return t(error.code, **error.data)
