"""Course mappings, as the API takes and shows them."""

from __future__ import annotations

from marshmallow import fields, validate

from schemas.api.paging import Answer, Body, Moment, PageQuery, Query, paged

STATES = ("idle", "scheduled", "wanted", "running", "paused", "parked", "dead", "held")
_NAME = validate.Length(1, 255)
_MOST = 10**9
_COUNT = validate.Range(0, _MOST)
_SHARE = validate.Range(0, 1)


class MappingQuery(PageQuery):
    """Which mappings: those that fit everything given."""

    search = fields.String(
        load_default="",
        validate=validate.Length(max=255),
        metadata={"description": "part of a course's name, or its number"},
    )
    state = fields.String(
        validate=validate.OneOf(STATES), metadata={"description": "held: something waits for approval"}
    )
    site = fields.String(metadata={"description": "name of a site"})
    instance = fields.String(metadata={"description": "name of an instance"})


class MappingSchema(Answer):
    """A Moodle course and the kuraCloud course that is kept in step with it."""

    id = fields.Integer(required=True)
    moodle = fields.String(required=True, metadata={"description": "site:course"})
    course_name = fields.String(required=True)
    kuracloud = fields.String(required=True, metadata={"description": "instance:course"})
    kura_course_name = fields.String(required=True)
    links = fields.Integer(required=True, metadata={"description": "students linked"})
    state = fields.String(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)
    started = fields.Boolean(required=True, metadata={"description": "whether its first plan was approved"})
    due_at = Moment(required=True, allow_none=True)
    hold = fields.Integer(required=True, allow_none=True, metadata={"description": "what waits for approval"})
    drift = fields.Integer(required=True, metadata={"description": "differences that no event explained"})
    last_outcome = fields.String(required=True, allow_none=True)
    last_ended_at = Moment(required=True, allow_none=True)


class WholeMappingSchema(MappingSchema):
    """All that is known of a mapping; personal, because conflicts name students."""

    obstacle = fields.String(required=True, allow_none=True, metadata={"description": "why no run starts"})
    late_seconds = fields.Float(required=True)
    failing_since = Moment(required=True, allow_none=True)
    attempts = fields.Integer(required=True)
    last_run = fields.Integer(required=True, allow_none=True)
    last_reason = fields.String(required=True, allow_none=True)
    last_message = fields.String(required=True, allow_none=True)
    conflicts = fields.List(fields.Dict(), required=True)
    reconcile_at = Moment(required=True, allow_none=True, metadata={"description": "next comparison by the clock"})
    grades_state = fields.String(required=True, allow_none=True)
    grades_hold = fields.Integer(required=True, allow_none=True)
    grades_last_run = fields.Integer(required=True, allow_none=True)
    grades_last_reason = fields.String(required=True, allow_none=True)
    grades_last_message = fields.String(required=True, allow_none=True)
    grades_last_outcome = fields.String(required=True, allow_none=True)
    grades_last_ended_at = Moment(required=True, allow_none=True)
    grades_at = Moment(required=True, allow_none=True)
    settings = fields.Dict(required=True, metadata={"description": "rules that differ from their defaults"})
    kept = fields.List(fields.Integer(), required=True, metadata={"description": "kuraCloud students"})
    excluded = fields.List(fields.Integer(), required=True, metadata={"description": "Moodle users"})


class NewMappingBody(Body):
    """Two courses to be mapped."""

    site = fields.String(required=True, validate=_NAME)
    course = fields.String(required=True, validate=_NAME, metadata={"description": "id or short name"})
    instance = fields.String(required=True, validate=_NAME)
    kura_course = fields.String(required=True, validate=_NAME, metadata={"description": "number, code or name"})
    shared = fields.Boolean(
        load_default=False, metadata={"description": "although the instance or the course serves another site already"}
    )


class AddedMappingSchema(MappingSchema):
    """A mapping that was made."""

    notes = fields.List(fields.String(), required=True, metadata={"description": "what this means for people"})


