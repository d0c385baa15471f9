"""JSON as PHP writes it."""

from __future__ import annotations

import json


def php_json(value: object) -> str:
    """JSON without blanks, in ASCII, with slashes escaped."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/")
