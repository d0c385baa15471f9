"""What the token may do, and which site this is."""

from __future__ import annotations

from typing import Any

from sandbox.moodle.core import Core
from sandbox.moodle.functions.function import Function
from sandbox.moodle.functions.parameters import ListOf, Struct, Value
from sandbox.moodle.functions.profile import image
from sandbox.moodle.state import SERVICE_USER

VERSION = "2024100706"
RELEASE = "4.5.6 (Build: 20250811)"
PLUGIN_VERSION = "2026112301"
_FEATURES = {
    "usecomments": 1,
    "usetags": 1,
    "enablenotes": 1,
    "messaging": 1,
    "enableblogs": 1,
    "enablecompletion": 1,
    "enablebadges": 1,
    "messagingallusers": 0,
    "enablecustomreports": 1,
    "enableglobalsearch": 0,
    "mnet_dispatcher_mode": 0,
    "enablecompetencies": 1,
}
_LIMITS = {"usercanmanageownfiles": True, "userquota": 104857600, "usermaxuploadfilesize": 67108864, "userhomepage": 1}
_CALENDARS = {"sitecalendartype": "gregorian", "usercalendartype": "gregorian"}


def _get_site_info(moodle: Core, given: dict[str, Any]) -> dict[str, Any]:
    user = moodle.site.users[SERVICE_USER]
    return {
        "sitename": moodle.site.name,
        "username": user.username,
        "firstname": user.firstname,
        "lastname": user.lastname,
        "fullname": user.fullname,
        "lang": "en",
        "userid": user.id,
        "siteurl": moodle.wwwroot,
        "userpictureurl": image(moodle, "f1"),
        "functions": [{"name": name, "version": _version(name)} for name in sorted(moodle.service_functions)],
        "downloadfiles": 0,
        "uploadfiles": 0,
        "release": RELEASE,
        "version": VERSION,
        "mobilecssurl": "",
        "advancedfeatures": [{"name": name, "value": value} for name, value in _FEATURES.items()],
        **_LIMITS,
        "userprivateaccesskey": "sandbox-private-access-key",
        "siteid": 1,
        **_CALENDARS,
        "userissiteadmin": False,
        "theme": "boost",
        "limitconcurrentlogins": 0,
        "policyagreed": 0,
    }


def _version(function: str) -> str:
    """That of what the function belongs to."""
    return PLUGIN_VERSION if function.startswith("local_kurasync_") else VERSION


_SERVICES = ListOf(Value("alphanumext"), default=())
FUNCTIONS = (Function("core_webservice_get_site_info", Struct({"serviceshortnames": _SERVICES}), _get_site_info),)
