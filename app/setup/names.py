"""What people may call a site or an instance."""

from __future__ import annotations

import re

from app.errors import Refused

_NAME = re.compile(r"(?!\d+$)[a-z0-9][a-z0-9_-]{0,63}")


def checked_name(name: str) -> str:
    """The name, if it can stand in a URL and before a colon; raises Refused."""
    if not _NAME.fullmatch(name):
        raise Refused(
            f"{name!r} cannot be a name: use small letters, digits, - and _, at least one letter, at most 64 in all."
        )
    return name
