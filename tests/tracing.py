"""A story to trace: Ana comes and goes, Moodle says so, and a year passes."""

from __future__ import annotations

from app.store import events, prune, sites
from app.sync import trace as tracing
from app.sync.intake import Parcel, accept
from app.sync.trace import Trace
from schemas.events import MoodleEvent
from tests.world import World

ANA = "ana.lee@example.edu"
YEAR = 365 * 86400.0


def with_plugin(made: World) -> World:
    """A course of three, whose Moodle has the plugin: a leaver is removed unasked. Run 1 brought them in step."""
    made.moodle.install_plugin()
    for number in range(3):
        made.enrol(f"Other{number}")
    made.sync()
    made.clock.advance(60)
    return made


def report(made: World, name: str, userid: int) -> None:
    """Moodle reports something, and the turn is taken that it asks for."""
    deliver(made, name, userid)
    made.clock.advance(20)
    made.outcomes.append(made.turn())
    made.clock.advance(40)


def deliver(made: World, name: str, userid: int) -> None:
    """Moodle reports something; event 1 was sent as `sent-1`, and so on."""
    with made.kit.database.reading() as tx:
        site, number = sites.get(tx, made.site_id), len(events.search(tx)) + 1
    assert site is not None
    event = MoodleEvent(
        uid=f"sent-{number}",
        name=rf"\core\event\{name}",
        courseid=made.course,
        relateduserid=userid,
        objectid=None,
        contextlevel=50,
        contextinstanceid=made.course,
        timecreated=None,
    )
    accept(made.kit, [Parcel(site, "signed", f"delivery-{number}", [event])])


def come(made: World) -> int:
    """Ana comes, and Moodle says so; her Moodle user id."""
    userid = made.enrol("Ana", "Lee", email=ANA)
    report(made, "user_enrolment_created", userid)
    return userid


def leave(made: World, userid: int) -> None:
    """She goes, and Moodle says so."""
    made.moodle.unenrol(userid, made.course)
    report(made, "user_enrolment_deleted", userid)


def forget(made: World) -> None:
    """A year passes, and what is kept for thirty days is forgotten."""
    made.sync()  # the last run of a row stays: it must not be one of hers
    made.clock.advance(YEAR)
    made.sync()
    with made.kit.database.transaction() as tx:
        prune.prune(tx, made.clock() - 30 * 86400.0)


def story(made: World, userid: int) -> Trace:
    return tracing.of_user(made.kit, "uni", userid)


def kinds(found: Trace) -> list[str]:
    return [each.what for each in found.moments]
