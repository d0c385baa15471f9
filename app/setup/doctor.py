"""Look at everything that has to be right, one thing after the other, and say what to do about what is not."""

from __future__ import annotations

from collections.abc import Iterator

from app import kit as kits
from app import settings
from app.errors import KurasyncError
from app.kit import Kit
from app.settings import Settings
from app.setup import auditing, backups, erasing, ground, hearing, outside, stored_secrets
from app.setup.check import Check, fail, note, ok, warn
from app.setup.obstacles import SUSPENDED, obstacle, state
from app.store import instances, reports, sites
from app.store.reports import MappingLine
from app.store.worklist import GRADES, ROSTER

_SHOWN = 20  # mappings with which all is well; of more, only the others are worth reading


def examine() -> Iterator[Check]:
    """Every check in turn; what rests on something that failed is left out."""
    try:
        given = settings.load()
    except KurasyncError as error:
        yield fail("settings", error.message)
        return
    yield ok("settings", "All variables that begin with KURASYNC_ are known and can be read.")
    yield from examine_with(given)


def examine_with(given: Settings) -> Iterator[Check]:
    """The same, where somebody has read the settings."""
    local = []
    for check in ground.checks(given):
        local.append(check)
        yield check
    if all(check.state != "fail" for check in local):
        kit = kits.make(given)
        try:
            yield from _connected(kit)
        finally:
            kit.close()
    yield note(
        "kuraCloud",
        "Its API has no public documentation, and the integration is called replaced by LTI: ask your ADInstruments "
        "representative whether it will stay. What is not known of it is listed in docs/architecture.md.",
    )


def _connected(kit: Kit) -> Iterator[Check]:
    yield ground.redis(kit.settings)
    yield stored_secrets.check(kit)
    yield from backups.checks(kit)
    yield from erasing.checks(kit)
    yield auditing.check(kit)
    yield _work(kit)
    yield from hearing.of_alerts(kit)
    with kit.database.reading() as tx:
        known_sites, known_instances = sites.every(tx), instances.every(tx)
    if not known_sites:
        yield warn("sites", "There is none yet: add one with `kurasync site add`.")
    for site in known_sites:
        yield from outside.site(kit, site)
        yield hearing.events_of(kit, site)
    if not known_instances:
        yield warn("instances", "There is none yet: add one with `kurasync instance add`.")
    for instance in known_instances:
        yield from outside.instance(kit, instance)
    yield from _mappings(kit)


def _work(kit: Kit) -> Check:
    with kit.database.reading() as tx:
        overview = reports.queue_overview(tx, kit.database.now(tx))
    if overview.late > kit.settings.late_after:
        return fail(
            "work",
            f"The oldest work has been due for {overview.late:.0f} s: clock or workers do not run, or cannot reach "
            "Redis. Start `kurasync up` (or `kurasync clock` and `kurasync worker`) and look at its output.",
        )
    return ok("work", f"Nothing is late ({overview.due} due).")


def _mappings(kit: Kit) -> Iterator[Check]:
    with kit.database.reading() as tx:
        lines, of_grades = reports.mapping_lines(tx, ROSTER), reports.mapping_lines(tx, GRADES)
    if not lines:
        yield warn("mappings", "No course is mapped yet: `kurasync mapping add` maps one.")
    found = [check for pair in zip(lines, of_grades, strict=True) for check in _mapping(kit, *pair)]
    well = [check for check in found if check.state == "ok"]
    if len(well) <= _SHOWN:
        yield from found
        return
    yield from (check for check in found if check.state != "ok")
    yield ok("mappings", f"{len(well)} mappings go on, and are not listed here: `kurasync mapping list`.")


def _mapping(kit: Kit, line: MappingLine, grades: MappingLine) -> Iterator[Check]:
    name = f"mapping {line.id}"
    well = ok(name, f"{line.course_name} -> {line.kura_course_name}: {line.state}.")
    found = _at_rest(kit, name, line) or _stopped(name, line) or well
    yield found
    stopped = _stopped(f"{name} grades", grades)
    if stopped and stopped.message != found.message:
        yield stopped


def _at_rest(kit: Kit, name: str, line: MappingLine) -> Check | None:
    """A mapping that waits for one of its courses, or for a command that was broken off."""
    waits = state(line.state, line.gate_reason) == SUSPENDED or (line.state == "paused" and line.gate_reason)
    words = obstacle(kit, line.id) if waits else None
    return warn(name, words[0].upper() + words[1:]) if words else None


def _stopped(name: str, line: MappingLine) -> Check | None:
    """Why a mapping's work of one kind does not go on; None where it does."""
    if line.state == "dead":
        return fail(name, f"Given up after many failures. `kurasync mapping show {line.id}` says why.")
    if line.state == "parked":
        return warn(name, f"Parked ({line.gate_reason}). `kurasync mapping show {line.id}` says why.")
    if line.state == "paused":
        return note(name, f"Paused by a person, until `kurasync mapping resume {line.id}`.")
    if line.hold_id is not None:
        return note(name, f"Hold {line.hold_id} waits for a person: `kurasync holds show {line.hold_id}`.")
    return None
