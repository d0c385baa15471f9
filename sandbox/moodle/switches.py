"""The error situations of contracts/moodle.md 1 that can be switched on, and limits of the server."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(eq=False)
class Switches:
    """The settings of a fresh, healthy site; each may be set at any time.

    `debugging` adds `debuginfo` to errors. `php_error` is the message of a PHP Error that every function then raises.
    `needs_regrading` holds course ids. `max_input_vars` is PHP's limit, which cuts silently.
    `unlimited_grades` lets grades go up to ten times the maximum. `is_clone`: the plugin finds itself in a copy of the
    site that was connected. `gradebook_busy`: another request does not let the gradebook go.
    """

    debugging: bool = False
    maintenance: bool = False
    cli_maintenance: bool = False
    database_down: bool = False
    php_down: bool = False
    webservices_enabled: bool = True
    rest_enabled: bool = True
    service_enabled: bool = True
    user_authorised: bool = True
    service_user_suspended: bool = False
    ip_allowed: bool = True
    token_expired: bool = False
    php_error: str = ""
    max_input_vars: int = 1000
    unlimited_grades: bool = False
    is_clone: bool = False
    gradebook_busy: bool = False
    needs_regrading: set[int] = field(default_factory=set)
