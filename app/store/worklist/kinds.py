"""The kinds of work."""

from __future__ import annotations

ROSTER = "roster"
GRADES = "grades"
KINDS = (ROSTER, GRADES)

# Grades are wanted and kept, but no job does them yet: their rows are neither handed out nor late.
DISPATCHABLE = (ROSTER,)
