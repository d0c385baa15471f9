"""What the audit is sealed with: digests of rows in a chain, and salted digests of personal values (design.md 10)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

GENESIS = "0" * 64
"""What stands for the seal before the first one."""

# It never fails, whatever somebody wrote into the database: one row must not keep all later ones from being sealed.
_JSON = json.JSONEncoder(sort_keys=True, ensure_ascii=True, separators=(",", ":"), default=repr)


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain at some time: how many rows were sealed, and the seal of the last one."""

    seq: int
    seal: str
    sealed_at: float


def canonical(value: object) -> str:
    """A value as JSON in one spelling only: what was stored as JSON and read again gives the same."""
    return _JSON.encode(value)


def salted(salt: str, values: Mapping[str, Any]) -> str:
    """The digest that stands in a row for personal values: without the salt, nobody can try out names against it."""
    return _sha256(f"{salt}:{canonical(values)}")


def seal(previous: str, seq: int, sealed_at: float, row: Mapping[str, Any]) -> str:
    """The seal of a row (every column by name) that follows the one with the seal `previous`."""
    return _sha256(f"{previous}:{canonical([seq, sealed_at, row])}")


def _sha256(text: str) -> str:
    # What somebody wrote into the database need not be text that UTF-8 knows.
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
