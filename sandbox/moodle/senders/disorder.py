"""What the way to a receiver does to events: doubles them, swaps them, loses them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from random import Random
from typing import TypeAlias, TypeVar

T = TypeVar("T")
Choice: TypeAlias = "float | Collection[int]"
"""How often, from 0.0 to 1.0, or exactly which ones, counted from 0 in the order in which a sender was told of them."""


@dataclass(slots=True)
class Disorder:
    """`reordered` events come after the one that follows them in the same delivery."""

    duplicated: Choice = 0.0
    reordered: Choice = 0.0
    lost: Choice = 0.0
    seed: int = 0
    _random: Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = Random(self.seed)

    def applied(self, items: list[tuple[int, T]]) -> list[T]:
        """What arrives of numbered items."""
        kept = [(number, item) for number, item in items if not self._strikes(self.lost, number)]
        self._swap(kept)
        return [item for number, item in kept for _ in range(1 + self._strikes(self.duplicated, number))]

    def _swap(self, items: list[tuple[int, T]]) -> None:
        numbers = [number for number, _ in items]
        for place, number in enumerate(numbers[:-1]):
            if self._strikes(self.reordered, number):
                items[place], items[place + 1] = items[place + 1], items[place]

    def _strikes(self, choice: Choice, number: int) -> bool:
        if isinstance(choice, int | float):
            return self._random.random() < choice
        return number in choice
