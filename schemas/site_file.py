"""The file in which Moodle's plugin hands a Moodle over: marshmallow in, a dataclass out (docs/moodle-plugin.md)."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field
from typing import Any

from marshmallow import ValidationError, post_load

from schemas.wire import AnswerSchema, Text, WrongShape, read

_SECRET = "whsec_"
_SECRET_BYTES = range(24, 65)  # Standard Webhooks


@dataclass(frozen=True, slots=True)
class SiteFile:
    """A Moodle with its token and webhook secret; `siteidentifier` tells it from others."""

    name: str
    url: str
    token: str = field(repr=False)
    secret: str = field(repr=False)
    siteidentifier: str


class _SiteFile(AnswerSchema):
    name = Text(required=True)
    url = Text(required=True)
    token = Text(required=True)
    secret = Text(required=True)
    siteidentifier = Text(required=True)

    @post_load
    def _made(self, values: dict[str, Any], **_: Any) -> SiteFile:
        empty = next((name for name, value in values.items() if not value.strip()), None)
        if empty:
            raise ValidationError("is empty", empty)
        if not _is_secret(values["secret"]):
            raise ValidationError("is not a webhook secret", "secret")
        return SiteFile(**values)


_SITE_FILE = _SiteFile()


def site_file(text: str) -> SiteFile:
    """What the file says; raises WrongShape, whose text names keys, never values."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise WrongShape("something that is not JSON") from None
    found: SiteFile = read(_SITE_FILE, document, "the file of a site")
    return found


def _is_secret(text: str) -> bool:
    try:
        key = base64.b64decode(text.removeprefix(_SECRET), validate=True)
    except (binascii.Error, ValueError):
        return False
    return text.startswith(_SECRET) and len(key) in _SECRET_BYTES
