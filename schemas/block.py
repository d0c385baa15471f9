"""The tables of block_kuracloud, and what Moodle's grade history tells of its grades: rows in, dataclasses out.

Source: db/install.xml of block_kuracloud v1.1.1 (kuracloud/moodle-block_kuracloud), lib/db/install.xml of Moodle.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from marshmallow import fields, post_load

from schemas.wire import AnswerSchema, Id, Label, Text, WrongShape, read

Row = Mapping[str, Any]

ENDPOINTS, COURSES, USERS = "block_kuracloud_endpoints", "block_kuracloud_courses", "block_kuracloud_users"
GRADES = "block_kuracloud_grades"

FIELDS: Mapping[str, tuple[str, ...]] = {
    ENDPOINTS: ("encrypted_token", "api_endpoint", "instanceid"),
    COURSES: ("courseid", "remote_instanceid", "remote_courseid"),
    USERS: ("userid", "remote_studentid", "remote_instanceid", "remote_courseid"),
    GRADES: ("courseid", "lesson", "revision", "userid", "grade", "source"),
}
"""What is read of each: the block's three tables, and an excerpt of the grade history."""

OPTIONAL = frozenset({GRADES})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A connection of the block's to a kuraCloud instance; the token as the block encrypted it."""

    encrypted_token: str = field(repr=False)
    api_endpoint: str
    instanceid: str


@dataclass(frozen=True, slots=True)
class BlockCourse:
    """A Moodle course and the kuraCloud course that the block maps it to."""

    courseid: int
    remote_instanceid: str
    remote_courseid: int


@dataclass(frozen=True, slots=True)
class BlockLink:
    """A Moodle user and the kuraCloud student whom the block takes for the same person."""

    userid: int
    remote_studentid: int
    remote_instanceid: str
    remote_courseid: int


@dataclass(frozen=True, slots=True)
class WrittenGrade:
    """A grade that somebody wrote into a column of the block's; `source` is "" where the block did."""

    courseid: int
    lesson: int
    revision: int
    userid: int
    grade: float | None
    source: str


@dataclass(frozen=True, slots=True)
class Block:
    """Everything the block knows; `grades` in the order in which they were written."""

    endpoints: tuple[Endpoint, ...]
    courses: tuple[BlockCourse, ...]
    links: tuple[BlockLink, ...]
    grades: tuple[WrittenGrade, ...] = ()


class _Points(fields.Field[Any]):
    """A grade: a number of the database's, or the digits of one; None where there is none."""

    default_error_messages = {"invalid": "is not a number"}  # noqa: RUF012

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> float | None:
        try:
            number = None if value is None else float(value)
        except (TypeError, ValueError):
            raise self.make_error("invalid") from None
        if number is not None and not math.isfinite(number):
            raise self.make_error("invalid")
        return number


class _RowSchema(AnswerSchema):
    """A row that becomes an object of the class `made`."""

    made: type[Any]

    @post_load
    def _make(self, found: dict[str, Any], **_: Any) -> Any:
        return self.made(**found)


class EndpointSchema(_RowSchema):
    """A row of block_kuracloud_endpoints."""

    made = Endpoint
    encrypted_token = Text(required=True)
    api_endpoint = Text(required=True)
    instanceid = Label(required=True)


class CourseSchema(_RowSchema):
    """A row of block_kuracloud_courses."""

    made = BlockCourse
    courseid = Id(required=True)
    remote_instanceid = Label(required=True)
    remote_courseid = Id(required=True)


class LinkSchema(_RowSchema):
    """A row of block_kuracloud_users."""

    made = BlockLink
    userid = Id(required=True)
    remote_studentid = Id(required=True)
    remote_instanceid = Label(required=True)
    remote_courseid = Id(required=True)


class GradeSchema(_RowSchema):
    """A row of grade_grades_history in a column of the block's."""

    made = WrittenGrade
    courseid = Id(required=True)
    lesson = Id(required=True)
    revision = Id(required=True)
    userid = Id(required=True)
    grade = _Points()
    source = Text(load_default="")


_SCHEMAS = {
    ENDPOINTS: EndpointSchema(many=True),
    COURSES: CourseSchema(many=True),
    USERS: LinkSchema(many=True),
    GRADES: GradeSchema(many=True),
}


def read_block(tables: Mapping[str, Sequence[Row]]) -> Block:
    """The block's tables; raises WrongShape, which names the table and its row, counted from 0."""
    return Block(*(_rows(name, tables.get(name, ())) for name in (ENDPOINTS, COURSES, USERS, GRADES)))


def _rows(name: str, rows: Sequence[Row]) -> Any:
    try:
        return tuple(cast("list[Any]", read(_SCHEMAS[name], list(rows), "that table")))
    except WrongShape as error:
        raise WrongShape(f"{name} holds {error}") from None
