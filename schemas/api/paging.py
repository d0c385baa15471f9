"""How lists are paged: by an opaque cursor, so that a page neither repeats nor skips what came meanwhile."""

from __future__ import annotations

from marshmallow import EXCLUDE, RAISE, Schema, fields, validate

MOST = 200
"""Rows of one page, at most."""


class Query(Schema):
    """What a request says in its URL; nothing unknown, and nothing personal."""

    class Meta:
        unknown = RAISE


class Body(Schema):
    """What a request says in its body; nothing unknown."""

    class Meta:
        unknown = RAISE


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
