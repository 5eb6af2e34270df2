"""The function `commands`: what it runs, what it refuses, and that a password goes nowhere but into its hash."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from sqlalchemy import text
from structlog.testing import CapturedCall, CapturingLogger

from handlers import aws_commands, bootstrap
from handlers.aws_commands import COMMANDS, OUTPUT_MOST, REFUSED, CommandFailed, run
from handlers.bootstrap import Service
from handlers.cli import main
from handlers.settings import SettingsError, read
from handlers.usecases import staff
from storage.secrets import new_key
from storage.system import take_job_lease
from tests.support.databases import fresh

PASSWORD = "correct horse battery"
USER = ["create-secretariat-user", "boss@example.jp"]
ORGANISATION = ["create-organisation", "千代田商工会", "--prefecture", "東京都"]
UGLY: list[Any] = [
    None, [], "doctor", 7, {}, {"command": None}, {"command": "doctor"}, {"command": []}, {"command": [7]},
    {"command": ["doctor", None]}, {"command": [["doctor"]]}, {"command": {"doctor": 1}}, {"command": ["doctor\0"]},
    {"command": ["doctor"], "input": None}, {"command": ["doctor"], "input": 7}, {"command": ["doctor"], "inptu": ""},
    {"command": ["doctor"], "input": "x" * 10_001}, {"command": ["x" * 1_001]}, {"command": ["doctor"] * 33},
    {"command": ["create-organisation", "\ud800", "--prefecture", "東京都"]}, {"command": [""]},
    {"command": [*USER], "input": "pass\0word and more"}, {"command": [*USER], "input": "\udcff" * 20},
    {"job": "sweep"}, {"command": ["richmenu"]}, {"command": ["richmenu", "--help"]}, {"command": ["doctor "]},
    {"command": ["DOCTOR"]}, {"command": ["sync", "richmenu"]}, {"command": ["ｄｏｃｔｏｒ"]}, {"command": ["--help"]},
]  # fmt: skip
USAGE: list[list[str]] = [
    ["doctor", "--all"], ["doctor", "now"], ["create-organisation"], ["create-organisation", "千代田商工会"],
    ["create-organisation", "千代田商工会", "--prefecture"], ["richmenu", "sync", "twice"], ["reseal", "--dry"],
    [*USER, "--role", "king"], ["create-secretariat-user"], [*USER, "and", "more"],
]  # fmt: skip
DECLINED: list[list[str]] = [
    ["create-organisation", "千代田商工会", "--prefecture", "江戸"],
    ["create-organisation", "", "--prefecture", "東京都"],
    ["create-organisation", "会" * 121, "--prefecture", "東京都"], ["create-secretariat-user", "boss"],
    ["create-secretariat-user", ""], ["create-secretariat-user", "x" * 300 + "@example.jp"],
    [*USER, "--name", "名" * 121], ["create-secretariat-user", "boss@gmial.com"],
]  # fmt: skip


class Account:
    """A database with its schema, and the services that commands were given, in order."""

    def __init__(self, folder: Path) -> None:
        self.settings = read(
            {"DATABASE_URL": fresh("sqlite", folder), "FILE_STORE_URL": f"file:{folder}/papers"}, folder / "var"
        )
        self.services: list[Service] = []
        self.closed: list[Service] = []
        self.own = Service(self.settings)

    def service(self) -> Service:
        made = Service(self.settings)
        close = made.close
        made.close = lambda: (self.closed.append(made), close())[1]  # type: ignore[method-assign]
        self.services.append(made)
        return made

    def dump(self) -> str:
        """Everything that stands in the database, as text."""
        with self.own.database.read() as uow:
            names = uow.session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table'")).all()
            return "".join(str(row) for name in names for row in uow.session.execute(text(f'SELECT * FROM "{name}"')))


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    made = Account(tmp_path)
    monkeypatch.setattr(bootstrap, "function_service", made.service)
    yield made
    assert made.closed == made.services, "every service is given back, however its command ended"
    made.own.close()


@pytest.fixture
def nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing to work with: whoever asks for it has gone too far."""

    def service() -> Service:
        raise AssertionError("it was run")

    monkeypatch.setattr(bootstrap, "function_service", service)


@pytest.fixture(autouse=True)
def logged(monkeypatch: pytest.MonkeyPatch) -> list[CapturedCall]:
    """What the function logs, as it says it."""
    logger = CapturingLogger()
    monkeypatch.setattr(aws_commands, "log", logger)
    return logger.calls


def asked(words: list[str], given: str = "") -> tuple[int, str]:
    answer = run({"command": words, "input": given}, None)
    assert set(answer) == {"code", "output"}
    return answer["code"], answer["output"]


