"""One line of `make bench`: a value, its limit, and whether it is good enough."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` and `limit` in `unit`; `least`: the value must reach the limit, else it must not pass it."""

    name: str
    value: float
    limit: float
    unit: str
    least: bool = False
    note: str = ""

    @property
    def is_ok(self) -> bool:
        """Whether the value is within its limit."""
        return self.value >= self.limit if self.least else self.value <= self.limit

    def line(self) -> str:
        """name, value, limit, ok or short."""
        relation = ">=" if self.least else "<="
        limit = f"{relation} {self.limit:g} {self.unit}"
        verdict = "ok" if self.is_ok else "short"
        return f"{self.name:<48} {self.value:9.3f}  {limit:<12} {verdict:<6} {self.note}".rstrip()
