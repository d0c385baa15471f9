"""What the audit is sealed with: digests of rows in a chain, and salted digests of personal values (design.md 10)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

GENESIS = "0" * 64
"""What stands for the seal before the first one."""


def canonical(value: object) -> str:
    """A value as JSON in one spelling only: what was stored as JSON and read again gives the same."""
    return json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False)


def salted(salt: str, values: Mapping[str, Any]) -> str:
    """The digest that stands in a row for personal values: without the salt, nobody can try out names against it."""
    return _sha256(f"{salt}:{canonical(values)}")


def seal(previous: str, row: Mapping[str, Any]) -> str:
    """The seal of a row (every column by name) that follows the one with the seal `previous`."""
    return _sha256(f"{previous}:{canonical(row)}")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("ascii")).hexdigest()
