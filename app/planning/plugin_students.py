"""Who is a student of a Moodle course as our own plugin tells it: one answer, with what it takes to prove it."""

from __future__ import annotations

from app.errors import RosterUnverified
from app.planning.rules import Rules
from app.planning.students import Member, Reading
from schemas.plugin_roster import PluginRoster, PluginUser

COURSE_LEVEL = 50  # Moodle's CONTEXT_COURSE; a category's is 40, the whole site's 10
ARCHETYPE = "student"


def told(roster: PluginRoster, rules: Rules) -> Reading:
    """What the plugin told of the users it was asked about; raises RosterUnverified where it may not be all.

    It is all when a second count agrees with it and the service user lacks no capability.
    """
    _verify(roster, rules)
    return Reading(
        members=tuple(_member(user) for user in sorted(roster.users, key=lambda each: each.id) if _counts(user, rules)),
        enddate=roster.course.enddate,
        proven=True,
        next_change=float(roster.next) if roster.next else None,
        course=roster.course.fullname,
    )


def _verify(roster: PluginRoster, rules: Rules) -> None:
    if roster.missing:
        capabilities = ", ".join(sorted(roster.missing))
        first = min(roster.missing).rpartition(":")[2]
        raise RosterUnverified(
            f"The roster cannot be verified: the service user lacks {capabilities}. Allow this in the user's role.",
            reason=f"roster_unverified_{first}",
            origin="moodle",
        )
    if not len(roster.users) == len({user.id for user in roster.users}) == roster.total:
        raise RosterUnverified(
            f"The roster cannot be verified: Moodle listed {len(roster.users)} users and counted {roster.total}.",
            origin="moodle",
        )
    if rules.capability and any(user.capable is None for user in roster.users):
        raise RosterUnverified(
            f"The roster cannot be verified: Moodle does not tell who has the capability {rules.capability}.",
            origin="moodle",
        )


def _counts(user: PluginUser, rules: Rules) -> bool:
    studies = user.capable is True if rules.capability else _has_course_role(user, rules)
    return user.active and not user.suspended and studies and _has_institution_role(user, rules)


def _has_course_role(user: PluginUser, rules: Rules) -> bool:
    """A role given in a category or for the whole site makes nobody a student of all its courses."""
    here = [role for role in user.roles if role.contextlevel == COURSE_LEVEL]
    if rules.roles:
        return any(role.shortname in rules.roles for role in here)
    return any(role.archetype == ARCHETYPE for role in here)


def _has_institution_role(user: PluginUser, rules: Rules) -> bool:
    wanted = rules.institution_role
    above = (role.shortname for role in user.roles if role.contextlevel != COURSE_LEVEL)
    return not wanted or wanted in above


def _member(user: PluginUser) -> Member:
    groups = tuple(sorted((group.id, group.name) for group in user.groups))
    return Member(user.id, user.firstname, user.lastname, user.email, user.idnumber, groups)
