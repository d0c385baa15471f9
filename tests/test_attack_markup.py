"""Names with markup in them, from either side or typed into an address, are text on every page of the console."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import update

from app.kit import Kit
from app.setup import tasks
from app.store.tables import instances, mappings
from tests.conftest import SetClock
from tests.visiting import Visitor, visiting
from tests.world import world

pytestmark = pytest.mark.usefixtures("quick_hashes")

EVIL = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'"
WORDS = ("search", "actor", "operation", "name", "moodle", "kuracloud", "to", "event")
NAMES = {"sites": "uni", "instances": "kura"}


@pytest.fixture
def visitor(sqlite_kit: Kit, clock: SetClock) -> Iterator[Visitor]:
    with world(sqlite_kit, clock, started=False) as made:
        made.enrol(firstname=EVIL, lastname=EVIL)
        made.sync()
        number = tasks.ask(sqlite_kit, tasks.ROSTER_PLAN, made.mapping_id, f"user:{EVIL}")
        tasks.do(sqlite_kit, number, "host:1:start:")
        with sqlite_kit.database.transaction() as tx:
            tx.execute(update(mappings).values(course_name=EVIL, kura_course_name=EVIL))
            tx.execute(update(instances).values(display_name=EVIL))
        yield visiting(sqlite_kit, "admin")


def pages(visitor: Visitor) -> Iterator[str]:
    """The address of every page, about the first thing of each kind."""
    for rule in visitor.client.application.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and rule.endpoint.startswith("console_"):
            name = next((name for kind, name in NAMES.items() if f"/{kind}/" in rule.rule), "anna")
            yield rule.rule.replace("<int:number>", "1").replace("<name>", name)


def test_no_name_is_markup_on_any_page(visitor: Visitor) -> None:
    found = 0
    for path in pages(visitor):
        for given in (None, dict.fromkeys(WORDS, EVIL)):
            answer = visitor.client.get(path, query_string=given)
            assert answer.status_code < 500, (path, given)
            if answer.content_type.startswith("text/html"):
                assert "<script>" not in answer.text, (path, given)
                assert "<img src=x" not in answer.text, (path, given)
                found += "&lt;script&gt;" in answer.text
    assert found > 20, "names are shown, as text"
