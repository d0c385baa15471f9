"""`kurasync trace` on the terminal: words, widths, JSON, and nobody's address among the arguments."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from click.testing import CliRunner, Result

from app.cli import root
from app.kit import Kit
from tests.conftest import SetClock
from tests.tracing import ANA, come, forget, leave
from tests.world import World, world


@dataclass
class Told:
    """Ana came, left, and was removed after somebody had approved it."""

    made: World
    ana: int

    def run(self, *arguments: str, typed: str | None = None, columns: int | None = None) -> Result:
        settings = self.made.kit.settings
        environ: dict[str, str | None] = {name: None for name in os.environ if name.startswith("KURASYNC_")}
        environ |= {"KURASYNC_HOME": str(settings.home), "KURASYNC_DATABASE_URL": settings.database_url}
        environ |= {"KURASYNC_SECRET_KEY": settings.secret_key, "COLUMNS": str(columns) if columns else None}
        return CliRunner().invoke(root, ["trace", *arguments], input=typed, env=environ, prog_name="kurasync")


@pytest.fixture
def told(sqlite_kit: Kit, clock: SetClock) -> Iterator[Told]:
    with world(sqlite_kit, clock) as made:
        ana = come(made)
        leave(made, ana)
        made.approve()
        yield Told(made, ana)


def test_the_first_thing_to_read_is_why_she_was_removed(told: Told) -> None:
    lines = told.run("--user", f"uni:{told.ana}").stdout.splitlines()
    assert lines[0] == f"Moodle user {told.ana} of uni: Ana Lee, {ANA}"
    (why,) = [line for line in lines if line.startswith("Why:")]
    for words in (
        "Removed from Physiology 1 on",
        "was no longer a student of the Moodle course",
        "Moodle had reported user_enrolment_deleted at",
        "(event 2)",
        "Approved by a teacher on",
        "kuraCloud showed afterwards that the student was gone.",
    ):
        assert words in why
    assert lines[-1] == "Nothing is waiting."


def test_each_line_says_what_happened_and_who_answers_for_it(told: Told) -> None:
    said = told.run("--user", f"uni:{told.ana}").stdout
    for words in (
        "Moodle said      user_enrolment_created about user",
        "run 1            looked at the roster: because of user_enrolment_created (event 1)",
        "call             to kuraCloud, run 1, by kurasync itself: add and invite user",
        "approved         hold 1, by a teacher",
        "looked at the roster: because somebody had let hold 1 go ahead",
        "approved by a teacher: remove student",
        "answered         done, after 0.0 s",
        "is gone from the course",
    ):
        assert words in said


@pytest.mark.parametrize("columns", [80, 120])
def test_it_fits_the_terminal(told: Told, columns: int) -> None:
    said = told.run("--user", f"uni:{told.ana}", columns=columns).stdout
    assert max(map(len, said.splitlines())) <= columns
    assert len(said.splitlines()) < 50  # one page


def test_the_address_comes_from_standard_input(told: Told) -> None:
    assert told.run("--email", "-", typed=f"{ANA}\n").stdout.startswith("Moodle user")


@pytest.mark.parametrize(
    ("arguments", "typed", "words"),
    [
        (["--user", ANA], None, "--email"),
        (["--user", "uni"], None, "SITE:USERID"),
        (["--email", "-"], "", "One e-mail address"),
        (["--email", "-"], "a@example.edu b@example.edu\n", "One e-mail address"),
        (["--run", "1", "--event", "1"], None, "Say one of"),
        ([], None, "Say one of"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_words(
    told: Told, arguments: list[str], typed: str | None, words: str
) -> None:
    done = told.run(*arguments, typed=typed)
    assert done.exit_code == 2
    assert words in done.stderr


def test_a_refused_argument_is_not_repeated_when_it_is_an_address(told: Told) -> None:
    assert ANA not in told.run("--user", ANA).stderr


def test_programs_get_the_same_as_json(told: Told) -> None:
    (found,) = json.loads(told.run("--user", f"uni:{told.ana}", "--json").stdout)
    assert found["about"]["users"] == [{"site": "uni", "userid": told.ana}]
    assert [each["cause"] for each in found["removals"]] == ["left"]
    assert found["removals"][0]["at"].endswith("Z")
    assert {each["what"] for each in found["moments"]} >= {"event", "run", "planned", "call", "answer", "shown"}


def test_what_is_no_longer_kept_is_said(told: Told) -> None:
    forget(told.made)
    said = told.run("--user", f"uni:{told.ana}").stdout
    assert "No longer kept: 2 events and 2 runs" in said
    assert "Approved by a teacher" in said


def test_a_limit_leaves_out_the_oldest_and_says_so(told: Told) -> None:
    said = told.run("--user", f"uni:{told.ana}", "--limit", "3").stdout
    assert "earlier line(s) are left out" in said
    assert "user_enrolment_created" not in said


def test_a_run_and_an_event_are_told_too(told: Told) -> None:
    assert told.run("--run", "1").stdout.startswith("Run 1")
    assert told.run("--event", "sent-2").stdout.startswith("Event 2")
    assert told.run("--run", "99").exit_code == 1


def test_it_is_said_that_kurasync_has_removed_nobody(sqlite_kit: Kit, clock: SetClock) -> None:
    with world(sqlite_kit, clock) as made:
        said = Told(made, come(made)).run("--email", "-", typed=ANA).stdout
    assert "kurasync has removed this person from no kuraCloud course" in said
