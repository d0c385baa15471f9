"""The promises of docs/security.md: each names the tests that fail when it is broken, and these are there."""

from __future__ import annotations

import ast
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from app.cli import root
from tests.fixtures_desk import Desk

HERE = Path(__file__).parent
DOCUMENT = HERE.parent / "docs" / "security.md"
NAMED = re.compile(r"(test_\w+\.py)::(test_\w+)")
URLS = {("sandbox", "address")}
PRIVATE = re.compile(r"token|secret|password|e?mail|address|key|person", re.I)


def promises() -> list[str]:
    """The rows of the tables under the headings that have tests."""
    rows = [line for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    tables = "\n".join(rows).split("| promise | tests |")[1:]
    return [row for table in tables for row in table.splitlines() if row.strip()]


def there_are(file: str) -> set[str]:
    tree = ast.parse((HERE / file).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_promise_has_its_tests() -> None:
    assert len(promises()) > 25
    for row in promises():
        named = NAMED.findall(row)
        assert named, f"no test stands behind: {row}"
        for file, name in named:
            assert (HERE / file).is_file(), f"{file} of: {row}"
            assert name in there_are(file), f"{file}::{name} of: {row}"


def test_what_it_writes_is_for_its_own_account_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    command = [sys.executable, "-c", "from app.cli import main; main()", "db", "upgrade"]
    environ = {"KURASYNC_HOME": str(home), "PYTHONPATH": str(HERE.parent), "PATH": "/usr/bin:/bin"}
    subprocess.run(command, env=environ, cwd=tmp_path, check=True, capture_output=True, umask=0o022)
    written = [path for path in home.rglob("*") if path.is_file()]
    assert {path.name for path in written} >= {"kurasync.db", "secret.key"}
    assert [path.name for path in written if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


def parameters(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Parameter]]:
    """Every parameter of every command, with the command's words."""
    context = click.Context(command)
    for each in command.params:
        yield " ".join(path), each
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from parameters(found, (*path, name))


def test_no_command_takes_a_secret_or_an_address_as_an_argument() -> None:
    found = list(parameters(root))
    assert len(found) > 80
    for command, each in found:
        harmless = (command, each.name) in URLS or getattr(each, "is_flag", False)
        if harmless or not PRIVATE.search(str(each.name)):
            continue
        assert isinstance(each.type, click.File | click.Path) or _is_dash(each), f"{command}: {each.name}"


def _is_dash(each: click.Parameter) -> bool:
    """Takes "-" alone: the value comes from standard input."""
    return isinstance(each.type, click.Choice) and list(each.type.choices) == ["-"]


@pytest.mark.parametrize("evil", ["\x1b[2J\x1b[1;1HAll is well", "\x9b31m", "a\rb", "\u202eedualc"])
def test_names_from_other_systems_do_not_move_the_cursor(desk: Desk, evil: str) -> None:
    desk.connect()
    desk.kura.add_course(evil, "EVIL", lmsEnabled=False)
    desk.moodle.create_course(evil, "EVIL")
    desk.done("mapping", "add", "uni:EVIL", "kura:EVIL")
    desk.work()
    for arguments in (("mapping", "list"), ("mapping", "show", "1"), ("instance", "courses", "kura"), ("runs", "list")):
        said = desk.done(*arguments)
        assert not set(said) & set("\x1b\x9b\r\u202e"), arguments
