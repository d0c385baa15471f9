"""A plan, judged: what goes ahead, what waits for a person and why, and what must not happen now (design.md 6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Held(Generic[A]):
    """An action that waits, with the slugs of its reasons."""

    action: A
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict(Generic[A]):
    """Every action of a plan is in exactly one of the three."""

    go: tuple[A, ...]
    held: tuple[Held[A], ...]
    dropped: tuple[tuple[A, str], ...] = ()
