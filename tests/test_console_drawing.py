"""What pages are drawn with: tables, times, pages of a list, and lengths of time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import render_template_string
from werkzeug.exceptions import InternalServerError

from app.kit import Kit
from app.web.console.page import http_error
from app.words.going import with_it
from app.words.section import Section
from app.words.spans import span
from tests.visiting import console_at

AT = datetime(2026, 11, 23, 10, 20, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _a_page(sqlite_kit: Kit) -> Iterator[None]:
    with console_at(sqlite_kit).test_request_context("/runs?kind=roster&before=7"):
        yield


def draw(source: str, **facts: Any) -> str:
    """A template's text on one line."""
    whole = '{% import "_macros.html" as ui with context %}' + source
    return " ".join(render_template_string(whole, **facts).split())


def test_a_table_names_its_columns_for_eyes_and_ears() -> None:
    drawn = draw('{{ ui.table("Runs", rows, titles) }}', rows=[{"id": 1, "n": 2}], titles={"id": "run", "n": "new"})
    assert '<caption class="unseen">Runs</caption>' in drawn
    assert '<th scope="col" role="columnheader">Run</th>' in drawn
    assert '<td role="cell" data-title="New" class=" number"><div>2</div></td>' in drawn


def test_a_very_long_address_may_go_on_in_the_next_line() -> None:
    long = "somebody.with.a.very.long.address@students.department.example.edu"
    drawn = draw("{{ text|cell }}", text=f"<a@b> -> {long}")
    assert drawn.startswith("&lt;a@b&gt; → somebody.with.a.very.long.<wbr>address@<wbr>students.<wbr>")
    assert drawn.replace("<wbr>", "").endswith(long)


def test_columns_that_are_empty_everywhere_are_left_out() -> None:
    rows = [{"a": 1, "b": None}, {"a": 0, "b": ""}]
    drawn = draw('{{ ui.table("T", rows, titles) }}', rows=rows, titles={"a": "first", "b": "second"})
    assert "Second" not in drawn
    assert "<div>0</div>" in drawn


def test_an_empty_list_says_so() -> None:
    assert "Nobody yet." in draw('{{ ui.table("T", [], {}, empty="Nobody yet.") }}')


def test_a_page_draws_the_cells_it_wants_to() -> None:
    source = (
        '{% call(row, key) ui.table("T", rows, titles) %}{% if key == "a" %}<a href="/">{{ row.a }}</a>{% endif %}'
        "{% endcall %}"
    )
    drawn = draw(source, rows=[{"a": "x", "b": "y"}], titles={"a": "a", "b": "b"})
    assert '<div><a href="/">x</a></div>' in drawn
    assert "<div>y</div>" in drawn


def test_names_from_elsewhere_stay_text() -> None:
    drawn = draw('{{ ui.table("T", rows, {"a": "a"}) }}', rows=[{"a": "<script>alert(1)</script>"}])
    assert "<script" not in drawn


def test_a_part_of_a_plan_says_how_many_and_why() -> None:
    part = Section("Remove", [{"who": "Ana"}], {"who": "who"}, ". Why: It would empty the course.")
    drawn = draw("{{ ui.section(part) }}", part=part)
    assert '<h2>Remove <span class="count plain">1</span></h2>' in drawn
    assert "Why: It would empty the course.</p>" in drawn
    assert draw("{{ ui.section(part) }}", part=Section("Add", [], {})) == ""


def test_what_the_title_of_a_part_explains_stands_below_its_number() -> None:
    drawn = draw("{{ ui.section(part) }}", part=Section("Conflicts: nothing is done", [{"who": "Ana"}], {"who": "who"}))
    assert '<h2>Conflicts <span class="count plain">1</span></h2> <p class="remark">Nothing is done.</p>' in drawn


def test_an_error_of_the_program_is_a_page_with_words() -> None:
    page, status = http_error(InternalServerError())
    assert (status, "its log says more" in page, "<h1>Something went wrong</h1>" in page) == (500, True, True)


def test_a_time_is_exact_for_programs_and_readable_for_people() -> None:
    assert '<time datetime="2026-11-23T10:20:30+00:00">' in draw("{{ ui.time(at) }}", at=AT)
    assert '<time datetime="2026-11-23T10:20:30+00:00">' in draw("{{ ui.time(at) }}", at=AT.timestamp())
    assert "never" in draw("{{ ui.time(none) }}")


def test_a_state_says_itself_and_is_not_a_colour_alone() -> None:
    assert draw('{{ ui.badge("parked") }}') == '<span class="badge bad">parked</span>'
    assert draw('{{ ui.badge("something new") }}') == '<span class="badge plain">something new</span>'


def test_a_list_is_read_on_with_what_it_was_narrowed_by() -> None:
    drawn = draw('{{ ui.pager(5, "before") }}')
    assert 'href="/runs?kind=roster&amp;before=5"' in drawn
    assert 'href="/runs?kind=roster"' in drawn


def test_what_is_wrong_with_a_field_is_read_with_it() -> None:
    drawn = draw('{{ ui.field("n", "Name", "x", hint="Short.", wrong="Too long.") }}')
    assert 'aria-invalid="true" aria-describedby="f-n-hint f-n-wrong"' in drawn


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.04, "0.0 s"), (9.9, "9.9 s"), (42.4, "42 s"), (119, "119 s"), (150, "2 minutes"), (7300, "2 hours")],
)
def test_lengths_of_time_are_said_as_people_say_them(seconds: float, said: str) -> None:
    assert span(seconds) == said


def test_what_goes_with_a_connection_is_named_and_not_without_end() -> None:
    assert with_it([]) == "No course is mapped by it."
    assert with_it([3]).startswith("With it goes mapping 3:")
    assert with_it(range(1, 4)).startswith("With it go mappings 1, 2, 3:")
    assert "12 and 8 more" in with_it(range(1, 21))
