"""`make bench`: every figure beside its limit, each measured against a floor of the same run; 1 when one is short."""

from __future__ import annotations

import sys

from benchmarks import audit, bad_course, latency, memory, pages, plan, receiver

MEASURES = (
    plan.figures,
    audit.figures,
    bad_course.figures,
    receiver.figures,
    latency.figures,
    pages.figures,
    memory.figures,
)


def main() -> int:
    """Print a line for each figure; returns 1 when one is short."""
    short = 0
    for measure in MEASURES:
        for figure in measure():
            print(figure.line(), flush=True)
            short += not figure.is_ok
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
