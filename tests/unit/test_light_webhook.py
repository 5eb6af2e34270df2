"""The webhook's process loads only what storing an event needs (`architecture.md` 3)."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("bot", "handlers", "models", "storage")
ASK = """
import sys
before = set(sys.modules)
from handlers.bootstrap import webhook_app
webhook_app()
print("\\n".join(sorted(set(sys.modules) - before)))
"""


def loaded(database_url: str) -> set[str]:
    environment = {**os.environ, "LINE_CHANNEL_SECRET": "secret", "DATABASE_URL": database_url}
    told = subprocess.run(
        [sys.executable, "-c", ASK], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    return set(told.stdout.split())


def test_of_our_own_code_only_the_way_to_the_inbox_is_loaded():
    ours = {name for name in loaded("sqlite:///:memory:") if name.split(".")[0] in ROOMS}
    assert ours == {
        "handlers",
        "handlers.bootstrap",
        "handlers.line",
        "handlers.line.webhook",
        "storage",
        "storage.ack",
        "storage.trace",
    }


def test_nothing_heavy_is_loaded():
    roots = {name.split(".")[0] for name in loaded("postgresql+psycopg://localhost/none")}
    heavy = {"flask", "werkzeug", "sqlalchemy", "linebot", "pydantic", "PIL", "boto3", "cryptography", "structlog"}
    assert not roots & heavy
