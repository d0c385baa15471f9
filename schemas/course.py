"""What Moodle's plugin asks at the course door: marshmallow in, a frozen dataclass out (tests/recordings/course)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, pre_load, validate

from schemas.problem import FieldError

Verb = Literal[
    "status",
    "candidates",
    "map",
    "unmap",
    "preview",
    "task",
    "continue",
    "sync",
    "approve",
    "reject",
    "students",
    "grades",
]

MOST = 500
"""Students of one page, at most."""

_LARGEST = 2**53 - 1  # what JSON carries exactly
_LONGEST_SEARCH = 100


@dataclass(frozen=True, slots=True)
class CourseRequest:
    """What somebody at a Moodle course asks for; `arguments` are those of the verb, with their defaults."""

    wwwroot: str
    courseid: int
    userid: int
    verb: Verb
    arguments: Mapping[str, Any]


class CourseRequestRefused(Exception):
    """It does not have the shape of a request."""

    def __init__(self, errors: Iterator[FieldError]) -> None:
        super().__init__("not a request of a course page")
        self.errors = tuple(errors)


def _printable(text: str) -> None:
    # NUL cannot be stored in PostgreSQL, a lone surrogate in neither database.
    if not text.isprintable():
        raise ValidationError("must not contain control characters")


def _number(least: int = 1) -> fields.Integer:
    return fields.Integer(required=True, strict=True, validate=validate.Range(least, _LARGEST))


def _kind() -> fields.String:
    return fields.String(required=True, validate=validate.OneOf(("roster", "grades")))


def _digest() -> fields.String:
    return fields.String(required=True, validate=validate.Regexp(r"[0-9a-f]{64}\Z", error="is no digest"))


class _Arguments(Schema):
    """Of a verb; nothing unknown. PHP writes an empty object as an empty list."""

    class Meta:
        unknown = RAISE

    @pre_load
    def _empty(self, given: Any, **_: Any) -> Any:
        return {} if given == [] else given


class _Search(_Arguments):
    search = fields.String(load_default="", validate=[validate.Length(max=_LONGEST_SEARCH), _printable])


class _Map(_Arguments):
    instance = fields.String(required=True, validate=[validate.Length(1, 64), _printable])
    course = _number()


class _Unmap(_Arguments):
    mapping = _number()


class _OfKind(_Arguments):
    kind = _kind()


class _OfTask(_Arguments):
    task = _number()


class _Continue(_OfTask):
    digest = _digest()


class _Decide(_OfKind):
    digest = _digest()


class _Page(_Arguments):
    after = fields.String(load_default=None, allow_none=True, validate=validate.Regexp(r"[0-9]{1,18}\Z"))
    limit = fields.Integer(load_default=100, strict=True, validate=validate.Range(1, MOST))


class _Data(Schema):
    class Meta:
        unknown = EXCLUDE

    wwwroot = fields.String(required=True, validate=[validate.Length(1, 2000), _printable])
    courseid = _number()
    userid = _number()
    verb = fields.String(required=True)
    arguments = fields.Raw(load_default=dict)


class _Envelope(Schema):
    class Meta:
        unknown = EXCLUDE

    type = fields.String(required=True, validate=validate.Equal("moodle.course"))
    timestamp = fields.AwareDateTime(required=True)
    data = fields.Nested(_Data, required=True)


_ENVELOPE = _Envelope()
_ARGUMENTS: Mapping[str, Schema] = {
    "status": _Arguments(),
    "candidates": _Search(),
    "map": _Map(),
    "unmap": _Unmap(),
    "preview": _OfKind(),
    "task": _OfTask(),
    "continue": _Continue(),
    "sync": _OfKind(),
    "approve": _Decide(),
    "reject": _Decide(),
    "students": _Page(),
    "grades": _Page(),
}


def read(document: object) -> CourseRequest:
    """The request in a body; raises CourseRequestRefused, which says field by field what is wrong."""
    try:
        content = _ENVELOPE.load(cast("Any", document))["data"]
    except ValidationError as error:
        raise CourseRequestRefused(_complaints("", error.messages)) from None
    verb = content["verb"]
    if verb not in _ARGUMENTS:
        known = ", ".join(_ARGUMENTS)
        raise CourseRequestRefused(_complaints("data.verb", [f"Must be one of: {known}."]))
    try:
        arguments = _ARGUMENTS[verb].load(content["arguments"])
    except ValidationError as error:
        raise CourseRequestRefused(_complaints("data.arguments", error.messages)) from None
    return CourseRequest(content["wwwroot"], content["courseid"], content["userid"], verb, arguments)


def _complaints(path: str, messages: Any) -> Iterator[FieldError]:
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            yield from _complaints(path if key == "_schema" else f"{path}.{key}".lstrip("."), inner)
    else:
        yield from (FieldError(None, path, str(message)) for message in messages)
