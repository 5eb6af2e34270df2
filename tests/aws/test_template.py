"""The template that `serverless.yml` becomes: who may do what, what is encrypted, what is kept how long."""

import json
import re
import subprocess
import sys

import pytest
import yaml

from deploy.aws import build
from handlers.bootstrap import FUNCTION_NEEDS
from storage.files import HANDOVER
from storage.uploads import QUARANTINE
from tests.aws.packaged import (
    STAGE,
    environment,
    functions,
    many,
    of_type,
    role_of,
    statements,
    template,
    template_file,
)

NAMES = ["commands", "jobs", "migrate", "pages", "webhook", "worker"]
REFERENCE = ("ssm:", "secretsmanager:")
SECRET = {
    "LINE_CHANNEL_SECRET",
    "LINE_CHANNEL_ACCESS_TOKEN",
    "SECRET_KEY",
    "FIELD_KEYS",
    "DIGEST_KEY",
    "PGPASSWORD",
    "METRICS_TOKEN",
}
OPEN = {"Interfaces", "WhetherMailMayLeave"}
"""Sids of rights that AWS knows no resource for."""
EXAMPLE = build.ROOT / "deploy" / "aws" / "stages" / "example.yml"
PARTS_OF_TEMPLATE = [build.ROOT / "serverless.yml", *sorted((build.ROOT / "deploy" / "aws").glob("*.yml"))]


# --- the whole ------------------------------------------------------------------------------------


def test_cloudformation_takes_it():
    """W3005 alone is passed over: osls itself names dependencies that a reference already makes."""
    command = [sys.executable, "-c", "from cfnlint.runner.cli import main; main()"]
    command += ["--regions", "ap-northeast-1", "--ignore-checks", "W3005", "--", str(template_file())]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stdout + done.stderr


def test_there_are_the_six_functions_with_the_runtime_their_packages_are_built_for():
    assert sorted(functions()) == NAMES
    for name, each in functions().items():
        assert each["Handler"] == f"handlers.aws.{name}"
        assert each["Runtime"] == f"python{build.plan()['target']['python']}"
        assert each["Architectures"] == ["x86_64"]
        assert each["Code"]["S3Key"].endswith(f"/{name}.zip")
    assert sorted(build.plan()["functions"]) == NAMES


def test_a_person_fills_in_one_file_and_each_of_its_values_is_used():
    text = "".join(path.read_text("utf-8") for path in PARTS_OF_TEMPLATE)
    used = set(re.findall(r"self:custom\.at\.(\w+)", text))
    assert used == set(yaml.safe_load(EXAMPLE.read_text("utf-8")))


# --- rights ---------------------------------------------------------------------------------------


def test_every_function_has_a_role_of_its_own():
    roles = [role_of(name) for name in NAMES]
    assert len(set(roles)) == len(NAMES)
    for name in NAMES:
        allowed = [each for each in statements(of_type("IAM::Role")[role_of(name)]) if "Principal" in each]
        assert [each["Principal"] for each in allowed] == [{"Service": "lambda.amazonaws.com"}]
        assert "ManagedPolicyArns" not in of_type("IAM::Role")[role_of(name)]


def test_nothing_is_allowed_by_a_wildcard():
    found = list(statements())
    assert len(found) > 30
    for each in found:
        if each["Effect"] == "Allow":
            assert not [action for action in many(each["Action"]) if "*" in action], each
            assert "NotAction" not in each
            assert "NotResource" not in each


def test_no_right_is_over_everything_where_aws_can_narrow_it():
    everything = {each.get("Sid") for each in statements() if each["Effect"] == "Allow" and each.get("Resource") == "*"}
    assert everything == OPEN


def test_everybody_is_named_only_to_be_refused_without_tls():
    everybody = [each for each in statements() if each.get("Principal") == "*" or each.get("Principal") == {"AWS": "*"}]
    assert everybody
    for each in everybody:
        assert each["Effect"] == "Deny"
        assert each["Condition"] == {"Bool": {"aws:SecureTransport": False}}


def test_a_functions_own_code_cannot_touch_the_network_interfaces():
    for name in NAMES:
        role = of_type("IAM::Role")[role_of(name)]
        allowed = next(each for each in statements(role) if each.get("Sid") == "Interfaces")
        denied = next(each for each in statements(role) if each.get("Sid") == "InterfacesAreLambdas")
        assert (denied["Effect"], denied["Action"]) == ("Deny", allowed["Action"])
        assert f"chusho119-{STAGE}-{name}" in json.dumps(denied["Condition"])


