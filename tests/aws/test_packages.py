"""What is in each function's package, how large it is, and that nothing is in it which the function does not use."""

import ast
import json
import re
import subprocess
import sys
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest

from deploy.aws import build
from deploy.aws.pins import Target, closure, here, pinned
from tests.aws.packaged import folders, zips

NAMES = sorted(build.plan()["functions"])
ROOMS = ("bot", "handlers", "models", "storage")
LAMBDA_MOST = 250_000_000
NEVER = ("bot/emulator/", "handlers/local.py", "handlers/demo", "handlers/server.py", "tests/")
DATA = {"tzdata"}
"""Read, never imported: what Python's zoneinfo finds where a system has no zones of its own."""
WEBHOOK = {
    "handlers", "handlers.aws", "handlers.bootstrap", "handlers.line", "handlers.line.webhook", "handlers.watch",
    "handlers.watch.emf", "handlers.watch.light_logs", "handlers.watch.metrics", "storage", "storage.ack",
    "storage.amazon", "storage.parameters", "storage.queue", "storage.trace",
}  # fmt: skip
WEBHOOK_OTHERS = {"apig_wsgi", "botocore", "dateutil", "jmespath", "six", "urllib3"}
TOLD = {
    "AWS_DEFAULT_REGION": "ap-northeast-1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "STAGE": "test",
    "LINE_CHANNEL_SECRET": "s", "LINE_CHANNEL_ACCESS_TOKEN": "t", "FILE_STORE_URL": "s3://files", "MAIL_URL": "ses:",
    "DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:9/none", "PUBLIC_BASE_URL": "https://119.example.jp",
    "EVENT_QUEUE_URL": "https://sqs.ap-northeast-1.amazonaws.com/123456789012/events.fifo",
    "SECRET_KEY": "k" * 43, "FIELD_KEYS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
}  # fmt: skip
BUILT = """
import json, sys
folder, name = sys.argv[1:]
sys.path.insert(0, folder)
import handlers.aws
assert callable(getattr(handlers.aws, name))
print(json.dumps(sorted(n for n, m in sys.modules.items() if (getattr(m, "__file__", None) or "").startswith(folder))))
"""
WHATEVER = """
import importlib, json, sys
folder = sys.argv[1]
sys.path.insert(0, folder)
for name in json.loads(sys.argv[2]):
    try:
        importlib.import_module(name)
    except ImportError:
        pass
mine = [n for n, m in sys.modules.items() if (getattr(m, "__file__", None) or "").startswith(folder)]
print(json.dumps(sorted({name.split(".")[0] for name in mine})))
"""
EACH_ALONE = """
import importlib, json, sys
folder = sys.argv[1]
sys.path.insert(0, folder)
for name in json.loads(sys.argv[2]):
    importlib.import_module(name)
"""

SPEAKS = """
import sys
sys.path.insert(0, sys.argv[1])
from bot.line.client import LineClient
LineClient("token").close()
"""


