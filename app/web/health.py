"""Whether this process lives, and whether it can do its work; says which part cannot, and nothing secret.

Degraded is not down: without Redis or a clock events are taken in and nothing is lost, and who asks a load balancer to
leave this server alone would lose just that. Without database, schema or key nothing can be taken in: that is 503.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, jsonify
from sqlalchemy.exc import SQLAlchemyError

from app.errors import KurasyncError
from app.kit import Kit
from app.setup import backups, stored_secrets
from app.setup.carrier import carried
from app.store import migrate, signs

OK = "ok"
_CLOCK_STOPPED = 60.0  # seconds; it leaves a sign every ten


@dataclass(frozen=True, slots=True)
class Said:
    """What a check found; `down`: no event can be taken in."""

    text: str = OK
    down: bool = False


Checks = dict[str, Said]


def blueprint(kit: Kit) -> Blueprint:
    """/healthz (200 while the process answers) and /readyz (503 while events cannot be taken in)."""
    routes = Blueprint("health", __name__)

    @routes.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="alive")

    @routes.get("/readyz")
    def readyz() -> tuple[Response, int]:
        checks = {**_of_database(kit), "redis": _redis(kit)}
        down = any(said.down for said in checks.values())
        status = "not ready" if down else "degraded" if any(said.text != OK for said in checks.values()) else "ready"
        return jsonify(status=status, checks={name: said.text for name, said in checks.items()}), 503 if down else 200

    return routes


def _of_database(kit: Kit) -> Checks:
    try:
        if not migrate.is_current(kit.database):
            wrong = Said("not this version's: run `kurasync db upgrade`", down=True)
            return {"database": Said(), "schema": wrong}
        checks = {"key": _key(kit), "clock": _clock(kit), "backup": _backup(kit)}
        return {"database": Said(), "schema": Said(), **checks}
    except SQLAlchemyError:
        return {"database": Said("cannot be reached", down=True), "schema": Said("unknown")}


def _key(kit: Kit) -> Said:
    opens, stored = stored_secrets.opening(kit)
    if opens == stored:
        return Said()
    which = "none" if opens == 0 else f"only {opens}"
    return Said(f"opens {which} of {stored} stored tokens and secrets: `kurasync doctor` says more", down=opens == 0)


def _clock(kit: Kit) -> Said:
    with kit.database.reading() as tx:
        beat, now = signs.last(tx, signs.CLOCK), kit.database.now(tx)
    if beat is None:
        return Said("has never run on this database: start `kurasync up` or `kurasync clock`")
    late = now - beat
    return Said() if late <= _CLOCK_STOPPED else Said(f"gave its last sign {late:.0f} s ago: start `kurasync clock`")


def _backup(kit: Kit) -> Said:
    if backups.older(kit) is None:
        return Said()
    return Said("the database was put back from an old backup: `kurasync doctor` says how to go on")


def _redis(kit: Kit) -> Said:
    try:
        carried(kit.settings)
    except KurasyncError:
        # The whole story names servers and folders, and this is told to everybody who asks.
        return Said("cannot be reached: nothing is lost, and no course is looked at until it is back")
    return Said()