@pytest.mark.parametrize("name", NAMES)
def test_a_function_may_read_the_secrets_it_is_told_of_and_no_others(name: str):
    role = of_type("IAM::Role")[role_of(name)]
    told = {str(value)[4:] for value in environment(name).values() if str(value).startswith("ssm:")}
    granted = {
        arn["Fn::Sub"].split(":parameter")[1]
        for each in statements(role)
        if each["Action"] == "ssm:GetParameters"
        for arn in many(each["Resource"])
    }
    assert granted == told
    passwords = [each["Resource"] for each in statements(role) if each["Action"] == "secretsmanager:GetSecretValue"]
    assert passwords == [{"Ref": "DatabaseSecret"}]


def test_who_may_do_what():
    may = {
        name: {
            action.split(":")[0]
            for each in statements(of_type("IAM::Role")[role_of(name)])
            if each["Effect"] == "Allow" and "Principal" not in each
            for action in many(each["Action"])
        }
        for name in NAMES
    }
    everywhere = {"logs", "ec2", "secretsmanager"}
    assert may == {
        "webhook": everywhere | {"ssm", "sqs"},
        "pages": everywhere | {"ssm", "sqs", "s3", "ses"},
        "worker": everywhere | {"ssm", "sqs", "s3", "ses"},
        "jobs": everywhere | {"ssm", "sqs", "s3", "ses"},
        "migrate": everywhere,
        "commands": everywhere | {"ssm", "sqs", "s3", "ses"},
    }
    senders = {
        name
        for name in NAMES
        for each in statements(of_type("IAM::Role")[role_of(name)])
        if {"ses:SendEmail", "ses:SendRawEmail"} <= set(many(each["Action"]))
    }
    assert senders == {"worker", "jobs"}, "a mail is sent whole, which is a right of its own"


def test_commands_may_look_and_keep_papers_and_send_nothing():
    """What `doctor` looks at is what the page looks at; only `reseal` and the probe of the store write."""
    may = {
        name: {
            action
            for each in statements(of_type("IAM::Role")[role_of(name)])
            if each["Effect"] == "Allow" and "Principal" not in each
            for action in many(each["Action"])
        }
        for name in ("commands", "pages")
    }
    assert may["pages"] - may["commands"] == {"sqs:SendMessage"}
    assert may["commands"] <= may["pages"]


@pytest.mark.parametrize("name", ["pages", "commands"])
def test_who_looks_may_ask_ses_for_the_address_and_for_its_domain(name: str):
    (asking,) = [
        each
        for each in statements(of_type("IAM::Role")[role_of(name)])
        if "ses:GetEmailIdentity" in many(each["Action"])
    ]
    sender = environment(name)["MAIL_SENDER"]
    names = {arn["Fn::Sub"].partition(":identity/")[2] for arn in asking["Resource"]}
    assert names == {sender, sender.partition("@")[2]}


def test_a_queue_policy_names_one_queue_as_sqs_wants_it():
    policies = of_type("SQS::QueuePolicy")
    named = [
        (policy["Queues"], each["Resource"])
        for policy in policies.values()
        for each in policy["PolicyDocument"]["Statement"]
    ]
    assert sorted(queues[0]["Ref"] for queues, _ in named) == sorted(of_type("SQS::Queue"))
    assert all(resource == {"Fn::GetAtt": [queues[0]["Ref"], "Arn"]} for queues, resource in named)


# --- what functions are told ------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_secret_is_named_and_never_written_down(name: str):
    for setting, value in environment(name).items():
        text = value if isinstance(value, str) else value.get("Fn::Sub", "")
        if setting in SECRET:
            assert text.startswith(REFERENCE), setting
        else:
            assert not re.search(r"[A-Za-z0-9+/_-]{40,}", text.replace("/var/task/botocore/cacert.pem", "")), setting
    assert "@" not in str(environment(name).get("DATABASE_URL")).partition("chusho119@")[0], (
        "no password in the address"
    )


def test_each_function_is_told_what_it_needs():
    database = {"STAGE", "DATABASE_URL", "DATABASE_PROXY", "PGPASSWORD"}
    assert set(environment("webhook")) == database | {"LINE_CHANNEL_SECRET", "EVENT_QUEUE_URL"}
    assert set(environment("migrate")) == database
    for name in ("pages", "worker", "jobs", "commands"):
        assert set(FUNCTION_NEEDS) <= set(environment(name))


