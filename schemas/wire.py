"""What answers of Moodle and kuraCloud are made of, and how they are read: tolerant of more, strict on other types."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, missing

_LARGEST = 2**63 - 1  # what a column of a database can hold
_DIGITS = re.compile("[0-9]{1,19}")


class WrongShape(ValueError):
    """An answer that is valid JSON and still not what was asked for; its text names types and keys, never values."""


class AnswerSchema(Schema):
    """Base of all answers: what is not known is passed over."""

    error_messages = {"type": "is not an object"}  # noqa: RUF012

    class Meta:
        unknown = EXCLUDE


class _Value(fields.Field[Any]):
    """A value that may be absent or null, which is the same; both give the default, or are an error without one."""

    default_error_messages = {"required": "is missing"}  # noqa: RUF012

    def deserialize(
        self, value: Any, attr: str | None = None, data: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> Any:
        # Validators are not run: there are none, and marshmallow's whole way takes twice as long.
        if value is None or value is missing:
            return super().deserialize(missing, attr, data, **kwargs)
        return self._deserialize(value, attr, data)


class Id(_Value):
    """A positive number; PHP gives it as a number or as a text of digits."""

    default_error_messages = {"invalid": "is not an id"}  # noqa: RUF012

    smallest = 1

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        number = int(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else value
        if type(number) is not int or not self.smallest <= number <= _LARGEST:
            raise self.make_error("invalid")
        return number


class Count(Id):
    """A number that may be 0: a date, a mode."""

    default_error_messages = {"invalid": "is not a number"}  # noqa: RUF012

    smallest = 0


class Text(_Value):
    """A text, as it is; one that a database could not keep is none."""

    default_error_messages = {"invalid": "is not a text"}  # noqa: RUF012

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str) or not (value.isprintable() or _can_be_kept(value)):
            raise self.make_error("invalid")
        return value


def _can_be_kept(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)


class Label(Text):
    """A text that may come as a number: a version, an identity."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        return super()._deserialize(str(value) if type(value) is int else value, attr, data)


class Flag(_Value):
    """True or false; PHP also gives 1 and 0, as number or text."""

    default_error_messages = {"invalid": "is neither true nor false"}  # noqa: RUF012

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if isinstance(value, bool):
            return value
        if type(value) in (int, str) and str(value) in ("0", "1"):
            return str(value) == "1"
        raise self.make_error("invalid")


class Several(fields.List[Any]):
    """A list of values of one kind."""

    default_error_messages = {"required": "is missing", "null": "is missing", "invalid": "is not a list"}  # noqa: RUF012


def read(schema: Schema, value: object, what: str) -> Any:
    """What the schema makes of a parsed answer; raises WrongShape, which says that it is not `what`."""
    if not isinstance(value, list if schema.many else dict):
        raise WrongShape(f"{_kind(value)}, which is not {what}")
    try:
        return schema.load(value)
    except ValidationError as error:
        raise WrongShape(f"something that is not {what} ({_first(error.messages)})") from None


def _kind(value: object) -> str:
    kinds = {list: "a list", dict: "an object", str: "a text", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")


def _first(problem: Any) -> str:
    """The first of marshmallow's messages with the way to it: `[3].email is not a text`."""
    way = ""
    while isinstance(problem, dict):
        key, problem = next(iter(problem.items()))
        if key != "_schema":
            way += f"[{key}]" if isinstance(key, int) else f".{key}"
    return f"{way.removeprefix('.')} {problem[0]}"
