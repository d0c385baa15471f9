"""Sites, their secrets, and instances."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from app.errors import Refused
from app.store import events, instances, mappings, sites
from app.store.db import Database
from app.store.tables import events as event_table
from app.store.tables import site_secrets
from tests.conftest import SetClock
from tests.making import add_courses, add_instance, add_site, event


def test_a_site_is_found_by_number_and_by_name(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        number = add_site(tx, clock())
        site = sites.get(tx, number)
        assert site == sites.by_name(tx, "uni")
        assert sites.get(tx, number + 1) is None
        assert sites.by_name(tx, "other") is None
    assert site is not None
    assert (site.name, site.ways, site.gate, site.failures, site.created_at) == ("uni", ("signed",), "open", 0, clock())
    assert "sealed" not in repr(site)


def test_a_name_belongs_to_one_site_and_one_instance(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        add_site(tx, clock())
        add_instance(tx, clock())
        with pytest.raises(Refused, match="site called uni already"):
            add_site(tx, clock())
        with pytest.raises(Refused, match="instance called lab already"):
            add_instance(tx, clock())
        assert len(sites.every(tx)) == len(instances.every(tx)) == 1


def test_lists_are_in_the_order_of_names(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        for name in ("b", "a", "c"):
            add_site(tx, clock(), name)
            add_instance(tx, clock(), name)
        assert [each.name for each in sites.every(tx)] == ["a", "b", "c"]
        assert [each.name for each in instances.every(tx)] == ["a", "b", "c"]


def test_a_site_changes_what_it_is_told_to(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        number = add_site(tx, clock())
        sites.set_token(tx, number, "sealed again")
        sites.set_ways(tx, number, ["signed", "tool_trigger"])
        site = sites.get(tx, number)
    assert site is not None
    assert (site.token, site.ways) == ("sealed again", ("signed", "tool_trigger"))


def test_secrets_are_valid_until_they_end_the_newest_first(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        number = add_site(tx, clock())
        old = sites.add_secret(tx, clock(), number, "old")
        sites.add_secret(tx, clock(), number, "new")
        sites.end_secret(tx, old, clock() + 10)
        site = sites.get(tx, number)
        assert sites.with_secrets(tx, "uni", clock()) == (site, ("new", "old"))
        assert sites.with_secrets(tx, "uni", clock() + 10) == (site, ("new",))
        every = sites.every_secret(tx, number)
    assert [(each.secret, each.valid_until) for each in every] == [("new", None), ("old", clock() + 10)]
    assert "new" not in repr(every)


def test_a_secret_may_end_from_the_start(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        number = add_site(tx, clock())
        sites.add_secret(tx, clock(), number, "short", clock() + 1)
        assert sites.with_secrets(tx, "uni", clock() + 1) == (sites.get(tx, number), ())
        assert sites.with_secrets(tx, "other", clock()) is None


def test_a_connection_in_use_is_not_removed(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        add_courses(tx, clock())
        with pytest.raises(Refused, match="mappings"):
            sites.remove(tx, 1)
        with pytest.raises(Refused, match="mappings"):
            instances.remove(tx, 1)


def test_a_removed_site_takes_its_secrets_and_events_along(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        mapping_id = add_courses(tx, clock())[0]
        other = add_site(tx, clock(), "other")
        sites.add_secret(tx, clock(), 1, "sealed")
        for number in (1, other):
            events.insert(tx, clock(), number, "signed", None, [event("a")])
        mappings.remove(tx, mapping_id)
        sites.remove(tx, 1)
        instances.remove(tx, 1)
        assert [each.name for each in sites.every(tx)] == ["other"]
        assert instances.every(tx) == []
        assert tx.execute(select(func.count()).select_from(site_secrets)).scalar() == 0
        assert tx.execute(select(event_table.c.site_id)).scalars().all() == [other]


def test_numbers_are_never_given_out_again(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        first = add_site(tx, clock()), add_instance(tx, clock())
        sites.remove(tx, first[0])
        instances.remove(tx, first[1])
        assert add_site(tx, clock()) > first[0]
        assert add_instance(tx, clock()) > first[1]


def test_an_instance_is_found_and_changed(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        number = add_instance(tx, clock())
        instances.set_token(tx, number, "sealed again")
        instance = instances.get(tx, number)
        assert instance == instances.by_name(tx, "lab")
        assert instances.get(tx, number + 1) is None
        assert instances.by_name(tx, "other") is None
    assert instance is not None
    assert (instance.token, instance.remote_id, instance.display_name) == ("sealed again", "lab", "lab")
    assert "sealed" not in repr(instance)