def test_every_setting_is_one_that_the_readme_explains():
    explained = set(re.findall(r"`([A-Z][A-Z_]+)`", (build.ROOT / "README.md").read_text("utf-8")))
    told = {setting for name in NAMES for setting in environment(name)}
    assert told - {"PGPASSWORD"} <= explained


# --- what is kept -----------------------------------------------------------------------------------


def test_buckets_are_private_and_encrypted():
    buckets = of_type("S3::Bucket")
    assert len(buckets) == 2
    for each in buckets.values():
        assert each["PublicAccessBlockConfiguration"] == dict.fromkeys(
            ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
        )
        assert each["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert "AccessControl" not in each
        assert "WebsiteConfiguration" not in each
    guarded = {each["Bucket"]["Ref"] for each in of_type("S3::BucketPolicy").values()}
    assert guarded == set(buckets)


def test_papers_have_versions_an_owner_and_an_end():
    files = of_type("S3::Bucket")["Files"]
    assert files["VersioningConfiguration"] == {"Status": "Enabled"}
    assert files["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    rules = {
        rule.get("Prefix", ""): rule
        for rule in files["LifecycleConfiguration"]["Rules"]
        if rule["Id"] != "half-uploads"
    }
    assert set(rules) == {f"{QUARANTINE}/", f"{HANDOVER}/", ""}
    for prefix in (f"{QUARANTINE}/", f"{HANDOVER}/"):
        assert rules[prefix]["ExpirationInDays"] == 1
    assert "ExpirationInDays" not in rules[""], "papers stay until retention takes them"
    assert rules[""]["NoncurrentVersionExpiration"]["NoncurrentDays"] == 30, (
        "erased is erased, docs/deploy-aws.md says when"
    )
    cors = files["CorsConfiguration"]["CorsRules"]
    assert [(rule["AllowedMethods"], rule["AllowedOrigins"]) for rule in cors] == [
        (["POST"], [environment("pages")["PUBLIC_BASE_URL"]])
    ]
    kept = template()["Resources"]["Files"]
    assert (kept["DeletionPolicy"], kept["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_the_database_is_hard_to_lose_and_to_reach():
    database = of_type("RDS::DBInstance")["Database"]
    assert database["StorageEncrypted"] is True
    assert database["DeletionProtection"] is True
    assert database["PubliclyAccessible"] is False
    assert database["BackupRetentionPeriod"] >= 14
    assert database["DeleteAutomatedBackups"] is False
    held = template()["Resources"]["Database"]
    assert (held["DeletionPolicy"], held["UpdateReplacePolicy"]) == ("Snapshot", "Snapshot")
    assert of_type("RDS::DBParameterGroup")["DatabaseSettings"]["Parameters"]["rds.force_ssl"] == "1"
    proxy = of_type("RDS::DBProxy")["DatabaseProxy"]
    assert proxy["RequireTLS"] is True
    assert proxy.get("DebugLogging", False) is False
    assert "sslmode=verify-full" in environment("worker")["DATABASE_URL"]["Fn::Sub"]


def test_only_the_proxy_reaches_the_database_and_only_functions_reach_the_proxy():
    groups = of_type("EC2::SecurityGroup")
    assert "SecurityGroupIngress" not in groups["DatabaseGroup"]
    assert "SecurityGroupIngress" not in groups["FunctionsGroup"]
    sources = [each["SourceSecurityGroupId"] for each in groups["ProxyGroup"]["SecurityGroupIngress"]]
    assert sources == [{"Fn::GetAtt": ["FunctionsGroup", "GroupId"]}]
    (way,) = of_type("EC2::SecurityGroupIngress").values()
    assert way["GroupId"] == {"Fn::GetAtt": ["DatabaseGroup", "GroupId"]}
    assert way["SourceSecurityGroupId"] == {"Fn::GetAtt": ["ProxyGroup", "GroupId"]}
    for each in functions().values():
        assert [subnet["Ref"] for subnet in each["VpcConfig"]["SubnetIds"]] == ["PrivateSubnetA", "PrivateSubnetB"]


def test_logs_end_and_hold_no_address():
    groups = of_type("Logs::LogGroup")
    assert len(groups) == len(NAMES) + 1
    assert {each["RetentionInDays"] for each in groups.values()} == {90}
    (stage,) = of_type("ApiGatewayV2::Stage").values()
    logged = set(re.findall(r"\$context\.([A-Za-z.]+)", stage["AccessLogSettings"]["Format"]))
    assert logged == {
        "requestId", "routeKey", "status", "responseLatency", "integrationStatus", "error.responseType"
    }  # fmt: skip
