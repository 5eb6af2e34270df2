"""`chusho119 fee`, as an operator types it. It needs no setting and no database."""

import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from click.testing import CliRunner, Result

from handlers.cli import main
from models.rules.calendar import JST


def run(*words: str) -> Result:
    return CliRunner(env={"DATABASE_URL": "nowhere:"}).invoke(main, ["fee", *words])


def said(*words: str) -> list[str]:
    done = run(*words)
    assert (done.exit_code, done.stderr) == (0, ""), done.output
    return done.stdout.splitlines()


def refused(*words: str) -> str:
    done = run(*words)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: ")
    return done.stderr


def test_the_working_is_printed_and_the_last_line_is_the_yen_alone():
    assert said("10:00", "12:40", "--non-payable", "10", "--on", "2026-11-21") == [
        "2021年4月1日（木）からの謝金：1時間5,280円（税込み）、30分単位、1回の派遣の上限31,680円",
        "2026年11月21日（土）10:00 〜 2026年11月21日（土）12:40",
        "2時間40分 − 対象外10分 = 2時間30分 → 13,200円",
        "次の単位（30分）まで、あと30分です。",
        "13200",
    ]


@pytest.mark.parametrize(
    ("words", "yen"),
    [
        (("10:00", "10:29"), "0"),
        (("10:00", "10:00"), "0"),
        (("9:00", "18:15"), "31680"),
        (("10:00:59", "11:00:00"), "5280"),
        (("10:00:59", "10:00:01"), "0"),
        (("１０：００", "１１：００"), "5280"),
        (("10:00", "10:20", "--non-payable", "30"), "0"),
        (("23:00", "01:30"), "13200"),
        (("23:59", "00:00"), "0"),
        (("00:00", "23:59"), "31680"),
        (("2026-11-21T23:00", "01:30"), "13200"),
        (("2026-11-21T10:00", "2026-11-21T12:40"), "13200"),
        (("2026-11-21 10:00", "2026-11-21 12:40:59"), "13200"),
        (("2026-11-21T10:00+09:00", "2026-11-21T02:30Z"), "7920"),
        (("2026-11-21t01:00z", "12:00"), "10560"),
        (("2026-11-21T16:00Z", "02:30"), "7920"),
        (("2026-11-20T20:00-05:00", "2026-11-21T11:00+09:00"), "5280"),
        (("20261121T1000", "20261121T1100"), "5280"),
        (("10:00", "2026-11-21T11:00", "--on", "2026-11-21"), "5280"),
        (("2026-12-31T23:30", "0:30", "--on", "2026-12-31"), "5280"),
    ],
)
def test_times_as_clock_and_in_iso_form(words: tuple[str, ...], yen: str):
    assert said(*words)[-1] == yen


def test_an_end_past_midnight_is_the_next_day():
    assert said("23:00", "1:30", "--on", "令和10年2月28日")[1] == "2028年2月28日（月）23:00 〜 2028年2月29日（火）01:30"


def test_without_a_day_it_is_today_in_japan():
    with time_machine.travel(datetime(2026, 12, 31, 23, 30, tzinfo=JST) + timedelta(hours=1), tick=False):
        assert said("9:00", "10:00")[1].startswith("2027年1月1日（金）09:00")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("10", "11:00"), "「10」は時刻として読めませんでした"),
        (("10:00", "abc"), "「abc」は時刻として読めませんでした"),
        (("10:00", ""), "「」は時刻として読めませんでした"),
        (("10:60", "11:00"), "00:00から23:59までの時刻"),
        (("10:00:60", "11:00"), "「10:00:60」は時刻として"),
        (("23:00", "24:00"), "「24:00」は時刻として"),
        (("2026-11-21", "12:00"), "「2026-11-21」は時刻として"),
        (("2026-02-29T10:00", "11:00"), "「2026-02-29T10:00」は時刻として"),
        (("0001-01-01T00:00+09:00", "11:00"), "「0001-01-01T00:00+09:00」は時刻として"),
        (("10:00", "9999-12-31T23:59-09:00"), "「9999-12-31T23:59-09:00」は時刻として"),
        (("2026-11-21T10:00", "2026-11-21T09:59"), "より前になっています"),
        (("2026-11-21T10:00+09:00", "2026-11-21T10:00+10:00"), "終了（2026年11月21日（土）09:00）"),
        (("10:00", "2026-11-20T11:00", "--on", "2026-11-21"), "より前になっています"),
        (("10:00", "11:00", "--non-payable", "-1"), "対象外の時間は0分以上"),
        (("10:00", "11:00", "--on", "2026-02-29"), "「2026-02-29」は日付として読めませんでした"),
        (("10:00", "11:00", "--on", "9999-12-31"), "「9999-12-31」は日付として"),
        (("10:00", "11:00", "--on", "yesterday"), "「yesterday」は日付として"),
        (("10:00", "11:00", "--on", "2021-03-31"), "2021年4月1日（木）以降の日を入力してください"),
        (("2021-03-31T23:59", "2021-04-01T01:00"), "2021年3月31日（水）の謝金の単価は登録がありません"),
    ],
)
def test_what_cannot_be_read_or_paid_is_answered_with_a_sentence(words: tuple[str, ...], sentence: str):
    assert sentence in refused(*words)


def test_minutes_that_are_no_number_are_a_wrong_usage():
    done = run("10:00", "11:00", "--non-payable", "1.5")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "--non-payable" in done.stderr


def test_the_command_needs_no_environment(tmp_path: Path):
    command = [str(Path(sys.executable).with_name("chusho119")), "fee", "10:00", "12:40", "--non-payable", "10"]
    done = subprocess.run(command, env={}, cwd=tmp_path, capture_output=True, timeout=60, check=True)
    lines = done.stdout.decode("utf-8").splitlines()
    assert lines[-1] == "13200"
    assert lines[-3] == "2時間40分 − 対象外10分 = 2時間30分 → 13,200円"
    assert not list(tmp_path.iterdir())
