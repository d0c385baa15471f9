"""Alerts that are due go out once each way, as one message; what fails is tried again, and nothing is lost."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from threading import Barrier, Thread

import pytest
from standardwebhooks import Webhook
from structlog.testing import capture_logs

from app.clients.announce import split
from app.kit import Kit
from app.store import alerts
from app.sync import digest
from app.sync.telling import tell
from tests.alarm import SECRET, Alarm, alarm
from tests.conftest import SetClock
from tests.fixtures_processes import Processes, variables, wait_until


@pytest.fixture
def small(sqlite_kit: Kit, clock: SetClock) -> Iterator[Alarm]:
    """Both ways open."""
    with alarm(sqlite_kit, clock) as made:
        yield made


def told(made: Alarm) -> int:
    made.gathered()
    return tell(made.kit, chance=lambda: 1.0)


def text(made: Alarm, number: int = -1) -> str:
    return str(made.office.messages[number].get_content()).replace("\r\n", "\n")


def test_an_alert_is_mailed_and_posted_once(small: Alarm) -> None:
    small.raised()
    assert told(small) == 1
    small.clock.advance(86400)
    assert tell(small.kit) == 0
    (row,) = small.rows()
    assert row.due_at is None
    assert None not in (row.mailed_at, row.posted_at)
    (mail,) = small.office.messages
    assert (mail["Subject"], mail["To"]) == ("kurasync: a mapping has drifted", "it@example.edu")
    assert text(small).startswith("A mapping has drifted\n\n* Something drifted.\n")
    (body,) = small.hook.bodies()
    assert body["type"] == "kurasync.alerts"
    assert body["data"]["total"] == 1
    assert body["data"]["alerts"][0]["topic"] == "mapping:1"


def test_it_is_posted_to_the_whole_address_and_signed_as_the_standard_says(small: Alarm) -> None:
    small.clock.at = datetime.now(UTC).timestamp()
    small.raised()
    told(small)
    (request,) = small.hook.requests
    assert request.line == "POST /hooks/one?key=unguessable"
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    assert Webhook(SECRET).verify(request.body, {name: request.header(name) or "" for name in names})


def test_alerts_are_gathered_before_they_are_told(small: Alarm) -> None:
    small.raised(topic="mapping:1")
    assert tell(small.kit) == 0
    small.clock.advance(small.kit.settings.alert_collect - 1)
    small.raised(topic="mapping:2")
    assert tell(small.kit) == 0
    small.clock.advance(1)
    assert tell(small.kit) == 2
    assert len(small.office.messages) == 1


def test_what_follows_waits_until_some_time_after_the_last_message(small: Alarm) -> None:
    small.raised(topic="mapping:1")
    told(small)
    for number in range(2, 300):
        small.raised(topic=f"mapping:{number}")
        small.clock.advance(1)
        tell(small.kit)
    assert len(small.office.messages) == 1
    small.clock.advance(small.kit.settings.alert_pause)
    assert tell(small.kit) == 298
    assert len(small.office.messages) == 2


def test_a_storm_is_one_short_message(small: Alarm) -> None:
    for number in range(1000):
        small.raised(topic=f"mapping:{number}", message=f"Mapping {number} drifted.")
    assert told(small) == 1000
    (mail,) = small.office.messages
    assert mail["Subject"] == "kurasync: 1000 mappings have drifted"
    assert text(small).count("\n* ") == digest.MOST + 1
    assert "and 980 more: `kurasync alerts list`." in text(small)
    (body,) = small.hook.bodies()
    assert (body["data"]["total"], len(body["data"]["alerts"])) == (1000, digest.MOST_POSTED)
    assert all(row.due_at is None for row in small.rows())


def test_of_the_same_only_the_newest_is_told(small: Alarm) -> None:
    small.raised(message="Once.")
    small.raised(message="Twice.")
    assert told(small) == 1
    assert "Twice." in text(small)
    assert "Once." not in text(small)


def test_the_same_is_told_again_only_after_a_while_also_by_another_process(small: Alarm) -> None:
    small.raised(message="Once.")
    told(small)
    small.clock.advance(small.kit.settings.alert_pause)
    small.raised(message="Twice.")
    small.raised(message="Thrice.")
    restarted = replace(small, kit=replace(small.kit, settings=replace(small.kit.settings)))
    assert told(restarted) == 0
    small.clock.advance(small.kit.settings.alert_every)
    assert told(restarted) == 1
    assert len(small.office.messages) == 2
    assert "Thrice." in text(small)


def test_another_kind_or_topic_does_not_wait_for_it(small: Alarm) -> None:
    small.raised(topic="mapping:1")
    told(small)
    small.clock.advance(small.kit.settings.alert_pause)
    small.raised(topic="mapping:2")
    assert told(small) == 1


@pytest.mark.parametrize(
    ("without", "mailed", "posted"), [({"alert_webhook": ""}, 1, 0), ({"smtp_host": ""}, 0, 1)]
)
def test_either_way_alone_is_enough(
    sqlite_kit: Kit, clock: SetClock, without: dict[str, str], mailed: int, posted: int
) -> None:
    with alarm(sqlite_kit, clock, **without) as made:
        made.raised()
        assert told(made) == 1
        assert (len(made.office.messages), len(made.hook.requests)) == (mailed, posted)
        assert made.rows()[0].due_at is None


def test_where_nobody_is_told_nothing_piles_up(sqlite_kit: Kit, clock: SetClock) -> None:
    with alarm(sqlite_kit, clock, smtp_host="", alert_webhook="") as made:
        made.raised()
        assert told(made) == 0
        assert [row.due_at for row in made.rows()] == [None]


def test_a_way_that_fails_is_tried_again_and_the_other_one_is_not(small: Alarm) -> None:
    small.hook.status = "503 Service Unavailable"
    small.raised()
    told(small)
    assert (len(small.office.messages), small.rows()[0].posted_at) == (1, None)
    small.hook.status = "200 OK"
    small.clock.advance(small.kit.settings.alert_pause + small.kit.settings.backoff_max)
    tell(small.kit)
    assert (len(small.office.messages), len(small.hook.requests)) == (1, 2)
    assert small.rows()[0].due_at is None
    first, second = (request.header("webhook-id") for request in small.hook.requests)
    assert first == second


@pytest.mark.parametrize("status", ["404 Not Found", "401 Unauthorized", "302 Found"])
def test_a_webhook_that_refuses_is_tried_again(small: Alarm, status: str) -> None:
    small.hook.status = status
    small.raised()
    told(small)
    assert small.rows()[0].due_at is not None


def test_the_pauses_between_attempts_grow(small: Alarm) -> None:
    small.office.says["MAIL"] = "451 later"
    small.hook.status = "503 Service Unavailable"
    small.raised()
    pauses = []
    for _ in range(4):
        assert told(small) == 0
        (row,) = small.rows()
        assert row.due_at is not None
        pauses.append(round(row.due_at - small.clock(), 3))
        small.clock.advance(pauses[-1])
    assert pauses == [0.1, 0.2, 0.4, 0.8]


def test_what_is_tried_again_and_what_is_new_go_as_one(small: Alarm) -> None:
    small.office.says["MAIL"] = "451 later"
    small.hook.status = "503 Service Unavailable"
    small.raised(topic="mapping:1")
    told(small)
    small.office.says.clear()
    small.hook.status = "200 OK"
    small.raised(topic="mapping:2")
    assert told(small) == 2
    assert small.office.messages[0]["Subject"] == "kurasync: 2 mappings have drifted"


def test_killed_between_sending_and_noting_it_is_told_a_second_time_and_no_more(small: Alarm) -> None:
    small.raised()
    small.gathered()
    with small.kit.database.transaction() as tx:
        (taken,) = alerts.take(tx, small.clock(), small.clock() + 150)
    assert taken.attempts == 1
    assert told(small) == 0
    small.clock.advance(150)
    assert tell(small.kit) == 1
    small.clock.advance(86400)
    assert tell(small.kit) == 0


def test_a_clock_killed_in_the_middle_of_a_mail_loses_nothing_and_tells_at_most_twice(
    sqlite_kit: Kit, clock: SetClock, processes: Processes
) -> None:
    clock.at = time.time() - 3600
    with alarm(sqlite_kit, clock, alert_webhook="", alert_pause=0.0) as made:
        made.raised()
        made.office.hangs_at = "message"
        code = "from app import kit, settings\nfrom app.sync.telling import tell\ntell(kit.make(settings.load()))"
        killed = processes.start("-c", code, environ=variables(made.kit.settings))
        wait_until(lambda: made.office.messages)
        killed.kill()
        killed.wait()
        made.office.hangs_at = ""
        clock.at = time.time()
        assert tell(made.kit) == 0
        clock.advance(3600)
        assert tell(made.kit) == 1
        first, second = made.office.messages
        assert first["Message-ID"] == second["Message-ID"]
        assert made.rows()[0].due_at is None


def test_a_mail_server_that_takes_it_and_says_nothing_is_told_again_with_the_same_message_id(small: Alarm) -> None:
    small.office.breaks_off = True
    small.raised()
    told(small)
    small.office.breaks_off = False
    small.clock.advance(small.kit.settings.alert_pause + small.kit.settings.backoff_max)
    tell(small.kit)
    first, second = (mail["Message-ID"] for mail in small.office.messages)
    assert first == second


def test_of_two_clocks_one_tells_it(kit: Kit, clock: SetClock) -> None:
    with alarm(kit, clock) as made:
        for number in range(50):
            made.raised(topic=f"mapping:{number}")
        made.gathered()
        barrier, counts = Barrier(4), []

        def beat() -> None:
            barrier.wait()
            counts.append(tell(made.kit))

        threads = [Thread(target=beat) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(counts) == [0, 0, 0, 50]
        assert (len(made.office.messages), len(made.hook.requests)) == (1, 1)


def test_a_defect_of_one_way_does_not_keep_the_other_from_telling(sqlite_kit: Kit, clock: SetClock) -> None:
    with alarm(sqlite_kit, clock, alert_from="kurasync@example.edu\nBcc: all@example.edu") as made:
        made.raised()
        with capture_logs() as lines:
            told(made)
        assert [line["event"] for line in lines] == ["alerts_not_told", "alerts_told"]
        assert (made.office.messages, len(made.hook.requests)) == ([], 1)
        assert made.rows()[0].due_at is not None


def test_the_log_says_how_many_and_no_address(small: Alarm) -> None:
    small.office.says["RCPT"] = "550 it@example.edu is unknown"
    small.hook.status = "404 Not Found"
    small.raised()
    with capture_logs() as lines:
        told(small)
    said = json.dumps(lines)
    assert "mail_refused" in said
    assert "webhook_refused" in said
    assert "example.edu" not in said
    assert "unguessable" not in said


def test_a_course_s_name_cannot_move_a_cursor_or_add_a_line(small: Alarm) -> None:
    small.raised(message="Mapping 1 (A\x1b[2J\r\nSubject: B) drifted.")
    told(small)
    assert "* Mapping 1 (A [2J  Subject: B) drifted.\n" in text(small)


@pytest.mark.parametrize(
    ("url", "base_url", "path"),
    [
        ("https://hooks.example.edu", "https://hooks.example.edu", ""),
        ("https://hooks.example.edu:8443/a/b/?c=d&e", "https://hooks.example.edu:8443", "/a/b/?c=d&e"),
    ],
)
def test_what_may_be_secret_of_an_address_is_kept_apart(url: str, base_url: str, path: str) -> None:
    assert split(url) == (base_url, path)
