"""Queues, the worklist and dead letters, as the API takes and shows them."""

from __future__ import annotations

from marshmallow import fields, validate

from schemas.api.paging import Answer, Body, Moment, PageQuery, listed, paged
from schemas.api.work import KIND

STATES = ("running", "parked", "paused", "dead", "wanted", "scheduled", "idle")
CONCERNS = ("late", "failing", "running", "wanted", "parked", "paused", "dead")


class StateSchema(Answer):
    """How many rows of the worklist are in a state."""

    kind = fields.String(required=True, validate=KIND)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    rows = fields.Integer(required=True)


class LoadSchema(Answer):
    """A queue of Redis."""

    queue = fields.String(required=True)
    waiting = fields.Integer(required=True)
    started = fields.Integer(required=True)
    failed = fields.Integer(required=True, metadata={"description": "within the last hour"})


class WorkerSchema(Answer):
    """A worker process as it reported itself; `mapping` or `task` is what it works on."""

    host = fields.String(required=True)
    pid = fields.Integer(required=True)
    state = fields.String(required=True)
    kind = fields.String(required=True, allow_none=True)
    mapping = fields.Integer(required=True, allow_none=True)
    task = fields.Integer(required=True, allow_none=True)
    began_at = Moment(required=True, allow_none=True)
    renewed_at = Moment(required=True, allow_none=True)
    done = fields.Integer(required=True)
    failed = fields.Integer(required=True)


class RedisSchema(Answer):
    """What Redis carries; `trouble` says why nobody knows."""

    queues = fields.List(fields.Nested(LoadSchema), required=True)
    workers = fields.List(fields.Nested(WorkerSchema), required=True)
    trouble = fields.String(required=True, allow_none=True)


class QueuesSchema(Answer):
    """How work is: late by more than half a minute means that nobody works."""

    late_seconds = fields.Float(required=True, metadata={"description": "of what has been due the longest"})
    due = fields.Integer(required=True)
    states = fields.List(fields.Nested(StateSchema), required=True)
    redis = fields.Nested(RedisSchema, required=True)


class WorkSchema(Answer):
    """A row of the worklist: what has to be looked at again for a mapping."""

    mapping = fields.Integer(required=True)
    course = fields.String(required=True)
    kind = fields.String(required=True, validate=KIND)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    waiting = fields.Integer(required=True, metadata={"description": "how often it was asked for since the last look"})
    due_at = Moment(required=True, allow_none=True)
    late_seconds = fields.Float(required=True)
    attempts = fields.Integer(required=True, metadata={"description": "failures in a row"})
    crashes = fields.Integer(required=True)
    failing_since = Moment(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)
    lease_until = Moment(required=True, allow_none=True)


class WorkQuery(PageQuery):
    """Which rows: of those that concern somebody, all or those of one concern."""

    concern = fields.String(validate=validate.OneOf(CONCERNS))


class DeadSchema(Answer):
    """Work that gave up after a day of failures."""

    mapping = fields.Integer(required=True)
    kind = fields.String(required=True, validate=KIND)
    course = fields.String(required=True, metadata={"description": "site:course"})
    failures = fields.Integer(required=True)
    crashes = fields.Integer(required=True)
    failing_since = Moment(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)
    message = fields.String(required=True, allow_none=True)


class DeadQuery(PageQuery):
    """Which."""

    site = fields.String(metadata={"description": "name of a site"})
    kind = fields.String(validate=KIND)
    reason = fields.String(metadata={"description": "as the list shows it"})


class RequeueDeadBody(Body):
    """Which: those that fit everything given, or all."""

    mappings = fields.List(fields.Integer(), validate=validate.Length(1))
    site = fields.String(metadata={"description": "name of a site"})
    kind = fields.String(validate=KIND)
    reason = fields.String(metadata={"description": "as the list shows it"})
    all = fields.Boolean(load_default=False)
    dry_run = fields.Boolean(load_default=False, metadata={"description": "only say what would be tried again"})


WorkPage = paged(WorkSchema)
DeadList = listed(DeadSchema)
DeadPage = paged(DeadSchema)
