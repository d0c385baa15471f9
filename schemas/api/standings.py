"""How it stands with students and grades, as the API shows it."""

from __future__ import annotations

from marshmallow import fields, validate

from schemas.api.paging import Answer, Moment, PageQuery

STUDENTS = (
    "in_step",
    "invited",
    "waiting",
    "conflict",
    "refused",
    "left_out",
    "only_in_kuracloud",
    "pending",
)
GRADES = (
    "in_step",
    "waiting",
    "changed_in_moodle",
    "locked",
    "not_linked",
    "left_out",
    "not_in_export",
    "doubtful",
    "refused",
    "pending",
)


class _Person(Answer):
    userid = fields.Integer(required=True, allow_none=True, metadata={"description": "in Moodle"})
    studentid = fields.Integer(required=True, allow_none=True, metadata={"description": "in kuraCloud"})
    name = fields.String(required=True)


class StudentSchema(_Person):
    """How it stands with one student; personal."""

    email = fields.String(required=True)
    standing = fields.String(required=True, validate=validate.OneOf(STUDENTS))
    message = fields.String(required=True, metadata={"description": "a sentence for people"})
    reasons = fields.List(fields.String(), required=True, metadata={"description": "slugs that stay"})


class ColumnSchema(Answer):
    """How it stands with one column of Moodle's gradebook."""

    lesson = fields.Integer(required=True)
    revision = fields.Integer(required=True)
    title = fields.String(required=True)
    standing = fields.String(required=True, validate=validate.OneOf(GRADES))
    message = fields.String(required=True, metadata={"description": "a sentence for people"})


class GradeSchema(Answer):
    """Where one grade is, and why."""

    lesson = fields.Integer(required=True)
    revision = fields.Integer(required=True)
    standing = fields.String(required=True, validate=validate.OneOf(GRADES))
    message = fields.String(required=True, metadata={"description": "a sentence for people"})
    value = fields.Float(required=True, allow_none=True, metadata={"description": "points in kuraCloud"})
    shown = fields.Float(required=True, allow_none=True, metadata={"description": "points in Moodle"})


class GradedSchema(_Person):
    """One student's grades; personal."""

    grades = fields.List(fields.Nested(GradeSchema), required=True)


class _Standings(Answer):
    read_at = Moment(required=True, allow_none=True, metadata={"description": "null: nothing was looked at yet"})
    looking = fields.Boolean(required=True, metadata={"description": "another look is wanted or under way"})
    counts = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    next = fields.String(required=True, allow_none=True, metadata={"description": "cursor of the next page"})


class StudentsSchema(_Standings):
    """A page of the students on either side."""

    items = fields.List(fields.Nested(StudentSchema), required=True)


class GradesSchema(_Standings):
    """Every column, and a page of the students who have a grade in one."""

    columns = fields.List(fields.Nested(ColumnSchema), required=True)
    items = fields.List(fields.Nested(GradedSchema), required=True)


class StudentsQuery(PageQuery):
    """Which students."""

    standing = fields.String(validate=validate.OneOf(STUDENTS))


class GradesQuery(PageQuery):
    """Whose grades: those with this standing alone, where one is given."""

    standing = fields.String(validate=validate.OneOf(GRADES))
