"""Runs, as the API shows them."""

from __future__ import annotations

from marshmallow import fields, validate

from schemas.api.paging import Answer, Moment, PageQuery, paged

KINDS = ("roster", "grades")
OUTCOMES = ("done", "retry", "later", "parked", "dead", "lost", "reaped")


class RunSchema(Answer):
    """One attempt to bring a mapping in step."""

    id = fields.Integer(required=True)
    mapping = fields.Integer(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    started_at = Moment(required=True)
    ended_at = Moment(required=True, allow_none=True)
    seconds = fields.Float(required=True, allow_none=True)
    outcome = fields.String(required=True, validate=validate.OneOf((*OUTCOMES, "running")))
    reason = fields.String(required=True, allow_none=True)
    message = fields.String(required=True, allow_none=True)
    counts = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    drift = fields.Integer(required=True)
    covers = fields.List(fields.Integer(), required=True)


class WholeRunSchema(RunSchema):
    """A run with its plan; personal."""

    plan = fields.Dict(required=True, allow_none=True)


class RunQuery(PageQuery):
    """Which runs."""

    mapping = fields.Integer()
    kind = fields.String(validate=validate.OneOf(KINDS))
    outcome = fields.String(validate=validate.OneOf(OUTCOMES))


RunPage = paged(RunSchema)
