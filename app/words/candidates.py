"""Courses that are not mapped, as lists and programs get them."""

from __future__ import annotations

from typing import Any

from app.setup.candidates import Candidates, Ours, Theirs


def lines(found: Candidates) -> dict[str, list[dict[str, Any]]]:
    """The likely pairs, and the courses of either side."""
    return {
        "likely": [{**_ours(each.ours), **_theirs(each.theirs), "why": each.why} for each in found.likely],
        "moodle": [_ours(each) for each in found.moodle],
        "kuracloud": [
            {**_theirs(each), "lms_enabled": each.course.lms_enabled} for each in found.kuracloud
        ],
    }


def _ours(each: Ours) -> dict[str, Any]:
    course = each.course
    return {"moodle": f"{each.site}:{course.id}", "shortname": course.shortname, "fullname": course.fullname}


def _theirs(each: Theirs) -> dict[str, Any]:
    course = each.course
    return {"kuracloud": f"{each.instance}:{course.course_id}", "code": course.course_code, "name": course.name}
