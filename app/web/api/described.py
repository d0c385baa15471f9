"""The description of the API (OpenAPI) as people read it: resources, what can be asked of each, and shapes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask

_METHODS = ("get", "post", "put", "patch", "delete")
_SHAPES = "#/components/schemas/"

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """An argument, or a field of a shape. `shape` names the shape that its values have, None: they are plain."""

    name: str
    kind: str
    shape: str | None
    required: bool
    about: str


@dataclass(frozen=True, slots=True)
class Operation:
    """Something that can be asked for. `role`: whose key it takes. `body` and `answer` name shapes."""

    method: str
    path: str
    summary: str
    about: str
    role: str
    arguments: tuple[Field, ...]
    body: str | None
    status: str
    answer: str | None

    @property
    def anchor(self) -> str:
        """Where it stands on the page."""
        return f"{self.method}{self.path}".replace("/", "-").replace("{", "").replace("}", "")


@dataclass(frozen=True, slots=True)
class Noun:
    """A resource."""

    name: str
    about: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """What is sent or answered."""

    name: str
    about: str
    fields: tuple[Field, ...]


def spec(app: Flask) -> dict[str, Any]:
    """The description as programs get it; making it takes a tenth of a second."""
    document: dict[str, Any] = app.extensions["flask-smorest"]["apis"][""]["ext_obj"].spec.to_dict()
    return document


def nouns(document: Schema) -> list[Noun]:
    """The resources, each with its operations."""
    found = [(each, tag) for each, tag in _operations(document)]
    return [
        Noun(tag["name"], tag["description"], tuple(each for each, noun in found if noun == tag["name"]))
        for tag in document["tags"]
    ]


def shapes(document: Schema) -> list[Shape]:
    """The shapes by name."""
    found: Mapping[str, Schema] = document["components"]["schemas"]
    return [Shape(name, each.get("description", ""), tuple(_fields(each))) for name, each in sorted(found.items())]


def _operations(document: Schema) -> Iterator[tuple[Operation, str]]:
    for path, described in document["paths"].items():
        shared = described.get("parameters", [])
        for method in _METHODS:
            if method in described:
                each = described[method]
                yield _operation(method, path, each, [*shared, *each.get("parameters", [])]), each["tags"][0]


def _operation(method: str, path: str, each: Schema, parameters: list[Schema]) -> Operation:
    status, answer = next((code, said) for code, said in each["responses"].items() if code.startswith("2"))
    return Operation(
        method.upper(),
        path,
        each["summary"],
        each.get("description", ""),
        each["x-role"],
        tuple(_argument(one) for one in parameters),
        _shape_of(each.get("requestBody", {})),
        status,
        _shape_of(answer),
    )


def _argument(parameter: Schema) -> Field:
    kind, shape = _kind(parameter["schema"])
    about = parameter.get("description", "")
    return Field(parameter["name"], kind, shape, parameter.get("required", False), about)


def _fields(schema: Schema) -> Iterator[Field]:
    needed = schema.get("required", [])
    for name, each in schema.get("properties", {}).items():
        kind, shape = _kind(each)
        yield Field(name, kind, shape, name in needed, each.get("description", ""))


def _shape_of(content: Schema) -> str | None:
    schemas = [each.get("schema", {}) for each in content.get("content", {}).values()]
    return next((shape for _, shape in map(_kind, schemas) if shape), None)


def _kind(schema: Schema) -> tuple[str, str | None]:
    """What a value is, in words, and the shape it has."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_SHAPES)
        return name, name
    for part in ("allOf", "anyOf", "oneOf"):
        if part in schema:
            return _kind(schema[part][0])
    if "enum" in schema:
        return "one of " + ", ".join(str(each) for each in schema["enum"] if each is not None), None
    if schema.get("type") == "array":
        kind, shape = _kind(schema.get("items", {}))
        return f"list of {kind}", shape
    kinds = schema.get("type", "anything")
    said = " or ".join(kinds) if isinstance(kinds, list) else str(kinds)
    usual = json.dumps(schema["default"]) if schema.get("default") not in (None, "") else ""
    return f"{said}, {usual} unless given" if usual else said, None
