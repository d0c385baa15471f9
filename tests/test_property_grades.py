"""Whatever happens around the grades of a course: no person's grade is overwritten, and calm brings it in step.

The oracle is tests/gradebook_oracle.py. The seeds are fixed here, so that a run is like any other; `make soak` draws
new ones.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.grades_machine import GradesMachine

_COMMON = settings(
    stateful_step_count=25,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)
_EXAMPLES = 10


def _run(template: Path, folder: Path, chosen: settings, number: int | None = None) -> None:
    class Machine(GradesMachine):
        def __init__(self) -> None:
            super().__init__(template, folder)

    run_state_machine_as_test(Machine if number is None else seed(number)(Machine), settings=chosen)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("number", range(2))
def test_calm_brings_the_gradebook_in_step(sqlite_template: Path, tmp_path: Path, number: int) -> None:
    _run(sqlite_template, tmp_path, settings(_COMMON, max_examples=_EXAMPLES), number)


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_calm_brings_the_gradebook_in_step_for_long(sqlite_template: Path, tmp_path: Path) -> None:
    _run(sqlite_template, tmp_path, settings(_COMMON, max_examples=2000, stateful_step_count=60))
