"""The demo notices when something is wrong: it is no film."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.planting import planted

_PLAY = "import sys; from sandbox.demo import play; sys.exit(play())"


@pytest.mark.timeout(180)
def test_with_one_planning_rule_broken_the_demo_ends_with_1() -> None:
    # No field of a student is compared any more, so a renamed group goes unnoticed.
    with planted("app/planning/actions.py", "FIELDS = (", "FIELDS: tuple[str, ...] = () and (") as folder:
        done = _demo(folder)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "WRONG" in done.stdout


def _demo(folder: Path) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-c", _PLAY], cwd=folder, env=environ, capture_output=True, text=True, timeout=150, check=False
    )
