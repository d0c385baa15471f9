"""The console in a real browser: a web server over HTTP, both simulators, a worker, and Debian's Chromium.

    pytestmark = pytest.mark.browser

    def test_something(console, visit):
        page = visit("/holds", role="operator")
        assert "nothing waits" in page.inner_text("main")
        assert violations(page) == []

`console.world` is the one mapping (tests.world) with its simulators; `console.worker` does what is due, and may be
stopped for a while. Whatever a page reports as an error, a broken rule of the content security policy among them, fails
its test. Chromium is looked for by its usual names or at TEST_CHROMIUM, axe-core at TEST_AXE or where the Makefile puts
it; with TEST_PICTURES (a folder) each page that was visited leaves a picture there.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.fernet import Fernet
from flask import Flask
from werkzeug.security import generate_password_hash
from werkzeug.serving import WSGIRequestHandler, make_server

from app.kit import Kit
from app.planning.roles import Role
from app.settings import Settings
from app.setup import accounts, tasks
from app.store import tasks as wanted
from app.store import users, worklist
from app.store.db import Database
from app.store.vault import Vault
from app.sync.turn import take_turn
from tests.conftest import PATIENT, SHORT, SetClock
from tests.world import World, world

if TYPE_CHECKING:  # what takes long to load is loaded by those tests alone that need it
    from playwright.sync_api import Browser, BrowserContext, Page

PASSWORD = "a long enough secret"
NAMES: dict[Role, str] = {"viewer": "vera", "operator": "olaf", "admin": "anna"}
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}

_ROOT = Path(__file__).parent.parent
_AXE = _ROOT / ".venv" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_PATIENCE = 15_000  # milliseconds: the machine may be busy
_OWNER = f"test:{os.getpid()}:0:0"


class RealClock(SetClock):
    """For worlds in which real time passes."""

    def __call__(self) -> float:
        return time.time()


class Worker:
    """Does in a thread what is due, as worker processes do."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._stopping.clear()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """From now on nothing is done; what was begun has ended."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        self._thread = None

    def _work(self) -> None:
        while not self._stopping.wait(0.05):
            with self._kit.database.reading() as tx:
                asked = wanted.wanted(tx, 5)
                due = worklist.due(tx, self._kit.database.now(tx), 5, 2)
            for task_id in asked:
                tasks.do(self._kit, task_id, _OWNER)
            for mapping_id, kind in due:
                take_turn(self._kit, mapping_id, kind, _OWNER)


@dataclass
class Console:
    """A console that runs at `url`."""

    app: Flask
    kit: Kit
    world: World
    worker: Worker
    url: str = ""
    _users: dict[str, users.User] = field(default_factory=dict)

    def user(self, role: Role, password: str | None = None) -> users.User:
        """The one user of a role (NAMES), made when first asked for; only one with a password can use the form."""
        name = NAMES[role]
        if name not in self._users:
            if password is not None:
                self._users[name] = accounts.add(self.kit, name, role, password, "test")
            else:
                with self.kit.database.transaction() as tx:
                    users.add(tx, self.kit.database.now(tx), name=name, role=role, password=None)
                    found = users.by_name(tx, name)
                assert found is not None
                self._users[name] = found
        return self._users[name]

    def cookie(self, role: Role) -> dict[str, Any]:
        """What the browser of somebody who is signed in holds."""
        from app.web.console.page import TOKEN

        user = self.user(role)
        with self.kit.database.transaction() as tx:
            token = accounts.begin(tx, self.kit.database.now(tx), user)

        signing = self.app.session_interface.get_signing_serializer(self.app)  # type: ignore[attr-defined]
        return {"name": "kurasync", "value": signing.dumps({TOKEN: token}), "url": self.url}


Visit = Callable[..., "Page"]


@pytest.fixture
def console(sqlite_url: str, tmp_path: Path) -> Iterator[Console]:
    """A console whose mapping is in step with nobody in it, with a worker at work."""
    from app.web import create_app

    key = Fernet.generate_key().decode()
    times = {**SHORT, **PATIENT, "quiet": 0.1, "cap": 0.5}
    kit = Kit(
        Settings(home=tmp_path, database_url=sqlite_url, secret_key=key, **times), Database(sqlite_url), Vault([key])
    )
    with world(kit, RealClock()) as made, _serving(Console(create_app(kit), kit, made, Worker(kit))) as running:
        running.worker.start()
        yield running
        running.worker.stop()
    kit.close()


@pytest.fixture
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are hashed at once: a good hash takes a tenth of a second, on purpose."""
    quick = partial(generate_password_hash, method="pbkdf2:sha1:1")
    monkeypatch.setattr(accounts, "generate_password_hash", quick)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser."""
    from playwright.sync_api import sync_playwright

    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("TEST_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    assert found, "There is no Chromium here: install it, or leave these tests out with -m 'not browser'."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(_FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser, console: Console, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """Opens pages: visit(path, role="admin", theme="light", phone=False, script=True); role None: not signed in.

    A reader comes in a browser of their own, which later visits with the same words use again.
    """
    readers: dict[tuple[Any, ...], BrowserContext] = {}
    wrong: list[str] = []

    def open_page(
        path: str, *, role: Role | None = "admin", theme: str = "light", phone: bool = False, script: bool = True
    ) -> Page:
        which = (role, theme, phone, script)
        if which not in readers:
            readers[which] = _reader(chromium, console, *which)
        page = readers[which].new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if _is_wrong(said.type, said.text) else None)
        page.goto(console.url + path)
        picture(page, f"{request.node.name}{len(readers)}{path}{theme}{'-phone' if phone else ''}")
        return page

    yield open_page
    for reader in readers.values():
        reader.close()
    assert wrong == []


def picture(page: Page, name: str) -> None:
    """Leave a picture of the page as it is now where TEST_PICTURES says; else nothing."""
    folder = os.environ.get("TEST_PICTURES")
    if folder:
        shown = "".join(letter if letter.isalnum() else "-" for letter in name)
        # Hiding the caret would leave its mark in the page.
        page.screenshot(path=str(Path(folder) / f"{shown}.png"), full_page=True, caret="initial")


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong with the page as it is shown now."""
    path = Path(os.environ.get("TEST_AXE") or _AXE)
    assert path.is_file(), "axe-core is not there: `make test` fetches it, or TEST_AXE says where it is."
    page.evaluate(path.read_text(encoding="utf-8"))
    found = page.evaluate("() => axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice']})")
    return [
        f"{each['id']}: {node['html'][:200]} ({node['failureSummary']})"
        for each in found["violations"]
        for node in each["nodes"]
    ]


@contextmanager
def _serving(console: Console) -> Iterator[Console]:
    server = make_server("127.0.0.1", 0, console.app, threaded=True, request_handler=_Quiet)
    server.daemon_threads = True  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield replace(console, url=f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Nothing: requests are no news."""


def _reader(
    browser: Browser, console: Console, role: Role | None, theme: str, phone: bool, script: bool
) -> BrowserContext:
    size: Any = PHONE if phone else DESK
    reader = browser.new_context(
        color_scheme=theme,  # type: ignore[arg-type]
        viewport=size,
        java_script_enabled=script,
        locale="en-GB",
        timezone_id="Pacific/Auckland",
    )
    reader.set_default_timeout(_PATIENCE)
    if role is not None:
        reader.add_cookies([console.cookie(role)])  # type: ignore[list-item]
    return reader


def _is_wrong(kind: str, text: str) -> bool:
    """Whether the browser complains of a page; of an answer that was meant to be a 4xx it only tells."""
    return kind == "error" and "Failed to load resource" not in text
