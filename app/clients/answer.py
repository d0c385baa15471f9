"""What came back over HTTP, before anybody has made sense of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class NotJson(ValueError):
    """The body of an answer is not JSON: a page for people, or cut off."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: `content` is unpacked, `headers` finds names in any case."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        """The parsed body; raises NotJson."""
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            raise NotJson from None
