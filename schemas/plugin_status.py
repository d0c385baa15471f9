"""What local_kurasync_get_status answers: what the plugin is, and what waits in its outbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from marshmallow import fields

from schemas.plugin_answer import PluginSchema, missing_capabilities
from schemas.wire import Count, Flag, Label, Text, read


@dataclass(frozen=True, slots=True)
class Outbox:
    """The events that Moodle keeps until they are delivered; times in seconds since the epoch, 0: none."""

    waiting: int
    oldest: int
    setaside: int
    lastdelivery: int
    lasterror: str


@dataclass(frozen=True, slots=True)
class PluginStatus:
    """local_kurasync_get_status. `clone`: this Moodle is a copy of the one that was connected, and sends nothing."""

    plugin: str
    release: str
    moodle: str
    php: str
    wwwroot: str
    siteidentifier: str
    clone: bool
    outbox: Outbox
    missing: tuple[str, ...]


class OutboxSchema(PluginSchema):
    """The outbox."""

    made = Outbox
    waiting = Count(required=True)
    oldest = Count(load_default=0)
    setaside = Count(load_default=0)
    lastdelivery = Count(load_default=0)
    lasterror = Text(load_default="")


class StatusSchema(PluginSchema):
    """The plugin itself."""

    made = PluginStatus
    plugin = Label(required=True)
    release = Label(load_default="")
    moodle = Label(load_default="")
    php = Label(load_default="")
    wwwroot = Text(required=True)
    siteidentifier = Text(required=True)
    clone = Flag(required=True)
    outbox = fields.Nested(OutboxSchema, required=True)
    missing = missing_capabilities()


_STATUS = StatusSchema()


def read_status(answer: object) -> PluginStatus:
    """What local_kurasync_get_status answers; raises WrongShape."""
    return cast("PluginStatus", read(_STATUS, answer, "the status of the plugin"))
