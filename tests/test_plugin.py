"""What can be checked of the Moodle plugins without a Moodle is checked."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import get_args
from zipfile import ZipFile

import pytest

from app.planning.standing import GradeWord, Word
from app.setup.sites import FUNCTIONS
from app.words import plan
from plugin.build import SOURCES, build, build_all

_LOCAL, _BLOCK = SOURCES
_FILES = sorted(path for source in SOURCES for path in source.rglob("*.php"))
_TEMPLATES = sorted(path for source in SOURCES for path in source.rglob("*.mustache"))
_NOTICE = "the Free Software Foundation, either version 3 of the License, or\n// (at your option) any later version."
_PHP = shutil.which("php")


@pytest.fixture(scope="module", params=SOURCES, ids=lambda source: source.name)
def plugin(request: pytest.FixtureRequest) -> Path:
    """Each of the plugins."""
    source: Path = request.param
    return source


@pytest.fixture(scope="module")
def names(plugin: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What is in the plugin's zip."""
    with ZipFile(build(tmp_path_factory.mktemp("dist") / "plugin.zip", plugin)) as archive:
        assert archive.testzip() is None
        return archive.namelist()


def _plugin_of(path: Path) -> Path:
    return next(source for source in SOURCES if source in path.parents)


def _strings(plugin: Path) -> list[str]:
    code = (plugin / "lang" / "en" / f"{plugin.name}.php").read_text()
    return re.findall(r"^\$string\['([^']+)'\] = ", code, re.MULTILINE)


def _asked_for(plugin: Path) -> Iterator[str]:
    """The plugin's strings that code names in full; those that are put together are asked for by their beginning."""
    for path in _FILES:
        code = path.read_text()
        yield from re.findall(rf"""(?:get_string|exception)\(\s*['"]([^'"]+)['"],\s*'{plugin.name}'""", code)
        if plugin == _LOCAL:
            said = re.findall(r"(?:words::of|::counted|::badge|->person|->frame)\((?:\$each, |'\w+', )?'(\w+)'", code)
            yield from (f"{about}_$slug" for about in said)
        if _plugin_of(path) == plugin:
            yield from re.findall(r"'(privacy:metadata[^']*)'", code)
            yield from _capabilities(path)
    for path in _TEMPLATES:
        yield from re.findall(rf"{{{{#str}}}} (\w+), {plugin.name}\b", path.read_text())


def _capabilities(path: Path) -> list[str]:
    """The capabilities that db/access.php makes; their names are strings without the kind of plugin."""
    if path.name != "access.php" or path.parent.name != "db":
        return []
    return re.findall(r"^    '\w+/(\w+:\w+)'", path.read_text(), re.MULTILINE)


def test_the_zip_has_one_folder_named_as_moodle_wants_it(names: list[str]) -> None:
    assert {name.partition("/")[0] for name in names} == {"kurasync"}
    assert {"kurasync/version.php", "kurasync/db/access.php", "kurasync/LICENSE", "kurasync/README.md"} <= set(names)


def test_the_zip_holds_all_of_the_plugin_but_its_tests(plugin: Path, names: list[str]) -> None:
    files = {f"kurasync/{path.relative_to(plugin).as_posix()}" for path in plugin.rglob("*") if path.is_file()}
    assert set(names) == {name for name in files if not name.startswith("kurasync/tests/")}


def test_the_same_plugins_give_the_same_zips(tmp_path: Path) -> None:
    first, second = build_all(tmp_path / "a"), build_all(tmp_path / "b")
    assert [zipped.name for zipped in first] == ["local_kurasync.zip", "block_kurasync.zip"]
    assert [zipped.read_bytes() for zipped in first] == [zipped.read_bytes() for zipped in second]


def test_what_does_not_belong_is_left_out_of_the_zip(tmp_path: Path) -> None:
    source = tmp_path / "local_kurasync"
    for name in ("version.php", "version.php.orig", ".hidden", "tests/a_test.php", "classes/.cache/a.php", "db/a.xml"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("")
    with ZipFile(build(tmp_path / "plugin.zip", source)) as archive:
        assert archive.namelist() == ["kurasync/db/a.xml", "kurasync/version.php"]


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.relative_to(_plugin_of(path).parent).as_posix())
def test_a_file_says_under_which_licence_it_is(path: Path) -> None:
    code = path.read_text()
    assert _NOTICE in code
    assert "@license" in code
    assert f"@package    {_plugin_of(path).name}\n" in code


