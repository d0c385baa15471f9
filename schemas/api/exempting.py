"""People whom the rules of a mapping do not concern, and grades handed back, as the API takes and shows them."""

from __future__ import annotations

from marshmallow import fields, validate

from schemas.api.paging import Answer, Body, Moment

_NUMBER = validate.Range(1, 2**31 - 1)


class StudentBody(Body):
    """A student of kuraCloud."""

    student = fields.Integer(required=True, strict=True, validate=_NUMBER)


class UserBody(Body):
    """A user of Moodle."""

    user = fields.Integer(required=True, strict=True, validate=_NUMBER)


class ExemptedSchema(Answer):
    """Somebody whom the rules do not concern."""

    number = fields.Integer(required=True, metadata={"description": "kept: the student; excluded: the Moodle user"})
    linked = fields.Integer(
        required=True, allow_none=True, metadata={"description": "kept: her Moodle user; excluded: the student"}
    )
    since = Moment(required=True)
    by = fields.String(required=True)


class ExemptedList(Answer):
    """All of them, on one side of a mapping."""

    items = fields.List(fields.Nested(ExemptedSchema), required=True)


class LeftSchema(Answer):
    """A grade that a person changed in Moodle, and that the newest run therefore left alone; personal."""

    userid = fields.Integer(required=True)
    who = fields.String(required=True)
    lesson = fields.Integer(required=True)
    revision = fields.Integer(required=True)
    title = fields.String(required=True)
    shown = fields.Float(required=True, allow_none=True, metadata={"description": "in Moodle"})
    value = fields.Float(required=True, allow_none=True, metadata={"description": "in kuraCloud"})


class LeftList(Answer):
    """All of them in a mapping."""

    items = fields.List(fields.Nested(LeftSchema), required=True)


class CellBody(Body):
    """A grade that was looked at."""

    userid = fields.Integer(required=True, strict=True)
    lesson = fields.Integer(required=True, strict=True)
    revision = fields.Integer(required=True, strict=True)
    shown = fields.Float(required=True, allow_none=True)


class HandBackBody(Body):
    """Grades that kuraCloud may overwrite, as they were shown: one that changed since stays with its person."""

    grades = fields.List(fields.Nested(CellBody), required=True, validate=validate.Length(1, 10_000))
