"""A verified audit in words: whether it is as it was written, and what is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from app.planning.chain import Head
from app.planning.verification import Finding, Verdict
from app.words.cells import cell
from app.words.moments import moment

_ROW = {
    "changed": "Row {audit_id} (seal {seq}) is not what was sealed: it was changed, or the row before it was changed "
    "and given a new seal.",
    "inserted": "Row {audit_id} has no seal, and is too old to be new: it was put in afterwards, or its seal was taken "
    "away.",
    "personal_changed": "Record {place} of row {audit_id} has other personal values, or another person's, than were "
    "sealed.",
    "personal_gone": "The personal values of record {place} of row {audit_id} are gone, and no erasure of them is "
    "written down.",
    "personal_back": "The personal values of record {place} of row {audit_id} were erased, and are there again.",
    "personal_inserted": "Row {audit_id} has personal values for a record {place} that it does not have: they were put "
    "in.",
}


def told(verdict: Verdict, anchored: object = None) -> Iterator[str]:
    """Everything that was found, a sentence each; `anchored` names the file with the heads that were remembered."""
    yield from map(sentence, verdict.findings)
    if verdict.wrong > len(verdict.findings):
        yield f"... and {verdict.wrong - len(verdict.findings)} more."
    fit = "fit their seals" if not verdict.wrong else "were verified"
    yield f"{verdict.rows} row(s) {fit}." if verdict.head else "Nothing was sealed yet."
    yield from _counted(verdict)
    yield from _ended(verdict, anchored)


def kept(result: Mapping[str, Any]) -> Verdict:
    """A verdict as a task kept it (dataclasses.asdict, through JSON)."""
    findings = tuple(Finding(**{**each, "known": _as_head(each["known"])}) for each in result["findings"])
    ends = {name: _as_head(result[name]) for name in ("head", "agreed")}
    return Verdict(**{**result, **ends, "findings": findings})


def as_json(verdict: Verdict) -> dict[str, Any]:
    """The verdict for programs; each finding with its sentence."""
    findings = [{**asdict(each), "known": _head(each.known), "said": sentence(each)} for each in verdict.findings]
    ends = {"head": _head(verdict.head), "agreed": _head(verdict.agreed)}
    return {"fits": not verdict.wrong, **asdict(verdict), "findings": findings, **ends}


def sentence(finding: Finding) -> str:
    """What does not fit, for people."""
    if finding.wrong in _ROW:
        return _ROW[finding.wrong].format(**asdict(finding))
    if finding.wrong == "missing":
        return _missing(finding)
    if finding.wrong == "cut_off":
        return (
            f"The end was cut off: seal {finding.last} is remembered{_of(finding.known)}, and the chain ends before "
            f"seal {finding.seq}. Where a backup was put back: `kurasync db restored` (docs/backup.md)."
        )
    return (
        f"Seal {finding.last} is not the one that is remembered{_of(finding.known)}: something from seal {finding.seq} "
        "on was changed, and everything after it sealed anew."
    )


def _of(known: Head | None) -> str:
    """When a head was remembered, where that is known."""
    return f" of {cell(moment(known.sealed_at))}" if known and known.sealed_at else ""


def _missing(finding: Finding) -> str:
    if finding.audit_id is not None:
        return f"Row {finding.audit_id} (seal {finding.seq}) is missing."
    if finding.seq == finding.last:
        return f"Seal {finding.seq} is missing, with its row or without."
    return f"The seals {finding.seq} to {finding.last} are missing, with their rows or without."


def _counted(verdict: Verdict) -> Iterator[str]:
    if verdict.erased:
        yield f"{verdict.erased} personal record(s) were erased, and each erasure is written down."
    if verdict.waiting:
        yield f"{verdict.waiting} row(s) are not sealed yet: the clock does that."
    if verdict.late:
        yield (
            f"{verdict.late} row(s), the first of them row {verdict.first_late}, were sealed more than an hour after "
            "their time: no clock ran then, or they were put in afterwards."
        )


def _ended(verdict: Verdict, anchored: object) -> Iterator[str]:
    if not verdict.anchored:
        yield "No head was known from elsewhere: that the end was cut off, or all sealed anew, cannot be noticed."
    elif verdict.agreed:
        source = f" ({anchored})" if anchored else ""
        yield f"It agrees with the remembered heads up to seal {verdict.agreed.seq}{_of(verdict.agreed)}{source}."
    if verdict.head and not verdict.wrong:
        yield f"Head: {verdict.head.seq}:{verdict.head.seal}"


def _as_head(stored: Mapping[str, Any] | None) -> Head | None:
    return Head(**stored) if stored else None


def _head(head: Head | None) -> dict[str, Any] | None:
    return asdict(head) | {"sealed_at": moment(head.sealed_at)} if head else None
