"""Holds, as the API takes and shows them."""

from __future__ import annotations

from marshmallow import fields, validate

from schemas.api.paging import Answer, Body, Moment, PageQuery, paged

STATES = ("open", "approved", "applied", "rejected", "overtaken")
KINDS = ("roster", "grades")
WAITING = "waiting"


class HoldQuery(PageQuery):
    """Which holds: those that fit everything given."""

    mapping = fields.Integer()
    kind = fields.String(validate=validate.OneOf(KINDS))
    state = fields.String(
        load_default=WAITING,
        validate=validate.OneOf((WAITING, *STATES, "any")),
        metadata={"description": "waiting: open, or approved and not carried out yet"},
    )


class HoldSchema(Answer):
    """The part of a plan that waits for a person, or waited."""

    id = fields.Integer(required=True)
    mapping = fields.Integer(required=True)
    course = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    became = fields.String(required=True, metadata={"description": "the state in words"})
    actions = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "how many actions of each sort"},
    )
    digest = fields.String(required=True, metadata={"description": "of just what waits: approving takes it"})
    run = fields.Integer(
        required=True, metadata={"description": "the run that made it, or after which it was made; 0: none"}
    )
    created_at = Moment(required=True)
    decided_at = Moment(required=True, allow_none=True)
    decided_by = fields.String(required=True, allow_none=True)
    overtaken_by = fields.Integer(required=True, allow_none=True)


class WholeHoldSchema(HoldSchema):
    """A hold with what waits; personal."""

    items = fields.List(fields.Dict(), required=True)
    bypass_lifts = fields.Integer(
        required=True, metadata={"description": "how many of the items wait for nothing but a limit"}
    )


class DigestBody(Body):
    """What was looked at."""

    digest = fields.String(required=True, validate=validate.Regexp(r"[0-9a-f]{64}\Z", error="Is no digest."))


HoldPage = paged(HoldSchema)
