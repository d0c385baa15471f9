"""A copy of the project with one line changed, to see whether anybody notices."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_COPIED = (
    *("app", "workers", "schemas", "sandbox", "tests", "docs", "benchmarks"),
    *("pyproject.toml", "Procfile", "Makefile", "README.md", "CHANGELOG.md"),
)


@contextmanager
def planted(file: str, line: str, bug: str) -> Iterator[Path]:
    """The folder of a copy in whose `file` the text `line`, which must be there just once, became `bug`."""
    with tempfile.TemporaryDirectory(prefix="kurasync-planted-") as name:
        folder = Path(name)
        for copied in _COPIED:
            _copy(_ROOT / copied, folder / copied)
        path = folder / file
        text = path.read_text()
        assert text.count(line) == 1, f"{file} has the text {text.count(line)} times, not once: {line!r}"
        path.write_text(text.replace(line, bug))
        yield folder


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", ".*_cache"))
    elif source.exists():
        shutil.copy(source, target)
