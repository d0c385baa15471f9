"""What can be checked in the documentation is checked."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from urllib.parse import parse_qsl, quote_plus

import pytest

from app.cli import COMMANDS
from app.planning import grade_guard, guard
from app.planning.grades import LEFT
from app.planning.rules import Rules
from app.settings import table
from app.setup.sites import FUNCTIONS
from app.store.runs import OUTCOMES
from app.words.cells import cell
from schemas.events import triggered

_ROOT = Path(__file__).parent.parent
_PAGES = ("README.md", *(f"docs/{page.name}" for page in sorted((_ROOT / "docs").glob("*.md"))))


def _read(page: str) -> str:
    return (_ROOT / page).read_text()


def test_every_reason_to_hold_is_explained() -> None:
    assert _explained("docs/architecture.md", "What waits for a person") == {*guard.REASONS, *grade_guard.REASONS}


def test_every_reason_to_leave_a_grade_as_it_is_is_explained() -> None:
    assert _explained("docs/operations.md", "A grade is not in Moodle") == set(LEFT)


def test_every_way_a_run_ends_is_explained() -> None:
    assert _explained("docs/operations.md", "How a run ended") == set(OUTCOMES)


def _explained(page: str, title: str) -> set[str]:
    """The slugs in the first column of the table under a title."""
    section = _read(page).partition(f"## {title}")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", section, re.MULTILINE)
    return {slug for row in rows for slug in re.findall(r"\w+", row)}


def test_the_readme_names_every_moodle_function_that_is_needed() -> None:
    assert set(re.findall(r"`(core_\w+)`", _read("README.md"))) == set(FUNCTIONS)


@pytest.mark.parametrize("page", _PAGES)
def test_a_page_names_only_settings_that_there_are(page: str) -> None:
    known = {variable for variable, _, _ in table()}
    named = set(re.findall(r"KURASYNC_[A-Z_]+[A-Z]", _read(page)))
    assert named <= known


@pytest.mark.parametrize("page", _PAGES)
def test_a_page_names_only_commands_that_there_are(page: str) -> None:
    named = set(re.findall(r"`kurasync ([a-z-]+)", _read(page))) | set(
        re.findall(r"^    (?:\S*/)?kurasync ([a-z-]+)", _read(page), re.MULTILINE)
    )
    assert named <= set(COMMANDS)


@pytest.mark.parametrize("page", _PAGES)
def test_a_link_leads_somewhere(page: str) -> None:
    for target in re.findall(r"\]\((?!https?://)([^)#]+)", _read(page)):
        assert (_ROOT / page).parent.joinpath(target).exists(), target


def test_every_rule_of_a_mapping_is_explained_with_its_default() -> None:
    section = _read("docs/operations.md").partition("## Rules of a mapping")[2].partition("\n## ")[0]
    told: dict[str, str] = {}
    for names, defaults in re.findall(r"^\| (`[^|]+`) \| (`[^|]+`) \|", section, re.MULTILINE):
        told |= zip(re.findall(r"[\w.]+", names), re.findall(r"[\w.]+", defaults), strict=True)
    assert told == {rule: cell(default) or "none" for rule, default in asdict(Rules()).items()}


def test_the_parameters_for_tool_trigger_are_read_as_the_plugin_fills_them_in() -> None:
    (line,) = re.findall(r"^    (eventname=.*)$", _read("docs/events.md"), re.MULTILINE)
    values = {"eventname": r"\core\event\role_assigned", "id": "3", "relateduserid": "5", "courseid": "8"}
    # The plugin encodes each value for a form, and leaves what an event does not have as it was.
    filled = re.sub(r"\{(\w+)\}", lambda found: quote_plus(values.get(found[1], found[0])), line)
    delivery = triggered(dict(parse_qsl(filled)))
    ((_, event),) = delivery.events
    assert (event.name, event.relateduserid, event.courseid) == (r"\core\event\role_assigned", 5, 8)
    assert delivery.origin == "https://moodle.example.edu"


def test_the_example_environment_names_only_settings_that_there_are() -> None:
    known = {variable for variable, _, _ in table()}
    assert set(re.findall(r"KURASYNC_\w+", _read(".env.example"))) <= known
