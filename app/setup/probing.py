"""`kurasync probe`: what nobody knows about a kuraCloud, found out on a scratch course and kept (design.md 13)."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

from app.clients.kuracloud import KuraCloudClient
from app.errors import Refused
from app.kit import Kit
from app.setup import finding
from app.setup.acts import record
from app.store import instances, mappings
from app.store.instances import Instance
from app.sync import connect
from app.sync.course import disable_lms, enable_lms
from app.sync.experiments import Experiments, Pause
from app.sync.scratch import Mailbox, Scratch
from schemas.kuracloud import Course

_NOBODYS_TOKEN = "kurasync-probe-nobodys-token"


def probe(
    kit: Kit,
    *,
    instance: str,
    course: str,
    second: str | None,
    mailbox: Mailbox,
    actor: str,
    pause: Pause = time.sleep,
) -> dict[str, Any]:
    """Try on a scratch course what cannot be known, clean up, keep the answers with the instance and return them.

    `second`, another scratch course, tells besides how students are numbered. Raises Refused for a course that is
    mapped or has students whom no trial made, and what the client raises: then nothing is kept, and what was made is
    taken away all the same.
    """
    with kit.database.reading() as tx:
        found = finding.instance(tx, instance)
    courses = [finding.kura_course(kit, found, each) for each in (course, second) if each is not None]
    with closing(connect.kuracloud_client(kit, found)) as client:
        scratches = [Scratch(kit, client, instance, each.course_id, mailbox, actor) for each in courses]
        for each in courses:
            _refuse_mapped(kit, found, each)
        trial = Experiments(scratches[0], scratches[1] if second is not None else None, pause)
        answers = _tried(kit, found, courses, trial, actor)
    with kit.database.transaction() as tx:
        now = kit.database.now(tx)
        instances.set_dialect(tx, found.id, answers, now)
        record(tx, now, actor, "probe_instance", {"instance": instance, "answers": answers})
    return answers


def _tried(
    kit: Kit, instance: Instance, courses: Sequence[Course], trial: Experiments, actor: str
) -> dict[str, Any]:
    with closing(KuraCloudClient(connect.http(kit, instance.url, "kuracloud"), _NOBODYS_TOKEN)) as nobody:
        trial.wrong_token(nobody)
    scratches = [each for each in (trial.scratch, trial.second) if each is not None]
    for each, scratch in zip(courses, scratches, strict=True):
        if each.lms_enabled:  # else they may not be shown yet
            _refuse_strangers(scratch)
    with _given_back(kit, instance, courses, actor):
        disable_lms(kit, instance, courses[0].course_id, actor)
        trial.before_lms()
        for each in courses:
            enable_lms(kit, instance, each.course_id, actor)
        for scratch in scratches:
            _refuse_strangers(scratch)
        with _cleaned(scratches):
            return trial.carry_out()


@contextmanager
def _given_back(kit: Kit, instance: Instance, courses: Sequence[Course], actor: str) -> Iterator[None]:
    """Leave lmsEnabled as it was, however this ends."""
    try:
        yield
    finally:
        for each in courses:
            switch = enable_lms if each.lms_enabled else disable_lms
            switch(kit, instance, each.course_id, actor)


@contextmanager
def _cleaned(scratches: Sequence[Scratch]) -> Iterator[None]:
    """Delete what trials made, before (one may have been killed) and after, however this ends."""
    for scratch in scratches:
        scratch.clean()
    try:
        yield
    finally:
        left = [each for scratch in scratches for each in scratch.clean()]
    if left:
        raise Refused(
            f"{len(left)} student(s) that the trial made could not be deleted: delete them in kuraCloud by hand, then "
            "try again. No answer was kept."
        )


def _refuse_mapped(kit: Kit, instance: Instance, course: Course) -> None:
    with kit.database.reading() as tx:
        same = {each.id for each in instances.every(tx) if each.remote_id == instance.remote_id}
        for each in mappings.every(tx):
            if each.instance_id in same and each.kura_courseid == course.course_id:
                raise Refused(
                    f"{course.name} is mapped (mapping {each.id}): a trial adds and deletes students. Give a course "
                    "that was made for it."
                )


def _refuse_strangers(scratch: Scratch) -> None:
    strangers = scratch.strangers()
    if strangers:
        raise Refused(
            f"The course {scratch.course_id} has {len(strangers)} student(s), active or deleted, whom no trial with "
            "this mailbox made: give a course that was made for it and has nobody in it. Nothing was tried on it."
        )
