"""Moodle's own database, read once: the tables of block_kuracloud and the history of its grades."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    NullPool,
    Select,
    column,
    create_engine,
    func,
    inspect,
    select,
    table,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from app.errors import Refused
from schemas.block import COURSES, ENDPOINTS, FIELDS, GRADES, USERS

Rows = dict[str, list[dict[str, Any]]]

# What the block's grade items are called: syncgrades.php of block_kuracloud v1.1.1.
_ITEMS = {"itemtype": "manual", "itemmodule": "kuracloud"}
_KEY_FILE = {"component": "block_kuracloud", "filearea": "tokenkey", "filename": "token.key"}
_DRIVERS = {"mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql", "postgresql": "postgresql+psycopg"}


def read(url: str, prefix: str | None = None) -> tuple[Rows, str | None]:
    """The rows by table, and the content hash of the file with the block's key (None: there is none).

    `prefix` is that of Moodle's tables, found by itself where there is one alone. Raises Refused.
    """
    with _opened(url) as connection:
        names = frozenset(inspect(connection).get_table_names())
        before = _prefix(names, prefix)
        rows = {name: _fetched(connection, _own(before, name)) for name in (ENDPOINTS, COURSES, USERS)}
        if {before + name for name in ("grade_items", "grade_grades_history")} <= names:
            rows[GRADES] = _fetched(connection, _grades(before))
        return rows, _key_hash(connection, before) if before + "files" in names else None


@contextmanager
def _opened(url: str) -> Iterator[Connection]:
    try:
        engine = create_engine(_address(url), poolclass=NullPool, hide_parameters=True)
        with engine.connect() as connection:
            yield connection
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, SQLAlchemyError) as error:
        raise Refused(_trouble(error)) from None


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except ValueError:
        raise ArgumentError from None
    if "@" in (address.host or ""):  # the end of a password, which a message about the host would show
        raise ArgumentError
    return address.set(drivername=_DRIVERS.get(address.drivername, address.drivername))


def _trouble(error: Exception) -> str:
    """What to say to people; never the address, which holds a password."""
    if isinstance(error, ModuleNotFoundError):
        return (
            f"The driver for Moodle's database, {error.name}, is not installed where kurasync is: install it there, or "
            "give dumps of the tables with --csv."
        )
    if isinstance(error, ArgumentError):
        return (
            "That is not the address of a database kurasync can read. Write mysql://user:password@host/database or "
            "postgresql://user:password@host/database, and in the password %40 for @, %2F for /, %3A for :, %25 for %."
        )
    args = getattr(getattr(error, "orig", None), "args", None) or (type(error).__name__,)
    cause = str(args[-1]).strip().splitlines()[0].rstrip(".")
    return f"Moodle's database cannot be read: {cause}. Nothing was changed."


def _prefix(names: frozenset[str], given: str | None) -> str:
    found = sorted(name.removesuffix(COURSES) for name in names if name.endswith(COURSES))
    if given is not None and given in found:
        return given
    if not found or given is not None:
        raise Refused(
            f"There is no table {given or ''}{COURSES}: is this Moodle's database, and is the block still installed?"
        )
    if len(found) > 1:
        raise Refused(f"There are several Moodles in this database: {', '.join(found)}. Say which with --prefix.")
    return found[0]


def _fetched(connection: Connection, query: Select[Any]) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in connection.execute(query)]


def _own(prefix: str, name: str) -> Select[Any]:
    rows = table(prefix + name, column("id"), *(column(field) for field in FIELDS[name]))
    return select(*(rows.c[field] for field in FIELDS[name])).order_by(rows.c.id)


def _grades(prefix: str) -> Select[Any]:
    """Who wrote each grade last."""
    names = ("id", "courseid", "iteminstance", "itemnumber", *_ITEMS)
    items = table(prefix + "grade_items", *(column(name) for name in names))
    names = ("id", "itemid", "userid", "finalgrade", "source")
    history = table(prefix + "grade_grades_history", *(column(name) for name in names))
    of_the_block = [items.c[name] == value for name, value in _ITEMS.items()]
    both = items.join(history, history.c.itemid == items.c.id)
    last = select(func.max(history.c.id).label("id")).select_from(both).where(*of_the_block)
    newest = last.group_by(history.c.itemid, history.c.userid).subquery()
    place = (items.c.courseid, items.c.iteminstance.label("lesson"), items.c.itemnumber.label("revision"))
    query = select(*place, history.c.userid, history.c.finalgrade.label("grade"), history.c.source)
    return query.select_from(both.join(newest, newest.c.id == history.c.id)).order_by(history.c.id)


def _key_hash(connection: Connection, prefix: str) -> str | None:
    files = table(prefix + "files", column("contenthash"), *(column(field) for field in _KEY_FILE))
    query = select(files.c.contenthash).where(*(files.c[field] == value for field, value in _KEY_FILE.items()))
    return connection.execute(query).scalar()
