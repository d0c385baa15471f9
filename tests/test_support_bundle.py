"""`kurasync support-bundle`: enough to help with, and nothing private, whatever is planted where."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import insert, update

from app.store import links, runs
from app.store.tables import alerts, holds, rosters, worklist
from app.store.tables import instances as instance_rows
from app.store.tables import sites as site_rows
from sandbox.faults import Fault
from tests.fixtures_desk import Desk

FIRST, LAST, EMAIL, IDNUMBER = "Quetzalcoatl", "Zwiebelturm", "quetzal.zwiebel@example.edu", "ID-77881"
TOKEN, PASSWORD = "tok3n-Marked-9f2c", "pass-Marked-77"
COURSE, KURA_COURSE, SITE, INSTANCE = "Anatomy of Prof Marked", "Marked Anatomy", "markeduni", "markedkura"
MARKS = (FIRST, LAST, EMAIL, "zwiebel@", IDNUMBER, TOKEN, PASSWORD, COURSE, KURA_COURSE, SITE, INSTANCE, "Marked")


@pytest.fixture
def desk(desk: Desk, redis_url: str) -> Desk:
    desk.environ["KURASYNC_REDIS_URL"] = redis_url
    return desk


def contents(desk: Desk, path: Path, *more: str) -> dict[str, str]:
    """The files of a new bundle by name."""
    path.unlink(missing_ok=True)
    done = desk.run("support-bundle", str(path), *more)
    assert done.exit_code == 0, done.output
    with zipfile.ZipFile(path) as bundle:
        return {name: bundle.read(name).decode() for name in bundle.namelist()}


def found_in(files: dict[str, str], *marks: str) -> list[tuple[str, str]]:
    return [(name, mark) for name, text in files.items() for mark in (*MARKS, *marks) if mark in text]


def log_line(**said: Any) -> str:
    return json.dumps({"timestamp": "2026-01-31T12:00:00Z", "level": "error", **said})


def planted(desk: Desk) -> None:
    """Marked values wherever anything is kept, said or logged."""
    desk.moodle.rotate_token(TOKEN)
    desk.kura.rotate_token(TOKEN)
    desk.done("site", "add", SITE, desk.moodle.url, "--token-file", "-", typed=TOKEN)
    desk.done("instance", "add", INSTANCE, "--url", desk.kura.url, "--token-file", "-", typed=TOKEN)
    course = desk.moodle.create_course(COURSE, shortname="MARK")
    desk.kura.add_course(KURA_COURSE, "MARK", lmsEnabled=False)
    user = desk.moodle.create_user(firstname=FIRST, lastname=LAST, email=EMAIL, idnumber=IDNUMBER)
    desk.moodle.enrol(user, course)
    desk.done("mapping", "add", f"{SITE}:MARK", f"{INSTANCE}:MARK")
    said = json.dumps({"message": f"{FIRST} {LAST} {EMAIL} {TOKEN}"})
    desk.kura.faults.add(Fault("status", match="POST", times=1, status=422, body=said))
    desk.work()
    hold = desk.json("holds", "show", "1")
    desk.done("holds", "approve", "1", "--digest", hold["digest"])
    desk.work()
    everywhere = {"who": f"{FIRST} {LAST}", "email": EMAIL, "external_student_id": IDNUMBER}
    with desk.kit.database.transaction() as tx:
        links.create(tx, 0.0, 1, [links.NewLink(901, 902, EMAIL, {"given_name": {"sent": FIRST, "shown": LAST}})])
        runs.end(tx, 0.0, 1, "done", f"{LAST}!", f"{FIRST} {EMAIL}", plan={"go": [everywhere]}, counts={"add": 1})
        tx.execute(update(holds).values({"items": [everywhere], "decided_by": FIRST}))
        values = {"mapping_id": 1, "members": [everywhere], "basis": "x", "read_at": 0.0}
        tx.execute(insert(rosters).values(values))
        tx.execute(update(worklist).values(gate_reason=f"{FIRST} {LAST}", gate="parked"))
        tx.execute(insert(alerts).values(at=0.0, kind="hold", topic=COURSE, message=f"{FIRST} {TOKEN}"))
        tx.execute(update(site_rows).values(gate="parked", gate_reason=f"{LAST} said no"))
        tx.execute(update(instance_rows).values(display_name="Prof Marked's instance"))
    # Not under its usual name: the suite's own search of log files would find what is planted here.
    log_file = Path(desk.environ["KURASYNC_HOME"]) / "planted.jsonl"
    desk.environ["KURASYNC_LOG_FILE"] = str(log_file)
    traceback = (
        "Traceback (most recent call last):\n"
        f'  File "/home/{LAST}/kurasync/app/sync/roster.py", line 77, in run\n    raise ValueError("{FIRST}")\n'
        f"ValueError: {FIRST} {EMAIL} {TOKEN}"
    )
    lines = [
        log_line(event="run_ended", run_id=7, outcome="retry", reason="defect", exception=traceback),
        log_line(event=f"{FIRST} {LAST} was here", course=COURSE, count=3),
        log_line(event="run_ended", reason=f"{FIRST} {LAST}", outcome=EMAIL, **{f"key of {LAST}": 1}),
        f"Traceback of {FIRST} {EMAIL}",
        f'{{"event": "{FIRST}"',
    ]
    log_file.write_text("\n".join(lines) + "\n")


def test_nothing_private_is_in_it_whatever_is_planted_where(desk: Desk, tmp_path: Path) -> None:
    planted(desk)
    desk.environ["KURASYNC_ALERT_WEBHOOK"] = f"https://hooks.example.edu/{TOKEN}"
    desk.environ["KURASYNC_ALERT_WEBHOOK_SECRET"] = "whsec_TWFya2VkLXNlY3JldA=="
    files = contents(desk, tmp_path / "bundle.zip")
    key = desk.environ["KURASYNC_SECRET_KEY"]
    assert found_in(files, key, "whsec_", desk.moodle.url, desk.kura.url, "hooks.example.edu", str(tmp_path)) == []
    doctor = json.loads(files["doctor.json"])
    assert len(doctor) > 8


def test_the_tokens_refused_and_a_database_with_a_password_are_no_exception(desk: Desk, tmp_path: Path) -> None:
    planted(desk)
    desk.moodle.rotate_token("another")
    desk.kura.rotate_token("another")
    assert found_in(contents(desk, tmp_path / "bundle.zip"), desk.moodle.url) == []
    desk.environ["KURASYNC_DATABASE_URL"] = f"postgresql://{LAST}:{PASSWORD}@127.0.0.1:1/{SITE}"
    files = contents(desk, tmp_path / "bundle.zip")
    assert found_in(files) == []
    assert json.loads(files["versions.json"])["database"]["revision"] is None


def test_it_says_what_one_needs_to_help(desk: Desk, tmp_path: Path) -> None:
    planted(desk)
    files = contents(desk, tmp_path / "bundle.zip")
    versions = json.loads(files["versions.json"])
    assert versions["kurasync"]
    assert versions["packages"]["SQLAlchemy"]
    assert versions["database"]["revision"] == versions["database"]["needed"]
    (run, *_) = json.loads(files["runs.json"])
    assert {"id", "mapping_id", "kind", "outcome", "reason", "counts"} <= set(run)
    assert json.loads(files["queue.json"])[0]["mapping_id"] == 1
    assert json.loads(files["settings.json"])["workers"] == 4
    said = " ".join(check["message"] for check in json.loads(files["doctor.json"]))
    assert "Moodle 4.5" in said
    (first, second, third) = map(json.loads, files["log.jsonl"].splitlines())
    assert (first["event"], first["run_id"], first["reason"]) == ("run_ended", 7, "defect")
    assert first["exception"] == ["app/sync/roster.py:77 run", "ValueError"]
    assert (second["event"], second["count"]) == ("…", 3)
    assert third["reason"] == "…"


def test_it_is_made_when_nothing_else_works(desk: Desk, tmp_path: Path) -> None:
    desk.environ["KURASYNC_QUEIT"] = "3"
    done = desk.run("support-bundle", str(tmp_path / "one.zip"))
    assert done.exit_code == 0
    assert "The settings cannot be read" in done.stderr
    del desk.environ["KURASYNC_QUEIT"]
    desk.environ["KURASYNC_SECRET_KEY"] = Fernet.generate_key().decode()[:-8]
    assert "doctor.json" in contents(desk, tmp_path / "two.zip")


def test_a_log_written_elsewhere_can_be_given(desk: Desk, tmp_path: Path) -> None:
    written = tmp_path / "journal.txt"
    written.write_text(log_line(event="redis_away") + "\n")
    assert "redis_away" in contents(desk, tmp_path / "bundle.zip", "--log", str(written))["log.jsonl"]


def test_only_its_owner_reads_it_and_nothing_is_written_over(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"
    contents(desk, path)
    assert path.stat().st_mode & 0o777 == 0o600
    done = desk.run("support-bundle", str(path))
    assert done.exit_code == 1
    assert "is there already" in done.stderr
    assert desk.run("support-bundle", str(tmp_path / "nowhere" / "bundle.zip")).exit_code == 1
