"""An error as the API describes it (schemas.problem makes it)."""

from __future__ import annotations

from marshmallow import Schema, fields


class FieldErrorSchema(Schema):
    """What is wrong with one field."""

    index = fields.Integer(required=True, allow_none=True)
    field = fields.String(required=True)
    reason = fields.String(required=True)


class ProblemSchema(Schema):
    """application/problem+json (RFC 9457), with a stable `reason`."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True, metadata={"description": "a sentence for people that says what to do"})
    reason = fields.String(required=True, metadata={"description": "a slug that stays"})
    errors = fields.List(fields.Nested(FieldErrorSchema), required=True)
