"""All functions that the simulator knows, by name."""

from __future__ import annotations

from sandbox.moodle.functions import (
    courses,
    enrolled,
    gradable,
    groups,
    plugin_grades,
    plugin_roster,
    plugin_status,
    site_info,
    users,
)
from sandbox.moodle.functions.function import Function

SIMULATED: dict[str, Function] = {
    function.name: function
    for noun in (site_info, courses, enrolled, users, groups, gradable)
    for function in noun.FUNCTIONS
}
PLUGIN: dict[str, Function] = {
    function.name: function for noun in (plugin_roster, plugin_grades, plugin_status) for function in noun.FUNCTIONS
}
"""What the plugin local_kurasync adds where it is installed."""
ELSEWHERE = frozenset(
    {
        "core_user_create_users",
        "core_user_update_users",
        "core_grades_update_grades",
        "core_grades_get_gradeitems",
        "gradereport_user_get_grade_items",
        "mod_assign_save_grade",
    }
)
"""Functions that a Moodle has and the simulator has not: they exist, and are in no service."""
