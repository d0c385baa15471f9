"""Parts of a plan as people read it, and how one kind of plan is put in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]
"""A line of a list, by column."""

Planned = Mapping[str, Any]
"""A plan, or an action of one, as it is stored and given to programs."""


ERASED = "(erased)"
"""Stands for a name that `kurasync erase` has taken away."""


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under a title; nothing is shown where there are none."""

    title: str
    rows: Sequence[Row]
    titles: Mapping[str, str]
    remark: str = ":"


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of one kind of plan: `actions` and `reasons` by slug, `line` for one action under `titles`.

    `others` are the sections besides what goes ahead and what is held; `nothing` stands for an empty plan.
    """

    actions: Mapping[str, str]
    reasons: Mapping[str, str]
    titles: Mapping[str, str]
    line: Callable[[Planned], Row]
    others: Callable[[Planned], Iterator[Section]]
    nothing: str

    def what(self, action: str) -> str:
        """An action in words."""
        return self.actions.get(action, action)

    def reason(self, slug: str) -> str:
        """Why something is held."""
        return self.reasons.get(slug, slug)
