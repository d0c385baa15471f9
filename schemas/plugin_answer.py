"""What the answers of our own Moodle plugin are made of: marshmallow in, frozen dataclasses out."""

from __future__ import annotations

import math
from typing import Any

from marshmallow import fields, post_load

from schemas.wire import AnswerSchema, Several, Text


class Points(fields.Field[Any]):
    """A finite number."""

    default_error_messages = {"invalid": "is not a number", "required": "is missing"}  # noqa: RUF012

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
        if type(value) not in (int, float) or not math.isfinite(value):
            raise self.make_error("invalid")
        return float(value)


class Outcome(Text):
    """One of the words that say what was done."""

    default_error_messages = {"invalid": "is no known outcome"}  # noqa: RUF012

    def __init__(self, words: Any) -> None:
        super().__init__(required=True)
        self._words = frozenset(words.__args__)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        word = super()._deserialize(value, attr, data)
        if word not in self._words:
            raise self.make_error("invalid")
        return word


class PluginSchema(AnswerSchema):
    """An answer, or a part of one, that becomes an object of the class `made`; lists become tuples."""

    made: type[Any]

    @post_load
    def _make(self, found: dict[str, Any], **_: Any) -> Any:
        return self.made(**{name: tuple(each) if type(each) is list else each for name, each in found.items()})


def list_of(schema: type[AnswerSchema]) -> Several:
    return Several(fields.Nested(schema), required=True)


def missing_capabilities() -> Several:
    return Several(Text(), required=True)