def paths(group: click.Group, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        yield from paths(command, (*before, name)) if isinstance(command, click.Group) else [(*before, name)]


def test_an_organisation_and_a_user_are_made(account: Account):
    first, again = asked(ORGANISATION), asked(ORGANISATION)
    assert first[0] == again[0] == 0
    assert re.fullmatch(r"[0-9A-Z]{4}-[0-9A-Z]{4}\n", first[1])
    assert first != again, "one organisation, and a code of its own each time"
    assert asked([*USER, "--role", "clerk"], f"{PASSWORD}\nand more\n") == (0, "created boss@example.jp (clerk)\n")
    assert asked(USER, PASSWORD) == (1, "Error: boss@example.jp is a user already.\n")
    with account.own.database.unit() as uow:
        claim = staff.claim_log_in(uow, "boss@example.jp", account.own.clock())
    assert staff.password_holds(claim, PASSWORD)
    assert len(account.services) == 4


def test_a_password_is_kept_as_a_hash_and_is_nowhere_else(
    account: Account, logged: list[CapturedCall], capfd: pytest.CaptureFixture[str]
):
    short = "short-pw"
    answers = [asked(USER, PASSWORD), asked(USER, PASSWORD), asked(USER, short), asked(["doctor", "--all"], PASSWORD)]
    everything = f"{answers} {logged} {account.dump()} {capfd.readouterr()}"
    assert "boss@example.jp" in everything
    assert PASSWORD not in everything
    assert short not in everything
    assert "example.jp" not in str(logged), "nor is anybody's address logged"
    assert {call.kwargs["command"] for call in logged} == {"create-secretariat-user", "doctor"}


@pytest.mark.parametrize("path", sorted(set(paths(main)) - set(COMMANDS)), ids=" ".join)
@pytest.mark.usefixtures("nothing")
def test_what_belongs_to_a_machine_is_refused_with_what_there_is(path: tuple[str, ...]):
    code, output = asked([*path, "x"])
    assert code == REFUSED
    assert all(" ".join(command) in output for command in COMMANDS)


def test_what_may_be_run_exists():
    assert set(COMMANDS) <= set(paths(main))


@pytest.mark.parametrize("event", UGLY, ids=lambda event: repr(event)[:40])
@pytest.mark.usefixtures("nothing")
def test_an_ugly_event_gets_a_sentence(event: Any):
    answer = run(event, None)
    assert answer["code"] == REFUSED
    assert answer["output"].startswith("Error: ")
    assert answer["output"].count("\n") == 1
    assert "word and more" not in answer["output"]


@pytest.mark.usefixtures("nothing")
@pytest.mark.parametrize("words", USAGE, ids=" ".join)
def test_wrong_words_are_explained_as_on_a_machine(words: list[str]):
    code, output = asked(words)
    assert code == REFUSED
    assert "Error: " in output


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("words", DECLINED, ids=lambda words: " ".join(words)[:40])
def test_what_a_rule_declines_is_said_in_japanese(words: list[str]):
    code, output = asked(words, PASSWORD)
    assert code == 1
    assert re.match(r"Error: .*[ぁ-ん].*\n$", output)


@pytest.mark.usefixtures("nothing")
def test_help_is_help():
    code, output = asked(["create-organisation", "--help"])
    assert (code, "--prefecture" in output) == (0, True)


def test_settings_that_are_missing_are_named(monkeypatch: pytest.MonkeyPatch):
    def incomplete() -> Service:
        raise SettingsError("A function needs these settings too: FIELD_KEYS.")

    monkeypatch.setattr(bootstrap, "function_service", incomplete)
    assert asked(["doctor"]) == (1, "Error: A function needs these settings too: FIELD_KEYS.\n")


def test_a_crash_is_an_error_of_the_function_that_repeats_nothing(
    account: Account, monkeypatch: pytest.MonkeyPatch, logged: list[CapturedCall]
):
    def hash_password(typed: str) -> str:
        raise RuntimeError(f"cannot hash {typed}")

    monkeypatch.setattr(staff, "hash_password", hash_password)
    with pytest.raises(CommandFailed, match=r"^RuntimeError$") as caught:
        asked(USER, PASSWORD)
    assert caught.value.__suppress_context__
    assert [call.args for call in logged] == [("command_begun",), ("command_failed",)]
    assert PASSWORD not in str(logged)


def test_two_syncs_at_once_do_not_undo_each_other(account: Account):
    with account.own.database.unit() as uow:
        assert take_job_lease(uow, "richmenu", "another", 0, 2**52)
    code, output = asked(["richmenu", "sync"])
    assert (code, "another richmenu sync" in output) == (1, True)


def test_resealing_says_by_its_code_whether_an_old_key_is_needed(account: Account):
    assert asked(ORGANISATION)[0] == 0
    old = account.settings.field_keys[0]
    account.settings = read(
        {
            "DATABASE_URL": account.settings.database_url, "FILE_STORE_URL": account.settings.file_store_url,
            "FIELD_KEYS": f"{new_key()},{old}", "DIGEST_KEY": old,
        },
        account.settings.var,
    )  # fmt: skip
    assert asked(["reseal", "--dry-run"])[0] == 1
    assert asked(["reseal"])[0] == 0
    code, output = asked(["reseal", "--dry-run"])
    assert (code, "nothing needs an older key" in output) == (0, True)


def test_an_answer_fits_into_what_a_function_may_answer(monkeypatch: pytest.MonkeyPatch):
    def endless(_words: list[str], _given: str, output: Any) -> int:
        output.write("はじめ" + "字" * OUTPUT_MOST + "おわり")
        return 0

    monkeypatch.setattr(aws_commands, "_code", endless)
    _, output = asked(["doctor"])
    assert output.startswith("はじめ字")
    assert output.endswith("字おわり")
    assert "6 characters are left out" in output
    assert len(output.encode()) < 6_000_000
