"""Many mappings at once: all of them as a file, and a file of them taken in after it was shown what that changes."""

from __future__ import annotations

from flask import Response, request

from app.errors import Refused
from app.planning.actions import digest_of
from app.setup import import_preview, importing, mapping_file
from app.setup.import_preview import Change
from app.web import access
from app.web.access import needs
from app.web.console.mappings import blueprint as blueprint
from app.web.console.page import show
from app.words import importing as words

_AT_ONCE = 25
"""So many lines are carried out by one click: each asks both sides, and a page must not wait for minutes."""

_LARGEST = 300_000
"""Bytes of a file: its text goes with the page that asks, and comes back in a form (Flask takes 500 kB of one)."""

_TITLES = {"line": "line", "what": "what", "moodle": "Moodle", "kuracloud": "kuraCloud", "details": "details"}


@blueprint.get("/mappings/files")
@needs("viewer")
def files() -> str:
    """What can be done with files."""
    return show("mapping_files.html")


@blueprint.get("/mappings/export")
@needs("viewer")
def export() -> Response:
    """All mappings with all their rules, as CSV; no cell is a formula to a spreadsheet."""
    lines = "".join(mapping_file.as_csv(mapping_file.exported(access.kit())))
    headers = {"Content-Disposition": 'attachment; filename="mappings.csv"'}
    return Response(lines, headers=headers, content_type="text/csv; charset=utf-8")


@blueprint.post("/mappings/import")
@needs("admin")
def show_import() -> str:
    """What a file would change; nothing is changed."""
    text, shared = _uploaded(), request.form.get("shared") == "yes"
    return _shown(text, shared, _preview(text, shared))


@blueprint.post("/mappings/import/do")
@needs("admin")
def do_import() -> str | tuple[str, int]:
    """Carry out the next lines of the file, if it still means what was shown; then show what is left."""
    text, shared = request.form.get("text", ""), request.form.get("shared") == "yes"
    before = _preview(text, shared)
    if request.form.get("digest") != _digest(before):
        return _shown(text, shared, before, wrong="Something has changed since you looked: look at it again."), 409
    now = _ahead(before)[:_AT_ONCE]
    done = dict(importing.carry_out(access.kit(), now, access.principal().actor, shared=shared))
    return _shown(text, shared, _preview(text, shared), done=done)


def _shown(
    text: str, shared: bool, changes: list[Change], *, done: dict[Change, str] | None = None, wrong: str = ""
) -> str:
    ahead = _ahead(changes)
    return show(
        "mapping_import.html",
        text=text,
        shared=shared,
        digest=_digest(changes),
        lines=[words.line(each, None) for each in changes if each.what != "unchanged"],
        titles=_TITLES,
        ahead=len(ahead),
        adds=sum(each.what == "add" for each in ahead[:_AT_ONCE]),
        next=min(len(ahead), _AT_ONCE),
        unchanged=sum(each.what == "unchanged" for each in changes),
        done=[words.line(change, why) for change, why in (done or {}).items()],
        wrong=wrong,
    )


def _preview(text: str, shared: bool) -> list[Change]:
    return import_preview.preview(access.kit(), mapping_file.numbered(text), shared=shared)


def _ahead(changes: list[Change]) -> list[Change]:
    return [each for each in changes if each.what in ("add", "change")]


def _digest(changes: list[Change]) -> str:
    """Of everything that would be changed."""
    return digest_of(
        [[each.line, each.what, each.moodle, each.kuracloud, words.line(each, None)["details"]] for each in changes]
    )


def _uploaded() -> str:
    given = request.files.get("file")
    content = given.read() if given else b""
    if not content:
        raise Refused("Choose a file: CSV or JSON, with one mapping a line.")
    if len(content) > _LARGEST:
        raise Refused(f"The file is larger than {_LARGEST // 1000} kB: divide it into several.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused("The file is not UTF-8. Save it as “CSV UTF-8” in the spreadsheet program.") from None
