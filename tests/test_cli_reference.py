"""docs/cli.md and docs/configuration.md say what the commands and the settings are."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.cli import COMMANDS
from app.cli.reference import documents

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("path", documents())
def test_a_generated_document_is_up_to_date(path: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == documents()[path], "run `python -m app.cli.reference`"


def test_every_command_is_in_the_reference() -> None:
    reference = documents()["docs/cli.md"]
    for name in COMMANDS:
        assert f"## kurasync {name}\n" in reference
    assert "### kurasync site add\n" in reference
    assert "#### kurasync site secret end\n" in reference
