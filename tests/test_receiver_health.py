"""/healthz and /readyz."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.kit import Kit
from app.store.db import Database
from app.web import create_app


def test_it_is_ready_when_the_database_is_there_and_migrated(kit: Kit) -> None:
    client = create_app(kit).test_client()
    assert client.get("/healthz").get_json() == {"status": "alive"}
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()["checks"]) == (200, {"database": "ok", "schema": "ok"})


def test_it_is_not_ready_before_the_database_is_migrated(sqlite_kit: Kit, tmp_path: Path) -> None:
    empty = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    answer = create_app(replace(sqlite_kit, database=empty)).test_client().get("/readyz")
    assert answer.status_code == 503
    assert "kurasync db upgrade" in answer.get_json()["checks"]["schema"]
    empty.dispose()


@pytest.mark.parametrize("url", ["postgresql://me:hidden@127.0.0.1:1/x?connect_timeout=1", "sqlite:////nowhere/at/all.db"])
def test_it_lives_without_a_database_and_says_what_is_wrong(sqlite_kit: Kit, url: str) -> None:
    away = Database(url)
    client = create_app(replace(sqlite_kit, database=away)).test_client()
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()["checks"]["database"]) == (503, "cannot be reached")
    assert "hidden" not in answer.text
    away.dispose()
