"""Whole documents, as the API shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from marshmallow import fields


class Document(fields.Dict):
    """An object of any shape, whose times, however deep, are RFC 3339."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return _plain(value)


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return value.isoformat()
        case dict():
            return {str(name): _plain(each) for name, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
    return value
