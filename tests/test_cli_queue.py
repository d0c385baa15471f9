"""`kurasync queues`, `dead`, `events` and `audit`: what is wanted, what gave up, what came in, what was written."""

from __future__ import annotations

from sqlalchemy import update

from app.redis_server import running
from app.store import sites, worklist
from app.store.events import insert
from app.store.tables import worklist as table
from app.sync.intake import Parcel, accept
from schemas.events import MoodleEvent
from tests.fixtures_desk import Desk

ENROLLED = r"\core\event\user_enrolment_created"


def event(desk: Desk, uid: str, name: str = ENROLLED, courseid: int | None = None, userid: int = 7) -> MoodleEvent:
    return MoodleEvent(name, uid, desk.course if courseid is None else courseid, userid, 1, 50, 2, 1_700_000_000)


def report(desk: Desk, *events: MoodleEvent) -> None:
    with desk.kit.database.reading() as tx:
        site = sites.by_name(tx, "uni")
    assert site is not None
    accept(desk.kit, [Parcel(site, "signed", "msg_1", events)])


def give_up(desk: Desk, mapping_id: int = 1) -> None:
    with desk.kit.database.transaction() as tx:
        row = update(table).where(table.c.mapping_id == mapping_id)
        tx.execute(row.values(gate="dead", attempts=8, failing_since=1.0))


def test_queues_show_the_worklist_and_end_with_4_without_redis(desk: Desk) -> None:
    desk.map()
    done = desk.run("queues")
    assert done.exit_code == 4
    assert "wanted" in done.stdout
    assert "KURASYNC_REDIS_URL" in done.stderr


def test_queues_end_with_4_when_redis_does_not_answer(desk: Desk) -> None:
    desk.environ["KURASYNC_REDIS_URL"] = "redis://127.0.0.1:1/0"
    done = desk.run("queues", "--json")
    assert done.exit_code == 4
    assert "Redis cannot be reached" in done.stderr
    assert '"jobs": null' in done.stdout


def test_queues_show_what_redis_holds(desk: Desk, redis_url: str) -> None:
    desk.environ["KURASYNC_REDIS_URL"] = redis_url
    desk.map()
    found = desk.json("queues")
    assert found["redis"] == {"jobs": {"tasks": 0, "roster": 0, "grades": 0}, "trouble": None}
    assert [(row["mapping"], row["state"], row["waiting"]) for row in found["rows"]] == [(1, "wanted", 1)]
    assert "Jobs in Redis: 0 tasks, 0 roster, 0 grades." in desk.done("queues")


def test_queues_find_the_private_redis_of_up(desk: Desk) -> None:
    with running(desk.kit.settings.home):
        assert desk.run("queues").exit_code == 0


def test_rows_with_nothing_to_do_are_left_out_unless_asked_for(desk: Desk, redis_url: str) -> None:
    desk.environ["KURASYNC_REDIS_URL"] = redis_url
    desk.map()
    desk.work()
    assert desk.json("queues")["rows"] == []
    assert "Nothing is wanted" in desk.done("queues")
    assert [row["state"] for row in desk.json("queues", "--all")["rows"]] == ["idle"]


def test_a_look_at_a_later_time_is_left_out_until_it_is_late(desk: Desk, redis_url: str) -> None:
    desk.environ["KURASYNC_REDIS_URL"] = redis_url
    desk.map()
    desk.work()
    with desk.kit.database.transaction() as tx:
        worklist.set_recheck(tx, [(1, "roster")], desk.kit.database.now(tx) + 60)
    assert desk.json("queues")["rows"] == []
    assert [row["state"] for row in desk.json("queues", "--all")["rows"]] == ["scheduled"]
    with desk.kit.database.transaction() as tx:
        tx.execute(update(table).values(due_at=table.c.due_at - 120))
    (row,) = desk.json("queues")["rows"]
    assert row["late_seconds"] >= 60


def test_dead_letters_are_listed_and_tried_again(desk: Desk) -> None:
    desk.map()
    assert "Nothing gave up" in desk.done("dead", "list")
    give_up(desk)
    (line,) = desk.json("dead", "list")
    assert (line["mapping"], line["kind"], line["failures"]) == (1, "roster", 8)
    assert len(desk.json("dead", "requeue", "--all", "--dry-run")) == 1
    assert desk.json("mapping", "list")[0]["state"] == "dead"
    assert "1 are tried again" in desk.done("dead", "requeue", "uni:PHY1")
    assert desk.json("mapping", "list")[0]["state"] == "wanted"
    assert "requeue_dead" in desk.done("audit", "list")


def test_dead_letters_are_chosen_by_what_fits(desk: Desk) -> None:
    desk.map()
    give_up(desk)
    assert desk.json("dead", "requeue", "--kind", "grades") == []
    assert desk.json("dead", "requeue", "--reason", "unreachable") == []
    assert desk.json("dead", "requeue", "--site", "other") == []
    assert len(desk.json("dead", "requeue", "--site", "uni", "--dry-run")) == 1


def test_dead_letters_are_not_tried_again_by_mistake(desk: Desk) -> None:
    done = desk.run("dead", "requeue")
    assert done.exit_code == 2
    assert "--all" in done.stderr


def test_sync_of_what_gave_up_says_how_to_try_again(desk: Desk) -> None:
    desk.map()
    give_up(desk)
    done = desk.run("sync", "1")
    assert done.exit_code == 1
    assert "dead requeue 1" in done.stderr


