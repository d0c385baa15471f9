"""Tables for spreadsheet programs: CSV whose cells are never taken for formulas, and come back as they were."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import TextIO

# Where a spreadsheet may see a cell begin: at its start, and after what other countries' settings take for a separator.
_BEGIN = r"(^|[;\t\r\n])"
# What is skipped before a formula, and what then makes one; the wide signs count in East Asian settings.
_FORMULA = r"""(?=(?:[^\S\t\r\n]|['"])*[=+\-@\t\r\n＝＋－＠])"""  # noqa: RUF001
_BARE = re.compile(_BEGIN + _FORMULA)
_QUOTED = re.compile(_BEGIN + "'" + _FORMULA)


def neutral(text: str) -> str:
    """The text with an apostrophe before whatever a spreadsheet would take for a formula."""
    return _BARE.sub(r"\1'", text)


def plain(text: str) -> str:
    """The text that `neutral` was given; a text that nobody made neutral stays as it is, unless it looks like one."""
    return _QUOTED.sub(r"\1", text)


def line(cells: Iterable[object]) -> str:
    """One line of CSV, ended by CR LF (RFC 4180); None is an empty cell, and only texts are made neutral."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerow([neutral(each) if isinstance(each, str) else each for each in cells])
    return buffer.getvalue()


def rows(file: TextIO, delimiter: str = ",") -> Iterator[list[str]]:
    """The rows of a CSV file opened with newline="", each cell as it was before `line`; raises csv.Error."""
    for row in csv.reader(file, delimiter=delimiter, strict=True):
        yield [plain(cell) for cell in row]
