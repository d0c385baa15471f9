"""All accounts of the site, deleted ones too, found by id, username, e-mail or idnumber."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import fields

from sandbox.moodle.records import User

INDEXED = ("username", "email", "idnumber")
_CHANGEABLE = {field.name for field in fields(User)} - {"id", "context"}


class Users:
    def __init__(self) -> None:
        self._rows: dict[int, User] = {}
        self._index: dict[str, dict[str, dict[int, User]]] = {name: defaultdict(dict) for name in INDEXED}

    def add(self, user: User) -> None:
        """Insert a row."""
        self._rows[user.id] = user
        for name in INDEXED:
            self._index[name][getattr(user, name)][user.id] = user

    def change(self, user: User, **values: str | bool) -> None:
        """Update columns of a row; raises TypeError for an unknown one."""
        if unknown := values.keys() - _CHANGEABLE:
            raise TypeError(f"a user has no {', '.join(sorted(unknown))}")
        for name, new in values.items():
            if name in INDEXED:
                del self._index[name][getattr(user, name)][user.id]
                self._index[name][str(new)][user.id] = user
            setattr(user, name, new)

    def find(self, field: str, wanted: Iterable[str]) -> list[User]:
        """The users whose indexed field is exactly one of the texts, letter case included, by id."""
        found = {user.id: user for text in wanted for user in self._index[field].get(text, {}).values()}
        return [found[id] for id in sorted(found)]

    def get(self, id: int) -> User | None:
        """The user of this id, deleted or not; None when there never was one."""
        return self._rows.get(id)

    def __getitem__(self, id: int) -> User:
        return self._rows[id]

    def __iter__(self) -> Iterator[User]:
        return iter(self._rows.values())
