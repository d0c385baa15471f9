"""Where SQLite and PostgreSQL spell the same thing differently."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Double, Text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

INSERTS: dict[str, Callable[[Any], Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


class least(FunctionElement[float]):
    """The smaller of two times; both must be non-NULL, as SQLite's MIN and PostgreSQL's LEAST differ there."""

    type = Double()
    name = "least"
    inherit_cache = True


class greatest(FunctionElement[float]):
    """The larger of two times; both must be non-NULL."""

    type = Double()
    name = "greatest"
    inherit_cache = True


@compiles(least)
def _least(element: least, compiler: SQLCompiler, **options: Any) -> str:
    return f"LEAST({compiler.process(element.clauses, **options)})"


@compiles(greatest)
def _greatest(element: greatest, compiler: SQLCompiler, **options: Any) -> str:
    return f"GREATEST({compiler.process(element.clauses, **options)})"


@compiles(least, "sqlite")
def _min(element: least, compiler: SQLCompiler, **options: Any) -> str:
    return f"MIN({compiler.process(element.clauses, **options)})"


@compiles(greatest, "sqlite")
def _max(element: greatest, compiler: SQLCompiler, **options: Any) -> str:
    return f"MAX({compiler.process(element.clauses, **options)})"


class as_text(FunctionElement[str]):
    """Stored JSON as the text that it is, whatever somebody made of it; on SQLite it may also be bytes."""

    type = Text()
    name = "as_text"
    inherit_cache = True


@compiles(as_text)
def _cast(element: as_text, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **options)} AS TEXT)"


@compiles(as_text, "sqlite")
def _as_it_is(element: as_text, compiler: SQLCompiler, **options: Any) -> str:
    # A cast would fail on bytes that are no text.
    return compiler.process(element.clauses, **options)


def per_dialect(build: Callable[[Callable[[Any], Any]], Any]) -> dict[str, Any]:
    """One statement for each dialect's `insert`, built once: upserts have no common spelling."""
    return {name: build(insert) for name, insert in INSERTS.items()}


def chosen(tx: Connection, statements: dict[str, Any]) -> Any:
    """The statement for this connection's dialect."""
    return statements[tx.dialect.name]
