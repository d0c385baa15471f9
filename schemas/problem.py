"""The one shape of an HTTP error: application/problem+json (RFC 9457), with a stable `reason` slug."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any

CONTENT_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field: `index` counts the events of a delivery from 0, None outside of events."""

    index: int | None
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Problem:
    """An error as it is answered; `detail` is a sentence for people that says what to do."""

    status: int
    reason: str
    detail: str
    errors: tuple[FieldError, ...] = ()

    def document(self) -> dict[str, Any]:
        """The JSON object that is sent."""
        return {
            "type": f"urn:kurasync:problem:{self.reason}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "reason": self.reason,
            "errors": [asdict(error) for error in self.errors],
        }
