"""What Moodle posts, in its three forms: marshmallow in, one frozen dataclass out (contracts/moodle.md 4, 5).

Personal values (`other.username`, `other.email`, `other.idnumber` of user_deleted) and the token of local_webhooks are
dropped by having no place to go: of `other`, nothing but the number of a course is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, missing, validate

from schemas.problem import FieldError

LARGEST_ID = 2**63 - 1
LARGEST_LEVEL = 2**31 - 1
LONGEST_UID = 200
COURSE_RESTORED = r"\core\event\course_restored"
AS_A_NEW_COURSE = ("2", "")
"""`other.target` of course_restored where a restore made a course, and where the sender does not tell."""

_DIGITS = re.compile(r"[0-9]{1,19}")
_PLACEHOLDER = re.compile(r"\{\w*\}")
_EVENT_NAME = re.compile(r"\\[A-Za-z]\w*\\event\\\w+\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class MoodleEvent:
    """One event, without anything personal: ids are enough (design.md 10).

    `uid` is the sender's id of the event where it has one. `relateduserid` is the affected user, never the actor.
    `originalcourseid`: of a course that was restored as a new one, the course it was made of.
    """

    name: str
    uid: str | None
    courseid: int
    relateduserid: int | None
    objectid: int | None
    contextlevel: int | None
    contextinstanceid: int | None
    timecreated: int | None
    originalcourseid: int | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one request brought: the good events with their place in it, and what is wrong with the others.

    `origin` is the Moodle that the sender says it is: a wwwroot, or only a host (local_webhooks).
    """

    origin: str | None
    events: tuple[tuple[int, MoodleEvent], ...]
    rejected: tuple[FieldError, ...]


