"""The files of `deploy/linux`: systemd reads the units without a word, and finds little to expose."""

import configparser
import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest

from handlers.cli import main
from handlers.server import END_WITHIN
from handlers.settings import read
from storage.secrets import new_key
from tests.support.programs import needed
from tests.support.source import ROOT

LINUX = ROOT / "deploy" / "linux"
SERVICES = sorted(path.name for path in LINUX.glob("*.service"))
UNITS = sorted(path.name for kind in ("service", "timer", "target") for path in LINUX.glob(f"*.{kind}"))
MOST_EXPOSED = 1.5
"""Of systemd's ten; its default for a service is 9.6."""
SAME = re.compile(r"^StateDirectory=chusho119\n.*?(?=\n\n|\Z)", re.MULTILINE | re.DOTALL)


def analyze(*words: str) -> subprocess.CompletedProcess[str]:
    program = needed("systemd-analyze", "systemd")
    return subprocess.run([program, *words], capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units as they are, but for the program, which is not installed here."""
    for name in UNITS:
        text = (LINUX / name).read_text().replace("/opt/chusho119/current/.venv/bin/chusho119", "/bin/true")
        (tmp_path / name.replace("@.", "@1.")).write_text(text)
    return tmp_path


def test_systemd_understands_every_line(installed: Path):
    found = analyze("verify", "--man=no", *map(str, sorted(installed.iterdir())))
    said = [line for line in (found.stdout + found.stderr).splitlines() if "chusho119" in line]
    assert (found.returncode, said) == (0, [])


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_exposed_to_little(installed: Path, name: str):
    unit = installed / name.replace("@.", "@1.")
    found = analyze("security", "--offline=true", f"--threshold={int(MOST_EXPOSED * 10)}", str(unit))
    assert found.returncode == 0, found.stdout[-400:] + found.stderr


def section(name: str) -> dict[str, str]:
    """The settings of a unit's [Service]; of a repeated one the last."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # pyright: ignore[reportAttributeAccessIssue]
    parser.read_string((LINUX / name).read_text())
    return dict(parser["Service"])


@pytest.mark.parametrize("name", SERVICES)
def test_each_unit_starts_a_command_that_there_is(name: str):
    words = section(name)["ExecStart"].split()
    assert words[0] == "/opt/chusho119/current/.venv/bin/chusho119"
    command = main.commands[words[1]]
    command.make_context(words[1], words[2:])


@pytest.mark.parametrize(
    ("result", "status", "said"),
    [
        ("success", "0", ""),
        ("exit-code", "1", "<3>backup failed: exit-code 1\n"),
        ("timeout", "TERM", "<3>backup failed: timeout TERM\n"),
    ],
)
def test_a_backup_that_failed_stands_in_the_journal_as_an_error(result: str, status: str, said: str):
    """journald takes the number in angle brackets for the line's priority; systemd makes one dollar of two."""
    words = shlex.split(section("chusho119-backup.service")["ExecStopPost"].replace("$$", "$"))
    done = subprocess.run(
        words, env={"SERVICE_RESULT": result, "EXIT_STATUS": status}, capture_output=True, text=True, check=True
    )
    assert done.stdout == said


def test_systemd_waits_longer_than_a_turn_takes():
    for name in SERVICES:
        if "Restart" in section(name):
            assert int(section(name)["TimeoutStopSec"]) > END_WITHIN


def test_all_services_are_fenced_in_alike():
    fences = {SAME.search((LINUX / name).read_text()) for name in SERVICES}
    assert len({fence[0].strip() if fence else "" for fence in fences}) == 1
    assert len(SERVICES) == 3


def test_the_example_of_the_settings_is_read_alike_by_systemd_and_a_shell(tmp_path: Path):
    """Single quotes around each value; and with the blanks filled in, the service takes it."""
    lines = [line for line in (LINUX / "environment.example").read_text().splitlines() if line and line[0] != "#"]
    assert [line for line in lines if not re.fullmatch(r"[A-Z_0-9]+='[^'\\]*'", line)] == []
    given = {name: value.strip("'") for name, _, value in (line.partition("=") for line in lines)}
    filled = {
        "LINE_CHANNEL_SECRET": "secret", "LINE_CHANNEL_ACCESS_TOKEN": "token", "SECRET_KEY": new_key(),
        "FIELD_KEYS": new_key(),
    }  # fmt: skip
    assert {name for name, value in given.items() if not value} == {
        *filled,
        "LIFF_ID",
        "LINE_LOGIN_CHANNEL_ID",
        "METRICS_TOKEN",
    }
    settings = read(given | filled, tmp_path)
    assert (settings.bind_host, settings.trusted_hops, settings.serve_worker) == ("127.0.0.1", 1, False)
    assert not settings.local


def test_the_command_has_the_settings_and_the_home_of_the_service(tmp_path: Path):
    """The script as it is, but for its places; who it becomes is told by a `setpriv` of ours."""
    example = (LINUX / "environment.example").read_text()
    (tmp_path / "environment").write_text(example)
    (tmp_path / "setpriv").write_text('#!/bin/sh\nprintf "%s\\n" "$HOME" "$PWD" "$(umask)" "$MAIL_SENDER" "$@"\n')
    (tmp_path / "setpriv").chmod(0o755)
    script = (LINUX / "chusho119").read_text()
    script = script.replace("/etc/chusho119/", f"{tmp_path}/").replace("/var/lib/chusho119", str(tmp_path))
    done = subprocess.run(
        ["sh", "-s", "doctor", "two words"], input=script, capture_output=True, text=True, check=True,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": "/root"},
    )  # fmt: skip
    home, at, mask, sender, *words = done.stdout.splitlines()
    assert (home, at, mask) == (str(tmp_path), str(tmp_path), "0077")
    assert f"MAIL_SENDER='{sender}'" in example
    assert "--reuid=chusho119" in words
    assert words[-3:] == ["/opt/chusho119/current/.venv/bin/chusho119", "doctor", "two words"]


def test_the_page_names_only_files_and_commands_that_there_are():
    page = (ROOT / "docs" / "one-server.md").read_text()
    for name in re.findall(r"chusho119-[a-z@]+", page):
        assert [unit for unit in UNITS if unit.startswith(name)], name
    commands = set(re.findall(r"^(?:\S*/)?chusho119 ([a-z][a-z-]+)", page, re.MULTILINE))
    assert {"doctor", "backup", "restore", "db", "richmenu"} - {"backup"} <= commands
    assert isinstance(main, click.Group)
    assert commands <= main.commands.keys()
    for name in re.findall(r"install -m \d+ (\S+) ", page):
        assert list(LINUX.glob(name)), name
    assert len(page.splitlines()) < 160, "one page"
