"""What can be checked in the documentation is checked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.cli import COMMANDS
from app.planning.guard import REASONS
from app.settings import table
from app.setup.sites import FUNCTIONS

_ROOT = Path(__file__).parent.parent
_PAGES = ("README.md", *(f"docs/{page.name}" for page in sorted((_ROOT / "docs").glob("*.md"))))


def _read(page: str) -> str:
    return (_ROOT / page).read_text()


def test_every_reason_to_hold_is_explained() -> None:
    section = _read("docs/architecture.md").partition("## What waits for a person")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", section, re.MULTILINE)
    assert {reason for row in rows for reason in re.findall(r"\w+", row)} == set(REASONS)


def test_the_readme_names_every_moodle_function_that_is_needed() -> None:
    assert set(re.findall(r"`(core_\w+)`", _read("README.md"))) == set(FUNCTIONS)


@pytest.mark.parametrize("page", _PAGES)
def test_a_page_names_only_settings_that_there_are(page: str) -> None:
    known = {variable for variable, _, _ in table()}
    named = set(re.findall(r"KURASYNC_[A-Z_]+[A-Z]", _read(page)))
    assert named <= known


@pytest.mark.parametrize("page", _PAGES)
def test_a_page_names_only_commands_that_there_are(page: str) -> None:
    named = set(re.findall(r"`kurasync ([a-z]+)", _read(page))) | set(
        re.findall(r"^    (?:\S*/)?kurasync ([a-z]+)", _read(page), re.MULTILINE)
    )
    assert named <= set(COMMANDS)


@pytest.mark.parametrize("page", _PAGES)
def test_a_link_leads_somewhere(page: str) -> None:
    for target in re.findall(r"\]\((?!https?://)([^)#]+)", _read(page)):
        assert (_ROOT / page).parent.joinpath(target).exists(), target


def test_the_example_environment_names_only_settings_that_there_are() -> None:
    known = {variable for variable, _, _ in table()}
    assert set(re.findall(r"KURASYNC_\w+", _read(".env.example"))) <= known
