"""How long to wait after a failure: doubling, with full jitter (queue.md 4)."""

from __future__ import annotations

from collections.abc import Callable

from app.settings import Settings

Chance = Callable[[], float]
"""A random number from 0 up to 1; tests pass one that they know."""

# 2 to this power times any first pause is beyond any longest pause; a larger power would only be a larger number.
_MOST_DOUBLINGS = 30


def backoff(settings: Settings, failures: int, chance: Chance) -> float:
    """Seconds to wait when `failures` in a row came before this one."""
    doubled: float = settings.backoff * 2 ** min(failures, _MOST_DOUBLINGS)
    return chance() * min(settings.backoff_max, doubled)
