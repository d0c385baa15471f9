"""What somebody who helps has to know, in one file, and nothing else: no secret, no name, no address.

Nothing is left out by looking for what is personal. What goes in is chosen: numbers, slugs, versions, the doctor's own
words, and of log lines only what kurasync itself wrote.
"""

from __future__ import annotations

import json
import platform
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import fields
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from app import kit as kits
from app import log, settings
from app.errors import KurasyncError, Refused
from app.kit import Kit
from app.settings import Settings
from app.setup import database
from app.setup.check import Check
from app.setup.doctor import examine
from app.store import instances, mappings, migrate, runs, sites, worklist

_RUNS, _LINES = 500, 5000
_TAIL = 8 << 20  # bytes of the end of a log file that are looked at
# Of a log line: these keys with the numbers and slugs that are their values; whatever else it says stays here.
_TOLD = (
    "timestamp",
    "level",
    "event",
    "kind",
    "outcome",
    "reason",
    "status",
    "connection",
    "way",
    "system",
)
# Words of other systems stand in quotation marks; what is in them may be anything.
_HIDDEN = re.compile(r"“[^”]*”|https?://[^\s,;]+|[^\s@“”]+@[^\s@“”]+|(?<![\w.])/[\w.@+-]+(?:/[\w.@+-]*)+")
_SLUG = re.compile(r"[A-Za-z0-9_.:+-]{1,60}")
_FRAME = re.compile(r'^\s*File "[^"]*?((?:app|workers|schemas|site-packages)/[^"]+)", line (\d+), in (\S+)')
_RAISED = re.compile(r"^([A-Za-z_][\w.]*(?:Error|Exception|Exit|Lost|Stopped|Gone|Broken|Refused|Interrupt))\b")

README = """\
A support bundle of kurasync, made at {at}.

versions.json   kurasync, Python and its packages, each Moodle and its plugin as last seen, the revision of the database
doctor.json     what `kurasync doctor` said; names of courses and addresses of servers are left out
settings.json   the settings in force; secrets and addresses only as set or not set
queue.json      each row of the worklist: state, reasons, counts
runs.json       the last runs: number, kind, outcome, reason, counts; no plans
log.jsonl       the last log lines: numbers and words of kurasync's own

There are no tokens, secrets, names, e-mail addresses, course names or addresses of servers in it. Look for yourself
before you send it.
"""


def write(path: Path, extra_log: Path | None = None) -> list[str]:
    """Make the file, which must not be there yet; returns what could not be put in, in sentences.

    Raises Refused when the file exists or cannot be written. What fails is left out: a bundle is wanted when something
    does.
    """
    parts, missing = gather(extra_log)
    try:
        with path.open("xb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
            for name, text in parts.items():
                bundle.writestr(name, text)
        path.chmod(0o600)
    except FileExistsError:
        raise Refused(f"{path} is there already: choose another name, or remove it.") from None
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}.") from error
    return missing


def gather(extra_log: Path | None = None) -> tuple[dict[str, str], list[str]]:
    """The files of a bundle by name, and what could not be put in."""
    missing: list[str] = []
    given = _settings(missing)
    checks, known, packages = list(examine()), list[str](), _packages()
    parts: dict[str, Any] = {
        "settings.json": _shown(given) if given else {},
        "versions.json": {
            "kurasync": packages.get("kurasync", "run from its sources"),
            "python": platform.python_version(),
            "system": platform.system(),
            "packages": packages,
        },
    }
    if given is not None:
        parts["versions.json"] |= {"database": _revision(given, missing)}
        with suppress(KurasyncError):  # no key, which the doctor says
            parts |= _of_the_database(given, parts["versions.json"], known)
    parts["doctor.json"] = [_plain(check, known) for check in checks]
    texts = {name: json.dumps(value, indent=1, ensure_ascii=False, default=str) + "\n" for name, value in parts.items()}
    texts["log.jsonl"] = "".join(f"{line}\n" for line in _log(given, extra_log, missing))
    return {"README.txt": README.format(at=datetime.now(UTC).isoformat(timespec="seconds")), **texts}, missing


def _settings(missing: list[str]) -> Settings | None:
    try:
        return settings.load()
    except KurasyncError:
        missing.append("The settings cannot be read (`kurasync doctor` says why): nothing that rests on them is in it.")
        return None


def _shown(given: Settings) -> dict[str, Any]:
    """Numbers and flags as they are; of texts only whether they differ from what is given without them."""
    shown: dict[str, Any] = {}
    for each in fields(Settings):
        value = getattr(given, each.name)
        if isinstance(value, bool | int | float) and not each.metadata["secret"]:
            shown[each.name] = value
        else:
            shown[each.name] = "as it is by default" if value == each.default else "set"
    return {**shown, "log_level": given.log_level}


def _packages() -> dict[str, str]:
    return dict(sorted((each.metadata["Name"], each.version) for each in distributions()))


def _revision(given: Settings, missing: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"needed": migrate.head(), "kind": given.database.partition(":")[0].partition("+")[0]}
    try:
        return found | {"revision": database.standing(given).current}
    except Exception as error:  # whatever a broken database raises: a bundle is wanted just then
        missing.append(f"The database does not answer ({type(error).__name__}): its queue and runs are not in it.")
        return found | {"revision": None}


