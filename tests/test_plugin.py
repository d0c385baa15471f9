"""What can be checked of the Moodle plugin without a Moodle is checked."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

from app.setup.sites import FUNCTIONS
from plugin.build import SOURCE, build

_FILES = sorted(SOURCE.rglob("*.php"))
_NOTICE = "the Free Software Foundation, either version 3 of the License, or\n// (at your option) any later version."
_PHP = shutil.which("php")


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What is in the zip."""
    with ZipFile(build(tmp_path_factory.mktemp("dist") / "plugin.zip")) as archive:
        assert archive.testzip() is None
        return archive.namelist()


def _read(name: str) -> str:
    return (SOURCE / name).read_text()


def _strings() -> list[str]:
    return re.findall(r"^\$string\['([^']+)'\] = ", _read("lang/en/local_kurasync.php"), re.MULTILINE)


def _asked_for() -> Iterator[str]:
    """The strings that the code names in full; names that are put together are asked for by their beginning."""
    for path in _FILES:
        code = path.read_text()
        yield from re.findall(r"get_string\(\s*'([^']+)',\s*'local_kurasync'", code)
        yield from re.findall(r"moodle_exception\(\s*'([^']+)',\s*'local_kurasync'", code)
        yield from re.findall(r"'(privacy:metadata[^']*)'", code)
        yield from (name.replace("/", ":").removeprefix("local:") for name in _capabilities(path))


def _capabilities(path: Path) -> list[str]:
    """The capabilities that db/access.php makes; their names are strings without `local/`."""
    if path != SOURCE / "db" / "access.php":
        return []
    return re.findall(r"^    '(local/kurasync:\w+)'", path.read_text(), re.MULTILINE)


def test_the_zip_has_one_folder_named_as_moodle_wants_it(names: list[str]) -> None:
    assert {name.partition("/")[0] for name in names} == {"kurasync"}
    assert {"kurasync/version.php", "kurasync/db/services.php", "kurasync/LICENSE", "kurasync/README.md"} <= set(names)


def test_the_zip_holds_all_of_the_plugin_but_its_tests(names: list[str]) -> None:
    files = {f"kurasync/{path.relative_to(SOURCE).as_posix()}" for path in SOURCE.rglob("*") if path.is_file()}
    assert set(names) == {name for name in files if not name.startswith("kurasync/tests/")}


def test_the_same_plugin_gives_the_same_zip(tmp_path: Path) -> None:
    assert build(tmp_path / "a.zip").read_bytes() == build(tmp_path / "b.zip").read_bytes()


def test_what_does_not_belong_is_left_out_of_the_zip(tmp_path: Path) -> None:
    source = tmp_path / "local_kurasync"
    for name in ("version.php", "version.php.orig", ".hidden", "tests/a_test.php", "classes/.cache/a.php", "db/a.xml"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("")
    with ZipFile(build(tmp_path / "plugin.zip", source)) as archive:
        assert archive.namelist() == ["kurasync/db/a.xml", "kurasync/version.php"]


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_a_file_says_under_which_licence_it_is(path: Path) -> None:
    code = path.read_text()
    assert _NOTICE in code
    assert "@license" in code
    assert "@package    local_kurasync\n" in code


def test_every_string_that_is_asked_for_is_there() -> None:
    asked = set(_asked_for())
    assert {"grades_title", "kurasync:configure"} <= asked  # the search does find some
    plain = {name for name in asked if "$" not in name}
    assert plain <= set(_strings())
    for begun in asked - plain:
        beginning = begun.partition("$")[0]
        assert any(name.startswith(beginning) for name in _strings()), begun


def test_strings_are_in_order_and_none_is_there_twice() -> None:
    assert _strings() == sorted(set(_strings()))


def test_the_service_offers_what_kurasync_calls() -> None:
    code = _read("db/services.php")
    made = set(re.findall(r"^    '(local_kurasync_\w+)' => \[", code, re.MULTILINE))
    offered = set(re.findall(r"^            '(\w+)',$", code, re.MULTILINE))
    assert offered == set(FUNCTIONS) | made
    assert {f"local_kurasync_{path.stem}" for path in (SOURCE / "classes/external").glob("*.php")} == made


def test_the_plugin_claims_no_moodle_that_it_was_not_run_on() -> None:
    assert "$plugin->supported = [405, 405];" in _read("version.php")


def test_every_php_file_is_well_formed(capsys: pytest.CaptureFixture[str]) -> None:
    if _PHP is None:  # `make unit` says so too: of parallel tests nothing is seen
        with capsys.disabled():
            print("\nThere is no php here: the syntax of the Moodle plugin's files is not checked.")
        return
    faults = []
    for path in _FILES:
        ran = subprocess.run([_PHP, "-l", str(path)], capture_output=True, text=True, check=False)
        if ran.returncode:
            faults.append(ran.stdout + ran.stderr)
    assert faults == []
