"""What goes with something that is removed, as people are told before they say yes."""

from __future__ import annotations

from collections.abc import Sequence

_FEW = 12


def with_it(mapping_ids: Sequence[int]) -> str:
    """Which mappings go with a connection."""
    if not mapping_ids:
        return "No course is mapped by it."
    named = ", ".join(map(str, mapping_ids[:_FEW]))
    more = f" and {len(mapping_ids) - _FEW} more" if len(mapping_ids) > _FEW else ""
    if len(mapping_ids) == 1:
        return f"With it goes mapping {named}: its courses are no longer kept in step."
    return f"With it go mappings {named}{more}: their courses are no longer kept in step."
