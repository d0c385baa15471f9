"""The verbs of administrators on both databases, and two of them at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier

import pytest

from app.errors import KurasyncError, NotFound, Refused, TransientError
from app.kit import Kit
from app.setup import finding, instances, mappings, sites
from app.store import audit, holds, runs, worklist
from app.store.mappings import Mapping
from app.store.mappings import every as every_mapping
from app.sync.turn import take_turn
from sandbox.faults import Fault
from sandbox.kuracloud.sim import SimKuraCloud
from sandbox.moodle.sim import SimMoodle

ACTOR = "an administrator"


@dataclass
class Place:
    """A site and an instance, connected; nothing is mapped."""

    kit: Kit
    moodle: SimMoodle
    kura: SimKuraCloud
    course: int
    kura_course: int

    def map(self) -> Mapping:
        return mappings.add(
            self.kit,
            site_name="uni",
            moodle_course=str(self.course),
            instance_name="kura",
            kura_course=str(self.kura_course),
            actor=ACTOR,
        ).mapping

    def turn(self, mapping_id: int) -> str:
        return take_turn(self.kit, mapping_id, "roster", "test:1:0:0")

    def outcomes(self) -> list[tuple[str, str | None]]:
        """Operation and outcome of every write to kuraCloud that has ended, the oldest first."""
        with self.kit.database.reading() as tx:
            rows = audit.search(tx, system="kuracloud")
        return [(row.operation, row.outcome) for row in reversed(rows) if row.phase == "end"]


@pytest.fixture
def place(kit: Kit) -> Iterator[Place]:
    with SimMoodle.serving() as moodle, SimKuraCloud.serving() as kura:
        course = moodle.create_course("Physiology 1", "PHY1")
        kura_course = kura.add_course("Physiology", lmsEnabled=False)
        sites.add(kit, name="uni", url=moodle.url, token=moodle.token, actor=ACTOR)
        instances.add(kit, name="kura", url=kura.url, token=kura.token, actor=ACTOR)
        yield Place(kit, moodle, kura, course, kura_course)


def test_a_mapping_lives_and_goes_and_only_its_audit_rows_stay(place: Place) -> None:
    place.moodle.create_students(place.course, 2)
    mapping = place.map()
    assert place.turn(mapping.id) == "done"
    assert mappings.remove(place.kit, mapping.id, ACTOR) is True
    with place.kit.database.reading() as tx:
        assert every_mapping(tx) == []
        assert worklist.rows(tx) == []
        assert runs.search(tx) == []
        assert holds.search(tx) == []
        assert {row.mapping_id for row in audit.search(tx)} >= {mapping.id}
    assert place.outcomes() == [("set_lms_enabled", "done"), ("set_lms_enabled", "done")]
    sites.remove(place.kit, "uni", ACTOR)
    instances.remove(place.kit, "kura", ACTOR)


def test_of_two_who_map_one_course_at_once_one_is_refused(place: Place) -> None:
    start = Barrier(2)

    def attempt(_: int) -> KurasyncError | Mapping:
        start.wait()
        try:
            return place.map()
        except Refused as refused:
            return refused

    with ThreadPoolExecutor(2) as both:
        found = list(both.map(attempt, range(2)))
    assert sorted(type(each).__name__ for each in found) == ["Mapping", "Refused"]
    with place.kit.database.reading() as tx:
        assert len(every_mapping(tx)) == 1


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Fault("status", match="PUT", status=429), "failed"),
        (Fault("reset_after", match="PUT"), "unknown"),
        (Fault("status", match="PUT", status=403), "refused"),
    ],
)
def test_how_a_write_ended_is_in_the_audit_log(place: Place, fault: Fault, outcome: str) -> None:
    place.kura.faults.add(fault)
    with pytest.raises(KurasyncError):
        place.map()
    assert place.outcomes() == [("set_lms_enabled", outcome)]


def test_a_mapping_that_cannot_be_given_back_goes_on(place: Place) -> None:
    mapping = place.map()
    place.kura.faults.add(Fault("status", match="PUT", status=503))
    with pytest.raises(TransientError):
        mappings.remove(place.kit, mapping.id, ACTOR)
    assert place.turn(mapping.id) == "done"


def test_a_mapping_that_is_gone_is_not_found(place: Place) -> None:
    mapping = place.map()
    mappings.remove(place.kit, mapping.id, ACTOR)
    for verb in (mappings.pause, mappings.resume, mappings.remove):
        with pytest.raises(NotFound, match=f"no mapping {mapping.id}"):
            verb(place.kit, mapping.id, ACTOR)


def test_rules_are_kept_where_they_differ_from_the_defaults(place: Place) -> None:
    mapping = place.map()
    mappings.set_rules(place.kit, mapping.id, {"mode": "auto", "freeze": "no"}, (), ACTOR)
    with place.kit.database.reading() as tx:
        assert finding.mapping(tx, mapping.id).settings == {"freeze": False}
    assert mappings.set_rules(place.kit, mapping.id, {}, ("freeze",), ACTOR).freeze is True


def test_events_of_a_removed_site_go_with_it(place: Place) -> None:
    place.map()
    assert sites.remove(place.kit, "uni", ACTOR) == [1]
    with place.kit.database.reading() as tx, pytest.raises(NotFound):
        finding.site(tx, "uni")
