"""The rules of a mapping in the words of a form: what each is called, what it does, and how its value is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

from app.planning.rules import Rules

_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `choices`: value -> text, where there are only some; `unit` says in what a number is typed."""

    label: str
    about: str
    choices: Mapping[str, str] | None = None
    unit: str = ""


RULES: Mapping[str, Rule] = {
    "mode": Rule(
        "Approval",
        "Whether everything waits for a person, or only what is risky.",
        {"auto": "only what is risky waits", "review": "everything waits"},
    ),
    "roles": Rule(
        "Roles of students",
        "Short names of the course roles whose holders are students, with commas between; none: every role of the "
        "archetype student.",
    ),
    "capability": Rule(
        "Capability of students", "What a student must be allowed to do in the course, instead of having a role."
    ),
    "institution_role": Rule(
        "Institution role",
        "Short name of a role that a student must have in a category or the whole site as well. Needs Moodle's plugin.",
    ),
    "email_changed": Rule(
        "When an address changes",
        "kuraCloud cannot change an address: the old account is removed and the new address invited, without the "
        "grades so far.",
        {"hold": "a person approves it", "auto": "remove and invite anew", "ignore": "leave the account as it is"},
    ),
    "unmanaged": Rule(
        "Students in kuraCloud only",
        "What is done with students whom nobody in Moodle was ever linked to.",
        {"hold": "a person decides", "keep": "keep them", "remove": "remove them"},
    ),
    "freeze": Rule(
        "After the course's end",
        "Whether nobody is removed any more after the end date of the Moodle course.",
        {"yes": "nobody is removed", "no": "students are removed as before"},
    ),
    "removals_least": Rule("Removals a day, at least", "So many are always allowed within 24 hours unasked."),
    "removals_share": Rule("Removals a day, share", "Beyond that, so much of the roster.", unit="%"),
    "removals_most": Rule("Removals a day, at most", "Never more than so many unasked."),
    "adds_least": Rule("Additions at once", "So many at once unasked, or as many as there are students already."),
    "grades_losses_least": Rule("Grades lost a day, at least", "So many may be cleared or lowered unasked."),
    "grades_losses_share": Rule("Grades lost a day, share", "Beyond that, so much of Moodle's grades.", unit="%"),
    "grades_every": Rule("Grades by themselves", "How often grades are carried over unasked; 0: never.", unit="hours"),
}
"""Every rule there is, in the order of a form."""


def written(chosen: Rules) -> dict[str, str]:
    """The values of all rules as people type them."""
    return {name: _written(name, value) for name, value in asdict(chosen).items()}


def read(typed: Mapping[str, str]) -> dict[str, str]:
    """What people typed, as app.setup.mappings.set_rules takes it; what is no number is left to be refused there."""
    return {name: _read(RULES[name].unit, text.strip()) for name, text in typed.items()}


def shown(name: str, chosen: Rules) -> str:
    """The value of a rule in words."""
    value, rule = written(chosen)[name], RULES[name]
    if rule.choices:
        return rule.choices[value]
    return f"{value} {rule.unit}".replace(" %", "%").strip() if value else "none"


def refusal(message: str) -> str:
    """Why a value is refused, by the label of its rule, and in the unit in which people type it."""
    name, _, rest = message.partition(" ")
    rule = RULES.get(name)
    if rule is None:
        return message
    if rule.unit == "%":
        return f"{rule.label}: type a number from 0 to 100."
    return f"{rule.label}: type a number of hours, 0 or more." if rule.unit else f"{rule.label} {rest}"


def _written(name: str, value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return ", ".join(value)
    unit = RULES[name].unit
    return f"{value * 100:g}" if unit == "%" else f"{value / _HOUR:g}" if unit == "hours" else str(value)


def _read(unit: str, text: str) -> str:
    try:
        number = float(text) if unit else 0.0
    except ValueError:
        return text
    if not isfinite(number):
        return text
    return repr(round(number / 100, 6)) if unit == "%" else str(round(number * _HOUR)) if unit == "hours" else text
