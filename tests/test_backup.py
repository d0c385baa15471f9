"""`kurasync db backup`, `db restored`, `db compact`: the commands an administrator types."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app.errors import Refused
from app.kit import Kit
from app.setup import backups, sealing
from app.store import files, links, mappings, sites
from app.store.db import Database
from app.store.links import NewLink
from tests.courses import mapped
from tests.fixtures_desk import Desk


def _kept(path: Path) -> tuple[list[int], str]:
    """The mappings in a copy, and its first site's token."""
    database = Database(f"sqlite:///{path}")
    try:
        with database.reading() as tx:
            return [each.id for each in mappings.every(tx)], sites.every(tx)[0].token
    finally:
        database.dispose()


def test_a_backup_has_everything_but_the_key(desk: Desk, tmp_path: Path) -> None:
    number = desk.map()
    said = desk.done("db", "backup", str(tmp_path / "kept.db"))
    assert "KURASYNC_SECRET_KEY holds it" in said
    kept, token = _kept(tmp_path / "kept.db")
    assert kept == [number]
    assert desk.kit.vault.decrypt(token) == desk.moodle.token
    assert desk.environ["KURASYNC_SECRET_KEY"].encode() not in (tmp_path / "kept.db").read_bytes()


def test_nobody_else_may_read_it_and_nothing_is_left_beside_it(sqlite_kit: Kit, tmp_path: Path) -> None:
    target = tmp_path / "backups" / "kept.db"
    target.parent.mkdir()
    done = backups.back_up(sqlite_kit, target)
    assert done.size == target.stat().st_size > 0
    assert target.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in target.parent.iterdir()] == ["kept.db"]


def test_a_backup_made_while_somebody_writes_is_of_one_moment(sqlite_kit: Kit, tmp_path: Path) -> None:
    (mapping_id,) = mapped(sqlite_kit)
    with sqlite_kit.database.transaction() as tx:
        links.create(tx, 0.0, mapping_id, [NewLink(1, 1, "ana@example.edu", {})])
        backups.back_up(sqlite_kit, tmp_path / "kept.db")
    database = Database(f"sqlite:///{tmp_path / 'kept.db'}")
    with database.reading() as tx:
        assert links.active(tx, mapping_id) == []
    database.dispose()


def test_a_file_that_is_there_is_not_replaced(sqlite_kit: Kit, tmp_path: Path) -> None:
    (tmp_path / "kept.db").write_text("something of mine")
    with pytest.raises(Refused, match="is there already"):
        backups.back_up(sqlite_kit, tmp_path / "kept.db")
    assert (tmp_path / "kept.db").read_text() == "something of mine"


def test_a_folder_that_is_not_there_is_said(sqlite_kit: Kit, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot be written: No such file"):
        backups.back_up(sqlite_kit, tmp_path / "nowhere" / "kept.db")


def test_a_copy_that_is_not_sound_is_not_left(sqlite_kit: Kit, tmp_path: Path) -> None:
    mapped(sqlite_kit, 200)
    file = Path(str(sqlite_kit.database.url.database))
    with sqlite_kit.database.reading() as tx:
        pages = tx.exec_driver_sql("PRAGMA page_count").scalar_one()
    sqlite_kit.database.dispose()
    with file.open("r+b") as damaged:
        damaged.seek(4096 * (pages // 2))
        damaged.write(b"\xff" * 4096 * (pages - pages // 2))
    with pytest.raises(Refused, match="No backup was made"):
        backups.back_up(sqlite_kit, tmp_path / "kept.db")
    assert not list(tmp_path.glob("*kept*"))


def test_the_key_file_is_named_so_that_it_is_kept_apart(desk: Desk, tmp_path: Path) -> None:
    key = desk.environ.pop("KURASYNC_SECRET_KEY")
    (tmp_path / "secret.key").touch(0o600)
    (tmp_path / "secret.key").write_text(key)
    said = desk.done("db", "backup", str(tmp_path / "kept.db"))
    assert f"Keep a copy of {tmp_path / 'secret.key'} in another place" in said


def test_on_postgresql_the_command_is_said_without_a_password(postgres_url: str, sqlite_kit: Kit) -> None:
    url = postgres_url.replace("postgresql://", "postgresql://somebody:hidden@", 1) if "@" not in postgres_url else ""
    database = Database(url or postgres_url)
    try:
        with pytest.raises(Refused, match=r"pg_dump --format=custom --file=kept\.db") as refused:
            backups.back_up(Kit(sqlite_kit.settings, database, sqlite_kit.vault), Path("kept.db"))
        assert "hidden" not in refused.value.message
    finally:
        database.dispose()


def test_beginning_anew_is_asked_first(desk: Desk) -> None:
    desk.map()
    refused = desk.run("db", "restored")
    assert refused.exit_code == 2
    assert "say --yes" in refused.stderr
    done = desk.run("db", "restored", "--yes")
    assert done.exit_code == 0
    assert "Nothing shows that this database is older" in done.stderr
    assert "Done: 1 mapping(s), and 0 hold(s) overtaken." in done.stdout


def test_beginning_anew_says_where_the_old_anchor_is_kept(desk: Desk, tmp_path: Path) -> None:
    desk.map()
    sealing.seal(desk.kit)
    anchor = desk.kit.settings.anchor
    anchor.write_text(anchor.read_text().replace(anchor.read_text().split()[1], "f" * 64))
    said = desk.done("db", "restored", "--yes")
    assert f"is kept in {anchor}." in said


def test_the_file_is_compacted_on_request(desk: Desk) -> None:
    assert "Done" in desk.done("db", "compact")


def test_a_busy_database_is_not_compacted(sqlite_kit: Kit) -> None:
    with sqlite_kit.database.reading() as tx:
        tx.exec_driver_sql("PRAGMA busy_timeout = 0")
    with closing(sqlite3.connect(str(sqlite_kit.database.url.database))) as other:
        other.execute("BEGIN IMMEDIATE")
        assert not files.compact(sqlite_kit.database)
        other.rollback()
    assert files.compact(sqlite_kit.database)
