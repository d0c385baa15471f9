"""kurasync's own processes, in which something is killed (SIGKILL) when a step is passed: once for each step armed.

`python -m tests.fated up` is `kurasync up` with such processes. FATE names a folder; a file in it is called like a step
(tests.points) and holds the id of the process to be killed, or nothing: then it is the one that passes. Whoever passes
first renames the file, so that nobody else dies of it.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

from app import cli
from tests import points

VARIABLE = "FATE"


class Fates:
    """The folder of steps at which something is to die."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def arm(self, step: str, victim: int = 0) -> None:
        """Let the process `victim`, or 0: whichever passes by, be killed at this step."""
        draft = self._folder / f".{step}"
        draft.write_text(str(victim))
        draft.rename(self._folder / step)

    def met(self, step: str) -> bool:
        """Whether it has happened."""
        return (self._folder / f"{step}.met").exists()

    def clear(self) -> None:
        """Let nothing happen any more, and forget what has."""
        for file in self._folder.iterdir():
            file.unlink()

    def pass_by(self, step: str) -> None:
        """A step is passed."""
        met = self._folder / f"{step}.met"
        try:
            (self._folder / step).rename(met)
        except FileNotFoundError:
            return
        with suppress(ProcessLookupError):
            os.kill(int(met.read_text()) or os.getpid(), signal.SIGKILL)


def main() -> None:
    """`kurasync` with the arguments given; what it forks inherits the steps."""
    fates = Fates(Path(os.environ[VARIABLE]))
    points.install(setattr, fates.pass_by)
    with points.committing(fates.pass_by):
        cli.main()


if __name__ == "__main__":
    main()
