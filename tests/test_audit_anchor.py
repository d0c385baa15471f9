"""The file that remembers the audit's heads survives torn lines, remarks and two who write at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.errors import Refused
from app.planning.chain import Head
from app.setup import anchor

FIRST, SECOND = Head(1, "a" * 64, 1_700_000_000.25), Head(2, "b" * 64, 1_700_000_060.0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "audit.anchor"
    anchor.append(path, FIRST)
    return path


def test_a_line_is_number_seal_and_time(file: Path) -> None:
    assert file.read_text() == f"1 {'a' * 64} 2023-11-14T22:13:20.250000Z\n"


def test_heads_come_back_in_order(file: Path) -> None:
    anchor.append(file, SECOND)
    assert list(anchor.heads(file)) == [FIRST, SECOND]
    assert anchor.last(file) == SECOND


@pytest.mark.parametrize("older", [FIRST, Head(1, "c" * 64, 2.0)])
def test_what_is_not_later_is_not_appended(file: Path, older: Head) -> None:
    anchor.append(file, SECOND)
    anchor.append(file, older)
    assert list(anchor.heads(file)) == [FIRST, SECOND]


@pytest.mark.parametrize(
    "torn", ["2 bbb", "2", "\0\0\0", "2 " + "b" * 64, "# a remark", "2 " + "x" * 64 + " 2023-01-01T00:00:00Z"]
)
def test_a_torn_line_is_passed_over_and_the_next_begins_anew(file: Path, torn: str) -> None:
    with file.open("a") as open_file:
        open_file.write(torn)
    assert anchor.last(file) == FIRST
    anchor.append(file, SECOND)
    assert list(anchor.heads(file)) == [FIRST, SECOND]


@pytest.mark.parametrize(
    "text", ["", "0 " + "a" * 64 + " 2023-01-01T00:00:00Z", "1 " + "a" * 64 + " 2023-01-01T00:00:00", "1 2 3 4"]
)
def test_what_is_no_head(text: str) -> None:
    assert anchor.parsed(text) is None


def test_the_last_of_many_is_found(tmp_path: Path) -> None:
    path = tmp_path / "many"
    path.write_text("".join(f"{anchor.line(Head(seq, 'a' * 64, 1.0))}\n" for seq in range(1, 200)))
    assert anchor.last(path) == Head(199, "a" * 64, 1.0)
    assert len(list(anchor.heads(path))) == 199


def test_a_file_that_is_not_there_remembers_nothing(tmp_path: Path) -> None:
    assert anchor.last(tmp_path / "none") is None
    assert anchor.set_aside(tmp_path / "none", 0.0) is None
    with pytest.raises(Refused, match="cannot be read"):
        list(anchor.heads(tmp_path / "none"))


def test_lines_out_of_order_are_refused(file: Path) -> None:
    file.write_text(f"{anchor.line(SECOND)}\n{anchor.line(FIRST)}\n")
    with pytest.raises(Refused, match=r"Line 2 .* out of order"):
        list(anchor.heads(file))
