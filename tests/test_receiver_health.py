"""/healthz and /readyz: degraded is not down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from werkzeug.test import TestResponse

from app.kit import Kit
from app.redis_server import RedisServer
from app.settings import Settings
from app.store import seals, signs
from app.store.db import Database
from app.store.vault import Vault
from app.web import create_app
from tests.conftest import SetClock
from tests.receiving import open_door

ALL_WELL = {"database": "ok", "schema": "ok", "key": "ok", "clock": "ok", "backup": "ok", "redis": "ok"}


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[None]:
    """The private Redis of the kit's home."""
    server = RedisServer(tmp_path)
    child = server.child()
    child.start()
    assert child.ready is not None
    child.ready(child)
    yield
    child.kill()
    server.close()


def ask(kit: Kit) -> TestResponse:
    return create_app(kit).test_client().get("/readyz")


def told(kit: Kit) -> tuple[int, str, dict[str, Any]]:
    """Status of the answer, the word for all of it, and each check that is not ok."""
    answer = ask(kit)
    document = answer.get_json()
    return (
        answer.status_code,
        document["status"],
        {name: said for name, said in document["checks"].items() if said != "ok"},
    )


def beat(kit: Kit) -> None:
    with kit.database.transaction() as tx:
        signs.note(tx, kit.database.now(tx), signs.CLOCK)


def test_it_is_ready_when_everything_is_there(kit: Kit, redis: None) -> None:
    beat(kit)
    client = create_app(kit).test_client()
    assert client.get("/healthz").get_json() == {"status": "alive"}
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ready", "checks": ALL_WELL})


def test_without_redis_it_is_degraded_and_takes_events_in(sqlite_kit: Kit) -> None:
    beat(sqlite_kit)
    status, word, wrong = told(sqlite_kit)
    assert (status, word, list(wrong)) == (200, "degraded", ["redis"])
    assert "nothing is lost" in wrong["redis"]


def test_what_everybody_may_read_names_no_server_and_no_folder(sqlite_kit: Kit) -> None:
    beat(sqlite_kit)
    away = Settings(home=sqlite_kit.settings.home, redis_url="redis://:hidden@127.0.0.1:1/0")
    for settings in (sqlite_kit.settings, away):
        text = ask(replace(sqlite_kit, settings=settings)).text
        assert "127.0.0.1" not in text
        assert "hidden" not in text
        assert str(sqlite_kit.settings.home) not in text


def test_a_clock_that_stopped_degrades_it(sqlite_kit: Kit, clock: SetClock, redis: None) -> None:
    assert told(sqlite_kit)[:2] == (200, "degraded")
    assert "has never run" in told(sqlite_kit)[2]["clock"]
    beat(sqlite_kit)
    clock.advance(60)
    assert told(sqlite_kit) == (200, "ready", {})
    clock.advance(1)
    status, word, wrong = told(sqlite_kit)
    assert (status, word) == (200, "degraded")
    assert wrong == {"clock": "gave its last sign 61 s ago: start `kurasync clock`"}


def test_a_sign_of_an_earlier_time_takes_nothing_back(sqlite_kit: Kit, clock: SetClock) -> None:
    beat(sqlite_kit)
    with sqlite_kit.database.transaction() as tx:
        signs.note(tx, clock() - 100, signs.CLOCK)
        assert signs.last(tx, signs.CLOCK) == clock()


def test_with_another_key_it_is_not_ready_for_no_signature_can_be_checked(sqlite_kit: Kit, redis: None) -> None:
    open_door(sqlite_kit)
    beat(sqlite_kit)
    assert told(replace(sqlite_kit, vault=Vault([Fernet.generate_key().decode()]))) == (
        503,
        "not ready",
        {"key": "opens none of 3 stored tokens and secrets: `kurasync doctor` says more"},
    )


def test_a_single_token_that_the_key_does_not_open_takes_no_other_site_down(sqlite_kit: Kit, redis: None) -> None:
    open_door(sqlite_kit)  # with an instance whose token is not encrypted
    beat(sqlite_kit)
    status, word, wrong = told(sqlite_kit)
    assert (status, word) == (200, "degraded")
    assert wrong["key"].startswith("opens only 2 of 3 ")


def test_a_database_put_back_from_an_old_backup_degrades_it(sqlite_kit: Kit, redis: None) -> None:
    beat(sqlite_kit)
    sqlite_kit.settings.anchor.write_text(f"7 {'ab' * 32} 2023-11-14T22:13:20Z\n")
    with sqlite_kit.database.reading() as tx:
        assert seals.head(tx) is None
    status, word, wrong = told(sqlite_kit)
    assert (status, word, list(wrong)) == (200, "degraded", ["backup"])


def test_it_is_not_ready_before_the_database_is_migrated(sqlite_kit: Kit, tmp_path: Path) -> None:
    empty = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    answer = ask(replace(sqlite_kit, database=empty))
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
