"""The triggers that refuse every change of the audit, and whether all of them are still there and switched on."""

from __future__ import annotations

from sqlalchemy import Connection, text

_TABLES = ("audit", "audit_seals", "audit_subjects")
_REFUSED = {"sqlite": ("update", "delete"), "postgresql": ("update", "delete", "truncate")}
_PRESENT = {
    "sqlite": text("SELECT name FROM sqlite_master WHERE type = 'trigger'"),
    "postgresql": text("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')"),
}


def missing(tx: Connection) -> list[str]:
    """Names of triggers that somebody took away or switched off."""
    dialect = tx.dialect.name
    present = set(tx.execute(_PRESENT[dialect]).scalars())
    wanted = (f"{table}_{refused}" for table in _TABLES for refused in _REFUSED[dialect])
    return [name for name in wanted if name not in present]
