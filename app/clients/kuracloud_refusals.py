"""What kuraCloud's refusals mean and what to do about each (contracts/kuracloud-v2.md)."""

from __future__ import annotations

from typing import Any, Literal

from app.clients.answer import Answer, NotJson
from app.clients.wording import impersonal
from app.errors import BatchRefused, ConnectionBroken, CourseGone, PermanentError, TransientError

About = Literal["instance", "course", "students", "batch", "export"]
"""What a call is about: the instance, changing a course, reading what it has, changing some students, an export."""

_BATCH = (400, 404, 409, 413, 422)
# Kept apart from the advice on tokens: nobody should make a new one for a wrong address.
_DOUBT = (
    "Is this the address of its API at all? What answers there says {status} and nothing that kuraCloud says; the "
    "address is https://api.kuracloud.com unless your instance has its own. If it is right, the token is wrong. "
)


def refusal(answer: Answer, about: About) -> PermanentError | TransientError:
    """The error for a status that is not 200. The wording of kuraCloud's messages is not known, so none decides.

    403 on a course's students is taken for a course whose integration is off; a wrong token may look the same there
    (assumed: kuraCloud's answers are a stand-in's), but not on /v2/course, which every run reads first.
    """
    status, said = answer.status, _said(answer)
    if about == "batch" and status in _BATCH:
        return BatchRefused(
            f"kuraCloud refuses the change of some students with the error {status}.{said}", origin="kuracloud"
        )
    if about in ("students", "batch", "export") and status == 403:
        return CourseGone(
            "The integration is off for this kuraCloud course. Switch it on again with `kurasync mapping resume`, or "
            f"in kuraCloud.{said}",
            reason="lms_disabled",
            origin="kuracloud",
        )
    if about in ("course", "students") and status == 404:
        return CourseGone(
            f"kuraCloud has no such course any more. Restore it there, or remove the mapping.{said}", origin="kuracloud"
        )
    if about == "export" and status in (404, 410):
        return TransientError(
            f"kuraCloud does not know the export of grades any more. It is asked for anew by itself.{said}",
            reason="export_gone",
            origin="kuracloud",
        )
    return _broken(answer, said) or _other(status, about, said)


def _broken(answer: Answer, said: str) -> ConnectionBroken | None:
    if answer.status in (401, 403):
        doubt = "" if _is_object(answer) else _DOUBT.format(status=answer.status)
        return ConnectionBroken(
            f"kuraCloud does not accept the token. {doubt}Make a new one in kuraCloud under Instance Administration → "
            f"LMS Integration → Configure → Moodle and run `kurasync instance rotate NAME`.{said}",
            reason="token_refused",
            origin="kuracloud",
        )
    if answer.status == 404:
        return ConnectionBroken(
            "There is no kuraCloud API at this address. Configure the address of the API, https://api.kuracloud.com "
            "unless your instance has its own.",
            reason="address",
            origin="kuracloud",
        )
    return None


def _is_object(answer: Answer) -> bool:
    """Whether an API may have answered; kuraCloud's own refusals are objects (assumed: a stand-in's)."""
    try:
        return isinstance(answer.json(), dict)
    except NotJson:
        return False


def _other(status: int, about: About, said: str) -> PermanentError | TransientError:
    if status >= 400:
        return PermanentError(
            f"kuraCloud refuses the request with the error {status}. Look for a newer kurasync.{said}",
            reason="refused",
            origin="kuracloud",
        )
    message = f"kuraCloud answered with the status {status} instead of 200. Look for a newer kurasync."
    if about in ("course", "batch"):
        return TransientError(message, reason="bad_answer", origin="kuracloud", acted=True)
    return PermanentError(message, reason="bad_answer", origin="kuracloud")


def _said(answer: Answer) -> str:
    """kuraCloud's own message, fit to be shown and to be kept: nothing in it is of a person."""
    try:
        body: Any = answer.json()
    except NotJson:
        return ""
    message = body.get("message") if isinstance(body, dict) else None
    shown = impersonal(message) if isinstance(message, str) else ""
    return f" It says: “{shown}”." if shown else ""
