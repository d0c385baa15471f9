"""Which rows of the audit a list shows."""

from __future__ import annotations

from typing import Any

import pytest

from app.kit import Kit
from app.setup.acts import record
from app.store import audit
from tests.conftest import START, SetClock
from tests.making import add_instance, add_mapping, add_site


@pytest.fixture
def three_acts(kit: Kit, clock: SetClock) -> Kit:
    """Three acts, an hour apart, by two people."""
    for actor, operation in (("user:anna", "pause"), ("key:lab", "resume"), ("user:anna", "resume")):
        with kit.database.transaction() as tx:
            record(tx, kit.database.now(tx), actor, operation, {})
        clock.advance(3600)
    return kit


@pytest.mark.parametrize(
    ("which", "found"),
    [
        ({}, ["resume", "resume", "pause"]),
        ({"actor": "user:anna"}, ["resume", "pause"]),
        ({"actor": "user:anna", "operation": "resume"}, ["resume"]),
        ({"since": START + 3600}, ["resume", "resume"]),
        ({"until": START + 3600}, ["pause"]),
        ({"since": START + 1, "until": START + 7200}, ["resume"]),
        ({"actor": "user:nobody"}, []),
    ],
)
def test_it_finds_what_fits_every_filter(three_acts: Kit, which: dict[str, Any], found: list[str]) -> None:
    with three_acts.database.reading() as tx:
        entries = audit.search(tx, **which)
    assert [each.operation for each in entries if each.phase == "begin"] == found


def test_a_site_has_the_rows_of_its_mappings(kit: Kit) -> None:
    with kit.database.transaction() as tx:
        uni, other, lab = add_site(tx, 1.0, "uni"), add_site(tx, 1.0, "other"), add_instance(tx, 1.0)
        of_uni, of_other = add_mapping(tx, 1.0, uni, lab, 1), add_mapping(tx, 1.0, other, lab, 2)
        for mapping_id in (of_uni, of_other, None):
            record(tx, 1.0, "user:anna", "pause", {}, mapping_id)
    with kit.database.reading() as tx:
        assert {each.mapping_id for each in audit.search(tx, site_id=uni)} == {of_uni}