def test_events_are_listed_by_what_fits(desk: Desk) -> None:
    desk.map()
    report(desk, event(desk, "a"), event(desk, "b", userid=8), event(desk, "c", courseid=99))
    assert len(desk.json("events", "list")) == 3
    assert [line["event_uid"] for line in desk.json("events", "list", "--user", "8")] == ["b"]
    assert [line["event_uid"] for line in desk.json("events", "list", "--ignored")] == ["c"]
    assert [line["event_uid"] for line in desk.json("events", "list", "--wanted", "--limit", "1")] == ["b"]
    assert len(desk.json("events", "list", "--course", "99", "--site", "uni", "--event", ENROLLED)) == 1
    assert "No such event" in desk.done("events", "list", "--course", "98")
    assert desk.run("events", "list", "--site", "other").exit_code == 1


def test_an_event_is_shown_with_the_runs_that_looked_because_of_it(desk: Desk) -> None:
    desk.map()
    report(desk, event(desk, "a"))
    assert "yet" in desk.done("events", "show", "1")
    desk.work()
    assert [run["outcome"] for run in desk.json("events", "show", "1")["runs"]] == ["done"]
    assert "done" in desk.done("events", "show", "1")


def test_an_event_that_asked_for_nothing_says_so(desk: Desk) -> None:
    desk.map()
    report(desk, event(desk, "a", courseid=99))
    assert "it asked for nothing" in desk.done("events", "show", "1")


def test_an_unknown_event_is_told(desk: Desk) -> None:
    for verb in (("show", "9"), ("requeue", "9")):
        done = desk.run("events", *verb)
        assert done.exit_code == 1
        assert "There is no event 9" in done.stderr


def test_one_event_can_be_asked_for_again(desk: Desk) -> None:
    desk.map()
    report(desk, event(desk, "a"))
    desk.work()
    assert desk.json("events", "requeue", "1", "--dry-run") == [{"mapping": 1, "kind": "roster", "events": 1}]
    assert desk.json("mapping", "list")[0]["state"] == "idle"
    assert desk.json("events", "requeue", "1") == [{"mapping": 1, "kind": "roster", "events": 1}]
    assert desk.work() == "done"
    assert len(desk.json("events", "show", "1")["runs"]) == 2


def test_events_can_be_asked_for_again_by_what_fits_or_all(desk: Desk) -> None:
    desk.map()
    report(desk, event(desk, "a"), event(desk, "b", userid=8), event(desk, "c", courseid=99))
    assert desk.json("events", "requeue", "--user", "8") == [{"mapping": 1, "kind": "roster", "events": 1}]
    assert desk.json("events", "requeue", "--all") == [{"mapping": 1, "kind": "roster", "events": 2}]
    assert "3 event(s) would ask for 1 look(s)" in desk.done("events", "requeue", "--all", "--dry-run")


def test_an_event_from_before_its_course_was_mapped_finds_the_mapping_of_today(desk: Desk) -> None:
    desk.connect()
    report(desk, event(desk, "a"))
    assert desk.json("events", "requeue", "1") == []
    desk.done("mapping", "add", "uni:PHY1", "kura:PHY")
    assert desk.json("events", "requeue", "1") == [{"mapping": 1, "kind": "roster", "events": 1}]
    assert desk.json("events", "show", "1")["wanted"] is True


def test_events_are_not_asked_for_again_by_mistake(desk: Desk) -> None:
    for arguments in ((), ("1", "--all"), ("--all", "--user", "8")):
        done = desk.run("events", "requeue", *arguments)
        assert done.exit_code == 2
        assert "or --all" in done.stderr


def test_many_events_are_read_page_by_page(desk: Desk) -> None:
    desk.map()
    with desk.kit.database.transaction() as tx:
        insert(tx, 1.0, 1, "signed", None, [event(desk, f"uid{number}") for number in range(2_001)])
    assert desk.json("events", "requeue", "--all", "--dry-run") == [{"mapping": 1, "kind": "roster", "events": 2_001}]
    assert len(desk.json("events", "list", "--limit", "1500")) == 1_500


def test_the_audit_log_shows_both_rows_of_a_write_and_pages(desk: Desk) -> None:
    desk.map()
    begun, ended = reversed(desk.json("audit", "list", "--system", "kuracloud"))
    assert (begun["phase"], ended["phase"], ended["outcome"]) == ("begin", "end", "done")
    assert begun["subject"] == {"instance": "kura", "course": desk.kura_course, "lmsEnabled": True}
    assert "set_lms_enabled" in desk.done("audit", "list")
    newest = desk.json("audit", "list", "--limit", "1")[0]["id"]
    assert desk.json("audit", "list", "--before", str(newest), "--limit", "1")[0]["id"] == newest - 1
    assert {line["mapping"] for line in desk.json("audit", "list", "--mapping", "1")} == {1}
    assert desk.json("audit", "list", "--run", "99") == []


def test_a_worker_takes_up_what_was_brought_back(desk: Desk) -> None:
    desk.map()
    give_up(desk)
    desk.done("dead", "requeue", "--all")
    with desk.kit.database.reading() as tx:
        row = worklist.get(tx, 1, "roster")
    assert row is not None
    assert (row.gate, row.attempts, row.failing_since) == ("open", 0, None)
    assert desk.work() == "done"
