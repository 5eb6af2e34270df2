"""Settings kept elsewhere: `ssm:/a/name` (Parameter Store) and `secretsmanager:ARN#key` (Secrets Manager).

Whatever goes wrong is told by the setting and its reference; a value stands in no error and no log.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from storage.amazon import client

SSM, SECRETS = "ssm:", "secretsmanager:"
AT_ONCE = 10
CONNECT, READ, ATTEMPTS = 2, 3, 5
Make = Callable[[str], Any]


class ParameterError(Exception):
    """A setting refers to something that cannot be had; the text names both."""


def references(environment: Mapping[str, str]) -> dict[str, str]:
    """The settings whose value is a reference."""
    return {name: value for name, value in environment.items() if value.startswith((SSM, SECRETS))}


def resolved(environment: Mapping[str, str], make: Make | None = None) -> dict[str, str]:
    """What each reference of the environment stands for, in few calls; nothing is asked when there is none."""
    make = make or _client
    asked = references(environment)
    parameters = {name: value.removeprefix(SSM) for name, value in asked.items() if value.startswith(SSM)}
    secrets = {name: value.removeprefix(SECRETS) for name, value in asked.items() if value.startswith(SECRETS)}
    found: dict[str, str] = {}
    if parameters:
        found |= _parameters(make("ssm"), parameters)
    if secrets:
        found |= _secrets(make("secretsmanager"), secrets)
    return found


def _client(service: str) -> Any:
    return client(service, connect=CONNECT, read=READ, attempts=ATTEMPTS)


def _parameters(ssm: Any, asked: Mapping[str, str]) -> dict[str, str]:
    """By setting: the value of the parameter it names."""
    names = list(dict.fromkeys(asked.values()))
    values: dict[str, str] = {}
    for begin in range(0, len(names), AT_ONCE):
        some = names[begin : begin + AT_ONCE]
        with _told(asked, some, SSM):
            answer = ssm.get_parameters(Names=some, WithDecryption=True)
        values |= {entry["Name"]: entry["Value"] for entry in answer["Parameters"]}
    missing = [f"{setting} = {SSM}{name}" for setting, name in asked.items() if name not in values]
    if missing:
        raise ParameterError(f"not in the Parameter Store: {', '.join(missing)}")
    return {setting: values[name] for setting, name in asked.items()}


def _secrets(manager: Any, asked: Mapping[str, str]) -> dict[str, str]:
    """By setting: what lies in the secret under the key after `#`, or the whole secret where there is none."""
    places = {setting: reference.partition("#") for setting, reference in asked.items()}
    bodies: dict[str, str] = {}
    for arn in dict.fromkeys(arn for arn, _, _ in places.values()):
        with _told({setting: place[0] for setting, place in places.items()}, [arn], SECRETS):
            bodies[arn] = manager.get_secret_value(SecretId=arn).get("SecretString") or ""
    return {
        setting: _part(bodies[arn], key, f"{setting} = {SECRETS}{asked[setting]}")
        for setting, (arn, _, key) in places.items()
    }


def _part(body: str, key: str, reference: str) -> str:
    if not key and body:
        return body
    try:
        value = json.loads(body)[key]
    except (ValueError, LookupError, TypeError):
        raise ParameterError(f"not in the secret: {reference}") from None
    return value if isinstance(value, str) else json.dumps(value)


@contextmanager
def _told(asked: Mapping[str, str], names: list[str], kind: str) -> Iterator[None]:
    """A failed call as the settings it was for; Amazon's own words may quote what was asked, and stay out."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (ClientError, BotoCoreError) as error:
        response = getattr(error, "response", None) or {}
        reason = response.get("Error", {}).get("Code") or type(error).__name__
        which = ", ".join(f"{setting} = {kind}{name}" for setting, name in asked.items() if name in names)
        raise ParameterError(f"{reason}: {which}") from None
