"""A line of a file of mappings, as people edit it: marshmallow in, a dataclass out (docs/many-mappings.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from marshmallow import INCLUDE, Schema, ValidationError, post_load

from schemas.wire import Label, read

NAMES = ("site", "course", "instance", "kura_course")
"""What says which two courses belong together: the columns that every file has."""
INFORMATION = ("mapping", "course_name", "kura_course_name")
"""What an export says besides, so that people know what they see; not looked at when the file comes back."""


@dataclass(frozen=True, slots=True)
class MappingLine:
    """One mapping of a file. `course` and `kura_course` are as people name them; in `rules` blank means the default."""

    site: str
    course: str
    instance: str
    kura_course: str
    rules: dict[str, Any]


class _Line(Schema):
    class Meta:
        unknown = INCLUDE

    site = Label(required=True)
    course = Label(required=True)
    instance = Label(required=True)
    kura_course = Label(required=True)

    @post_load
    def _made(self, values: dict[str, Any], **_: Any) -> MappingLine:
        names = {name: values.pop(name).strip() for name in NAMES}
        empty = next((name for name, value in names.items() if not value), None)
        if empty:
            raise ValidationError("is empty", empty)
        return MappingLine(**names, rules={name: value for name, value in values.items() if name not in INFORMATION})


_LINE = _Line()


def mapping_line(values: object) -> MappingLine:
    """What one line says; raises WrongShape, whose text names columns."""
    found: MappingLine = read(_LINE, values, "a mapping")
    return found