def _of_the_database(given: Settings, versions: dict[str, Any], known: list[str]) -> dict[str, Any]:
    """`known` gets what must not be named."""
    if versions["database"]["revision"] != versions["database"]["needed"]:
        return {}
    kit = kits.make(given)
    try:
        known += _known(kit)
        versions["connections"] = _connections(kit)
        return {"queue.json": _queue(kit), "runs.json": _runs(kit)}
    finally:
        kit.close()


def _connections(kit: Kit) -> list[dict[str, Any]]:
    """By number: their names may be those of an institution."""
    with kit.database.reading() as tx:
        found: list[dict[str, Any]] = [
            {"site": each.id, "plugin": each.plugin, "ways": list(each.ways), **_gate(each)} for each in sites.every(tx)
        ]
        found += [
            {"instance": each.id, "lms_enabled": each.lms_enabled, "probed_at": each.probed_at, **_gate(each)}
            for each in instances.every(tx)
        ]
    return found


def _gate(each: Any) -> dict[str, Any]:
    names = ("gate", "failures", "paused_until", "probe_at", "last_success_at", "created_at")
    return {**{name: getattr(each, name) for name in names}, "gate_reason": _slug(each.gate_reason)}


def _queue(kit: Kit) -> list[dict[str, Any]]:
    with kit.database.reading() as tx:
        of = {each.id: (each.site_id, each.instance_id) for each in mappings.every(tx)}
        rows = worklist.rows(tx)
    names = ("mapping_id", "kind", "state", "wanted", "seen", "due_at", "gate", "attempts", "crashes", "failing_since")
    return [
        {
            **{name: getattr(row, name) for name in (*names, "recheck_at", "last_run_id")},
            "gate_reason": _slug(row.gate_reason),
            "site": of[row.mapping_id][0],
            "instance": of[row.mapping_id][1],
        }
        for row in rows
    ]


def _runs(kit: Kit) -> list[dict[str, Any]]:
    """Without plans and messages: the other side's words are in these."""
    names = ("id", "mapping_id", "kind", "gen_from", "gen_to", "started_at", "ended_at", "outcome", "counts", "drift")
    with kit.database.reading() as tx:
        found = runs.search(tx, limit=_RUNS)
    return [{**{name: getattr(run, name) for name in names}, "reason": _slug(run.reason)} for run in found]


def _plain(check: Check, known: Iterable[str]) -> dict[str, str]:
    """A check without the names that administrators gave, and without the words of other systems."""
    hide = _hiding([*known, *check.private])
    return {"name": hide(check.name), "state": check.state, "message": hide(check.message)}


def _hiding(texts: Iterable[str]) -> Callable[[str], str]:
    every = sorted({text for text in texts if text}, key=len, reverse=True)
    named = re.compile("|".join(rf"(?<!\w){re.escape(text)}(?!\w)" for text in every)) if every else None

    def hide(text: str) -> str:
        unnamed = named.sub("…", text) if named else text
        return _HIDDEN.sub("…", unnamed)

    return hide


def _known(kit: Kit) -> list[str]:
    """What administrators and institutions call things."""
    with kit.database.reading() as tx:
        found = [text for each in sites.every(tx) for text in (each.name, each.url, each.wwwroot, each.identity)]
        for instance in instances.every(tx):
            found += [instance.name, instance.url, instance.display_name, instance.remote_id]
        for mapping in mappings.every(tx):
            found += [mapping.course_name, mapping.kura_course_name]
        gates: list[Any] = [*sites.every(tx), *instances.every(tx), *worklist.rows(tx)]
        reasons = [each.gate_reason for each in gates]
    found += [reason for reason in reasons if _slug(reason) != reason]
    return [text for text in found if text]


def _log(given: Settings | None, extra: Path | None, missing: list[str]) -> Iterator[str]:
    kept = given.log_path if given else None
    paths = [path for path in (kept, extra) if path is not None]
    found = [path for path in paths if path.is_file()]
    if not found:
        missing.append(
            "There is no log file: `kurasync up` makes one with its first line. Where web, worker and clock run by "
            "themselves, give what they wrote to standard error with --log FILE."
        )
    for path in found:
        try:
            yield from _lines(path)
        except OSError as error:
            missing.append(f"The log file {path} cannot be read: {error.strerror}.")


def _lines(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL))
        lines = file.read().decode(errors="replace").splitlines()[-_LINES:]
    for line in lines:
        said = log.parsed(line)
        if said is not None:
            yield json.dumps(_told(said), ensure_ascii=False)


def _told(said: Mapping[str, Any]) -> dict[str, Any]:
    """Of a log line: numbers, kurasync's own words, and where an exception came from, without what it said."""
    numbers = ((key, value) for key, value in said.items() if isinstance(value, bool | int | float))
    told: dict[str, Any] = {key: value for key, value in numbers if _SLUG.fullmatch(key)}
    told |= {key: _slug(said[key]) for key in _TOLD if key in said}
    if isinstance(said.get("exception"), str):
        told["exception"] = [place for line in said["exception"].splitlines() for place in _places(line)]
    return told


def _places(line: str) -> Iterator[str]:
    if frame := _FRAME.match(line):
        yield f"{frame[1]}:{frame[2]} {frame[3]}"
    elif raised := _RAISED.match(line):
        yield raised[1]


def _slug(value: object) -> object:
    return value if value is None or (isinstance(value, str) and _SLUG.fullmatch(value)) else "…"
