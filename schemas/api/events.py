"""Events, as the API takes and shows them."""

from __future__ import annotations

from marshmallow import fields, validate

from schemas.api.paging import Answer, Body, Moment, PageQuery, paged
from schemas.api.work import KIND, OUTCOME


class EventSchema(Answer):
    """What a Moodle reported: ids, never names or addresses."""

    id = fields.Integer(required=True)
    site = fields.String(required=True)
    way = fields.String(required=True)
    name = fields.String(required=True)
    courseid = fields.Integer(required=True)
    userid = fields.Integer(required=True, allow_none=True, metadata={"description": "whom it is about"})
    objectid = fields.Integer(required=True, allow_none=True)
    wanted = fields.Boolean(required=True, metadata={"description": "it asked for a look at one mapping at least"})
    received_at = Moment(required=True)
    timecreated = Moment(required=True, allow_none=True)
    event_uid = fields.String(required=True, allow_none=True, metadata={"description": "the sender's id"})
    delivery = fields.String(required=True, allow_none=True)


class LookSchema(Answer):
    """A run that looked because of an event."""

    run = fields.Integer(required=True)
    mapping = fields.Integer(required=True)
    outcome = fields.String(required=True, validate=OUTCOME)
    ended_at = Moment(required=True, allow_none=True)
    message = fields.String(required=True, allow_none=True)


class WholeEventSchema(EventSchema):
    """An event with the runs that looked because of it."""

    runs = fields.List(fields.Nested(LookSchema), required=True)


class EventQuery(PageQuery):
    """Which events."""

    site = fields.String(metadata={"description": "name of a site"})
    course = fields.Integer(metadata={"description": "id of a Moodle course"})
    user = fields.Integer(metadata={"description": "id of the Moodle user it is about"})
    name = fields.String(metadata={"description": r"\core\event\role_assigned"})
    wanted = fields.Boolean()


class RequeueEventsBody(Body):
    """Which events: some by number, or those that fit everything else, or all; one of the three."""

    events = fields.List(fields.Integer(), validate=validate.Length(1, 1000), metadata={"description": "numbers"})
    site = fields.String(metadata={"description": "name of a site"})
    course = fields.Integer(metadata={"description": "id of a Moodle course"})
    user = fields.Integer(metadata={"description": "id of the Moodle user they are about"})
    name = fields.String()
    wanted = fields.Boolean()
    all = fields.Boolean(load_default=False, metadata={"description": "all that are kept"})
    dry_run = fields.Boolean(load_default=False, metadata={"description": "only say what would be looked at"})


class AskedForSchema(Answer):
    """What is looked at again because of so many events."""

    mapping = fields.Integer(required=True)
    kind = fields.String(required=True, validate=KIND)
    events = fields.Integer(required=True)


class RequeuedEventsSchema(Answer):
    """What came of it."""

    events = fields.Integer(required=True, metadata={"description": "so many were found"})
    more = fields.Boolean(required=True, metadata={"description": "more fit than are taken at once: the newest were"})
    looks = fields.List(fields.Nested(AskedForSchema), required=True)


EventPage = paged(EventSchema)
