"""Fifteen seeded one-line bugs, each of which must turn the suite red: `make mutants` shows it.

A mutant is planted in a copy of the project, and the tests that should notice are run there; a mutant that survives, or
whose line is no longer found, makes this fail.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

from tests.planting import planted

_TESTS_FAILED = 1  # pytest's exit code; others mean that it did not get so far


@dataclass(frozen=True, slots=True)
class Mutant:
    """One bug: in `file`, `line` becomes `bug`; one of `tests` must fail."""

    name: str
    file: str
    line: str
    bug: str
    tests: tuple[str, ...]


MUTANTS = (
    Mutant(
        "stop at a short page",
        "app/sync/read.py",
        "            _verify_end(",
        "            (lambda _: None)(",
        ("tests/test_read_proof.py",),
    ),
    Mutant(
        "skip the guard",
        "app/sync/roster.py",
        ".carry_out(look.verdict.go)",
        ".carry_out(look.plan.actions)",
        ("tests/test_roster_sync.py",),
    ),
    Mutant(
        "casefold e-mails",
        "app/planning/sameness.py",
        "    return key.lower() if key.isascii() else key.translate(_ASCII_LOWER)",
        "    return key.casefold()",
        ("tests/test_planning_sameness.py",),
    ),
    Mutant(
        "link by position",
        "app/sync/bonds.py",
        "        by_address = self._by_address.get(email_key(profile.email), [])",
        "        by_address = [each for each in self._new if not bonds.is_tied(each.student_id)][:1]",
        ("tests/test_echoes.py",),
    ),
    Mutant(
        "drop the read-back",
        "app/sync/apply.py",
        "        if self._record.lease.wrote:",
        "        if False:",
        ("tests/test_roster_sync.py",),
    ),
    Mutant(
        "forget the 24 h window",
        "app/sync/recall.py",
        "steps.removals_since(tx, mapping.id, now - DAY)",
        "steps.removals_since(tx, mapping.id, now)",
        ("tests/test_apply_limits.py",),
    ),
    Mutant(
        "trust an empty answer",
        "app/planning/students.py",
        "    if missing:",
        "    if missing and enrolled:",
        ("tests/test_read_proof.py", "tests/test_planning_students.py"),
    ),
    Mutant(
        "end links on a short kuraCloud answer",
        "app/planning/guard.py",
        "    if plan.lost > most or 0 < plan.lost == plan.links:",
        "    if False:",
        ("tests/test_read_proof.py", "tests/test_planning_guard.py"),
    ),
    Mutant(
        "enqueue without the claim",
        "app/store/worklist/lease.py",
        "    .where(THIS_ROW, STARTABLE)\n    .values(\n        fence",
        "    .where(THIS_ROW)\n    .values(\n        fence",
        ("tests/test_worklist_lease.py", "tests/test_worklist_races.py"),
    ),
    Mutant(
        "keep going after a lost lease",
        "app/sync/lease.py",
        "        if gate is None:\n            raise LeaseLost(_LOST)",
        "        if gate is None:\n            return",
        ("tests/test_lease.py",),
    ),
    Mutant(
        "overwrite a person's grade",
        "app/planning/grade_cells.py",
        '    return "" if _is_ours(now, known, book.writer) else "person"',
        '    return ""',
        ("tests/test_grades_persons.py", "tests/test_planning_grades.py"),
    ),
    Mutant(
        "write grades of a link that moved",
        "app/sync/grades_recall.py",
        "        moved=frozenset(made | ended),",
        "        moved=frozenset(),",
        ("tests/test_grades_students.py",),
    ),
    Mutant(
        "forget yesterday's losses",
        "app/sync/grades_recall.py",
        "steps.losses_since(tx, mapping.id, now - DAY)",
        "steps.losses_since(tx, mapping.id, now)",
        ("tests/test_grades_guard.py",),
    ),
    Mutant(
        "send a grade before it is written down",
        "app/sync/grades_record.py",
        "        cells.begin(tx, self.lease.mapping_id, sent, by)",
        "        cells.begin(tx, self.lease.mapping_id, {}, by)",
        ("tests/test_grades_run.py",),
    ),
    Mutant(
        "remove a vanished column unasked",
        "app/planning/grade_guard.py",
        "    if isinstance(action, act.RemoveColumn):",
        "    if False:",
        ("tests/test_grades_guard.py", "tests/test_planning_grade_guard.py"),
    ),
)


def main() -> int:
    """Plant each mutant and run its tests; returns 1 when one survives."""
    survivors = [mutant.name for mutant in MUTANTS if not _is_noticed(mutant)]
    print(f"{len(MUTANTS) - len(survivors)} of {len(MUTANTS)} seeded bugs were noticed.")
    return 1 if survivors else 0


def _is_noticed(mutant: Mutant) -> bool:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-m", "not soak", *mutant.tests]
    with planted(mutant.file, mutant.line, mutant.bug) as folder:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    noticed = done.returncode == _TESTS_FAILED
    failures = [line.split(" - ")[0] for line in done.stdout.splitlines() if line.startswith("FAILED")]
    print(f"{'noticed ' if noticed else 'SURVIVED'}  {mutant.name:<38}  {' '.join(failures) or done.stdout[-300:]}")
    return noticed


if __name__ == "__main__":
    sys.exit(main())
