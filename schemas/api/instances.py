"""Instances and their courses, as the API takes and shows them."""

from __future__ import annotations

from marshmallow import fields

from schemas.api.connections import ADDRESS, Token
from schemas.api.paging import Answer, Body, Moment, listed


class InstanceSchema(Answer):
    """A kuraCloud instance."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    display_name = fields.String(required=True, metadata={"description": "what kuraCloud calls it"})
    url = fields.String(required=True)
    remote_id = fields.String(required=True)
    state = fields.String(required=True, metadata={"description": "open, or parked"})
    reason = fields.String(required=True, allow_none=True)
    lms_enabled = fields.Boolean(required=True, allow_none=True)
    failures = fields.Integer(required=True)
    mappings = fields.Integer(required=True)
    last_success_at = Moment(required=True, allow_none=True)


class NewInstanceBody(Body):
    """An instance to try and to add."""

    name = fields.String(required=True)
    url = fields.String(validate=ADDRESS, metadata={"description": "address of kuraCloud's API, where it is another"})
    token = Token()
    shared = fields.Boolean(load_default=False, metadata={"description": "once more, with a token for a second site"})


class TriedInstanceSchema(Answer):
    """What an instance said of itself."""

    instance = fields.String(required=True)
    remote_id = fields.String(required=True)
    display_name = fields.String(required=True)


class AddedInstanceSchema(TriedInstanceSchema):
    """A new instance."""

    id = fields.Integer(required=True)
    url = fields.String(required=True)


class CourseSchema(Answer):
    """A kuraCloud course; `mapping` null: it is not mapped, or by nobody whom the key may see."""

    id = fields.Integer(required=True)
    code = fields.String(required=True)
    name = fields.String(required=True)
    lms_enabled = fields.Boolean(required=True)
    mapping = fields.Integer(required=True, allow_none=True)


class FoundOutSchema(Answer):
    """What a probe found out about an instance's API, by the name of each question."""

    instance = fields.String(required=True)
    probed_at = Moment(required=True, allow_none=True)
    answers = fields.Dict(required=True)


InstanceList = listed(InstanceSchema)
CourseList = listed(CourseSchema)
