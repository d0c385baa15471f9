"""Where the block's tables come from: Moodle's database, or dumps of them in a folder."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from app.errors import Refused
from app.store import block as tables
from schemas.block import FIELDS, OPTIONAL, Block, Row, read_block
from schemas.wire import WrongShape

_DELIMITERS = (",", ";", "\t")
# As mysql, phpMyAdmin and psql write a value that is not there.
_NULLS = frozenset({"", "NULL", r"\N"})


@dataclass(frozen=True, slots=True)
class Source:
    """What was read. `key_file`: where the key of the tokens is within Moodle's data folder, if that is known."""

    block: Block
    key_file: str | None = None


def from_database(url: str, prefix: str | None = None) -> Source:
    """The block's tables in Moodle's database, whose tables begin with `prefix`; raises Refused."""
    rows, key_hash = tables.read(url.strip(), prefix)
    place = f"filedir/{key_hash[:2]}/{key_hash[2:4]}/{key_hash}" if key_hash else None
    try:
        return Source(read_block(rows), place)
    except WrongShape as error:
        raise Refused(f"{error}. Nothing was changed.") from None


def from_folder(folder: Path) -> Source:
    """Dumps as CSV, one file a table, named as the table is, with the names of its columns in the first line.

    Commas, semicolons or tabs between the values; a prefix before the name. Raises Refused.
    """
    found = {name: list(_rows(path, name)) for name in FIELDS if (path := _path(folder, name)) is not None}
    try:
        return Source(read_block(found))
    except WrongShape as error:
        raise Refused(f"{error}. The row after the names of the columns is number 0. Nothing was changed.") from None


def _path(folder: Path, name: str) -> Path | None:
    found = sorted(folder.glob(f"*{name}.csv"))
    if len(found) > 1:
        raise Refused(f"Several files in {folder} are dumps of one table: {', '.join(path.name for path in found)}.")
    if not found and name not in OPTIONAL:
        raise Refused(f"{folder} holds no {name}.csv: docs/moving-from-block_kuracloud.md says how to get it.")
    return found[0] if found else None


def _rows(path: Path, name: str) -> Iterator[Row]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            first = lines.readline()
            lines.seek(0)
            dump = csv.DictReader(lines, delimiter=_delimiter(first, path, FIELDS[name]), strict=True)
            for row in dump:
                yield {field: None if row[field] in _NULLS else row[field] for field in FIELDS[name]}
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refused(f"{path.name} is not a CSV file in UTF-8: {error}.") from None


def _delimiter(first: str, path: Path, fields: Collection[str]) -> str:
    for delimiter in _DELIMITERS:
        names = set(next(csv.reader([first], delimiter=delimiter), []))
        if names.issuperset(fields):
            return delimiter
    raise Refused(f"The first line of {path.name} must name its columns, {', '.join(fields)} among them.")
