"""The audit, as the API shows it."""

from __future__ import annotations

from datetime import UTC

from marshmallow import fields, validate

from schemas.api.paging import Answer, Moment, PageQuery, Query, paged

SYSTEMS = ("kuracloud", "moodle", "kurasync")


class EntrySchema(Answer):
    """A row: of every write there are two, before and after, that share `call`."""

    id = fields.Integer(required=True)
    at = Moment(required=True)
    call = fields.String(required=True)
    phase = fields.String(required=True, validate=validate.OneOf(("begin", "end")))
    actor = fields.String(required=True)
    system = fields.String(required=True, validate=validate.OneOf(SYSTEMS))
    operation = fields.String(required=True)
    outcome = fields.String(required=True, allow_none=True)
    mapping = fields.Integer(required=True, allow_none=True)
    run = fields.Integer(required=True, allow_none=True)
    subject = fields.Dict(required=True, metadata={"description": "what was written; personal"})
    detail = fields.String(required=True, allow_none=True)


class Time(fields.AwareDateTime):
    """RFC 3339; UTC where it does not say."""

    def __init__(self, about: str) -> None:
        super().__init__("iso", default_timezone=UTC, metadata={"description": about})


class AuditQuery(PageQuery):
    """Which rows: those that fit everything given."""

    mapping = fields.Integer()
    run = fields.Integer()
    actor = fields.String(metadata={"description": "who did it, as the list shows it"})
    operation = fields.String(metadata={"description": "as the list shows it"})
    system = fields.String(validate=validate.OneOf(SYSTEMS))
    since = Time("of this time, or later")
    until = Time("from before this time")


class ExportQuery(Query):
    """Which rows, and how."""

    format = fields.String(
        load_default="jsonl",
        validate=validate.OneOf(("jsonl", "csv")),
        metadata={"description": "JSON lines, which can be verified; or a table for spreadsheets"},
    )
    mapping = fields.Integer()
    since = Time("sealed at this time, or later")


EntryPage = paged(EntrySchema)
