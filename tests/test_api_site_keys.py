"""A key for one site sees and steers that site alone: asked of every operation that the API describes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sqlalchemy import select
from werkzeug.test import TestResponse

from app.kit import Kit
from app.store.tables import metadata
from tests.api_stage import ELSEWHERE, Stage

OF_UNI = re.compile(r'"(uni|kura)"|\b(uni|kura):|Physiology|Given1|Family1|@example\.edu|PHY1', re.ASCII)
"""What only those may read who see the site uni: names of connections, courses and students."""

WRITTEN_ANYWAY = {"api_keys", "audit", "audit_subjects"}
"""That a key was used, and what it was used for, stands here."""

PAIR = {"site": "uni", "course": "PHY1", "instance": "kura", "kura_course": "PHY"}
BODIES: dict[str, Any] = {
    "post /mappings": PAIR,
    "patch /mappings/{number}/rules": {"mode": "review"},
    "post /mappings/{number}/runs": {"kind": "roster"},
    "post /mappings/{number}/repoint": {"moodle": {"site": "uni", "course": "PHY1"}, "dry_run": True},
    "post /mappings/{number}/kept": {"student": 1},
    "post /mappings/{number}/excluded": {"user": 1},
    "post /mappings/{number}/hand-back": {"grades": [{"userid": 1, "lesson": 1, "revision": 1, "shown": 1.0}]},
    "post /mappings/import": {"file": "site,course,instance,kura_course\nuni,PHY1,kura,PHY\n"},
    "post /tasks": {"kind": "roster_plan", "mapping": 1},
    "post /tasks/{number}/continue": {"digest": "0" * 64},
    "post /holds/{number}/approve": {"digest": "0" * 64},
    "post /holds/{number}/bypass": {"digest": "0" * 64},
    "post /sites": {"name": "new", "url": "https://moodle.example.edu", "token": "token"},
    "post /sites/from-file": {"file": "{}"},
    "put /sites/{name}/token": {"token": "token"},
    "put /sites/{name}/address": {"url": "https://moodle.example.edu"},
    "put /sites/{name}/ways": {"ways": ["signed"]},
    "post /sites/{name}/secrets/{number}/end": {},
    "post /instances": {"name": "new", "token": "token"},
    "put /instances/{name}/token": {"token": "token"},
    "post /users": {"name": "eva", "role": "viewer", "password": "a password that is long"},
    "put /users/{number}/password": {"password": "a password that is long"},
    "put /users/{number}/role": {"role": "viewer"},
    "post /keys": {"name": "another"},
    "post /events/requeue": {"all": True},
    "post /dead/requeue": {"all": True},
    "post /trace": {"user": {"site": "uni", "userid": 1}},
    "post /people/disclose": {"user": {"site": "uni", "userid": 1}},
    "post /people/erase": {"user": {"site": "uni", "userid": 1}, "dry_run": True},
}
"""A body for each operation that takes one, about something of uni's."""


def test_every_operation_that_takes_a_body_is_asked_with_one(furnished: Stage) -> None:
    takes = {_called(method, path) for method, path, each in furnished.operations() if "requestBody" in each}
    assert takes == set(BODIES)


def test_it_neither_sees_nor_changes_anything_of_another_site(furnished: Stage, tmp_path: Path) -> None:
    for method, path, _ in furnished.operations():
        with furnished.scene(tmp_path) as kit:
            before = _stored(kit)
            answer = _asked(furnished, method, path, ELSEWHERE)
            assert answer.status_code in (200, 202, 403, 404), (method, path, answer.text)
            assert answer.status_code in (403, 404) or not OF_UNI.search(answer.text), (method, path, answer.text)
            assert _stored(kit) == before, (method, path)


def test_what_is_hidden_from_it_is_really_there(furnished: Stage, tmp_path: Path) -> None:
    with furnished.scene(tmp_path):
        for method, path, _ in furnished.operations():
            if method == "get" and "{" in path:
                assert _asked(furnished, method, path, "admin").status_code == 200, path


def test_it_sees_and_steers_its_own(furnished: Stage, tmp_path: Path) -> None:
    with furnished.scene(tmp_path):
        sites = _asked(furnished, "get", "/api/v1/sites", ELSEWHERE).get_json()
        assert [each["name"] for each in sites["items"]] == [ELSEWHERE]
        listed = _asked(furnished, "get", "/api/v1/mappings", ELSEWHERE).get_json()
        assert listed == {"items": [], "next": None}


def _called(method: str, path: str) -> str:
    return f"{method} {path.removeprefix('/api/v1')}"


def _asked(made: Stage, method: str, path: str, whose: str) -> TestResponse:
    """What is answered to a request about something of uni's."""
    name = "kura" if path.startswith("/api/v1/instances") else "uni"
    address = re.sub(r"\{(\w+)\}", lambda found: name if found[1] == "name" else "1", path)
    headers = {"Authorization": f"Bearer {made.keys[whose]}"}
    return made.app.test_client().open(
        address, method=method, json=BODIES.get(_called(method, path)), headers=headers, buffered=True
    )


def _stored(kit: Kit) -> dict[str, list[Any]]:
    with kit.database.reading() as tx:
        return {
            table.name: list(tx.execute(select(table)))
            for table in metadata.sorted_tables
            if table.name not in WRITTEN_ANYWAY
        }
