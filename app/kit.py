"""What doors pass to verbs: settings, database and the box that opens secrets. Made once a process, after any fork.

Only what a database has learned about its statements may be older than a fork: it is in memory once then.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.settings import Settings
from app.store.db import Clock, Database
from app.store.vault import Vault, load_keys


@dataclass(frozen=True, slots=True)
class Kit:
    """Everything a verb needs from its surroundings."""

    settings: Settings
    database: Database
    vault: Vault

    def close(self) -> None:
        """Close connections; the kit cannot be used afterwards."""
        self.database.dispose()


def make(settings: Settings, *, clock: Clock | None = None, database: Database | None = None) -> Kit:
    """A kit for these settings; raises SettingsError when the key cannot be read.

    `database`: the one that a process before a fork has used and closed, in place of a new one.
    """
    return Kit(settings, database or Database(settings.database, clock=clock), Vault(load_keys(settings)))
