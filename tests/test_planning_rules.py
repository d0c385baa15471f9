"""The rules of a mapping: defaults, limits, and what is refused as a setting."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.planning.rules import Rules, from_settings, to_settings


@pytest.mark.parametrize(
    ("roster", "limit"),
    [(0, 2), (10, 2), (14, 2), (15, 3), (100, 20), (249, 49), (250, 50), (255, 50), (100_000, 50)],
)
def test_removals_may_be_a_fifth_of_the_roster_but_two_at_least_and_fifty_at_most(roster: int, limit: int) -> None:
    assert Rules().removal_limit(roster) == limit


def test_the_limits_of_removals_are_settings() -> None:
    rules = Rules(removals_least=0, removals_share=0.5, removals_most=7)
    assert [rules.removal_limit(roster) for roster in (0, 1, 2, 14, 100)] == [0, 0, 1, 7, 7]


@pytest.mark.parametrize(("present", "limit"), [(0, 200), (200, 200), (201, 201), (5000, 5000)])
def test_a_run_may_add_as_many_as_there_are_but_two_hundred_at_least(present: int, limit: int) -> None:
    assert Rules().add_limit(present) == limit


def test_no_settings_are_the_defaults() -> None:
    assert from_settings({}) == Rules()
    assert to_settings(Rules()) == {}


def test_settings_survive_being_stored() -> None:
    rules = Rules(
        mode="review", roles=("student", "auditor"), institution_role="learner", email_changed="auto",
        unmanaged="remove", freeze=False,
        removals_least=1, removals_share=0.1, removals_most=5, adds_least=10,
    )  # fmt: skip
    assert from_settings(json.loads(json.dumps(to_settings(rules)))) == rules


@pytest.mark.parametrize(
    ("settings", "rules"),
    [
        ({"roles": "student, auditor ,"}, Rules(roles=("student", "auditor"))),
        *(({"roles": given}, Rules()) for given in ("", " , ", [], [" "])),
        ({"institution_role": " enrolled "}, Rules(institution_role="enrolled")),
        ({"freeze": "No"}, Rules(freeze=False)),
        ({"freeze": 1}, Rules(freeze=True)),
        ({"removals_most": "9"}, Rules(removals_most=9)),
        ({"removals_share": "0.5"}, Rules(removals_share=0.5)),
        ({"removals_share": 0}, Rules(removals_share=0.0)),
        ({"removals_share": 1}, Rules(removals_share=1.0)),
        ({"adds_least": 0}, Rules(adds_least=0)),
    ],
)
def test_settings_may_be_typed_as_texts(settings: dict[str, Any], rules: Rules) -> None:
    assert from_settings(settings) == rules


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mode", "manual"), ("email_changed", None), ("unmanaged", ["keep"]), ("freeze", "maybe"), ("freeze", None),
        ("institution_role", None), ("institution_role", ["student"]),
        ("roles", None), ("roles", [5]), ("roles", {"student": 1}),
        ("removals_share", 20), ("removals_share", -0.1), ("removals_share", "nan"), ("removals_share", "inf"),
        ("removals_share", "20 %"), ("removals_share", None), ("removals_share", True),
        ("removals_least", -1), ("removals_most", 2.5), ("removals_most", "many"), ("adds_least", None),
        ("adds_least", True),
    ],
)  # fmt: skip
def test_it_refuses_what_does_not_fit_and_names_it(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=name):
        from_settings({name: value})


def test_it_refuses_an_unknown_setting_and_says_which_there_are() -> None:
    with pytest.raises(ValueError, match=r"colour is no rule of a mapping.*removals_share"):
        from_settings({"colour": "blue"})


@pytest.mark.parametrize(("present", "limit"), [(0, 5), (29, 5), (30, 6), (100, 20), (1_000, 200)])
def test_grades_may_be_lost_up_to_a_fifth_but_five_at_least(present: int, limit: int) -> None:
    assert Rules().loss_limit(present) == limit


def test_the_rules_of_grades_are_settings() -> None:
    rules = Rules(grades_losses_least=0, grades_losses_share=0.5, grades_every=0)
    assert [rules.loss_limit(present) for present in (0, 1, 2, 7)] == [0, 0, 1, 3]
    assert from_settings(json.loads(json.dumps(to_settings(rules)))) == rules
    assert from_settings({"grades_every": "3600"}) == Rules(grades_every=3600)


@pytest.mark.parametrize(
    ("name", "value"),
    [("grades_losses_share", 1.1), ("grades_losses_share", "nan"), ("grades_losses_least", -1),
     ("grades_losses_least", "few"), ("grades_every", -1), ("grades_every", 10**30), ("grades_every", 0.5),
     ("grades_every", "6 h"), ("grades_every", True)],
)  # fmt: skip
def test_it_refuses_what_does_not_fit_grades_and_names_it(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=name):
        from_settings({name: value})


@pytest.mark.parametrize("rule", ["roles", "capability", "institution_role"])
def test_none_is_nothing_and_not_a_role_called_so(rule: str) -> None:
    assert from_settings({rule: "none"}) == Rules()
