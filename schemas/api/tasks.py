"""Tasks, as the API takes and shows them."""

from __future__ import annotations

from marshmallow import fields, validate

from schemas.api.paging import Answer, Body, Moment, PageQuery, paged

OF_MAPPING = ("roster_plan", "grades_plan", "mapping_check")
OF_ALL = ("audit_check", "doctor")
KINDS = (*OF_MAPPING, *OF_ALL)
STATES = ("wanted", "running", "done", "failed", "used")


class TaskBody(Body):
    """What is to be looked into; nothing is changed by it."""

    kind = fields.String(
        required=True,
        validate=validate.OneOf(KINDS),
        metadata={"description": "roster_plan and grades_plan: a preview of what a run would do now"},
    )
    mapping = fields.Integer(
        strict=True,
        validate=validate.Range(1, 2**31 - 1),
        metadata={"description": f"for {', '.join(OF_MAPPING)} alone"},
    )


class TaskQuery(PageQuery):
    """Which tasks: those that fit everything given."""

    kind = fields.String(validate=validate.OneOf(KINDS))
    mapping = fields.Integer()
    state = fields.String(validate=validate.OneOf(STATES))


class TaskSchema(Answer):
    """Something that was asked for, takes its time and changes nothing."""

    id = fields.Integer(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    mapping = fields.Integer(required=True, allow_none=True)
    state = fields.String(
        required=True,
        validate=validate.OneOf(STATES),
        metadata={"description": "used: a plan that somebody let be carried out"},
    )
    asked_by = fields.String(required=True)
    asked_at = Moment(required=True)
    began_at = Moment(required=True, allow_none=True)
    ended_at = Moment(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True, metadata={"description": "why it failed"})
    message = fields.String(required=True, allow_none=True)


class WholeTaskSchema(TaskSchema):
    """A task with what came of it; personal.

    Of a preview: `plan`, and the `digest` that going on takes. Of a check: `checks`, or what the audit's proof said.
    """

    result = fields.Dict(required=True, allow_none=True)


class GoneOnSchema(Answer):
    """The first run whose `covers` includes the generation does what was shown."""

    mapping = fields.Integer(required=True)
    kind = fields.String(required=True)
    generation = fields.Integer(required=True)
    hold = fields.Integer(required=True, allow_none=True, metadata={"description": "what was approved with it"})


TaskPage = paged(TaskSchema)
