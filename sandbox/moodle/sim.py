"""The simulated Moodle as tests, demo and rehearsals use it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from hashlib import sha256
from secrets import token_bytes
from typing import Any

from sandbox.calls import Calls
from sandbox.control import SandboxApp
from sandbox.faults import Faults
from sandbox.moodle.actions.categories import CategoryActions
from sandbox.moodle.actions.cohorts import CohortActions
from sandbox.moodle.actions.plugin import PluginActions
from sandbox.moodle.actions.users import UserActions
from sandbox.moodle.core import Listener, action
from sandbox.moodle.course_client import CourseClient
from sandbox.moodle.functions.registry import PLUGIN, SIMULATED
from sandbox.moodle.functions.site_info import PLUGIN_VERSION
from sandbox.moodle.rest import name_of, rest_app
from sandbox.moodle.senders import LocalWebhooks, Signed, ToolTrigger
from sandbox.moodle.switches import Switches
from sandbox.server import Server


class SimMoodle(UserActions, CohortActions, CategoryActions, PluginActions):
    """A Moodle 4.5 with state: actions, web service, events and faults.

    `functions` are the functions that exist; those of them in `service_functions` may be called. `wsgi` is the whole
    application, to be given to a Server, unless `serving()` does it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.url = ""
        self.course_client: CourseClient | None = None
        self.faults = Faults()
        self.calls = Calls()
        self.functions = dict(SIMULATED)
        self.service_functions = set(self.functions)
        self.wsgi = SandboxApp(rest_app(self, self.functions), self, name_of, {"events": lambda: self.events})

    @classmethod
    @contextmanager
    def serving(cls, host: str = "127.0.0.1", port: int = 0) -> Iterator[SimMoodle]:
        """A simulator with a server of its own, whose address is `wwwroot`; server and senders end with the block."""
        moodle = cls()
        with Server(moodle.wsgi, host, port) as server:
            moodle.url = moodle.wwwroot = server.url
            try:
                yield moodle
            finally:
                for sender in moodle.senders:
                    sender.close()

    def attach(self, sender: Listener) -> None:
        """Tell a sender of every event from now on."""
        self.senders.append(sender)

    def attach_sender(self, kind: str, url: str, secret: str, mode: str = "rt") -> None:
        """Attach a sender that posts by itself: `kind` is signed, local_webhooks or tool_trigger; raises ValueError."""
        if kind == "signed":
            self.attach(Signed(url, secret, background=True))
        elif kind == "local_webhooks":
            self.attach(LocalWebhooks(url, secret, background=True))
        elif kind == "tool_trigger":
            self.attach(ToolTrigger(url, secret, mode, background=True))
        else:
            raise ValueError(f"no such kind of sender: {kind!r}")

    def detach_senders(self) -> None:
        """Stop all senders."""
        senders, self.senders[:] = list(self.senders), []
        for sender in senders:
            sender.close()

    @action
    def install_plugin(self) -> None:
        """Install the plugin local_kurasync: its functions are there, and in the service."""
        self.functions |= PLUGIN
        self.service_functions |= PLUGIN.keys()
        self.has_plugin = True

    def set_up_plugin(self, url: str) -> dict[str, str]:
        """Install the plugin and set it up for kurasync at `url` (…/events/<site>), as its cli/setup.php does.

        From now on its outbox reports what happens, and its course pages can ask (`course_client`).
        Gives what goes into the file for `kurasync site add --file`.
        """
        self.install_plugin()
        secret = f"whsec_{b64encode(token_bytes(24)).decode()}"
        self.attach(Signed(url, secret, background=True, ids_only=True))
        self.course_client = CourseClient(url.replace("/events/", "/courses/"), secret, self.wwwroot)
        identity = sha256(self.site.identifier.encode()).hexdigest()
        site = {"name": url.rpartition("/")[2], "url": self.wwwroot, "token": self.token, "secret": secret}
        return {**site, "wwwroot": self.wwwroot, "siteidentifier": identity, "plugin": PLUGIN_VERSION}

    @action
    def uninstall_plugin(self) -> None:
        """Uninstall the plugin: Moodle does not know its functions any more."""
        for name in PLUGIN:
            self.functions.pop(name, None)
        self.service_functions -= PLUGIN.keys()
        self.has_plugin = False

    @action
    def without(self, *capabilities: str) -> None:
        """Take capabilities away from the service user; raises LookupError for an unknown one."""
        self.rights.revoke(*capabilities)

    @action
    def with_capability(self, *capabilities: str) -> None:
        """Give capabilities (back) to the service user."""
        self.rights.grant(*capabilities)

    @action
    def rotate_token(self, token: str) -> None:
        """Replace the service user's token; the old one is unknown from now on."""
        self.token = token

    @action
    def set_switch(self, name: str, value: Any) -> None:
        """Set one of the Switches by name, as over HTTP; raises LookupError for an unknown one."""
        if name not in {field.name for field in fields(Switches)}:
            raise LookupError(f"no switch {name!r}")
        setattr(self, name, value)

    @action
    def expected_students(self, course: int) -> list[dict[str, Any]]:
        """The truth about a course, straight from the tables: id, names, e-mail, idnumber, and groups by id."""
        return [
            {
                "id": user.id,
                "firstname": user.firstname,
                "lastname": user.lastname,
                "email": user.email,
                "idnumber": user.idnumber,
                "groups": sorted(
                    ({"id": group.id, "name": group.name} for group in self.site.groups.of_user(course, user.id)),
                    key=lambda group: int(group["id"]),
                ),
            }
            for user in self.site.students(course, self.now())
        ]

    @action
    def state(self) -> dict[str, Any]:
        """The whole state, ready for JSON."""
        settings = {"wwwroot": self.wwwroot, "capabilities": self.rights.held(), "events": len(self.events)}
        return {**settings, **self.site.as_json()}
