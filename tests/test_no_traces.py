"""After a busy day nothing of whom it was about is anywhere it has no business to be (design.md 4, invariant 11).

Names, addresses, numbers, tokens and secrets are marked, and `kurasync up` runs with all its processes and every log
line. Then all logs, all that ever was in Redis, all addresses of requests, all command lines, and all of the database
that is not marked as personal are searched.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from sqlalchemy import Table, select

from app.store import instances, sites
from app.store.tables import metadata
from sandbox.faults import Fault
from sandbox.moodle.senders import Signed
from tests.conftest import PATIENT
from tests.fixtures_processes import Processes, wait_until
from tests.live import Live, live
from tests.receiving import happening
from tests.verdict import is_idle
from tests.world import World

FIRST, LAST, IDNUMBER, EMAIL = "Quetzalcoatl", "Zwiebelturm", "ID-7788112233", "quetzal.zwiebel"
OTHER = "Xanthippe", "Ypsilanti", "ID-9988776655", "xanthippe.ypsilanti"
SECRET = "whsec_" + base64.b64encode(b"MarkedSecretOfThirtyBytes!").decode()
MOODLE_TOKEN, KURA_TOKEN = "moodle-token-0f9e8d7c6b5a", "kura-token-1a2b3c4d5e6f"
PEOPLE = (FIRST, LAST, IDNUMBER, EMAIL, *OTHER)
KEYS = (SECRET, SECRET.removeprefix("whsec_"), MOODLE_TOKEN, KURA_TOKEN)

PERSONAL = {
    "links": {"email", "echo"},
    "rosters": {"members"},
    "runs": {"plan"},
    "holds": {"items"},
    "readings": {"members", "students"},
    "tasks": {"result"},
    "audit_subjects": {"personal"},
}
"""The only columns that hold anything of a person (app/store/tables.py says so of each)."""


def found_in(text: str | bytes, words: tuple[str, ...] = (*PEOPLE, *KEYS)) -> list[str]:
    """Which marked values are in a text, in whatever case and also as JSON or a URL writes them."""
    haystack = (text if isinstance(text, str) else text.decode("utf-8", "replace")).lower()
    return [word for word in words if word.lower() in haystack]


@pytest.fixture
def service(sqlite_url: str, processes: Processes, tmp_path: Path) -> Iterator[Live]:
    given = {**PATIENT, "call_timeout": 2.0, "log_level": "debug"}
    with live(tmp_path, sqlite_url, processes, **given) as made:
        _marked_keys(made)
        made.start()
        yield made


def _marked_keys(made: Live) -> None:
    world, kit = made.world, made.kit
    world.moodle.rotate_token(MOODLE_TOKEN)
    world.kura.rotate_token(KURA_TOKEN)
    with kit.database.transaction() as tx:
        sites.set_token(tx, world.site_id, kit.vault.encrypt(MOODLE_TOKEN))
        instances.set_token(tx, world.instance_id, kit.vault.encrypt(KURA_TOKEN))
        sites.add_secret(tx, kit.database.now(tx), world.site_id, kit.vault.encrypt(SECRET))
    made.sender = Signed("", SECRET, retry_after=0.05)
    world.moodle.senders[:] = [made.sender]


def marked(made: World, number: int, *, of: tuple[str, ...] = (FIRST, LAST, IDNUMBER, EMAIL)) -> int:
    """A marked person, enrolled."""
    first, last, idnumber, email = of
    address = f"{email}{number}@marked.example.edu"
    return made.enrol(f"{first}{number}", f"{last}{number}", email=address, idnumber=f"{idnumber}{number}")


def busy_day(service: Live) -> None:
    """Whoever comes, goes, is refused, in conflict or held; whatever fails, and however it says so."""
    made = service.world
    made.moodle.install_plugin()
    users = [marked(made, number) for number in range(4)]
    service.come_to_rest()
    _words_of_kuracloud(service)
    made.moodle.change_email(users[1], f"{OTHER[3]}@marked.example.edu")  # held
    marked(made, 60, of=OTHER)
    marked(made, 61, of=(*OTHER[:3], f"{OTHER[3]}60@marked.example.edu".partition("@")[0]))
    made.moodle.rename_user(users[0], lastname=f"{OTHER[1]}-{LAST}")
    made.moodle.unenrol(users[2], made.course)
    made.moodle.delete_user(users[3])  # tells user name, address and number in its event
    service.come_to_rest()
    _hostile(service)
    _words_of_moodle(service)
    _wrong_token(service)
    service.come_to_rest()


def _words_of_kuracloud(service: Live) -> None:
    """Refusals and pages that quote whom they were sent."""
    made = service.world
    words = {"message": f"Invalid email: {EMAIL}9@marked.example.edu ({FIRST} {LAST}), token {KURA_TOKEN}"}
    made.kura.faults.add(Fault("status", match="POST .*/student$", status=400, body=words, times=1))
    made.kura.faults.add(Fault("status", match="POST .*/student$", status=500, body=json.dumps(words), times=1))
    marked(made, 9)
    service.come_to_rest()


def _words_of_moodle(service: Live) -> None:
    """Exceptions that quote a person and the keys, of several kinds."""
    made = service.world
    for code in ("dbconnectionfailed", "invalidparameter", "codingerror"):
        words = {"exception": "x", "errorcode": code, "message": f"{FIRST} {LAST} {EMAIL} {MOODLE_TOKEN} {SECRET}"}
        made.moodle.faults.add(Fault("exception", match="get_roster", body=json.dumps(words), times=1))
    marked(made, 50)
    service.come_to_rest()
    assert len([call for call in made.moodle.calls if call.fault]) == 3


def _wrong_token(service: Live) -> None:
    """kuraCloud ends the token: the instance is parked, probed, and goes on."""
    made = service.world
    made.kura.rotate_token("another")
    marked(made, 70)
    service.post()
    wait_until(lambda: any(call.status in (401, 403) for call in made.kura.calls))
    made.kura.rotate_token(KURA_TOKEN)


def _hostile(service: Live) -> None:
    """Requests that carry marked values where nobody expects them."""
    url, course = service.sender.url, service.world.course
    event = {**happening(courseid=course), "firstname": FIRST, "eventname": f"{EMAIL}@marked.example.edu"}
    told = {"type": "moodle.events", "data": {"wwwroot": f"https://{LAST}.example.edu", "events": [event]}}
    requests.post(url, json=told, headers={"webhook-id": FIRST, "webhook-signature": SECRET}, timeout=10)
    requests.post(f"{url}/local_webhooks", json={**event, "token": SECRET, "extra": LAST}, timeout=10)
    requests.post(f"{url}/tool_trigger", data=b"\xff" + LAST.encode(), timeout=10)
    requests.post(f"{url}/tool_trigger", json=event, headers={"Authorization": f"Bearer {SECRET}"}, timeout=10)


@pytest.mark.timeout(240)
def test_nothing_marked_is_found_anywhere_after_a_busy_day(service: Live) -> None:
    busy_day(service)
    wait_until(lambda: is_idle(service.kit), 60)
    commands = "\n".join(service.processes.alive().values())
    assert "kurasync" in commands
    assert found_in(commands) == []
    _searched_over_http(service)
    service.processes.end()
    _searched_logs(service)
    _searched_redis(service)
    _searched_addresses(service)
    _searched_database(service)


def _searched_over_http(service: Live) -> None:
    base = service.sender.url.partition("/events/")[0]
    for page in ("/healthz", "/readyz", "/metrics", f"/events/uni?who={EMAIL}", f"/courses/uni?who={EMAIL}"):
        answer = requests.get(base + page, timeout=10)
        assert found_in(answer.text + str(answer.headers)) == [], page


def _searched_logs(service: Live) -> None:
    home = service.kit.settings.home
    logs = {path.name: path.read_text(errors="replace") for path in home.rglob("*.log*") if path.is_file()}
    whole = "\n".join(logs.values())
    for kind in ("run_ended", "connection_parked"):
        assert kind in whole, "it was not a busy day"
    assert {name: words for name, text in logs.items() if (words := found_in(text))} == {}


def _searched_redis(service: Live) -> None:
    """All that ever was in it is in its append-only file, job arguments packed as RQ packs them."""
    [kept] = service.kit.settings.home.rglob("appendonly.aof")
    texts = [text for bulk in _bulks(kept.read_bytes()) for text in (bulk, _unpacked(bulk))]
    assert any(b"workers.jobs.sync_roster" in text for text in texts), "no job was on the queue"
    assert {word for text in texts for word in found_in(text)} == set()


def _bulks(file: bytes) -> Iterator[bytes]:
    """The arguments of the commands in an append-only file: `$<length>`, then so many bytes."""
    place = 0
    while (start := file.find(b"$", place)) >= 0:
        end = file.find(b"\r\n", start)
        if not file[start + 1 : end].isdigit():
            place = start + 1
            continue
        place = end + 2 + int(file[start + 1 : end])
        yield file[end + 2 : place]


def _unpacked(bulk: bytes) -> bytes:
    try:
        return zlib.decompress(bulk)
    except zlib.error:
        return b""


def _searched_addresses(service: Live) -> None:
    asked = [call.path for side in (service.world.kura, service.world.moodle) for call in side.calls]
    assert len(asked) > 50
    assert {word for path in asked for word in found_in(path)} == set()


def _searched_database(service: Live) -> None:
    """People in the columns that are marked as personal, and nowhere else; keys, unencrypted, nowhere at all."""
    found: dict[str, set[str]] = {}
    met: set[str] = set()
    with service.kit.database.reading() as tx:
        for table in metadata.sorted_tables:
            for row in tx.execute(select(table)).mappings():
                met |= set(found_in(json.dumps(_personal(table, dict(row)), default=str, ensure_ascii=False), PEOPLE))
                if words := found_in(json.dumps(_other(table, dict(row)), default=str, ensure_ascii=False)):
                    found.setdefault(table.name, set()).update(words)
    assert met >= {FIRST, LAST, IDNUMBER, EMAIL}, "nobody was there to be found"
    assert found == {}
    service.kit.database.dispose()
    files = b"".join(path.read_bytes() for path in service.kit.settings.home.glob("kurasync.db*"))
    assert found_in(files, KEYS) == []


def _personal(table: Table, row: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in row.items() if name in PERSONAL.get(table.name, ())}


def _other(table: Table, row: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in row.items() if name not in PERSONAL.get(table.name, ())}
