"""Alerts, as the API shows them."""

from __future__ import annotations

from marshmallow import fields

from schemas.api.paging import Answer, Moment, listed, paged


class AlertSchema(Answer):
    """Something that somebody should know."""

    id = fields.Integer(required=True)
    at = Moment(required=True)
    kind = fields.String(required=True)
    topic = fields.String(required=True, metadata={"description": "what it is about, such as mapping:5:roster"})
    message = fields.String(required=True)
    state = fields.String(required=True, metadata={"description": "whether it was told, in words"})
    mailed_at = Moment(required=True, allow_none=True)
    posted_at = Moment(required=True, allow_none=True)
    due_at = Moment(required=True, allow_none=True)
    attempts = fields.Integer(required=True)


class SentSchema(Answer):
    """How a trial message went."""

    way = fields.String(required=True, metadata={"description": "mail or webhook"})
    sent = fields.Boolean(required=True)
    error = fields.String(required=True, allow_none=True)


AlertPage = paged(AlertSchema)
SentList = listed(SentSchema)
