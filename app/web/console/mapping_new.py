"""Mapping a course: two courses chosen from those that are not mapped, and asked about before it is done."""

from __future__ import annotations

from flask import request
from werkzeug.wrappers import Response

from app.errors import Refused
from app.setup import candidates, pairing
from app.setup import mappings as verbs
from app.store import instances, sites
from app.web import access
from app.web.access import needs
from app.web.console import asked
from app.web.console.mappings import blueprint as blueprint
from app.web.console.page import back, plain, show
from app.words import candidates as words
from app.words.mappings import ADDED, BEFORE

_SHOWN = 25


@blueprint.get("/mappings/new")
@needs("admin")
def new() -> str:
    """Choose: those that probably belong together, or one of either side."""
    kit, ours, theirs = access.kit(), asked.text("moodle") or "", asked.text("kuracloud") or ""
    found = candidates.find(kit)
    with kit.database.reading() as tx:
        connected = {"moodle": sites.every(tx), "kuracloud": instances.every(tx)}
    fitting = words.lines(candidates.narrowed(found, ours, theirs))
    return show(
        "mapping_new.html",
        found={part: lines[:_SHOWN] for part, lines in fitting.items()},
        more={part: len(lines) - _SHOWN for part, lines in fitting.items() if len(lines) > _SHOWN},
        silent={name: plain(why) for name, why in found.silent.items()},
        connected=connected,
        ours=ours,
        theirs=theirs,
    )


@blueprint.post("/mappings/new")
@needs("admin")
def ask_new() -> str:
    """Say what mapping these two means, and ask."""
    kit, found = access.kit(), _chosen()
    try:
        with kit.database.reading() as tx:
            pairing.refuse_mapped(tx, found.pair, shared=False)
    except Refused as error:
        if error.reason != pairing.SERVES_ANOTHER:
            raise
        return show("mapping_ask.html", found=found, serves=plain(error.message), notes=BEFORE)
    return show("mapping_ask.html", found=found, serves="", notes=BEFORE)


@blueprint.post("/mappings")
@needs("admin")
def add() -> Response:
    """Map them."""
    shared = request.form.get("shared") == "yes"
    (site, course), (instance, kura_course) = _named("moodle"), _named("kuracloud")
    added = verbs.add(
        access.kit(),
        site_name=site,
        moodle_course=course,
        instance_name=instance,
        kura_course=kura_course,
        actor=access.principal().actor,
        shared=shared,
    )
    said = f"{added.moodle.fullname} is mapped to {added.kuracloud.name}. {' '.join(ADDED)}"
    return back(".mapping", said, number=added.mapping.id)


def _chosen() -> verbs.Seen:
    return verbs.seen(access.kit(), *_named("moodle"), *_named("kuracloud"))


def _named(side: str) -> tuple[str, str]:
    """A connection and the number of a course, as the form names them: `uni:12`."""
    connection, _, course = request.form.get(side, "").partition(":")
    if not course:
        raise Refused("Choose a course of either side: one of Moodle and one of kuraCloud.")
    return connection, course