class DeliveryRefused(Exception):
    """The delivery as a whole does not have the shape of its way."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__("; ".join(f"{error.field}: {error.reason}" for error in errors))
        self.errors = tuple(errors)


class TooManyEvents(Exception):
    """The delivery holds more events than the receiver takes at once."""


class MoodleNumber(fields.Field[int | None]):
    """A number or its text; nothing, "" and a placeholder that could not be filled (`{x}`) are None.

    Moodle gives one and the same id now as a number, now as a text (recordings/moodle/events/get_data).
    """

    def __init__(self, *, largest: int = LARGEST_ID) -> None:
        super().__init__(load_default=None, allow_none=True)
        self.largest = largest

    def deserialize(
        self, value: Any, attr: str | None = None, data: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> int | None:
        """As inherited, without the steps that these have no use for: an event has six of them."""
        return None if value is None or value is missing else self._deserialize(value, attr, data)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> int | None:
        if isinstance(value, str):
            if not value or _PLACEHOLDER.fullmatch(value):
                return None
            value = int(value) if _DIGITS.fullmatch(value) else value
        if type(value) is int and 0 <= value <= self.largest:
            return value
        raise ValidationError(f"must be a whole number from 0 to {self.largest}, or its text")


def _printable(text: str) -> None:
    # NUL cannot be stored in PostgreSQL, a lone surrogate in neither database.
    if not text.isprintable():
        raise ValidationError("must not contain control characters")


class _EventFields(Schema):
    class Meta:
        unknown = EXCLUDE

    eventname = fields.String(
        required=True,
        validate=[validate.Length(max=255), validate.Regexp(_EVENT_NAME, error="must look like \\vendor\\event\\name")],
    )
    courseid = MoodleNumber()
    relateduserid = MoodleNumber()
    objectid = MoodleNumber()
    contextlevel = MoodleNumber(largest=LARGEST_LEVEL)
    contextinstanceid = MoodleNumber()
    timecreated = MoodleNumber()
    other = fields.Raw(load_default=None, allow_none=True)


class _SignedEvent(_EventFields):
    id = fields.String(required=True, validate=[validate.Length(min=1, max=LONGEST_UID), _printable])


class _HookedEvent(_EventFields):
    host = fields.String(load_default=None, allow_none=True)


class _TriggeredEvent(_EventFields):
    id = MoodleNumber()
    eventid = MoodleNumber()
    site = fields.String(load_default=None, allow_none=True)
    other_originalcourseid = fields.Raw(load_default=None, allow_none=True)
    other_target = fields.Raw(load_default=None, allow_none=True)


class _SignedContent(Schema):
    class Meta:
        unknown = EXCLUDE

    wwwroot = fields.String(required=True)
    events = fields.List(fields.Raw(allow_none=True), required=True)


class _SignedEnvelope(Schema):
    class Meta:
        unknown = EXCLUDE

    type = fields.String(required=True, validate=validate.Equal("moodle.events"))
    data = fields.Nested(_SignedContent, required=True)


_NUMBER = MoodleNumber()
_SIGNED_ENVELOPE = _SignedEnvelope()
_SIGNED_EVENT = _SignedEvent()
_HOOKED_EVENT = _HookedEvent()
_TRIGGERED_EVENT = _TriggeredEvent()


def signed(document: object, *, most: int) -> Delivery:
    """The events of a signed delivery (design.md 11): one or many, each with an `id` of its own.

    Raises DeliveryRefused when the envelope is wrong and TooManyEvents beyond `most`; a wrong event is only `rejected`.
    """
    try:
        content = _SIGNED_ENVELOPE.load(document)["data"]  # type: ignore[arg-type]
    except ValidationError as error:
        raise DeliveryRefused(list(_complaints(None, "", error.messages))) from None
    if len(content["events"]) > most:
        raise TooManyEvents
    events: list[tuple[int, MoodleEvent]] = []
    rejected: list[FieldError] = []
    for index, element in enumerate(content["events"]):
        try:
            values = _SIGNED_EVENT.load(element)
        except ValidationError as error:
            rejected.extend(_complaints(index, f"data.events[{index}]", error.messages))
        else:
            events.append((index, _event(values, values["id"])))
    return Delivery(content["wwwroot"], tuple(events), tuple(rejected))


def hooked(document: object) -> Delivery:
    """The one event of a local_webhooks delivery; it has no id of its own (contracts/moodle.md 5)."""
    return _single(_HOOKED_EVENT, document, origin="host")


def triggered(document: object) -> Delivery:
    """The one event of a tool_trigger delivery; its `eventid` (or `id`) stays the same over retries."""
    return _single(_TRIGGERED_EVENT, document, origin="site")


def _single(schema: Schema, document: object, *, origin: str) -> Delivery:
    try:
        values = schema.load(document)  # type: ignore[arg-type]
    except ValidationError as error:
        return Delivery(None, (), tuple(_complaints(0, "", error.messages)))
    return Delivery(_filled(values[origin]), ((0, _event(values, _trigger_uid(values))),), ())


def _event(values: Mapping[str, Any], uid: str | None) -> MoodleEvent:
    return MoodleEvent(
        name=values["eventname"],
        uid=uid,
        courseid=values["courseid"] or 0,
        relateduserid=values["relateduserid"],
        objectid=values["objectid"],
        contextlevel=values["contextlevel"],
        contextinstanceid=values["contextinstanceid"],
        timecreated=values["timecreated"],
        originalcourseid=_original(values) if values["eventname"] == COURSE_RESTORED else None,
    )


def _original(values: Mapping[str, Any]) -> int | None:
    """What `other` says of the course that a new one was made of; what cannot be read there spoils no event."""
    other = values["other"]
    if not isinstance(other, Mapping):
        other = {name: values.get(f"other_{name}") for name in ("originalcourseid", "target")}
    if (_filled(_text(other.get("target"))) or "") not in AS_A_NEW_COURSE:
        return None
    try:
        return _NUMBER.deserialize(other.get("originalcourseid"))
    except ValidationError:
        return None


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _trigger_uid(values: Mapping[str, Any]) -> str | None:
    number = next((values[key] for key in ("eventid", "id") if values.get(key) is not None), None)
    # The plugin counts from 1 again when it is installed anew: only together with the time is the number unique.
    return None if number is None else f"tool_trigger:{number}:{values['timecreated'] or 0}"


def _filled(text: str | None) -> str | None:
    return None if not text or _PLACEHOLDER.fullmatch(text) else text


def _complaints(index: int | None, path: str, messages: Any) -> Iterator[FieldError]:
    """marshmallow's nested messages as one FieldError a sentence."""
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            yield from _complaints(index, path if key == "_schema" else f"{path}.{key}".lstrip("."), inner)
    else:
        yield from (FieldError(index, path, str(message)) for message in messages)
