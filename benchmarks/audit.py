"""What proving costs: sealing against writing rows, verifying against bare hashing, and memory that does not grow."""

from __future__ import annotations

import json
import sqlite3
import tracemalloc
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

from cryptography.fernet import Fernet
from sqlalchemy import Connection

from app import kit as kits
from app import settings
from app.kit import Kit
from app.setup import auditing, sealing
from app.store import audit, migrate
from benchmarks.figure import Figure

CALLS = 10_000
SINGLY = 500  # calls in transactions of their own: each waits for the disk
MORE = 3  # times as many again, for the memory
SEALING, VERIFYING, GROWTH = 0.5, 8.0, 1.25
_RECORD = {"email": "user1@example.edu", "before": {"section": "A"}, "after": {"section": "B", "given_name": "Given"}}


def figures() -> list[Figure]:
    """Two rows a call, one person in each call."""
    with TemporaryDirectory() as folder:
        given = settings.load({}, home=Path(folder), secret_key=Fernet.generate_key().decode())
        with closing(kits.make(given)) as kit:
            migrate.upgrade(kit.database)
            return _figures(kit)


def _figures(kit: Kit) -> list[Figure]:
    written = _singly(kit) / SINGLY
    _together(kit, CALLS - SINGLY)
    sealed = _sealed(kit) / CALLS
    verified, floor = _verified(kit), _hashed(kit)
    few = _peak(kit)
    _together(kit, MORE * CALLS)
    _sealed(kit)
    many = _peak(kit)
    return [
        Figure("sealing, of what writing the rows costs", sealed / written, SEALING, "x",
               note=f"{2 / sealed:,.0f} rows/s"),
        Figure("verifying, of reading and hashing alone", verified / floor, VERIFYING, "x",
               note=f"{2 * CALLS / verified:,.0f} rows/s"),
        Figure("memory of verifying four times the rows", many / few, GROWTH, "x", note=f"{many / 1e6:.1f} MB"),
    ]  # fmt: skip


def _singly(kit: Kit) -> float:
    """Seconds of processor time for calls whose two rows are written in two transactions, as a run does."""
    began = process_time()
    for number in range(SINGLY):
        with kit.database.transaction() as tx:
            call = _begun(tx, number)
        with kit.database.transaction() as tx:
            audit.end(tx, 1.0, call, "done")
    return process_time() - began


def _together(kit: Kit, calls: int) -> None:
    with kit.database.transaction() as tx:
        for number in range(calls):
            audit.end(tx, 1.0, _begun(tx, number), "done")


def _begun(tx: Connection, number: int) -> str:
    subject = {"records": [{"userid": number, "studentid": number, **_RECORD}]}
    return audit.begin(tx, 1.0, actor="kurasync", system="kuracloud", operation="edit_students", subject=subject)


def _sealed(kit: Kit) -> float:
    began = process_time()
    sealing.seal(kit)
    return process_time() - began


def _verified(kit: Kit) -> float:
    began = process_time()
    assert not auditing.verify(kit, auditing.kept(kit)).wrong
    return process_time() - began


def _hashed(kit: Kit) -> float:
    """The floor: every row and every person read, written as JSON and hashed, nothing else."""
    began = process_time()
    with closing(sqlite3.connect(str(kit.database.url.database))) as connection:
        for table in ("audit", "audit_subjects"):
            for row in connection.execute(f"SELECT * FROM {table}"):
                sha256(json.dumps(row).encode()).hexdigest()
    return process_time() - began


def _peak(kit: Kit) -> float:
    """Bytes that verifying needs at most."""
    tracemalloc.start()
    try:
        auditing.verify(kit, auditing.kept(kit))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
