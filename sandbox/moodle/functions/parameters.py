"""What a function accepts, and Moodle's way of refusing everything else (contracts/moodle.md 1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from sandbox.moodle.errors import MoodleError, invalid_parameter

REQUIRED: Any = object()
"""The `default` of what must be given."""
_REFUSED = "Invalid parameter value detected"
_PATTERNS = {
    "raw": r"(?s).*",
    "int": r"-?\d+",
    "float": r"[+-]?(\d+\.?\d*|\.\d+)(?i:e[+-]?\d+)?",
    "bool": r"[01]?|true|false",
    "alpha": r"[A-Za-z]*",
    "alphanumext": r"[A-Za-z0-9_-]*",
    "capability": r"\w+/\w+:\w+",
}


class Spec(Protocol):
    """A description of one value."""

    @property
    def default(self) -> Any:
        """What the function gets when none was sent; REQUIRED: none may be missing."""

    def clean(self, given: object) -> Any:
        """The value as the function gets it; raises MoodleError."""


@dataclass(frozen=True, slots=True)
class Value:
    """A single value, sent as text; `kind` is one of Moodle's PARAM_ types."""

    kind: str = "raw"
    default: Any = REQUIRED

    def clean(self, given: object) -> Any:
        """The value, of the type its kind says."""
        if not isinstance(given, str):
            raise invalid_parameter("Scalar type expected, array or object received.")
        if not re.fullmatch(_PATTERNS[self.kind], given):
            raise invalid_parameter(
                f'Invalid external api parameter: the value is "{given}", the server was expecting "{self.kind}" type'
            )
        if self.kind == "bool":
            return given in ("1", "true")
        if self.kind == "float":
            return float(given)
        return int(given) if self.kind == "int" else given


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list, sent as `name[0]`, `name[1]` and so on."""

    item: Spec
    default: Any = REQUIRED

    def clean(self, given: object) -> list[Any]:
        """The items in the order they were sent."""
        if not isinstance(given, Mapping):
            raise invalid_parameter(f"Only arrays accepted. The bad value is: '{given}'")
        return [self.item.clean(item) for item in given.values()]


@dataclass(frozen=True, slots=True)
class Struct:
    """Named values, sent as `name[key]`."""

    keys: Mapping[str, Spec] = field(default_factory=dict)
    default: Any = REQUIRED

    def clean(self, given: object) -> dict[str, Any]:
        """All keys, with defaults where none was sent; nothing else may be there."""
        if not isinstance(given, Mapping):
            raise invalid_parameter(f"Only arrays accepted. The bad value is: '{given}'")
        if extra := given.keys() - self.keys.keys():
            raise invalid_parameter(f"Unexpected keys ({', '.join(sorted(extra))}) detected in parameter array.")
        return {name: self._key(name, given) for name in self.keys}

    def _key(self, name: str, given: Mapping[str, object]) -> Any:
        spec = self.keys[name]
        if name not in given:
            if spec.default is REQUIRED:
                raise invalid_parameter(f"Missing required key in single structure: {name}")
            return spec.default
        try:
            return spec.clean(given[name])
        except MoodleError as refusal:
            raise invalid_parameter(f"{name} => {_REFUSED}: {refusal.debuginfo}") from refusal
