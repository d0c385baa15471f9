"""A stage on which the whole API is tried: one app, and for every try a fresh copy of a world that has everything."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography.fernet import Fernet
from flask import Flask

from app.kit import Kit
from app.planning.roles import ROLES
from app.settings import Settings
from app.setup import accounts, api_keys, tasks
from app.store import sites
from app.store.db import Database
from app.store.vault import Vault
from app.sync import intake
from app.web import access, create_app
from app.web.api.described import spec
from tests.conftest import SHORT
from tests.fixtures_desk import Desk, opened_desk
from tests.making import add_site, event

ELSEWHERE = "elsewhere"
"""A site of which nothing else is; and whose key is for that site alone."""

WHOSE = (*ROLES, ELSEWHERE)
"""Whose keys there are: of each role for every site, and of an administrator of one."""

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass
class Stage:
    """A WSGI application whose database is another copy of `template` in each `scene`; `keys` are by WHOSE."""

    app: Flask
    kit: Kit
    template: Path | None = None
    keys: dict[str, str] = field(default_factory=dict)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return self.app.wsgi_app(environ, start_response)

    @contextmanager
    def scene(self, folder: Path) -> Iterator[Kit]:
        """A world of its own, on which the API works meanwhile."""
        assert self.template is not None
        path = folder / "scene.db"
        shutil.copyfile(self.template, path)
        database = Database(f"sqlite:///{path}")
        kit = replace(self.kit, database=database)
        access.install(self.app, access.Desk(kit, None))
        yield kit
        database.dispose()

    def operations(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Method, path and description of everything that can be asked for."""
        paths = spec(self.app)["paths"]
        return [(method, path, each[method]) for path, each in paths.items() for method in METHODS if method in each]


@cache
def stage() -> Stage:
    """The one stage, without a world yet: describing the whole API takes half a second."""
    key = Fernet.generate_key().decode()
    kit = Kit(Settings(secret_key=key, **SHORT), Database("sqlite://"), Vault([key]))
    return Stage(create_app(kit), kit)


@pytest.fixture(scope="session")
def furnished(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The stage with a world."""
    home = tmp_path_factory.mktemp("desk")
    shutil.copyfile(sqlite_template, home / "kurasync.db")
    with opened_desk(f"sqlite:///{home / 'kurasync.db'}", home) as desk:
        _furnish(stage(), desk)
        yield stage()


def _furnish(made: Stage, desk: Desk) -> None:
    """Give a stage the desk's world: mapping 1 with a hold, a run, a task and events; another site; users and keys."""
    kit = desk.kit
    desk.enrol(2)
    desk.map()
    desk.work()
    number = tasks.ask(kit, tasks.ROSTER_PLAN, 1, "test")
    tasks.do(kit, number, "host:1:start:")
    accounts.add(kit, "anna", "admin", "a password that is long", "test")
    with kit.database.transaction() as tx:
        add_site(tx, kit.database.now(tx), ELSEWHERE)
        uni = sites.by_name(tx, "uni")
    assert uni is not None
    happened = [event(str(uuid4()), courseid=desk.course, userid=1)]
    intake.accept(kit, [intake.Parcel(uni, "signed", "msg_1", happened)])
    for whose in WHOSE:
        role, site = ("admin", ELSEWHERE) if whose == ELSEWHERE else (whose, None)
        made.keys[whose] = api_keys.add(kit, f"of-{whose}", role, "test", site_name=site)[1]
    made.kit = kit
    made.template = Path(str(kit.database.engine.url.database))
    kit.database.dispose()
