"""Is one mapping all right? One whole read of each side, in words; nothing is written (design.md 11)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from app.errors import KurasyncError
from app.kit import Kit
from app.planning.rules import Rules, from_settings
from app.planning.students import STUDENT, Reading
from app.setup import finding
from app.setup.check import Check, fail, note, ok, warn
from app.setup.obstacles import obstacle
from app.store import holds, links
from app.store.worklist import KINDS
from app.sync import connect
from app.sync.connect import Sides
from app.sync.gradebooks import PluginDoor
from app.sync.plugin import asked
from app.sync.read import kuracloud_course, read_roster


def check(kit: Kit, mapping_id: int) -> Iterator[Check]:
    """Each thing that has to be right for a mapping, in turn; what rests on something that failed is left out."""
    yield from _standing(kit, mapping_id)
    with connect.sides(kit, mapping_id) as both:
        yield from _told("Moodle", _moodle(kit, both))
        yield from _told("kuraCloud", _kuracloud(kit, both))


def _told(side: str, checks: Iterator[Check]) -> Iterator[Check]:
    try:
        yield from checks
    except KurasyncError as error:
        yield fail(side, error.message)


def _standing(kit: Kit, mapping_id: int) -> Iterator[Check]:
    for kind in KINDS:
        why = obstacle(kit, mapping_id, kind)
        yield warn(kind, f"Nothing is done: {why}") if why else ok(kind, "Nothing is in the way.")
    with kit.database.reading() as tx:
        started = finding.mapping(tx, mapping_id).started_at is not None
        waiting = [hold for kind in KINDS if (hold := holds.waiting(tx, mapping_id, kind)) and hold.state == "open"]
    if not started:
        yield note("first plan", f"Nothing was approved yet, so everything waits: `kurasync plan {mapping_id}`.")
    for hold in waiting:
        yield note(hold.kind, f"Hold {hold.id} waits for a person: `kurasync holds show {hold.id}`.")


def _moodle(kit: Kit, stored: Sides) -> Iterator[Check]:
    both, rules = asked(stored), from_settings(stored.mapping.settings)
    course = both.moodle.course(both.mapping.courseid)
    hidden = "" if course.visible else " It is hidden from its students."
    yield ok("Moodle course", f"{course.fullname} ({course.id}) is there.{hidden}")
    found = read_roster(kit, both, rules)
    with kit.database.reading() as tx:
        now = kit.database.now(tx)
    if 0 < found.enddate < now:
        yield _over(both.mapping.id, rules, found.enddate)
    yield _students(both, rules, found)
    yield _gradebook(both)


def _over(mapping_id: int, rules: Rules, enddate: int) -> Check:
    ended = f"It is over since {datetime.fromtimestamp(enddate, UTC):%Y-%m-%d}"
    if rules.freeze:
        return note("course end", f"{ended}: nobody is removed any more (`mapping set {mapping_id} freeze=no`).")
    return note("course end", f"{ended}, and students are removed all the same, since the rule `freeze` is off.")


def _students(both: Sides, rules: Rules, found: Reading) -> Check:
    way = "the plugin local_kurasync" if both.site.plugin else "stock functions, so that removals always wait"
    told = f"{len(found.members)} student(s) ({_chosen_by(rules)}), read whole with {way}."
    if found.members:
        return ok("Moodle students", told)
    return warn(
        "Moodle students",
        f"{told} If there should be some, choose other roles: `kurasync mapping set {both.mapping.id} roles=...`.",
    )


def _chosen_by(rules: Rules) -> str:
    if rules.capability:
        return f"capability {rules.capability}"
    if rules.roles:
        return f"roles {', '.join(rules.roles)}"
    return f"roles of the archetype {STUDENT}"


def _gradebook(both: Sides) -> Check:
    if both.site.plugin is None:
        return note("gradebook", "Grades need Moodle's plugin local_kurasync: see docs/moodle-plugin.md.")
    book = PluginDoor(both.moodle.plugin, both.mapping.courseid).read()
    return ok("gradebook", f"Can be read whole: {len(book.items)} column(s) of kuraCloud's.")


def _kuracloud(kit: Kit, both: Sides) -> Iterator[Check]:
    course_id = both.mapping.kura_courseid
    course = kuracloud_course(both.kuracloud, course_id)
    yield ok("kuraCloud course", f"{course.name} ({course.course_id}) is active.")
    if not course.lms_enabled:
        yield fail(
            "lmsEnabled",
            "The integration is off for this kuraCloud course: uninstalling the old block in Moodle does that. "
            f"`kurasync mapping resume {both.mapping.id}` switches it on again where the mapping is parked for it, and "
            "a run does so once.",
        )
        return
    yield ok("lmsEnabled", "Is on: the students of the course follow Moodle.")
    students, deleted = both.kuracloud.students(course_id), both.kuracloud.deleted_students(course_id)
    with kit.database.reading() as tx:
        linked = {link.studentid for link in links.active(tx, both.mapping.id)}
    told = f"{len(students)} student(s), and {len(deleted)} deleted; {len(linked)} linked."
    lost = linked - {each.student_id for each in (*students, *deleted)}
    if lost:
        yield warn("kuraCloud students", f"{told} {len(lost)} link(s) point to nobody: `kurasync plan` says more.")
    else:
        yield ok("kuraCloud students", told)
