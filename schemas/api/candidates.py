"""Courses that are not mapped, as the API shows them."""

from __future__ import annotations

from marshmallow import fields, validate

from schemas.api.paging import MOST, Answer, Query


class CandidateQuery(Query):
    """Which courses: those that fit everything given."""

    search = fields.String(
        load_default="",
        validate=validate.Length(max=255),
        metadata={"description": "part of a course's name, code or number"},
    )
    site = fields.String(metadata={"description": "name of a site"})
    instance = fields.String(metadata={"description": "name of an instance"})
    limit = fields.Integer(
        load_default=50,
        validate=validate.Range(1, MOST),
        metadata={"description": "of each list; search for the others"},
    )


class OursSchema(Answer):
    """A Moodle course that is not mapped."""

    moodle = fields.String(required=True, metadata={"description": "site:course"})
    shortname = fields.String(required=True)
    fullname = fields.String(required=True)


class TheirsSchema(Answer):
    """A kuraCloud course that is not mapped."""

    kuracloud = fields.String(required=True, metadata={"description": "instance:course"})
    code = fields.String(required=True)
    name = fields.String(required=True)
    lms_enabled = fields.Boolean(required=True, metadata={"description": "another system has its students"})


class LikelySchema(Answer):
    """Two courses that nothing but their names says belong together."""

    moodle = fields.String(required=True)
    shortname = fields.String(required=True)
    fullname = fields.String(required=True)
    kuracloud = fields.String(required=True)
    code = fields.String(required=True)
    name = fields.String(required=True)
    why = fields.String(required=True)


class CandidatesSchema(Answer):
    """Everything that could be mapped."""

    likely = fields.List(fields.Nested(LikelySchema), required=True)
    moodle = fields.List(fields.Nested(OursSchema), required=True)
    kuracloud = fields.List(fields.Nested(TheirsSchema), required=True)
    more = fields.Boolean(required=True, metadata={"description": "whether a list was cut at the limit"})
    silent = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata={"description": "why some connection could not be asked, by its name"},
    )
