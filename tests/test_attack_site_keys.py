"""What a key for one site could learn of another site by being refused, where both use one instance of kuraCloud."""

from __future__ import annotations

from typing import Any

import pytest
from flask import g

from app.errors import NotFound
from app.planning.roles import Principal
from app.web.api import named
from sandbox.moodle.sim import SimMoodle
from tests.api_desk import ApiDesk

OF_UNI = ("uni", "Physiology 1", "mapping 1")


def test_a_refusal_names_nothing_of_another_site(api: ApiDesk) -> None:
    desk = api.desk
    desk.map()
    desk.kura.add_course("Pharmacology", "PHA", lmsEnabled=False)
    desk.kura.add_course("Anatomy", "ANA", lmsEnabled=False)
    with SimMoodle.serving() as second:
        second.create_course("Pharmacology 1", "PHA1")
        second.create_course("Anatomy 1", "ANA1")
        desk.done("site", "add", "test", second.url, "--token-file", "-", typed=second.token)
        mine = {"site": "test", "course": "PHA1", "instance": "kura"}
        number = api.post("/mappings", {**mine, "kura_course": "PHA", "shared": True}, status=201)["id"]
        there = {"kuracloud": {"instance": "kura", "course": "PHY"}}
        asked: list[tuple[str, dict[str, Any]]] = [
            ("/mappings", {**mine, "course": "ANA1", "kura_course": "PHY"}),
            ("/mappings", {**mine, "course": "ANA1", "kura_course": "ANA"}),
            (f"/mappings/{number}/repoint", there),
            (f"/mappings/{number}/repoint", {**there, "dry_run": True}),
        ]
        for path, body in asked:
            _tells_nothing(api, path, body)


def _tells_nothing(api: ApiDesk, path: str, body: dict[str, Any]) -> None:
    said = api.post(path, body, status=409, site="test")["detail"]
    assert not any(each in said for each in OF_UNI), said
    assert any(each in api.post(path, body, status=409)["detail"] for each in OF_UNI), "administrators are told"


def test_a_key_whose_site_was_removed_just_now_is_not_one_for_every_site(api: ApiDesk) -> None:
    with api.client.application.test_request_context():
        g.principal = Principal("key:gone", "admin", 99)
        with pytest.raises(NotFound):
            named.site_name(None)
