"""The first steps, and what goes wrong on the way: no key, no database, no right to write, no sense in a setting."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import click
import pytest
from click.exceptions import Exit
from click.testing import CliRunner, Result
from sqlalchemy import create_engine, text

from app.cli import COMMANDS, root
from app.cli.failing import told


def run(home: Path, *arguments: str, **more: str) -> Result:
    done = CliRunner().invoke(root, arguments, env={"KURASYNC_HOME": str(home), **more}, prog_name="kurasync")
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def test_upgrade_makes_the_key_and_the_database_and_says_so(tmp_path: Path) -> None:
    home = tmp_path / "home"
    done = run(home, "db", "upgrade")
    assert done.exit_code == 0
    assert "Keep a copy" in done.stdout
    assert "Made the database" in done.stdout
    assert stat.S_IMODE((home / "secret.key").stat().st_mode) == 0o600
    assert run(home, "site", "list").exit_code == 0


def test_upgrade_does_no_harm_when_repeated(tmp_path: Path) -> None:
    run(tmp_path, "db", "upgrade")
    key = (tmp_path / "secret.key").read_text()
    done = run(tmp_path, "db", "upgrade")
    assert done.exit_code == 0
    assert done.stdout.startswith("The database is up to date")
    assert (tmp_path / "secret.key").read_text() == key


def test_current_says_where_the_database_stands(tmp_path: Path) -> None:
    done = run(tmp_path, "db", "current")
    assert done.exit_code == 1
    assert "run `kurasync db upgrade`" in done.stdout
    assert not (tmp_path / "kurasync.db").exists()
    run(tmp_path, "db", "upgrade")
    assert run(tmp_path, "db", "current").exit_code == 0
    assert '"up_to_date": true' in run(tmp_path, "db", "current", "--json").stdout


@pytest.mark.parametrize("command", [("site", "list"), ("web",)])
def test_without_a_key_it_says_where_it_looked_and_how_to_make_one(tmp_path: Path, command: tuple[str, ...]) -> None:
    done = run(tmp_path, *command)
    assert done.exit_code == 1
    assert str(tmp_path / "secret.key") in done.stderr
    assert "KURASYNC_HOME" in done.stderr
    assert "kurasync db upgrade" in done.stderr


def test_without_a_database_it_says_how_to_make_one(tmp_path: Path) -> None:
    run(tmp_path, "db", "upgrade")
    (tmp_path / "kurasync.db").unlink()
    done = run(tmp_path, "mapping", "list")
    assert done.exit_code == 1
    assert "has not been made yet: run `kurasync db upgrade`" in done.stderr


def test_an_old_database_is_told_as_one(tmp_path: Path) -> None:
    run(tmp_path, "db", "upgrade")
    _set_revision(tmp_path, "0000")
    done = run(tmp_path, "mapping", "list")
    assert done.exit_code == 1
    assert "is at 0000" in done.stderr
    assert "kurasync db upgrade" in done.stderr


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    run(tmp_path, "db", "upgrade")
    _set_revision(tmp_path, "9999")
    done = run(tmp_path, "db", "upgrade")
    assert done.exit_code == 1
    assert "newer" in done.stderr


def test_a_second_key_is_not_made_for_tokens_that_the_first_one_locked(tmp_path: Path) -> None:
    run(tmp_path, "db", "upgrade")
    with create_engine(f"sqlite:///{tmp_path}/kurasync.db").begin() as tx:
        tx.execute(
            text(
                "INSERT INTO instances (name, url, token, remote_id, display_name, created_at) "
                "VALUES ('kura', 'https://k.example.edu', 'sealed', 'k', 'K', 0)"
            )
        )
    (tmp_path / "secret.key").unlink()
    done = run(tmp_path, "db", "upgrade")
    assert done.exit_code == 1
    assert "Restore it from your backup" in done.stderr
    assert not (tmp_path / "secret.key").exists()


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    run(tmp_path, "db", "upgrade")
    (tmp_path / "secret.key").chmod(0o644)
    done = run(tmp_path, "site", "list")
    assert done.exit_code == 1
    assert "chmod 600" in done.stderr


@pytest.mark.parametrize("url", ["nonsense", "mysql://host/database"])
def test_a_url_of_no_database_we_know_is_told(tmp_path: Path, url: str) -> None:
    for command in (("db", "upgrade"), ("db", "current")):
        done = run(tmp_path, *command, KURASYNC_DATABASE_URL=url)
        assert done.exit_code == 1
        assert "KURASYNC_DATABASE_URL" in done.stderr


def test_a_database_that_cannot_be_reached_ends_with_4(tmp_path: Path) -> None:
    done = run(tmp_path, "db", "upgrade", KURASYNC_DATABASE_URL="postgresql://nobody:hush@127.0.0.1:1/none")
    assert done.exit_code == 4
    assert "The database cannot be used" in done.stderr
    assert "KURASYNC_DATABASE_URL" in done.stderr
    assert "hush" not in done.stderr


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file where the folder should be")
    done = run(tmp_path / "home", "db", "upgrade")
    assert done.exit_code == 1
    assert "KURASYNC_HOME" in done.stderr


def test_a_setting_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    done = run(tmp_path, "site", "list", KURASYNC_QUIET="soon")
    assert done.exit_code == 1
    assert "KURASYNC_QUIET" in done.stderr


def test_a_setting_that_nobody_knows_is_named(tmp_path: Path) -> None:
    done = run(tmp_path, "site", "list", KURASYNC_QUEIT="3")
    assert done.exit_code == 1
    assert "KURASYNC_QUEIT" in done.stderr


def test_an_unknown_command_is_a_usage_error(tmp_path: Path) -> None:
    done = run(tmp_path, "sinc", "1")
    assert done.exit_code == 2
    assert "sinc" in done.stderr


def test_every_command_is_there_and_explains_itself(tmp_path: Path) -> None:
    for name in COMMANDS:
        done = run(tmp_path, name, "--help")
        assert done.exit_code == 0
        assert re.search(rf"Usage: kurasync {name}", done.stdout)


def test_the_list_of_commands_says_what_each_is_for(tmp_path: Path) -> None:
    shown = run(tmp_path, "--help").stdout
    for name in COMMANDS:
        assert re.search(rf"^  {name} +\w.+\.$", shown, re.M), name


def test_ctrl_c_ends_without_a_word(tmp_path: Path) -> None:
    ctx = click.Context(root)
    with pytest.raises(Exit) as caught, told(ctx):
        raise KeyboardInterrupt
    assert caught.value.exit_code == 130


def _set_revision(home: Path, revision: str) -> None:
    with create_engine(f"sqlite:///{home}/kurasync.db").begin() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = :to"), {"to": revision})
