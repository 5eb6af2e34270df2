"""One id through a whole turn, and nothing of anybody in the log."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.source import ROOT
from tests.support.world import World


@dataclass(frozen=True)
class Told:
    """What a whole journey wrote into the log, and what it must not have."""

    lines: list[str]
    facts: dict[str, Any]

    def about(self, trace: str) -> list[dict[str, Any]]:
        """What a search for the id finds."""
        return [json.loads(line) for line in self.lines if trace in line]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.chronicle", str(tmp_path_factory.mktemp("chronicle"))],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    return Told(done.stderr.splitlines(), json.loads(done.stdout))


def test_every_line_is_json_with_a_time_a_level_and_a_name(told: Told):
    assert len(told.lines) > 100
    for line in told.lines:
        assert {"event", "level", "timestamp"} <= json.loads(line).keys(), line


def test_no_line_holds_what_somebody_typed_or_who_they_are(told: Told):
    words = [*told.facts["typed"], *told.facts["secrets"], *told.facts["tokens"]]
    told_words = {word for word in words if len(word) > 4 or not word.isascii()}
    assert len(told_words) > 20
    log = "\n".join(told.lines)
    assert not [word for word in told_words if word in log or json.dumps(word)[1:-1] in log]


def test_one_search_finds_webhook_turn_and_the_message_to_somebody_else(told: Told):
    assert told.facts["across"]
    for trace in told.facts["across"]:
        events = [line["event"] for line in told.about(trace)]
        assert {"stored", "turn_ended", "line_call", "sent"} <= set(events), events
        ways = {line["via"] for line in told.about(trace) if line["event"] == "sent"}
        assert "push" in ways, ways
        assert events.index("stored") < events.index("turn_ended")


def test_every_message_knows_its_cause(told: Told):
    assert told.facts["untraced"] == 0
    lines = [json.loads(line) for line in told.lines]
    turns = [line for line in lines if line["event"] == "turn_ended"]
    assert len(turns) > 10
    assert all("trace" in line for line in turns)


def test_an_error_page_shows_the_number_its_answer_names(world: World):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{world.base_url}/p/nowhere", timeout=10)
    number = refused.value.headers["X-Request-Id"]
    assert f"お問い合わせ番号 {number}" in refused.value.read().decode()
    refused.value.close()