class RulesBody(Body):
    """Rules to change; null puts one back to its default (docs/operations.md says what each does)."""

    mode = fields.String(allow_none=True, validate=validate.OneOf(("auto", "review")))
    roles = fields.List(fields.String(validate=_NAME), allow_none=True)
    capability = fields.String(allow_none=True, validate=validate.Length(max=255))
    institution_role = fields.String(allow_none=True, validate=validate.Length(max=255))
    email_changed = fields.String(allow_none=True, validate=validate.OneOf(("hold", "auto", "ignore")))
    unmanaged = fields.String(allow_none=True, validate=validate.OneOf(("hold", "keep", "remove")))
    freeze = fields.Boolean(allow_none=True)
    removals_least = fields.Integer(allow_none=True, strict=True, validate=_COUNT)
    removals_share = fields.Float(allow_none=True, validate=_SHARE)
    removals_most = fields.Integer(allow_none=True, strict=True, validate=_COUNT)
    adds_least = fields.Integer(allow_none=True, strict=True, validate=_COUNT)
    grades_losses_least = fields.Integer(allow_none=True, strict=True, validate=_COUNT)
    grades_losses_share = fields.Float(allow_none=True, validate=_SHARE)
    grades_every = fields.Integer(allow_none=True, strict=True, validate=_COUNT)


class RulesSchema(Answer):
    """All rules of a mapping, and the defaults."""

    rules = fields.Dict(required=True)
    defaults = fields.Dict(required=True)


class RemoveQuery(Query):
    """How a mapping is removed."""

    force = fields.Boolean(
        load_default=False, metadata={"description": "although the kuraCloud course cannot be given back: it is gone"}
    )


class RemovedMappingSchema(Answer):
    """What became of a mapping that was removed."""

    given_back = fields.Boolean(
        required=True, metadata={"description": "whether people can edit the students in kuraCloud again"}
    )


class OurCourseBody(Body):
    """A Moodle course."""

    site = fields.String(required=True, validate=_NAME)
    course = fields.String(required=True, validate=_NAME, metadata={"description": "id or short name"})


class TheirCourseBody(Body):
    """A kuraCloud course."""

    instance = fields.String(required=True, validate=_NAME)
    course = fields.String(required=True, validate=_NAME, metadata={"description": "number, code or name"})


class RepointBody(Body):
    """Where a mapping is to point; what is not given stays."""

    moodle = fields.Nested(OurCourseBody)
    kuracloud = fields.Nested(TheirCourseBody)
    shared = fields.Boolean(load_default=False)
    force = fields.Boolean(load_default=False)
    dry_run = fields.Boolean(load_default=False, metadata={"description": "say what it would mean, and change nothing"})


class PairSchema(Answer):
    """Two courses of a mapping."""

    courseid = fields.Integer(required=True)
    course_name = fields.String(required=True)
    kura_courseid = fields.Integer(required=True)
    kura_course_name = fields.String(required=True)


class MoveSchema(Answer):
    """What pointing a mapping elsewhere means, or meant."""

    mapping = fields.Integer(required=True)
    before = fields.Nested(PairSchema, required=True)
    to = fields.Nested(PairSchema, required=True)
    returned = fields.Boolean(required=True, metadata={"description": "its own Moodle course came back as this one"})
    keeps_links = fields.Boolean(required=True, metadata={"description": "else users and students are matched anew"})
    given_back = fields.Boolean(required=True, allow_none=True, metadata={"description": "null: nothing was done"})


class RunBody(Body):
    """A run to ask for."""

    kind = fields.String(required=True, validate=validate.OneOf(("roster", "grades")))


class AskedSchema(Answer):
    """A run that was asked for: the first whose `covers` includes this generation answers."""

    mapping = fields.Integer(required=True)
    kind = fields.String(required=True)
    generation = fields.Integer(required=True)
    obstacle = fields.String(
        required=True, allow_none=True, metadata={"description": "why none starts yet, and what to do about it"}
    )


MappingPage = paged(MappingSchema)
