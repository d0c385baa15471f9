"""Users of the console: made and changed by administrators, signed in by name and password (design.md 10).

Who proves a person otherwise (single sign-on) begins the session with `begin`, and needs nothing else of this.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from functools import cache

from sqlalchemy import Connection
from werkzeug.security import check_password_hash, generate_password_hash

from app.errors import NotFound, Refused
from app.kit import Kit
from app.planning.roles import Principal, Role
from app.setup.acts import record
from app.setup.names import checked_name
from app.store import users
from app.store.users import User

SHORTEST = 12
"""Characters a password must have (NIST SP 800-63B asks for length and for no kinds of characters)."""

TRIES = 5
"""Wrong passwords in a row after which an account is locked, at first for ..."""

LOCK, LONGEST_LOCK = 30.0, 900.0
"""... so many seconds, then twice as long each time, up to this."""

WRONG = (
    "The name or the password is wrong, or there were too many tries: after five the account is locked for half a "
    "minute, later for up to a quarter of an hour."
)
_TOUCHED_EVERY = 60.0


def add(kit: Kit, name: str, role: Role | None, password: str, actor: str) -> User:
    """A new user; `role` None: the first becomes an administrator, everybody after that a viewer.

    Raises Refused for a name that is taken or a password that is too short.
    """
    checked_name(name)
    hashed = _hashed(name, password)
    with kit.database.transaction() as tx:
        now = kit.database.now(tx)
        role = role or ("viewer" if users.every(tx) else "admin")
        users.add(tx, now, name=name, role=role, password=hashed)
        record(tx, now, actor, "add_user", {"user": name, "role": role})
        return _user(tx, name)


def every(kit: Kit) -> list[User]:
    """All users, by name."""
    with kit.database.reading() as tx:
        return users.every(tx)


def named(kit: Kit, name: str) -> User:
    """The user with this name; raises NotFound."""
    with kit.database.reading() as tx:
        return _user(tx, name)


def set_password(kit: Kit, name: str, password: str, actor: str) -> None:
    """Another password; signs the user out everywhere and ends a lock-out. Raises NotFound, Refused."""
    hashed = _hashed(name, password)
    with kit.database.transaction() as tx:
        found = _user(tx, name)
        users.set_password(tx, found.id, hashed)
        users.end_sessions(tx, found.id)
        record(tx, kit.database.now(tx), actor, "set_password", {"user": name})


def set_role(kit: Kit, name: str, role: Role, actor: str) -> None:
    """Another role, from the next request on; raises NotFound, and Refused where no administrator would be left."""
    with kit.database.transaction() as tx:
        found = _user(tx, name)
        _keep_an_admin(tx, found, role)
        users.set_role(tx, found.id, role)
        record(tx, kit.database.now(tx), actor, "set_role", {"user": name, "role": role})


def remove(kit: Kit, name: str, actor: str) -> None:
    """Forget a user, who is signed out at once; raises NotFound, and Refused for the last administrator."""
    with kit.database.transaction() as tx:
        found = _user(tx, name)
        _keep_an_admin(tx, found, None)
        users.remove(tx, found.id)
        record(tx, kit.database.now(tx), actor, "remove_user", {"user": name})


def change_own(kit: Kit, name: str, old: str, new: str) -> str:
    """Another password for oneself: signs out everywhere, and returns the token of a new session. Raises Refused.

    The old one is tried as at the sign-in, with the same lock-out.
    """
    hashed = _hashed(name, new)

    def change(tx: Connection, now: float, user: User) -> str:
        users.set_password(tx, user.id, hashed)
        users.end_sessions(tx, user.id)
        record(tx, now, f"user:{name}", "set_password", {"user": name})
        return begin(tx, now, user)

    return _proven(kit, name, old, change)


def sign_in(kit: Kit, name: str, password: str) -> str:
    """The token of a new session; raises Refused, in the same words whatever was wrong, after the same work."""
    return _proven(kit, name, password, begin)


def begin(tx: Connection, now: float, user: User) -> str:
    """Sign somebody in who has been proven; returns what the browser is to hold."""
    token = secrets.token_urlsafe(32)
    users.begin_session(tx, now, user.id, _digest(token))
    record(tx, now, f"user:{user.name}", "sign_in", {"user": user.name})
    return token


def signed_in(kit: Kit, token: str, *, is_used: bool = True) -> User | None:
    """Whose session this is; None where there is none, or it was unused for too long (settings).

    `is_used` False: it is looked at without anybody using it, which keeps no session alive.
    """
    digest = _digest(token)
    with kit.database.reading() as tx:
        now = kit.database.now(tx)
        found = users.of_session(
            tx,
            digest,
            begun_since=now - kit.settings.session_longest,
            seen_since=now - kit.settings.session_idle,
        )
    if found is None:
        return None
    user, seen_at = found
    if is_used and now - seen_at > _TOUCHED_EVERY:
        with kit.database.transaction() as tx:
            users.touch_session(tx, digest, now)
    return user


def principal(user: User) -> Principal:
    """What a user may do."""
    return Principal(f"user:{user.name}", user.role)


def sign_out(kit: Kit, token: str) -> None:
    """End a session."""
    with kit.database.transaction() as tx:
        users.end_session(tx, _digest(token))


def forget_sessions(kit: Kit) -> None:
    """Delete sessions that nobody can use any more."""
    with kit.database.transaction() as tx:
        now = kit.database.now(tx)
        users.forget_sessions(
            tx, begun_before=now - kit.settings.session_longest, seen_before=now - kit.settings.session_idle
        )


def _proven(kit: Kit, name: str, password: str, then: Callable[[Connection, float, User], str]) -> str:
    """What `then` makes of the user who has this name and password, in the transaction that found so."""
    with kit.database.reading() as tx:
        found = users.by_name(tx, name)
    # Not inside a transaction: hashing takes a tenth of a second, on purpose.
    is_right = check_password_hash((found.password if found else None) or _nobodys(), password)
    with kit.database.transaction() as tx:
        now = kit.database.now(tx)
        user = users.seize(tx, name)
        if user is None or found is None or user.password != found.password or user.locked_until > now:
            made = None
        elif not is_right:
            _count_failure(tx, now, user)
            made = None
        else:
            made = then(tx, now, user)
    if made is None:
        raise Refused(WRONG, reason="wrong_password")
    return made


def _count_failure(tx: Connection, now: float, user: User) -> None:
    failures = user.failures + 1
    beyond = failures - TRIES
    lock = 0.0 if beyond < 0 else min(LOCK * 2.0 ** min(beyond, 16), LONGEST_LOCK)
    users.failed(tx, user.id, failures, now + lock if lock else 0.0)
    if lock:
        record(tx, now, "kurasync", "lock_user", {"user": user.name, "failures": failures})


def _keep_an_admin(tx: Connection, user: User, role: Role | None) -> None:
    if user.role == "admin" and role != "admin" and users.admins(tx) == 1:
        raise Refused(
            f"{user.name} is the only administrator: make somebody else one first.", reason="last_administrator"
        )


def _user(tx: Connection, name: str) -> User:
    found = users.by_name(tx, name)
    if found is None:
        raise NotFound(f"There is no user {name!r}. See `kurasync user list`.")
    return found


def _hashed(name: str, password: str) -> str:
    if len(password) < SHORTEST:
        raise Refused(f"A password must have {SHORTEST} characters or more.", reason="short_password")
    if name.lower() in password.lower() and len(password) < len(name) + SHORTEST:
        raise Refused("A password must not be made of the name.", reason="weak_password")
    return generate_password_hash(password)


@cache
def _nobodys() -> str:
    """A hash that no password fits: an unknown name must take as long as a known one."""
    return generate_password_hash(secrets.token_hex(16))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
