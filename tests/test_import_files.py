"""What an export writes comes back the same, in both formats, and no cell of it is a formula to a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict, fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit import Kit
from app.planning.rules import Rules, to_settings
from app.setup import mapping_file
from app.setup.import_preview import preview
from app.setup.mapping_file import COLUMNS, as_csv, exported, numbered
from app.store import mappings
from schemas.mapping_file import mapping_line
from tests.courses import mapped
from tests.test_planning_properties import QUICK

FORMULAS = ("=1+1", "+1", "-1", "@A1", "\t=1", "\r=1", "'=1", "''=1", " =1", "plain", "O'Lab", "a;=1", "")
SETTINGS = [
    {},
    {"mode": "review", "roles": ["student", "trainee"], "freeze": False, "removals_share": 0.25},
    {"capability": "mod/assign:submit", "grades_every": 0, "unmanaged": "keep", "email_changed": "ignore"},
]


@pytest.fixture
def kit_with_rules(kit: Kit) -> Kit:
    """Three mappings whose rules differ, with courses whose names are formulas."""
    for number, settings in zip(mapped(kit, 3), SETTINGS, strict=True):
        with kit.database.transaction() as tx:
            mappings.set_settings(tx, number, settings)
            mappings.set_names(tx, number, FORMULAS[number], FORMULAS[number + 3])
    return kit


@pytest.mark.parametrize("form", ["csv", "json"])
def test_what_was_exported_changes_nothing_when_it_comes_back(kit_with_rules: Kit, form: str) -> None:
    found = exported(kit_with_rules)
    text = "".join(as_csv(found)) if form == "csv" else json.dumps(found)
    assert [(change.line, change.what) for change in preview(kit_with_rules, numbered(text))] == [
        (number, "unchanged") for number in ((2, 3, 4) if form == "csv" else (1, 2, 3))
    ]


def test_an_export_has_every_rule_as_a_column_with_its_value(kit_with_rules: Kit) -> None:
    first, second, _ = exported(kit_with_rules)
    assert [name for name in COLUMNS if name in asdict(Rules())] == [each.name for each in fields(Rules)]
    assert {name: first[name] for name in asdict(Rules())} == asdict(Rules())
    assert (second["mode"], second["roles"], second["freeze"]) == ("review", ("student", "trainee"), False)


def test_no_cell_of_an_export_is_a_formula_and_names_come_back(kit_with_rules: Kit) -> None:
    text = "".join(as_csv(exported(kit_with_rules)))
    raw = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["course_name"] for row in raw] == ["'+1", "'-1", "'@A1"]
    assert [values["course_name"] for _, values in numbered(text)] == ["+1", "-1", "@A1"]


TEXTS = st.one_of(st.sampled_from(FORMULAS), st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8))


@given(st.lists(st.lists(TEXTS, min_size=len(COLUMNS), max_size=len(COLUMNS)), min_size=1, max_size=3))
@QUICK
def test_whatever_a_cell_holds_comes_back_as_it_was(rows: list[list[str]]) -> None:
    lines = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    kept = [line for line in lines if any(cell.strip() for cell in line.values())]
    text = "".join(as_csv(lines))
    assert [dict(values) for _, values in (numbered(text) if kept else [])] == kept


@given(st.sampled_from(FORMULAS))
def test_no_cell_begins_as_a_formula_does(cell: str) -> None:
    text = "".join(as_csv([dict.fromkeys(COLUMNS, cell)]))
    [row] = list(csv.reader(io.StringIO(text.partition("\r\n")[2], newline="")))
    assert all(each[:1] not in ("=", "+", "-", "@", "\t", "\r") for each in row)


@pytest.mark.parametrize("values", [{}, {"site": "uni"}, {**dict.fromkeys(("site", "instance"), "x"), "course": True}])
def test_a_line_without_its_courses_is_none(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not a mapping"):
        mapping_line(values)


def test_numbers_in_json_name_courses_too() -> None:
    line = mapping_line({"site": "uni", "course": 2, "instance": "kura", "kura_course": 101, "mode": "review"})
    assert (line.course, line.kura_course, line.rules) == ("2", "101", {"mode": "review"})


def test_rules_are_kept_where_they_differ_from_the_defaults(kit_with_rules: Kit) -> None:
    for line, settings in zip(exported(kit_with_rules), SETTINGS, strict=True):
        own = to_settings(Rules(**{name: line[name] for name in mapping_file.RULES}))
        assert json.loads(json.dumps(own)) == settings
