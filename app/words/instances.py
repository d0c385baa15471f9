"""Instances as lists and programs get them, never with their token."""

from __future__ import annotations

from typing import Any

from app.store.instances import Instance
from app.words.moments import moment
from schemas.kuracloud import Course
from schemas.kuracloud import Instance as Remote


def line(instance: Instance, mappings: int) -> dict[str, Any]:
    """An instance with the number of its mappings."""
    return {
        "id": instance.id,
        "name": instance.name,
        "display_name": instance.display_name,
        "url": instance.url,
        "remote_id": instance.remote_id,
        "state": instance.gate,
        "reason": instance.gate_reason,
        "lms_enabled": instance.lms_enabled,
        "failures": instance.failures,
        "mappings": mappings,
        "last_success_at": moment(instance.last_success_at),
    }


def course_line(course: Course, mapping_id: int | None) -> dict[str, Any]:
    """A course of an instance; None: it is not mapped."""
    return {
        "id": course.course_id,
        "code": course.course_code,
        "name": course.name,
        "lms_enabled": course.lms_enabled,
        "mapping": mapping_id,
    }


def tried(name: str, remote: Remote) -> dict[str, Any]:
    """What an instance said of itself when it was tried."""
    return {"instance": name, "remote_id": remote.instance_id, "display_name": remote.display_name}


def found_out(instance: Instance) -> dict[str, Any]:
    """What a probe found out about the instance's API; no answers: it was never tried."""
    answers = instance.dialect or {}
    return {"instance": instance.name, "probed_at": moment(instance.probed_at), "answers": answers}