@pytest.mark.parametrize("path", _TEMPLATES, ids=lambda path: path.relative_to(_plugin_of(path).parent).as_posix())
def test_a_template_says_what_it_is_and_shows_no_comment(path: Path) -> None:
    code = path.read_text()
    assert f"@template {_plugin_of(path).name}/{path.stem}\n" in code
    shown = re.sub(r"\{\{!.*?\}\}", "", code, flags=re.DOTALL)
    assert "Example context" in code
    assert "Example context" not in shown
    assert '"' not in re.sub(r"<[^>]*>", "", shown), "part of the example would be shown"


def test_templates_show_nothing_as_markup() -> None:
    assert [path.name for path in _TEMPLATES if "{{{" in path.read_text() or "{{&" in path.read_text()] == []


def test_every_string_that_is_asked_for_is_there(plugin: Path) -> None:
    asked = set(_asked_for(plugin))
    assert {"kurasync:configure", "course_title"} <= asked or {"kurasync:addinstance", "unmapped"} <= asked
    plain = {name for name in asked if "$" not in name}
    assert plain - set(_strings(plugin)) == set()
    for begun in asked - plain:
        beginning = re.split(r"\{?\$", begun)[0]
        assert any(name.startswith(beginning) for name in _strings(plugin)), begun


def test_every_string_is_asked_for(plugin: Path) -> None:
    asked = set(_asked_for(plugin)) | {"pluginname", "cachedef_glance", *_put_together()}
    begun = tuple(re.split(r"\{?\$", name)[0] for name in asked if "$" in name)
    idle = [name for name in _strings(plugin) if name not in asked and not name.startswith(begun)]
    assert [name for name in idle if not name.endswith("_help")] == []


def _put_together() -> set[str]:
    """Names of strings that stand alone as texts of the code: they are handed on before they are asked for."""
    return {name for path in _FILES if path.parent.name != "en" for name in re.findall(r"'(\w+)'", path.read_text())}


def test_strings_are_in_order_and_none_is_there_twice(plugin: Path) -> None:
    assert _strings(plugin) == sorted(set(_strings(plugin)))


def test_every_standing_has_its_words_in_moodle() -> None:
    strings = set(_strings(_LOCAL))
    assert {f"standing_{word}" for word in get_args(Word)} <= strings
    assert {f"gradestanding_{word}" for word in get_args(GradeWord)} <= strings


def test_every_action_of_a_plan_has_its_words_in_moodle() -> None:
    actions = {action for wording in plan.WORDING.values() for action in wording.actions}
    assert {f"planned_{action}" for action in actions} <= set(_strings(_LOCAL))


def test_the_service_offers_what_kurasync_calls() -> None:
    code = (_LOCAL / "db" / "services.php").read_text()
    made = set(re.findall(r"^    '(local_kurasync_\w+)' => \[", code, re.MULTILINE))
    offered = set(re.findall(r"^            '(\w+)',$", code, re.MULTILINE))
    assert offered == set(FUNCTIONS) | made
    assert {f"local_kurasync_{path.stem}" for path in (_LOCAL / "classes" / "external").glob("*.php")} == made


def test_the_plugins_claim_no_moodle_that_they_were_not_run_on(plugin: Path) -> None:
    assert "$plugin->supported = [405, 405];" in (plugin / "version.php").read_text()


def test_the_plugins_belong_together() -> None:
    local, block = ((source / "version.php").read_text() for source in SOURCES)
    for fact in ("version", "release"):
        found = [re.search(rf"plugin->{fact} = (.*);", code) for code in (local, block)]
        assert len({each[1] for each in found if each}) == 1
    assert f"'local_kurasync' => {re.findall(r'plugin->version = (.*);', local)[0]}]" in block


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
