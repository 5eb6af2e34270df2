"""Settings kept in Amazon's stores: found in few calls, and told by name alone when they cannot be."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from storage.parameters import ParameterError, references, resolved

ARN = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:chusho119/prod/db-AbCdEf"
SECRET = "never shown in any error"


class Ssm:
    """Holds parameters by name, and notes how it was asked."""

    def __init__(self, **held: str) -> None:
        self.held = held
        self.asked: list[list[str]] = []

    def get_parameters(self, Names: list[str], WithDecryption: bool) -> dict[str, Any]:  # noqa: N803
        assert WithDecryption
        assert len(Names) <= 10
        self.asked.append(Names)
        found = [{"Name": name, "Value": self.held[name]} for name in Names if name in self.held]
        return {"Parameters": found, "InvalidParameters": [name for name in Names if name not in self.held]}


class Manager:
    """Holds secrets by ARN."""

    def __init__(self, held: dict[str, str]) -> None:
        self.held = held
        self.asked: list[str] = []

    def get_secret_value(self, SecretId: str) -> dict[str, Any]:  # noqa: N803
        self.asked.append(SecretId)
        return {"SecretString": self.held[SecretId]}


def only(**services: Any) -> Callable[[str], Any]:
    return lambda name: services[name]


def test_without_references_nobody_is_asked():
    assert resolved({"PORT": "80", "MAIL_URL": "ses:", "EMPTY": ""}, only()) == {}


def test_references_are_recognised_by_their_beginning():
    given = {"A": "ssm:/a", "B": f"secretsmanager:{ARN}#x", "C": "ses:", "D": "https://ssm:80/"}
    assert list(references(given)) == ["A", "B"]


def test_parameters_come_ten_at_a_time_and_each_once():
    held = {f"/p/{number}": f"value {number}" for number in range(23)}
    ssm = Ssm(**held)
    given = {f"S{number}": f"ssm:/p/{number}" for number in range(23)} | {"TWICE": "ssm:/p/3", "PLAIN": "x"}
    found = resolved(given, only(ssm=ssm))
    assert found == {f"S{number}": f"value {number}" for number in range(23)} | {"TWICE": "value 3"}
    assert [len(each) for each in ssm.asked] == [10, 10, 3]


def test_a_secret_is_opened_at_its_key_or_taken_whole():
    manager = Manager({ARN: '{"password": "p\\u00e4ss", "port": 5432}', "other": SECRET})
    found = resolved(
        {
            "PGPASSWORD": f"secretsmanager:{ARN}#password",
            "PGPORT": f"secretsmanager:{ARN}#port",
            "SECRET_KEY": "secretsmanager:other",
        },
        only(secretsmanager=manager),
    )
    assert found == {"PGPASSWORD": "päss", "PGPORT": "5432", "SECRET_KEY": SECRET}
    assert manager.asked == [ARN, "other"]


def test_what_is_missing_is_named_with_its_setting():
    with pytest.raises(ParameterError) as caught:
        resolved({"SECRET_KEY": "ssm:/p/key", "FIELD_KEYS": "ssm:/p/fields", "HELD": "ssm:/p/held"},
                 only(ssm=Ssm(**{"/p/held": SECRET})))  # fmt: skip
    assert str(caught.value) == (
        "not in the Parameter Store: SECRET_KEY = ssm:/p/key, FIELD_KEYS = ssm:/p/fields"
    )  # fmt: skip


@pytest.mark.parametrize("body", [SECRET, f'{{"other": "{SECRET}"}}', f'["{SECRET}"]', f'"{SECRET}"', ""])
@pytest.mark.parametrize("key", ["#password", "#"])
def test_a_secret_without_the_key_is_named_and_not_shown(body: str, key: str):
    if body and key == "#":
        return
    with pytest.raises(ParameterError) as caught:
        resolved({"PGPASSWORD": f"secretsmanager:{ARN}{key}"}, only(secretsmanager=Manager({ARN: body})))
    assert str(caught.value) == f"not in the secret: PGPASSWORD = secretsmanager:{ARN}{key}"
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ClientError({"Error": {"Code": "AccessDeniedException", "Message": SECRET}}, "x"), "AccessDeniedException"),
        (EndpointConnectionError(endpoint_url="https://x.example"), "EndpointConnectionError"),
    ],
)
@pytest.mark.parametrize("reference", ["ssm:/p/key", f"secretsmanager:{ARN}"])
def test_a_store_that_refuses_is_told_by_code(error: Exception, reason: str, reference: str):
    class Refusing:
        def get_parameters(self, **_: Any) -> None:
            raise error

        get_secret_value = get_parameters

    with pytest.raises(ParameterError) as caught:
        resolved({"SECRET_KEY": reference}, only(ssm=Refusing(), secretsmanager=Refusing()))
    assert str(caught.value) == f"{reason}: SECRET_KEY = {reference}"
