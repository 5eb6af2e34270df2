"""LINE's OpenAPI as an oracle: its schemas, hardened as `line-platform.md` 9 says.

LINE describes its polymorphism by a discriminator alone, so a plain validator takes any `type` and looks no further.
Here each base becomes "if the type is this, then that schema", each concrete schema demands its own type, and objects
are closed: a property that the schema does not know is refused.
"""

from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

FILE = Path(__file__).parents[2].parent / "shared" / "line-openapi" / "messaging-api.yml"
REF = "#/components/schemas/"
COMMON = "__common"
DIALECT = "https://json-schema.org/draft/2020-12/schema"

Json = dict[str, Any]


@cache
def schemas() -> Json:
    """All schemas of LINE's Messaging API, hardened."""
    with FILE.open(encoding="utf-8") as file:
        return harden(yaml.load(file, yaml.CSafeLoader)["components"]["schemas"])


@cache
def validator(name: str) -> jsonschema_rs.Draft202012Validator:
    """A validator of one schema, such as PushMessageRequest."""
    root = {"$schema": DIALECT, "$ref": REF + name, "components": {"schemas": schemas()}}
    return jsonschema_rs.Draft202012Validator(root, validate_formats=True)


def complaints(name: str, body: Any) -> list[str]:
    """What the schema has against a body; empty when nothing."""
    return [
        f"{'/'.join(map(str, error.instance_path))}: {error.message}" for error in validator(name).iter_errors(body)
    ]


def harden(given: Json) -> Json:
    """The schemas with the bases rewritten and the objects closed."""
    found = deepcopy(given)
    bases = {name: schema["discriminator"] for name, schema in found.items() if "discriminator" in schema}
    for name, discriminator in bases.items():
        found[name + COMMON] = {key: value for key, value in found[name].items() if key != "discriminator"}
        found[name] = _by_type(discriminator)
    for name, schema in found.items():
        if name not in bases:
            _point_to_common(schema, bases)
    for discriminator in bases.values():
        for kind, target in discriminator["mapping"].items():
            _demand(found[target.removeprefix(REF)], discriminator["propertyName"], kind)
    parents = {part.get("$ref", "").removeprefix(REF) for schema in found.values() for part in schema.get("allOf", ())}
    for name, schema in found.items():
        if name not in bases and name not in parents and not name.endswith(COMMON):
            _close(schema)
    return found


def _by_type(discriminator: Json) -> Json:
    key, mapping = discriminator["propertyName"], discriminator["mapping"]
    branches = [
        {"if": {"properties": {key: {"const": kind}}, "required": [key]}, "then": {"$ref": target}}
        for kind, target in mapping.items()
    ]
    return {"type": "object", "required": [key], "properties": {key: {"enum": [*mapping]}}, "allOf": branches}


def _point_to_common(schema: Json, bases: Json) -> None:
    for part in schema.get("allOf", ()):
        if part.get("$ref", "").removeprefix(REF) in bases:
            part["$ref"] += COMMON


def _demand(schema: Json, key: str, kind: str) -> None:
    schema.setdefault("allOf", []).append({"properties": {key: {"const": kind}}, "required": [key]})


def _close(schema: Json) -> None:
    if "properties" in schema or "allOf" in schema:
        schema.setdefault("unevaluatedProperties", False)
    for part in (schema, *schema.get("allOf", ())):
        for inner in part.get("properties", {}).values():
            if "$ref" not in inner:
                _close(inner)
            if "$ref" not in inner.get("items", {"$ref": ""}):
                _close(inner["items"])
