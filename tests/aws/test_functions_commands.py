"""The operator's commands from the package of `commands` alone: the first users, rich menus, doctor, reseal."""

import json
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from handlers.aws_commands import REFUSED
from tests.aws import layout
from tests.aws.cloud import Cloud
from tests.aws.function import Function, Result
from tests.support.forms import typed_form
from tests.support.ledger import Ledger
from tests.support.page import Page

PASSWORD = "正しい馬 battery staple"


def asked(function: Function, *words: str, given: str = "") -> tuple[int, str, Result]:
    found = function.invoke({"command": list(words), "input": given})
    assert found.ok, (found.value, found.log)
    return found.value["code"], found.value["output"], found


def lines(log: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.splitlines()]


def test_the_first_user_is_made_and_gets_in(cloud: Cloud):
    email = f"first{uuid.uuid4().hex[:6]}@example.jp"
    words = ("create-secretariat-user", email, "--name", "事務局 一郎")
    code, output, found = asked(cloud["commands"], *words, given=f"{PASSWORD}\n")
    assert (code, output) == (0, f"created {email} (manager)\n")
    assert asked(cloud["commands"], *words, given=PASSWORD)[:2] == (1, f"Error: {email} is a user already.\n")
    page = Page(f"{cloud.world.base_url}/admin/login")
    page.sends({**typed_form(page.text), "email": email, "password": PASSWORD})
    page._open(f"{cloud.world.base_url}/admin/staff")
    assert "事務局 一郎" in page.text
    logged = cloud["commands"].logged()
    assert PASSWORD not in logged
    assert email not in logged
    assert [line["event"] for line in lines(found.log) if "event" in line] == ["command_begun", "command_done"]


def test_an_organisation_gets_a_code_that_opens(cloud: Cloud):
    name = f"千代田商工会 {uuid.uuid4().hex[:6]}"
    code, output, _ = asked(cloud["commands"], "create-organisation", name, "--prefecture", "東京都")
    assert (code, bool(re.fullmatch(r"[0-9A-Z]{4}-[0-9A-Z]{4}\n", output))) == (0, True)
    phone = cloud.world.phone(f"窓口 {uuid.uuid4().hex[:4]}")
    phone.follows()
    phone.says(f"招待コード {output.strip()}")
    phone.sees(name)


def test_menus_that_are_gone_are_drawn_and_put_back(cloud: Cloud):
    """Pictures are drawn within the function."""
    alias, *_ = sorted(cloud.world.service.client.aliases())
    cloud.world.service.client.delete_alias(alias)
    code, output, _ = asked(cloud["commands"], "doctor")
    assert (code, f"- {alias}" in output) == (1, True)
    code, output, _ = asked(cloud["commands"], "richmenu", "sync")
    assert (code, f"pointed {alias}" in output) == (0, True)
    assert asked(cloud["commands"], "richmenu", "sync")[:2] == (0, "rich menus are up to date\n")


def test_doctor_finds_the_same_as_it_does_elsewhere(cloud: Cloud):
    code, output, found = asked(cloud["commands"], "doctor")
    assert code == 1, "nobody has set up LIFF here"
    for words in (
        "ok      データベースが応答しています", "ok      ファイル置き場に書き、読み、消すことができました",
        "ok      待ち行列が応答しています", "ERROR   LIFFの設定がありません", "[リッチメニュー]",
    ):  # fmt: skip
        assert words in output, output
    assert "確かめている途中で" not in output, "no check fails for want of a module or of a disk"
    assert not [line for line in lines(found.log) if line.get("event") == "check_failed"]


def test_resealing_finds_nothing_that_needs_an_older_key(cloud: Cloud):
    code, output, found = asked(cloud["commands"], "reseal", "--dry-run")
    assert (code, "nothing needs an older key" in output) == (0, True)
    assert lines(found.log), "and the log is lines of JSON, with no bar of progress"


@pytest.mark.parametrize("event", [{}, [], None, "text", {"command": "doctor"}, {"command": ["serve"]}, {"job": 1}])
def test_what_is_no_command_is_refused_and_breaks_no_sandbox(cloud: Cloud, event: Any):
    asked(cloud["commands"], "create-organisation", "--help")
    found = cloud["commands"].invoke(event)
    assert (found.ok, found.cold, found.value["code"]) == (True, False, REFUSED)


def test_a_missing_setting_is_named_and_no_key_is_made_up(cloud: Cloud):
    broken = cloud.broken("commands", "")
    try:
        code, output, _ = asked(broken, "doctor")
        assert (code, "LINE_CHANNEL_SECRET" in output) == (1, True)
    finally:
        broken.recycle()


def test_a_database_that_is_away_is_an_error_without_a_word_of_anybody(cloud: Cloud):
    spec = cloud["commands"].spec
    nowhere = {**spec.environment, "DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:9/none"}
    away = Function(layout.replace(spec, nowhere), cloud.folder / "away.log")
    try:
        found = away.invoke({"command": ["create-secretariat-user", "boss@example.jp"], "input": PASSWORD})
        assert (found.kind, found.value["errorMessage"]) == ("error", "Unavailable")
        assert PASSWORD not in f"{found.value}{found.log}"
        assert "boss@example.jp" not in f"{found.value}{found.log}"
        code, output, _ = asked(away, "doctor")
        assert (code, "データベースが応答しません" in output) == (1, True)
    finally:
        away.recycle()


def test_two_at_once_make_one_organisation(cloud: Cloud):
    name = f"同時商工会 {uuid.uuid4().hex[:6]}"
    with ThreadPoolExecutor(2) as pool:
        found = list(
            pool.map(
                lambda _n: asked(cloud["commands"], "create-organisation", name, "--prefecture", "大阪府"), range(2)
            )
        )
    assert {code for code, *_ in found} <= {0, 1}
    assert all(code == 0 or "run it again" in output for code, output, _ in found)
    ledger = Ledger(cloud.world.service.database)
    assert ledger.one("SELECT count(*) FROM organisations WHERE name = :name", name=name) == 1