def alone(program: str, *arguments: str) -> str:
    """What a program prints that sees one package, and nothing else that is installed here."""
    command = [sys.executable, "-I", "-S", "-B", "-c", program, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=TOLD, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def own_modules(folder: Path) -> list[str]:
    """The service's own modules in a package; revisions and their environment are loaded by Alembic alone."""
    paths = [path.relative_to(folder) for room in ROOMS for path in (folder / room).rglob("*.py")]
    found = [".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in paths]
    return sorted(each for each in found if not each.startswith("storage.migrations."))


def imported(folder: Path) -> set[str]:
    """What the service's own files in a package import anywhere, but for the eyes of the type checker alone."""
    names: set[str] = set()
    for room in ROOMS:
        for path in (folder / room).rglob("*.py"):
            names |= _imported(ast.parse(path.read_text("utf-8")))
    return names


def _imported(part: ast.AST) -> set[str]:
    if isinstance(part, ast.If) and isinstance(part.test, ast.Name) and part.test.id == "TYPE_CHECKING":
        return set()
    if isinstance(part, ast.Import):
        return {each.name for each in part.names}
    if isinstance(part, ast.ImportFrom) and part.module and not part.level:
        return {part.module, *(f"{part.module}.{each.name}" for each in part.names)}
    return {name for each in ast.iter_child_nodes(part) for name in _imported(each)}


def top_levels(name: str) -> set[str]:
    """What a distribution is imported as."""
    places = [
        file.parts[0] for file in distribution(name).files or () if not file.parts[0].endswith((".dist-info", ".."))
    ]
    return {place.split(".")[0] for place in places}


# --- size -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_package_is_as_small_as_it_was(name: str):
    """The limits are near the sizes of today, with bytecode: what makes a package grow is to be noticed."""
    function = build.plan()["functions"][name]
    unpacked, packed = build.size(zips()[name].with_suffix("")), zips()[name].stat().st_size
    assert unpacked <= function["most_mb"] * 1e6 <= LAMBDA_MOST
    assert packed <= function["most_zip_mb"] * 1e6
    assert build.size(folders()[name]) <= function["most_mb"] * 1e6


def test_the_same_input_gives_the_same_bytes():
    first = zips()["webhook"].read_bytes()
    again = build.zipped(build.packages(["webhook"], target(), zips()["webhook"].parent)["webhook"])
    assert again.read_bytes() == first


# --- contents -------------------------------------------------------------------------------------


def target() -> Target:
    told = build.plan()["target"]
    return Target(told["python"], tuple(told["platforms"]))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_for_development_is_not_deployed(name: str):
    with zipfile.ZipFile(zips()[name]) as packed:
        places = packed.namelist()
        assert {entry.date_time for entry in packed.infolist()} == {build.EPOCH}
    assert not [place for place in places if place.startswith(NEVER) or "/tests/" in place or place.endswith(".pyi")]
    native = {re.search(r"\.(cpython-\d+|abi3)?[^.]*\.so$", place) for place in places if place.endswith(".so")}
    tags = {found[1] for found in native if found and found[1]}
    assert tags <= {f"cpython-{target().python.replace('.', '')}", "abi3"}, "built for another interpreter"
    assert ("handlers/cli.py" in places) is (name == "commands")
    if name != "pages":
        assert not [place for place in places if place.startswith(("handlers/web/", "handlers/admin/"))]
        assert not [place for place in places if "/templates/" in place and place.startswith("handlers/")]


@pytest.mark.parametrize("name", NAMES)
def test_the_package_for_aws_has_the_files_of_the_one_tried_here(name: str):
    """What these tests run is what would run there: own files are the same, and so are the distributions."""
    here_, there = folders()[name], zips()[name].with_suffix("")
    own = [
        {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for room in ROOMS
            for path in (folder / room).rglob("*.py")
        }
        for folder in (here_, there)
    ]
    assert own[0] == own[1]
    needed_here, needed_there = build.needed(build.plan(), name, here()), build.needed(build.plan(), name, target())
    assert needed_here - needed_there <= {"typing-extensions", "aiosignal"} | needed_there
    assert needed_there <= needed_here


@pytest.mark.parametrize("name", NAMES)
def test_every_distribution_asked_for_is_imported_by_the_functions_own_code(name: str):
    roots = {re.split(r"\[", root)[0] for root in build.plan()["functions"][name]["roots"]}
    used = {each.split(".")[0] for each in imported(folders()[name])}
    idle = {root for root in roots - DATA if not top_levels(root) & used}
    assert not idle, f"take them out of packages.toml: {idle}"


@pytest.mark.parametrize("name", NAMES)
def test_every_distribution_is_loaded_when_everything_is_imported_that_is_imported_anywhere(name: str):
    """What a distribution asks for by its metadata and never loads is named in `without`."""
    folder = folders()[name]
    loaded = set(json.loads(alone(WHATEVER, str(folder), json.dumps(sorted(imported(folder)))).splitlines()[-1]))
    inside = build.needed(build.plan(), name, here())
    idle = {each for each in inside - DATA if not top_levels(each) & loaded}
    assert not idle, f"take them out of the package: {idle}"


@pytest.mark.parametrize("name", NAMES)
def test_everything_loads_with_nothing_else_installed(name: str):
    alone(EACH_ALONE, str(folders()[name]), json.dumps(own_modules(folders()[name])))


@pytest.mark.parametrize("name", ["pages", "worker", "jobs", "commands"])
def test_who_asks_line_anything_can(name: str):
    """The client loads LINE's SDK when it is made; the pages make one for the state of the system."""
    alone(SPEAKS, str(folders()[name]))


@pytest.mark.parametrize("name", NAMES)
def test_the_function_is_built_from_its_package_alone(name: str):
    modules = json.loads(alone(BUILT, str(folders()[name]), name).splitlines()[-1])
    assert "handlers.bootstrap" in modules


def test_the_webhook_loads_what_storing_and_sending_need_and_no_more():
    modules = json.loads(alone(BUILT, str(folders()["webhook"]), "webhook").splitlines()[-1])
    ours = {each for each in modules if each.split(".")[0] in ROOMS}
    assert ours == WEBHOOK
    assert {each.split(".")[0] for each in modules} - set(ROOMS) == WEBHOOK_OTHERS
    assert not list((folders()["webhook"]).glob("sqlalchemy*")), "psycopg alone speaks to the database"


# --- the lock -------------------------------------------------------------------------------------


def test_every_package_comes_from_the_lock_with_its_hashes():
    names = {each for name in NAMES for each in build.needed(build.plan(), name, target())}
    pins = pinned(build.LOCK, names, target())
    assert set(pins) == names
    assert all("--hash=sha256:" in line for line in pins.values())


def test_a_pin_for_another_interpreter_is_not_taken(tmp_path: Path):
    lock = tmp_path / "lock.txt"
    lock.write_text(
        "deep==1.0 ; python_full_version < '3.12' \\\n    --hash=sha256:aa\n"
        "deep==3.0 ; python_full_version >= '3.12' \\\n    --hash=sha256:bb\n    # via x\n"
        "flat==2 \\\n    --hash=sha256:cc\n",
        "utf-8",
    )
    assert pinned(lock, ["deep", "flat"], target()) == {
        "deep": "deep==3.0 --hash=sha256:bb",
        "flat": "flat==2 --hash=sha256:cc",
    }
    with pytest.raises(KeyError):
        pinned(lock, ["absent"], target())


def test_what_is_left_out_takes_what_only_it_asks_for_along():
    everything = closure(["line-bot-sdk"], [], here())
    fewer = closure(["line-bot-sdk"], ["aiohttp"], here())
    assert "aiohttp" in everything
    assert "yarl" in everything
    assert everything - fewer >= {"aiohttp", "yarl", "multidict"}
    assert "urllib3" in fewer
