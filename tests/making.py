"""Rows that tests stand on, made in one line each."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from app.store import instances, mappings, sites, worklist
from app.store.worklist import ROSTER, Claim
from schemas.events import MoodleEvent

OWNER = "host:1:100:a"


def add_site(tx: Connection, now: float, name: str = "uni") -> int:
    url = f"https://{name}.example.edu"
    return sites.add(tx, now, name=name, url=url, wwwroot=url, identity=None, token="sealed", ways=["signed"])


def add_instance(tx: Connection, now: float, name: str = "lab") -> int:
    url = f"https://{name}.example.org"
    return instances.add(tx, now, name=name, url=url, token="sealed", remote_id=name, display_name=name)


def add_mapping(tx: Connection, now: float, site_id: int, instance_id: int, courseid: int) -> int:
    return mappings.add(
        tx,
        now,
        site_id=site_id,
        courseid=courseid,
        course_name=f"Course {courseid}",
        instance_id=instance_id,
        kura_courseid=courseid + 1000,
        kura_course_name=f"Lab course {courseid}",
        settings={},
        reconcile_at=now,
    )


def add_courses(tx: Connection, now: float, how_many: int = 1) -> list[int]:
    """A site, an instance, and mappings of courses 1, 2, ..."""
    site_id, instance_id = add_site(tx, now), add_instance(tx, now)
    return [add_mapping(tx, now, site_id, instance_id, courseid + 1) for courseid in range(how_many)]


def event(uid: str | None = None, courseid: int = 1, userid: int | None = 7) -> MoodleEvent:
    return MoodleEvent(
        name="\\core\\event\\user_enrolment_created",
        uid=uid,
        courseid=courseid,
        relateduserid=userid,
        objectid=1,
        contextlevel=50,
        contextinstanceid=2,
        timecreated=1_700_000_000,
    )


def want(tx: Connection, now: float, *mapping_ids: int, kind: str = ROSTER, events: Sequence[int] = ()) -> int:
    """Want these mappings with a quiet time of 3 s and a cap of 15 s; returns the last gen."""
    gens = worklist.want(tx, now, {(each, kind): events for each in mapping_ids}, quiet=3.0, cap=15.0)
    return gens[mapping_ids[-1], kind]


def want_now(tx: Connection, now: float, *mapping_ids: int, kind: str = ROSTER) -> None:
    worklist.want(tx, now, {(each, kind): () for each in mapping_ids}, quiet=3.0, cap=15.0, urgent=True)


def claim(
    tx: Connection,
    now: float,
    mapping_id: int,
    *,
    kind: str = ROSTER,
    owner: str = OWNER,
    lease: float = 120.0,
    runs_per_instance: int = 2,
) -> Claim | None:
    return worklist.claim(tx, now, mapping_id, kind, owner, lease, runs_per_instance)


def claimed(tx: Connection, now: float, mapping_id: int, *, owner: str = OWNER, lease: float = 120.0) -> Claim:
    """A claim that must succeed, whatever else runs."""
    made = claim(tx, now, mapping_id, owner=owner, lease=lease, runs_per_instance=1000)
    assert made is not None
    return made


def row(tx: Connection, mapping_id: int, kind: str = ROSTER) -> worklist.Row:
    found = worklist.get(tx, mapping_id, kind)
    assert found is not None
    return found
