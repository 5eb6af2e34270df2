"""`doctor` on a whole service: everything fine, and each thing that can be wrong, named with what to do."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from bot.text import catalogue
from handlers import doctor
from handlers.bootstrap import Service
from handlers.checks.finding import Finding, Level
from handlers.doctor import CHECKS, Check, Examiner, findings, report
from models.rules.permissions import SYSTEM
from storage import audit, system
from storage.secrets import new_key
from tests.support import factories
from tests.support.given_up import event, message
from tests.support.world import World

PUBLIC = "https://119.example.jp"


def as_in_production(world: World, **changes: Any) -> Service:
    """The same service with the settings of one that is open to people; the stand-in knows its address."""
    at = replace(
        world.service.settings,
        **{
            "local": False, "public_base_url": PUBLIC, "trusted_hops": 1, "mail_sender": "desk@example.jp",
            "mail_url": "smtp://127.0.0.1:9", "liff_id": "1650000119-AbcdEfgh", "login_channel_id": "1650000119",
            **changes,
        },
    )  # fmt: skip
    service = Service(at, world.clock)
    world.platform.settings.webhook_url = f"{world.base_url}/line/webhook"
    return service


def said(found: list[Finding]) -> dict[str, Level]:
    return {finding.code: finding.level for finding in found}


def bad(service: Service, group: str) -> dict[str, Level]:
    only = [check for check in CHECKS if check.group == group]
    return {code: level for code, level in said(findings(service, only)).items() if level is not Level.OK}


def test_a_service_that_is_ready_has_no_error(world: World) -> None:
    with world.service.database.unit() as uow:
        for mail in ("a@example.jp", "b@example.jp"):
            factories.staff_user(uow, mail, "manager")
    world.service.rounds.once()
    found = findings(world.service)
    errors = [finding.code for finding in found if finding.level is Level.ERROR]
    assert errors == ["terms_none"]
    assert {"webhook_arrives", "menus_same", "files_answer", "jobs_ran", "managers", "line_answers"} <= set(said(found))
    assert {finding.group for finding in found} == {check.group for check in CHECKS} - {"backup"}, "of a local run"


def test_every_finding_has_words_and_what_is_wrong_says_what_to_do() -> None:
    codes = {key.removeprefix("status.") for key in catalogue() if key.startswith("status.")}
    todo = {key.removeprefix("status_do.") for key in catalogue() if key.startswith("status_do.")}
    assert todo <= codes


@pytest.mark.parametrize(
    ("changes", "code", "level"),
    [
        ({"public_base_url": "http://119.example.jp"}, "not_https", Level.ERROR),
        ({"public_base_url": "https://119.example.jp/app"}, "address_has_path", Level.ERROR),
        ({"trusted_hops": 0}, "no_hops", Level.WARNING),
        ({"secret_keys": ("changeme",)}, "secret_weak", Level.ERROR),
        ({"secret_keys": ("secret" * 10,)}, "secret_weak", Level.ERROR),
        ({"secret_keys": (new_key(), new_key())}, "secret_old", Level.WARNING),
        ({"metrics_token": "short"}, "metrics_weak", Level.WARNING),
        ({"mail_url": "file:/tmp/mail"}, "mail_folder", Level.ERROR),
        ({"mail_sender": "no-reply@localhost"}, "mail_sender", Level.ERROR),
        ({"mail_url": "smtp://me:secret@mail.example.jp"}, "mail_clear", Level.ERROR),
        ({"liff_id": "", "login_channel_id": ""}, "liff_absent", Level.ERROR),
        ({"login_channel_id": "1650000120"}, "liff_channel", Level.ERROR),
        ({"web_concurrency": 2}, "sqlite_processes", Level.WARNING),
    ],
)
def test_a_setting_that_is_wrong(world: World, changes: dict[str, Any], code: str, level: Level) -> None:
    found = bad(as_in_production(world, **changes), "settings")
    assert found == {code: level}


def test_settings_that_are_right(world: World) -> None:
    assert bad(as_in_production(world), "settings") == {}
    queue = "https://sqs.ap-northeast-1.amazonaws.com/123456789012/events.fifo"
    found = bad(as_in_production(world, event_queue_url=queue), "settings")
    assert found == {"queue_sqlite": Level.ERROR, "queue_folder": Level.ERROR}


def test_keys_are_tried_on_what_is_stored(world: World) -> None:
    world.approver("佐藤 恵")
    mine = world.service.settings.field_keys
    assert bad(world.service, "keys") == {}
    assert bad(as_in_production(world, field_keys=(new_key(),)), "keys") == {"keys_shut": Level.ERROR}
    assert bad(as_in_production(world, field_keys=(new_key(), *mine)), "keys") == {"keys_old_used": Level.WARNING}
    behind = said(findings(as_in_production(world, field_keys=(*mine, new_key())), [CHECKS[1]]))
    assert behind["keys_old_idle"] is Level.OK
    assert behind["keys_digest"] is Level.ERROR
    kept = as_in_production(world, field_keys=(*mine, new_key()), digest_key=mine[0])
    assert "keys_digest" not in said(findings(kept, [CHECKS[1]]))


def test_a_broken_seal_is_named_by_its_place_and_never_shown(world: World) -> None:
    world.approver("佐藤 恵")
    found = findings(as_in_production(world, field_keys=(new_key(),)), [CHECKS[1]])
    shut = next(finding for finding in found if finding.code == "keys_shut")
    assert "invitations.code_sealed" in shut.more
    assert "佐藤" not in "\n".join(report(found))


def test_the_schema_is_older_or_newer(world: World) -> None:
    with world.service.database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0003'"))
    assert bad(world.service, "database") == {"schema_older": Level.ERROR}
    with world.service.database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert bad(world.service, "database") == {"schema_newer": Level.WARNING}


def test_the_address_line_calls(world: World) -> None:
    service = as_in_production(world, liff_id="", login_channel_id="")
    assert bad(service, "line") == {"webhook_elsewhere": Level.ERROR}
    world.platform.settings.webhook_active = False
    assert bad(world.service, "line") == {"webhook_inactive": Level.ERROR}
    world.platform.settings.webhook_url = f"{world.base_url}/healthz/no"
    assert "webhook_fails" in bad(world.service, "line")
    world.platform.settings.webhook_url = ""
    assert bad(world.service, "line") == {"webhook_unset": Level.ERROR}


def test_a_wrong_channel_secret_shows_in_lines_own_test(world: World) -> None:
    world.platform.settings.channel_secret = "another"
    only = [check for check in CHECKS if check.group == "line"]
    failed = next(finding for finding in findings(world.service, only) if finding.code == "webhook_fails")
    assert failed.data["status"] == 401
    assert "ERROR_STATUS_CODE" in failed.private


def test_a_token_line_does_not_take(world: World) -> None:
    service = as_in_production(world, access_token="revoked")
    assert bad(service, "line") == {"line_token": Level.ERROR}
    assert bad(service, "menus") == {"line_unasked": Level.UNKNOWN}
    away = as_in_production(world, api_base_url="http://127.0.0.1:9")
    assert bad(away, "line") == {"line_silent": Level.ERROR}


def test_invitations_would_lead_to_another_account(world: World) -> None:
    assert "line_account" in bad(as_in_production(world, account_id="@other"), "line")


@pytest.mark.parametrize(("used", "code"), [(500, "quota_none"), (460, "quota_low")])
def test_what_is_left_to_send(world: World, used: int, code: str) -> None:
    world.platform.monthly_quota = 500
    world.platform.usage[f"{world.clock():%Y-%m}"] = used
    assert code in bad(world.service, "line")


def test_menus_that_are_gone_or_old(world: World) -> None:
    world.platform.default_menu = None
    assert bad(world.service, "menus") == {"menus_default": Level.ERROR}
    ours = world.service.client.menus()[0]
    world.platform.menus[ours["richMenuId"]].definition["name"] = "menu-of-last-year"
    assert "menus_old" in bad(world.service, "menus")
    with world.service.database.unit() as uow:
        system.keep_menu_ids(uow, {next(iter(world.platform.aliases)): "richmenu-unknown"})
    assert "menus_strange" in bad(world.service, "menus")
    world.platform.aliases.clear()
    assert bad(world.service, "menus") == {"menus_absent": Level.ERROR}


def test_work_that_does_not_keep_up(world: World) -> None:
    world.service.rounds.once()
    with world.service.database.unit() as uow:
        event(uow, world.clock(), state="pending")
        for state in ("dead", "pending"):
            message(uow, world.clock(), state=state, held=state == "pending")
        event(uow, world.clock())
    settled = {"held": Level.WARNING, "dead": Level.WARNING, "dead_events": Level.WARNING}
    assert bad(world.service, "work") == settled
    world.clock.forward(seconds=90)
    assert bad(world.service, "work") == {**settled, "worker_behind": Level.WARNING}
    world.clock.forward(minutes=6)
    late = {"worker_behind": Level.ERROR, "jobs_late": Level.ERROR}
    assert bad(world.service, "work") == {**settled, **late}


def test_nobody_can_manage(world: World) -> None:
    assert "managers_none" in bad(world.service, "people")
    with world.service.database.unit() as uow:
        factories.staff_user(uow, "a@example.jp", "manager")
    found = bad(world.service, "people")
    assert {"managers_one", "codes_managers"} <= set(found)


def test_a_database_that_is_away_stops_no_other_check(world: World) -> None:
    service = as_in_production(world, database_url="postgresql+psycopg://nobody@127.0.0.1:9/none")
    found = findings(service)
    groups = {finding.group: finding.code for finding in found if finding.code in ("no_database", "database_down")}
    assert groups["database"] == "database_down"
    assert {"keys", "work", "people"} <= set(groups)
    assert said(found)["webhook_elsewhere"] is Level.ERROR
    assert said(found)["files_answer"] is Level.OK


def _hangs(service: Service) -> Iterator[Finding]:
    yield doctor.unknown("line_unasked")
    threading.Event().wait(5)


def _breaks(service: Service) -> Iterator[Finding]:
    yield doctor.unknown("line_unasked")
    raise ZeroDivisionError("personal words")


def test_a_check_that_hangs_or_breaks_keeps_what_it_found_and_stops_no_other(world: World) -> None:
    checks = [Check("line", _hangs), Check("mail", _breaks), CHECKS[0]]
    began = time.monotonic()
    found = findings(world.service, checks, seconds=0.5)
    assert time.monotonic() - began < 3
    assert [(f.group, f.code) for f in found] == [
        ("line", "line_unasked"), ("line", "check_slow"),
        ("mail", "line_unasked"), ("mail", "check_failed"), ("settings", "local"),
    ]  # fmt: skip
    assert "personal" not in "\n".join(report(found))


@contextmanager
def unchanged(world: World) -> Iterator[None]:
    def seen() -> tuple[object, ...]:
        with world.service.database.read() as uow:
            counts = [uow.session.scalar(text(f"SELECT count(*) FROM {name}")) for name in ("inbox", "outbox", "audit")]
        files = sorted(
            path
            for path in world.service.settings.var.rglob("*")
            if path.is_file() and ".db" not in path.name and path.name != ".lock"
        )
        return *counts, files

    before = seen()
    yield
    assert seen() == before


def test_nothing_is_changed_and_nothing_is_sent(world: World) -> None:
    world.approver("佐藤 恵")
    sent = len(world.platform.requests)
    with unchanged(world):
        findings(world.service)
    asked = {(call.method, call.path) for call in list(world.platform.requests)[sent:]}
    assert {path for method, path in asked if method != "GET"} == {"/v2/bot/channel/webhook/test"}


def test_a_page_asks_others_only_when_told_to(world: World) -> None:
    examiner = Examiner(world.service)
    before = len(world.platform.requests)
    examiner.here()
    examiner.recent()
    assert len(world.platform.requests) == before
    assert examiner.asked_at is None
    examiner.ask()
    assert examiner.asked_at
    assert "line_answers" in said(examiner.answers)
    assert "line_answers" in said(examiner.recent())


def test_the_report_is_grouped_worst_first_and_counted(world: World) -> None:
    lines = list(report(findings(as_in_production(world, trusted_hops=0, secret_keys=("x",)))))
    settings = lines[lines.index("[設定]") + 1 :]
    assert settings[0].startswith("ERROR   SECRET_KEY")
    assert settings[1].strip().startswith("→ chusho119 new-key")
    assert re.fullmatch(r"error \d+ warning \d+ unknown \d+ ok \d+", lines[-1])


def backed_up(world: World, action: str = "backup.make", size: int = 3_500_000) -> None:
    with world.service.database.unit() as uow:
        moment = f"{world.clock():%Y%m%dT%H%M%SZ}"
        audit.record(uow, SYSTEM, action, ("backup", moment), world.clock(), detail=str(size))


def of_backup(service: Service) -> Finding | None:
    found = findings(service, [check for check in CHECKS if check.group == "backup"])
    assert len(found) < 2
    return found[0] if found else None


def test_the_newest_backup(world: World) -> None:
    service = as_in_production(world)
    never = of_backup(service)
    assert never
    assert (never.code, never.level) == ("backup_never", Level.WARNING)
    assert "systemctl start chusho119-backup" in never.todo
    backed_up(world)
    fresh = of_backup(service)
    assert fresh
    assert (fresh.level, fresh.words) == (Level.OK, "最後のバックアップは11月24日（火）10:00のものです（3.3MB）。")
    for hours, code, level in (
        (25, "backup_fresh", Level.OK), (2, "backup_old", Level.WARNING), (48, "backup_old", Level.ERROR),
    ):  # fmt: skip
        world.clock.forward(hours=hours)
        found = of_backup(service)
        assert found
        assert (found.code, found.level) == (code, level)
    assert "3日たっています" in found.words


def test_a_restored_database_says_where_it_comes_from(world: World) -> None:
    backed_up(world, "backup.restore", size=900)
    world.clock.forward(hours=40)
    found = of_backup(as_in_production(world))
    assert found
    assert (found.code, found.level) == ("backup_restored", Level.WARNING)
    assert found.words.startswith("11月24日（火）10:00のバックアップから戻したデータです")


def test_nothing_is_claimed_of_backups_where_others_make_them(world: World) -> None:
    """AWS has the queue, and RDS its own backups; a database that came there from one server knows of an old one."""
    queue = "https://sqs.ap-northeast-1.amazonaws.com/123456789012/events.fifo"
    on_aws = as_in_production(world, event_queue_url=queue)
    assert of_backup(on_aws) is None
    assert of_backup(world.service) is None
    backed_up(world, "backup.restore")
    world.clock.forward(hours=400)
    assert of_backup(on_aws) is None


def test_the_page_shows_the_same_as_the_command(world: World) -> None:
    from handlers.pages import create_pages
    from tests.support.visitors import Browser

    with world.service.database.unit() as uow:
        factories.staff_user(uow, "boss@example.jp", "manager")
    browser = Browser(create_pages(world.service.services, "x" * 40).test_client())
    browser.log_in("boss@example.jp")
    browser.get("/admin/status")
    page = browser.post("/admin/status").text
    for finding in findings(world.service):
        if finding.code not in ("database_answers", "disk_room"):
            assert finding.words in page, finding.code
