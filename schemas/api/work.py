"""Words that several nouns of the API share."""

from __future__ import annotations

from marshmallow import validate

from schemas.api.runs import KINDS, OUTCOMES

KIND = validate.OneOf(KINDS)
OUTCOME = validate.OneOf((*OUTCOMES, "running"))
