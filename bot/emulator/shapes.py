"""Holds a JSON body against LINE's own models (line-bot-sdk): what is missing, misspelt, mistyped."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from linebot.v3.messaging import models
from pydantic.v1 import BaseModel, ValidationError

from bot.emulator.refusals import Problem

Json = dict[str, Any]
Model = type[BaseModel]


def problems_of_shape(body: Any, model: Model, path: str = "") -> list[Problem]:
    """What the model refuses in the body, with the path of each faulty property; empty when nothing.

    Closed: a property the model does not know is refused too, since it is nearly always misspelt.
    """
    if not isinstance(body, dict):
        return [Problem(path, "must be an object")]
    concrete = _concrete(model, body)
    if concrete is None:
        return [Problem(_joined(path, "type"), f"unknown type: {body.get('type')!r}")]
    fields = _fields(concrete)
    unknown = [Problem(_joined(path, key), "unknown property") for key in body if key not in fields]
    found = unknown + [
        problem
        for value, nested, where in _nested(body, fields, path)
        for problem in problems_of_shape(value, nested, where)
    ]
    return found or _own_problems(concrete, body, path)


def _own_problems(model: Model, body: Json, path: str) -> list[Problem]:
    """The model's verdict on the object's own properties; its children have been judged before."""
    fields = _fields(model)
    own = {key: _placeholder(value, fields[key]) for key, value in body.items() if value is not None}
    try:
        model.parse_obj(own)
    except ValidationError as error:
        return [_problem(entry, path) for entry in error.errors()]
    return []


def _problem(entry: Any, path: str) -> Problem:
    where = path
    for part in entry["loc"]:
        where = f"{where}[{part}]" if isinstance(part, int) else _joined(where, str(part))
    message = "must be specified" if entry["type"] == "value_error.missing" else entry["msg"]
    return Problem(where, message)


def _placeholder(value: Any, child: "Child | None") -> Any:
    """Stands for children already judged, so that none is judged twice."""
    if child is None:
        return value
    if child.many:
        return [child.model.construct()] * len(value) if isinstance(value, list) else value
    return child.model.construct()


def _nested(body: Json, fields: "Mapping[str, Child | None]", path: str) -> Iterator[tuple[Any, Model, str]]:
    for key, value in body.items():
        child = fields.get(key)
        if child is None or value is None:
            continue
        where = _joined(path, key)
        if not child.many:
            yield value, child.model, where
        elif isinstance(value, list):
            yield from ((item, child.model, f"{where}[{index}]") for index, item in enumerate(value))


class Child(NamedTuple):
    """The model of a property's value, or of each item of its list."""

    model: Model
    many: bool


@cache
def _fields(model: Model) -> dict[str, Child | None]:
    """JSON name of each property → what its value holds, None for plain values."""
    return {
        field.alias: Child(field.type_, field.outer_type_ is not field.type_)
        if isinstance(field.type_, type) and issubclass(field.type_, BaseModel)
        else None
        for field in model.__fields__.values()
    }


def _concrete(model: Model, body: Json) -> Model | None:
    """The model the discriminator names; the model itself where there is none."""
    mapping = _discriminated(model)
    if mapping is None:
        return model
    name = body.get("type")
    return getattr(models, mapping[name]) if isinstance(name, str) and name in mapping else None


@cache
def _discriminated(model: Model) -> dict[str, str] | None:
    return getattr(model, f"_{model.__name__}__discriminator_value_class_map", None)


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
