"""The rules of a mapping: what its owner may set, with the defaults of design.md 5 and 6."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

Mode = Literal["auto", "review"]
EmailRule = Literal["hold", "auto", "ignore"]
UnmanagedRule = Literal["hold", "keep", "remove"]

_MOST = 1_000_000_000  # a number of seconds after which there still are dates
_CAPABILITY = re.compile("[a-z][a-z0-9_]*/[a-z][a-z0-9_]*:[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Rules:
    """Settings of one mapping. Shares are of the roster or of Moodle's grades (0.2 = 20 %); budgets count over 24 h."""

    mode: Mode = "auto"  # review: everything waits for a person
    roles: tuple[str, ...] = ()  # shortnames of the course roles whose holders are students; none: archetype student
    capability: str = ""  # what a student must be allowed to do in the course, in place of having a role
    institution_role: str = ""  # shortname of a role that a student must hold in a category or the whole site as well
    email_changed: EmailRule = "hold"
    unmanaged: UnmanagedRule = "hold"  # students in kuraCloud whom no Moodle user was ever linked to
    freeze: bool = True  # no removals after the course's end date
    removals_least: int = 2
    removals_share: float = 0.2
    removals_most: int = 50
    adds_least: int = 200
    grades_losses_least: int = 5
    grades_losses_share: float = 0.2
    grades_every: int = 21_600  # seconds between grade syncs nobody asked for; 0: none by the clock

    def removal_limit(self, roster: int) -> int:
        """How many removals may happen unasked within 24 hours: max(2, min(20 %, 50)) (design.md 6)."""
        return max(self.removals_least, min(int(roster * self.removals_share), self.removals_most))

    def add_limit(self, present: int) -> int:
        """How many additions one run may make unasked: max(200, the present number)."""
        return max(self.adds_least, present)

    def loss_limit(self, present: int) -> int:
        """How many of Moodle's grades may be cleared or lowered unasked within 24 hours: max(5, 20 %)."""
        return max(self.grades_losses_least, int(present * self.grades_losses_share))


def from_settings(settings: Mapping[str, Any]) -> Rules:
    """Rules from a mapping's stored settings; raises ValueError naming what does not fit."""
    known = {each.name: each for each in fields(Rules)}
    unknown = sorted(set(settings) - set(known))
    if unknown:
        raise ValueError(f"{unknown[0]} is no rule of a mapping. There are: {', '.join(known)}.")
    rules = Rules(**{name: _checked(name, value) for name, value in settings.items()})
    if rules.roles and rules.capability:
        raise ValueError("Either roles or a capability make a student, not both: put one back to its default.")
    return rules


def to_settings(rules: Rules) -> dict[str, Any]:
    """What differs from the defaults, to be stored."""
    defaults = asdict(Rules())
    return {name: value for name, value in asdict(rules).items() if value != defaults[name]}


_CHOICES = {
    "mode": ("auto", "review"),
    "email_changed": ("hold", "auto", "ignore"),
    "unmanaged": ("hold", "keep", "remove"),
}


_NAMES = ("roles", "capability", "institution_role")
"""Rules that name something of Moodle's, or nothing, which people write as `none`."""


def _checked(name: str, value: Any) -> Any:
    if name in _NAMES and value == "none":
        value = ""
    if name in _CHOICES:
        return _one_of(name, value)
    if name == "roles":
        return _roles(value)
    if name == "capability":
        return _capability(value)
    if name == "institution_role":
        return _role(name, value)
    if name == "freeze":
        return _flag(value)
    return _share(name, value) if name.endswith("_share") else _number(name, value)


def _share(name: str, value: Any) -> float:
    try:
        share = float(value)
    except (TypeError, ValueError):
        share = -1.0
    # Written this way round, it refuses "nan" too.
    if isinstance(value, bool) or not 0 <= share <= 1:
        raise ValueError(f"{name} must be a number from 0 to 1 (0.2 is 20 %), not {value!r}.")
    return share


def _number(name: str, value: Any) -> int:
    try:
        number = int(str(value))
    except ValueError:
        number = -1
    if not 0 <= number <= _MOST:
        raise ValueError(f"{name} must be a whole number from 0 to {_MOST}, not {value!r}.")
    return number


def _one_of(name: str, value: Any) -> Any:
    if value not in _CHOICES[name]:
        raise ValueError(f"{name} must be one of {', '.join(_CHOICES[name])}, not {value!r}.")
    return value


def _roles(value: Any) -> tuple[str, ...]:
    roles = value.split(",") if isinstance(value, str) else value
    if not isinstance(roles, list | tuple) or not all(isinstance(role, str) for role in roles):
        raise ValueError(f"roles must be a list of roles' shortnames, not {value!r}.")
    return tuple(role.strip() for role in roles if role.strip())


def _capability(value: Any) -> str:
    name = value.strip() if isinstance(value, str) else None
    if name is None or (name and not _CAPABILITY.fullmatch(name)):
        raise ValueError(f"capability must be one of Moodle's, such as mod/assign:submit, not {value!r}.")
    return name


def _role(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a role's shortname, not {value!r}.")
    return value.strip()


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    texts = {"yes": True, "true": True, "on": True, "1": True, "no": False, "false": False, "off": False, "0": False}
    if str(value).lower() not in texts:
        raise ValueError(f"freeze must be yes or no, not {value!r}.")
    return texts[str(value).lower()]
