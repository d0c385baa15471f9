"""Single people whom the rules of a mapping do not concern: Moodle users left alone, kuraCloud students kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, bindparam, delete, select

from app.store.dialect import chosen, per_dialect
from app.store.tables import exemptions

Side = Literal["moodle", "kuracloud"]


@dataclass(frozen=True, slots=True)
class Exemption:
    """One person: `number` is the Moodle userid or the kuraCloud studentId; `by` and `at` say who decided and when."""

    mapping_id: int
    side: Side
    number: int
    by: str
    at: float


_ADD = per_dialect(lambda insert: insert(exemptions).on_conflict_do_nothing().returning(exemptions.c.number))
_OF_MAPPING = (
    select(exemptions)
    .where(exemptions.c.mapping_id == bindparam("b_mapping"))
    .order_by(exemptions.c.side, exemptions.c.number)
)


def numbers(tx: Connection, mapping_id: int, side: Side) -> frozenset[int]:
    """Who is exempted on one side of a mapping."""
    return frozenset(each.number for each in of_mapping(tx, mapping_id) if each.side == side)


def of_mapping(tx: Connection, mapping_id: int) -> list[Exemption]:
    """Everybody exempted in a mapping, by side and number."""
    return [Exemption(**row._mapping) for row in tx.execute(_OF_MAPPING, {"b_mapping": mapping_id})]


def add(tx: Connection, exempted: Exemption) -> bool:
    """Exempt somebody; False: she was already, and it stays as it was written down then."""
    values = {name: getattr(exempted, name) for name in ("mapping_id", "side", "number", "by", "at")}
    return tx.execute(chosen(tx, _ADD), values).first() is not None


def remove(tx: Connection, mapping_id: int, side: Side, number: int) -> bool:
    """Let the rules concern somebody again; False: they did."""
    which = (exemptions.c.mapping_id == mapping_id, exemptions.c.side == side, exemptions.c.number == number)
    return tx.execute(delete(exemptions).where(*which).returning(exemptions.c.number)).first() is not None


def forget(tx: Connection, mapping_id: int, side: Side) -> None:
    """Forget everybody exempted on one side: there the numbers mean other people now."""
    tx.execute(delete(exemptions).where(exemptions.c.mapping_id == mapping_id, exemptions.c.side == side))
