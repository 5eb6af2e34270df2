"""The commands, as an operator types them, and the web server as it runs in production."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.secrets import new_key
from tests.support.s3 import free_ports
from tests.support.world import World

COMMAND = str(Path(sys.executable).with_name("chusho119"))


@pytest.fixture
def environment(world: World, postgres: str, tmp_path: Path) -> dict[str, str]:
    """A production-like environment whose LINE is the world's stand-in."""
    at = world.service.settings
    return {
        "PATH": os.environ["PATH"],
        "LINE_CHANNEL_SECRET": at.channel_secrets[0],
        "LINE_CHANNEL_ACCESS_TOKEN": at.access_token,
        "LINE_API_BASE_URL": world.base_url,
        "LINE_DATA_API_BASE_URL": world.base_url,
        "DATABASE_URL": postgres,
        "FILE_STORE_URL": f"file:{tmp_path / 'papers'}",
        "MAIL_URL": f"file:{tmp_path / 'mails'}",
        "SECRET_KEY": new_key(),
        "FIELD_KEYS": new_key(),
        "PUBLIC_BASE_URL": "https://119.example.jp",
    }


def run(environment: dict[str, str], *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *words], env=environment, input=given, capture_output=True, text=True, timeout=60, check=False
    )


def test_setting_up_from_an_empty_database(environment: dict[str, str]):
    assert run(environment, "db", "upgrade").stdout.startswith("schema ")
    first = run(environment, "create-organisation", "千代田商工会", "--prefecture", "東京都")
    assert re.fullmatch(r"[0-9A-Z]{4}-[0-9A-Z]{4}\n", first.stdout), first.stderr
    again = run(environment, "create-organisation", "千代田商工会", "--prefecture", "東京都")
    assert again.stdout != first.stdout
    wrong = run(environment, "create-organisation", "どこか", "--prefecture", "江戸")
    assert wrong.returncode == 1
    assert "都道府県" in wrong.stderr
    short = run(environment, "create-secretariat-user", "clerk@example.jp", given="short\n")
    assert "12文字以上" in short.stderr
    made = run(environment, "create-secretariat-user", "clerk@example.jp", given="correct horse battery\n")
    assert made.returncode == 0, made.stderr
    twice = run(environment, "create-secretariat-user", "clerk@example.jp", given="correct horse battery\n")
    assert "already" in twice.stderr


def test_syncing_the_rich_menus_twice_changes_nothing(environment: dict[str, str], world: World):
    run(environment, "db", "upgrade")
    before = len(world.platform.requests)
    done = run(environment, "richmenu", "sync")
    assert done.returncode == 0, done.stderr
    assert not [request for request in list(world.platform.requests)[before:] if request.method == "POST"]
    assert "up to date" in run(environment, "richmenu", "sync").stdout


def test_doctor_says_what_is_missing(environment: dict[str, str]):
    run(environment, "db", "upgrade")
    found = run(environment, "doctor")
    assert found.returncode == 1
    assert "ok      ファイル置き場に書き、読み、消すことができました。" in found.stdout
    assert "→ chusho119 richmenu sync" in found.stdout
    assert "ERROR   LIFFの設定がありません" in found.stdout
    liff = {"LIFF_ID": "1650000119-AbcdEfgh", "LINE_LOGIN_CHANNEL_ID": "1650000119"}
    assert "ok      LIFFを設定しています" in run({**environment, **liff}, "doctor").stdout
    half = run({**environment, "LIFF_ID": liff["LIFF_ID"]}, "doctor")
    assert (half.returncode, "set both, or neither" in half.stderr) == (1, True)
    broken = run({**environment, "LINE_CHANNEL_ACCESS_TOKEN": "wrong"}, "doctor")
    assert "ERROR   LINEがアクセストークンを受け付けません" in broken.stdout


def test_a_missing_key_is_named(environment: dict[str, str]):
    del environment["FIELD_KEYS"]
    refused = run(environment, "db", "upgrade")
    assert refused.returncode == 1
    assert "FIELD_KEYS is required" in refused.stderr


@pytest.fixture
def served(environment: dict[str, str], world: World) -> Iterator[str]:
    """`serve` with two processes; the world's stand-in sends its webhooks there."""
    port = free_ports(1)[0]
    environment |= {"PORT": str(port), "WEB_CONCURRENCY": "2"}
    run(environment, "db", "upgrade")
    process = subprocess.Popen([COMMAND, "serve"], env=environment, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        _await(f"{address}/readyz")
        world.platform.settings.webhook_url = f"{address}/line/webhook"
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def _await(url: str) -> None:
    for _ in range(150):
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"{url} never answered")


def test_serving_answers_a_person_within_its_own_process(served: str, world: World):
    world.auto = False
    expert = world.phone("山田")
    event = expert.follows()
    assert event.status == 200
    for _ in range(100):
        if expert.answers:
            break
        time.sleep(0.1)
    expert.sees("友だち追加ありがとうございます")
    with urllib.request.urlopen(f"{served}/admin/login", timeout=10) as page:
        assert "ログイン" in page.read().decode()
