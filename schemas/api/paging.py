"""How lists are paged: by an opaque cursor, so that a page neither repeats nor skips what came meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, validate, validates_schema

MOST = 200
"""Rows of one page, at most."""

_LARGEST = 2**63 - 2  # one more is counted up to


def is_storable(value: Any) -> bool:
    """Whether every database takes this text or number, or all that is in this list or mapping.

    No NUL, no half of a character, no more than 64 bits.
    """
    if isinstance(value, Mapping | list | tuple):
        return all(map(is_storable, _leaves(value)))
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= each <= "\udfff" for each in value)
    return not isinstance(value, int) or abs(value) <= _LARGEST


class Asked(Schema):
    """What a request says: nothing unknown, and nothing that a database would not take."""

    class Meta:
        unknown = RAISE

    @validates_schema(skip_on_field_errors=False)
    def _refuse_unstorable(self, given: Mapping[str, Any], **_: Any) -> None:
        wrong = [name for name, value in given.items() if not is_storable(value)]
        if wrong:
            raise ValidationError({name: ["holds a number or a character that cannot be stored."] for name in wrong})


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield name
            yield from _leaves(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield value


class Query(Asked):
    """What a request says in its URL; nothing personal."""


class Body(Asked):
    """What a request says in its body."""


class Answer(Schema):
    """What is answered."""

    class Meta:
        unknown = EXCLUDE


class PageQuery(Query):
    """Which page of a list."""

    cursor = fields.String(metadata={"description": "`next` of the page before"})
    limit = fields.Integer(load_default=50, validate=validate.Range(1, MOST))


class Moment(fields.DateTime):
    """RFC 3339 in UTC."""

    def __init__(self, **more: object) -> None:
        super().__init__("iso", **more)  # type: ignore[arg-type]


def paged(of: type[Schema]) -> type[Schema]:
    """The schema of a page of these."""
    name = of.__name__.removesuffix("Schema")
    return type(
        f"{name}Page",
        (Answer,),
        {
            "__doc__": f"A page of {name}.",
            "items": fields.List(fields.Nested(of), required=True),
            "next": fields.String(required=True, allow_none=True, metadata={"description": "cursor of the next page"}),
        },
    )


def listed(of: type[Schema]) -> type[Schema]:
    """The schema of a list that is short enough to come whole."""
    name = of.__name__.removesuffix("Schema")
    items = {"items": fields.List(fields.Nested(of), required=True)}
    return type(f"{name}List", (Answer,), {"__doc__": f"All of {name}.", **items})
