"""What each function is made of, read from what is deployed: `serverless.yml` and the packages of `deploy/aws`."""

import dataclasses
import re
import shutil
import site
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from deploy.aws.build import packages
from deploy.aws.pins import here
from tests.aws.function import Spec
from tests.support.scratch import scratch

ROOT = Path(__file__).parents[2]
CLIENT = ("awslambdaric", "runtime_client*.so", "snapshot_restore_py*", "simplejson")
HELD = re.compile(r"\$\{self:([\w.]+)\}$")


class _Loader(yaml.SafeLoader):
    """CloudFormation's own tags are of no interest here."""


_Loader.add_multi_constructor("!", lambda _loader, suffix, node: f"{suffix} {node.value}")


@dataclass(frozen=True)
class Deployed:
    """`serverless.yml`, with what it refers to in itself put in."""

    text: Mapping[str, Any]

    @classmethod
    def read(cls) -> "Deployed":
        return cls(yaml.load((ROOT / "serverless.yml").read_text("utf-8"), _Loader))

    def value(self, given: Any) -> Any:
        """What a value stands for; what a stage's own file says stays a reference."""
        if isinstance(given, dict):
            return {key: self.value(each) for key, each in given.items()}
        held = HELD.match(given) if isinstance(given, str) else None
        if not held:
            return given
        found: Any = self.text
        for part in held[1].split("."):
            if not isinstance(found, dict):
                return given
            found = found[part]
        return self.value(found)

    def function(self, name: str) -> dict[str, Any]:
        return {key: self.value(each) for key, each in self.text["functions"][name].items()}

    @property
    def names(self) -> list[str]:
        return list(self.text["functions"])

    @property
    def routes(self) -> dict[str, str]:
        """Function by route of the HTTP API."""
        return {
            "$default" if event["httpApi"] == "*" else event["httpApi"]: name
            for name in self.names
            for event in self.function(name).get("events", ())
            if "httpApi" in event
        }

    @property
    def schedule(self) -> list[tuple[str, dict[str, Any]]]:
        """Rate and event of whatever runs by the clock."""
        every = [event for name in self.names for event in self.function(name).get("events", ())]
        return [(event["schedule"]["rate"], event["schedule"]["input"]) for event in every if "schedule" in event]

    @property
    def batch(self) -> int:
        """How many messages the worker is given at most."""
        (found,) = [event["sqs"] for event in self.function("worker")["events"] if "sqs" in event]
        assert found["functionResponseType"] == "ReportBatchItemFailures"
        return found["batchSize"]

    def specs(self, into: Path) -> dict[str, Spec]:
        """Each function with the package it is deployed with, made for the interpreter at hand, and nothing else."""
        folders = packages(self.names, here(), into)
        return {name: self._spec(name, folders[name]) for name in self.names}

    def _spec(self, name: str, folder: Path) -> Spec:
        told = self.function(name)
        return Spec(
            name=f"chusho119-test-{name}", handler=told["handler"], timeout=told["timeout"], memory=told["memorySize"],
            environment=told["environment"], path=(folder, runtime()), task_root=folder,
        )  # fmt: skip


@cache
def runtime() -> Path:
    """What Lambda's own image holds beside Python: the runtime interface client (and our sandbox)."""
    folder = scratch("runtime")
    installed = Path(site.getsitepackages()[0])
    for pattern in CLIENT:
        found = sorted(installed.glob(pattern))
        assert found, f"{pattern} is not installed; run `make install`."
        for each in found:
            if each.is_dir():
                shutil.copytree(each, folder / each.name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(each, folder)
    shutil.copy(ROOT / "tests" / "aws" / "sandbox" / "sandbox.py", folder)
    return folder


def replace(spec: Spec, environment: Mapping[str, str]) -> Spec:
    """The same function, told this."""
    return dataclasses.replace(spec, environment=environment)
