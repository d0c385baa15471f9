"""Which instances a site may see, and how many mappings each connection has."""

from __future__ import annotations

from app.store import instances, mappings
from app.store.db import Database
from tests.making import add_instance, add_mapping, add_site


def test_a_site_sees_the_instances_that_serve_it_and_those_that_serve_nobody(database: Database) -> None:
    with database.transaction() as tx:
        uni, other = add_site(tx, 1.0, "uni"), add_site(tx, 1.0, "other")
        ours, theirs, both, nobodys = (add_instance(tx, 1.0, name) for name in ("ours", "theirs", "both", "nobodys"))
        served = ((uni, ours), (uni, both), (other, theirs), (other, both))
        for courseid, (site_id, instance_id) in enumerate(served, 1):
            add_mapping(tx, 1.0, site_id, instance_id, courseid)
    with database.reading() as tx:
        assert {each.id for each in instances.every(tx, uni)} == {ours, both, nobodys}
        assert {each.id for each in instances.every(tx)} == {ours, theirs, both, nobodys}
        assert mappings.per_connection(tx, "instance") == {ours: 1, theirs: 1, both: 2}
        assert mappings.per_connection(tx, "site") == {uni: 2, other: 2}
