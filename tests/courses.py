"""Mapped courses without any server behind them, for tests of the queue."""

from __future__ import annotations

from app.kit import Kit
from app.store import instances, mappings, sites, worklist
from app.store.worklist import Row, Target


def mapped(kit: Kit, count: int = 1, *, name: str = "uni", url: str = "http://127.0.0.1:9") -> list[int]:
    """The ids of so many mappings of one new site and one new instance, both at `url`."""
    with kit.database.transaction() as tx:
        now = kit.database.now(tx)
        token = kit.vault.encrypt("a-token")
        site_id = sites.add(tx, now, name=name, url=url, wwwroot=url, identity=None, token=token, ways=("signed",))
        instance_id = instances.add(tx, now, name=name, url=url, token=token, remote_id=name, display_name=name)
        return [
            mappings.add(
                tx,
                now,
                site_id=site_id,
                courseid=number,
                course_name="",
                instance_id=instance_id,
                kura_courseid=number,
                kura_course_name="",
                settings={},
                reconcile_at=now + kit.settings.reconcile,
            )
            for number in range(1, count + 1)
        ]


def wanted(kit: Kit, *mapping_ids: int) -> None:
    """Let these mappings be due now."""
    want(kit, {(mapping_id, "roster"): () for mapping_id in mapping_ids})


def want(kit: Kit, targets: dict[Target, tuple[int, ...]], *, quiet: float = 0.0, cap: float = 0.0) -> None:
    """What an event does to the worklist."""
    with kit.database.transaction() as tx:
        worklist.want(tx, kit.database.now(tx), targets, quiet=quiet, cap=cap)


def row(kit: Kit, mapping_id: int) -> Row:
    """The roster row of a mapping."""
    with kit.database.reading() as tx:
        found = worklist.get(tx, mapping_id, "roster")
    assert found is not None
    return found
