"""The API keeps to its own description, whatever it is asked by whoever: tried by schemathesis, in process."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from tests.api_stage import WHOSE, Stage, stage

_KNOWN: dict[str, tuple[Any, ...]] = {"name": ("uni", "kura"), "number": (1, 2), "student": (1,), "user": (1,)}
_CHECKS = [content_type_conformance, response_schema_conformance]
_OF_OTHERS = (502, 503)
_NOT_OF_OTHERS = ("not_stored", "not_set_up")

schema = schemathesis.openapi.from_dict(stage().app.test_client().get("/api/v1/openapi.json").get_json())
schema.app = stage()


@schema.hook
def map_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """Ask every other time for something that is there."""
    for name, value in (path_parameters or {}).items():
        known = _KNOWN[name]
        if len(str(value)) % 2:
            path_parameters[name] = known[len(str(value)) // 2 % len(known)]
    return path_parameters


@pytest.fixture(autouse=True)
def at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever addresses are made up: nothing is asked but this machine."""
    resolve = socket.getaddrinfo

    def resolved(host: Any, *more: Any, **options: Any) -> Any:
        if host not in ("127.0.0.1", "localhost"):
            raise socket.gaierror(socket.EAI_NONAME, "no such host")
        return resolve(host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolved)


@schema.given(whose=st.sampled_from(WHOSE))
@schema.parametrize()
@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[*HealthCheck],
)
def test_every_answer_is_as_described(
    case: schemathesis.Case, whose: str, furnished: Stage, tmp_path: Path
) -> None:
    with furnished.scene(tmp_path):
        answer = case.call(headers={"Authorization": f"Bearer {furnished.keys[whose]}"})
        case.validate_response(answer, checks=_CHECKS)
        if answer.status_code >= 500:
            assert answer.status_code in _OF_OTHERS
            assert answer.json()["reason"] not in _NOT_OF_OTHERS
