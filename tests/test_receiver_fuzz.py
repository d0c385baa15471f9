"""Whatever is sent, the receiver answers in its one shape and never with a 5xx."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from cryptography.fernet import Fernet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.kit import Kit
from app.settings import Settings
from app.store.db import Database
from app.store.vault import Vault
from tests.receiving import PROBLEM, SECRET, Door, delivery, open_door, recorded, sealed

WAYS = st.sampled_from(["", "/local_webhooks", "/tool_trigger"])
RECORDED_EVENTS = [each["get_data"] for each in recorded("get_data").values()]
PLUGINS = ("local_webhooks", "tool_trigger")
PLUGIN_BODIES = [each["request"]["body"] for way in PLUGINS for each in recorded(way).values()]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
CHANGES = st.dictionaries(st.sampled_from(sorted(RECORDED_EVENTS[0])), JSON, max_size=4)
# No line ends: no HTTP server lets them through to here.
HEADER = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=60)


@pytest.fixture(scope="module")
def door(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """One for all examples: what one leaves behind must not hurt the next either."""
    home = tmp_path_factory.mktemp("fuzz")
    copyfile(sqlite_template, home / "kurasync.db")
    database = Database(f"sqlite:///{home / 'kurasync.db'}")
    kit = Kit(Settings(home=home), database, Vault([Fernet.generate_key().decode()]))
    yield open_door(kit)
    database.dispose()


@pytest.fixture
def either_door(kit: Kit) -> Door:
    """One on each kind of database: PostgreSQL is stricter about what it stores."""
    return open_door(kit)


def check(door: Door, path: str, body: bytes, headers: dict[str, str]) -> None:
    answer = door.post(path, body, headers)
    assert answer.status_code < 500, answer.text
    if answer.status_code != 200:
        assert answer.content_type == PROBLEM
        assert set(answer.get_json()) == {"type", "title", "status", "detail", "reason", "errors"}


def as_bytes(document: object) -> bytes:
    return json.dumps(document).encode()


def signed_bytes(document: object) -> tuple[bytes, dict[str, str]]:
    body, headers = sealed(json.dumps(document))
    return body.encode(), headers


@given(way=WAYS, body=st.binary(max_size=2000), header=HEADER, proof=HEADER)
@settings(max_examples=150, deadline=None)
def test_random_bytes(door: Door, way: str, body: bytes, header: str, proof: str) -> None:
    headers = {"Content-Type": header or "application/json", "Authorization": proof, "webhook-id": header}
    check(door, f"/events/uni{way}", body, {**headers, "webhook-signature": proof, "webhook-timestamp": header})


@given(name=st.text(), way=WAYS)
@settings(max_examples=50, deadline=None)
def test_random_addresses(door: Door, name: str, way: str) -> None:
    check(door, f"/events/{name.encode(errors='replace').hex()}{way}", b"{}", {})
    check(door, "/events/" + "".join(f"%{byte:02x}" for byte in name.encode(errors="replace")) + way, b"{}", {})


@given(document=JSON)
@settings(max_examples=150, deadline=None)
def test_random_json_with_a_valid_proof(door: Door, document: Any) -> None:
    check(door, "/events/uni", *signed_bytes(document))
    check(door, "/events/uni", *signed_bytes(delivery(document, {"id": "1", "eventname": document})))
    check(door, "/events/uni/tool_trigger", as_bytes(document), {"Authorization": f"Bearer {SECRET}"})
    if isinstance(document, dict):
        check(door, "/events/uni/local_webhooks", as_bytes({**document, "token": SECRET}), {})


@given(event=st.sampled_from(RECORDED_EVENTS), changes=CHANGES, uid=JSON)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_mutated_events_with_a_valid_signature(either_door: Door, event: Any, changes: Any, uid: Any) -> None:
    changed, renamed = {"id": uid, **event, **changes}, {"id": "1", **event, "eventname": uid}
    check(either_door, "/events/uni", *signed_bytes(delivery(changed, renamed)))


@given(body=st.sampled_from(PLUGIN_BODIES), changes=CHANGES, way=st.sampled_from(PLUGINS))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_mutated_deliveries_of_the_plugins(either_door: Door, body: Any, changes: Any, way: str) -> None:
    changed = as_bytes({**body, **changes, "token": SECRET})
    check(either_door, f"/events/uni/{way}", changed, {"Authorization": f"Bearer {SECRET}"})


@given(body=st.sampled_from(PLUGIN_BODIES), at=st.integers(0, 600), byte=st.integers(0, 255), way=WAYS)
@settings(max_examples=150, deadline=None)
def test_deliveries_damaged_on_the_way(door: Door, body: Any, at: int, byte: int, way: str) -> None:
    damaged = bytearray(as_bytes({**body, "token": SECRET}))
    damaged[at % len(damaged)] = byte
    _, headers = sealed("{}")
    check(door, f"/events/uni{way}", bytes(damaged), {**headers, "Authorization": f"Bearer {SECRET}"})
