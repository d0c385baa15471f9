"""local_kurasync_get_status: versions, the site's identity, and the outbox."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from sandbox.moodle.core import Core
from sandbox.moodle.functions.function import Function
from sandbox.moodle.functions.parameters import Struct
from sandbox.moodle.functions.plugin_access import missing
from sandbox.moodle.functions.site_info import PLUGIN_VERSION, RELEASE
from sandbox.moodle.senders.signed import Signed

PLUGIN_RELEASE = "0.4.0"
_PHP = "8.2.29"
_NEEDED = (
    "webservice/rest:use",
    "moodle/course:view",
    "moodle/course:viewhiddencourses",
    "moodle/course:viewparticipants",
    "moodle/course:enrolreview",
    "moodle/course:managegroups",
    "moodle/course:useremail",
    "moodle/site:accessallgroups",
    "moodle/user:viewdetails",
    "moodle/user:viewalldetails",
    "moodle/grade:viewall",
    "moodle/grade:manage",
    "moodle/grade:edit",
    "gradereport/user:view",
)


def _get_status(moodle: Core, given: dict[str, Any]) -> dict[str, Any]:
    return {
        "plugin": PLUGIN_VERSION,
        "release": PLUGIN_RELEASE,
        "moodle": RELEASE,
        "php": _PHP,
        "wwwroot": moodle.wwwroot,
        "siteidentifier": sha256(moodle.site.identifier.encode()).hexdigest(),
        "clone": moodle.is_clone,
        "outbox": _outbox(moodle),
        "missing": missing(moodle, _NEEDED),
    }


def _outbox(moodle: Core) -> dict[str, Any]:
    for sender in moodle.senders:
        if isinstance(sender, Signed):
            return sender.summary()
    return {"waiting": 0, "oldest": 0, "setaside": 0, "lastdelivery": 0, "lasterror": ""}


FUNCTIONS = (Function("local_kurasync_get_status", Struct(), _get_status),)
