"""The worklist: what has to be looked at again, one row per mapping and kind (queue.md 2-4)."""

from __future__ import annotations

from app.store.worklist.due import due, lateness
from app.store.worklist.gates import park, pause, requeue, resume, unpark
from app.store.worklist.kinds import GRADES, KINDS, ROSTER, Kind
from app.store.worklist.lease import Claim, claim, expire, renew
from app.store.worklist.reap import Reaped, reap
from app.store.worklist.release import Dead, Done, Ending, Later, Parked, Retry, release
from app.store.worklist.rows import Row, at_work, get, rows
from app.store.worklist.want import Target, set_recheck, want

__all__ = [
    "GRADES",
    "KINDS",
    "ROSTER",
    "Claim",
    "Dead",
    "Done",
    "Ending",
    "Kind",
    "Later",
    "Parked",
    "Reaped",
    "Retry",
    "Row",
    "Target",
    "at_work",
    "claim",
    "due",
    "expire",
    "get",
    "lateness",
    "park",
    "pause",
    "reap",
    "release",
    "renew",
    "requeue",
    "resume",
    "rows",
    "set_recheck",
    "unpark",
    "want",
]
