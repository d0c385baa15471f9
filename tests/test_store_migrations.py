"""The migrations make exactly the tables the code speaks of, on both databases, however many start at once."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.exc import DBAPIError

from app.planning.chain import salted
from app.store import audit, holds, mappings, migrate
from app.store.db import Database
from app.store.tables import metadata
from tests.conftest import SetClock, postgres_database
from tests.making import add_courses


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'kurasync.db'}"
    else:
        with postgres_database(request.getfixturevalue("postgres_server")) as url:
            yield url


def test_the_migrated_schema_is_the_one_in_tables(database: Database) -> None:
    with database.reading() as tx:
        context = MigrationContext.configure(tx, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_the_number_of_the_last_migration_is_what_alembic_calls_head() -> None:
    assert ScriptDirectory(str(migrate.MIGRATIONS)).get_heads() == [migrate.head()]


def test_a_migrated_database_is_current(database: Database) -> None:
    assert migrate.is_current(database)
    assert migrate.current(database) == migrate.head()


def test_an_empty_database_is_not_current_until_it_is_upgraded(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'home' / 'kurasync.db'}")
    migrate.upgrade(database)
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700
    with database.transaction() as tx:
        tx.execute(text("DELETE FROM alembic_version"))
    assert migrate.current(database) is None
    assert not migrate.is_current(database)
    database.dispose()


def test_upgrading_again_changes_nothing(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        courses = add_courses(tx, clock())
    migrate.upgrade(database)
    with database.reading() as tx:
        assert [each.id for each in mappings.every(tx)] == courses


def test_an_upgrade_that_fails_changes_nothing(empty_url: str) -> None:
    database = Database(empty_url)
    with database.transaction() as tx:
        tx.execute(text("CREATE TABLE worklist (id INTEGER)"))
    with pytest.raises(DBAPIError, match="worklist"):
        migrate.upgrade(database)
    with database.reading() as tx:
        assert inspect(tx).get_table_names() == ["worklist"]
    database.dispose()


def test_the_tables_of_grades_and_of_the_plugin_go_and_come_back(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        courses = add_courses(tx, clock())
        _to(tx, "0001")
        assert not {"rosters", "grade_exports", "grade_columns", "grade_cells"} & set(inspect(tx).get_table_names())
    assert not migrate.is_current(database)
    migrate.upgrade(database)
    with database.reading() as tx:
        assert [each.id for each in mappings.every(tx)] == courses


def test_what_old_holds_are_about_is_counted(database: Database, clock: SetClock) -> None:
    items = [{"action": action, "fingerprint": str(place)} for place, action in enumerate(("add", "add", "edit"))]
    with database.transaction() as tx:
        [course] = add_courses(tx, clock())
        holds.create(tx, clock(), mapping_id=course, kind="roster", digest="d", items=items, run_id=1)
        _to(tx, "0003")
    migrate.upgrade(database)
    with database.reading() as tx:
        [found] = holds.search(tx)
    assert (found.counts, found.items) == ({"add": 2, "edit": 1}, [])


def test_personal_values_of_old_audit_rows_are_kept_apart_and_put_back(database: Database, clock: SetClock) -> None:
    record = {"userid": 7, "email": "a@example.edu", "given_name": "A"}
    with database.transaction() as tx:
        courses = add_courses(tx, clock())
        _to(tx, "0002")
        values = "(1, 1.0, 'c', 'begin', 'x', :mapping, 'kuracloud', 'add_students', :subject)"
        columns = "id, at, call_uid, phase, actor, mapping_id, system, operation, subject"
        tx.execute(
            text(f"INSERT INTO audit ({columns}) VALUES {values}"),
            {"mapping": courses[0], "subject": json.dumps({"records": [record, {"column": [1, 2]}]})},
        )
    migrate.upgrade(database)
    with database.transaction() as tx:
        stored = tx.execute(select(metadata.tables["audit"].c.subject)).scalar_one()
        assert "a@example.edu" not in json.dumps(stored)
        person = tx.execute(select(metadata.tables["audit_subjects"])).one()
        assert (person.userid, person.site_id, person.mapping_id) == (7, 1, courses[0])
        assert stored["records"][0] == {"userid": 7, "site": 1, "digest": salted(person.salt, person.personal)}
        assert audit.search(tx)[0].subject == {"records": [record, {"column": [1, 2]}]}
        _to(tx, "0002")
        put_back = tx.execute(text("SELECT subject FROM audit")).scalar_one()
        assert (json.loads(put_back) if isinstance(put_back, str) else put_back)["records"][0] == record
    migrate.upgrade(database)


def _to(tx: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate.MIGRATIONS))
    config.attributes["connection"] = tx
    command.downgrade(config, revision)


UPGRADE = """
import sys
from app.store import migrate
from app.store.db import Database

database = Database(sys.argv[1])
migrate.upgrade(database)
database.dispose()
"""


def test_processes_that_start_at_once_upgrade_once(empty_url: str) -> None:
    here = Path(__file__).parent.parent
    command = [sys.executable, "-W", "error", "-c", UPGRADE, empty_url]
    started = [subprocess.Popen(command, cwd=here, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    assert [(each.communicate()[1], each.returncode) for each in started] == [("", 0)] * 4
    database = Database(empty_url)
    assert migrate.is_current(database)
    database.dispose()
