"""A plan, judged: what goes ahead, what waits for a person and why, and what must not happen now (design.md 6)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Held(Generic[A]):
    """An action that waits, with the slugs of its reasons."""

    action: A
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict(Generic[A]):
    """Every action of a plan is in exactly one of the first three; `lifted` go ahead because limits were lifted."""

    go: tuple[A, ...]
    held: tuple[Held[A], ...]
    dropped: tuple[tuple[A, str], ...] = ()
    lifted: tuple[A, ...] = ()


@dataclass(slots=True)
class Case(Generic[A]):
    """One action while it is judged; `lifted`: a limit that was lifted is all that kept it."""

    action: A
    approved: bool
    reasons: list[str] = field(default_factory=list)
    lifted: bool = False

    @property
    def free(self) -> bool:
        """Whether nothing keeps it, and no person let it go: limits count these."""
        return not self.approved and not self.reasons


def hold(cases: Iterable[Case[A]], reason: str) -> None:
    """One more reason why these wait."""
    for case in cases:
        case.reasons.append(reason)


def lift(cases: Iterable[Case[A]], limits: Collection[str]) -> None:
    """Forget the reasons that are limits; what waits for another one still waits for that."""
    for case in cases:
        left = [reason for reason in case.reasons if reason not in limits]
        case.lifted = case.lifted or (bool(case.reasons) and not left)
        case.reasons = left


def held(cases: Iterable[Case[A]]) -> tuple[Held[A], ...]:
    """What waits."""
    return tuple(Held(case.action, tuple(case.reasons)) for case in cases if case.reasons)


def lifted(cases: Iterable[Case[A]]) -> tuple[A, ...]:
    """What goes ahead because limits were lifted."""
    return tuple(case.action for case in cases if case.lifted and not case.reasons)
