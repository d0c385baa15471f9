"""What sites and instances have in common, as the API takes and shows it."""

from __future__ import annotations

from marshmallow import fields, validate

from schemas.api.paging import Answer, Body, Query

ADDRESS = validate.Length(1, 2000)


class Token(fields.String):
    """A token, taken in and never shown: one word."""

    def __init__(self) -> None:
        one_word = validate.Regexp(r"\S{1,4096}\Z", error="A token is one word, without anything around it.")
        super().__init__(required=True, load_only=True, validate=one_word, metadata={"format": "password"})


class TokenBody(Body):
    """Another token of a connection; it is tried first."""

    token = Token()


class RemovalQuery(Query):
    """How a connection is removed."""

    force = fields.Boolean(
        load_default=False, metadata={"description": "also where kuraCloud courses cannot be given back"}
    )


class RemovedSchema(Answer):
    """The mappings that went with a connection."""

    mappings = fields.List(fields.Integer(), required=True)
