"""`kurasync up`, and the three processes it runs: `kurasync web`, `kurasync worker`, `kurasync clock`."""

from __future__ import annotations

import errno
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from importlib import import_module

import click

from app import kit, log, settings
from app.children import Child
from app.cli.output import say, warn
from app.cli.session import opened
from app.errors import SettingsError
from app.forks import apart, copy
from app.redis_server import RedisServer
from app.settings import Settings
from app.setup import backups, database, home
from app.store import mappings, users
from app.store.db import Database
from app.supervise import Supervisor

# By name alone: a door imports no other door (design.md 3).
_WEB, _WORKER, _CLOCK = "app.web.server", "workers.supervisor", "workers.clock"
# What a worker is given beyond its current call, and a little for those who wait for it.
_PATIENCE = 10.0


@click.command()
def up() -> None:
    """Run everything on this machine: database, queue, web server, workers, clock.

    What is not there yet is made. Ctrl-C stops it; work under way is finished or goes on at the next start.
    """
    given = database.usable(settings.load())
    with home.taken(given.home), closing(_listen(given)) as listener:
        _prepare(given)
        with _redis(given) as (url, redis):
            known = _greet(given, listener)
            _supervise(given, listener, url, redis, known)


@click.command()
def web() -> None:
    """Run the web server, which receives events."""
    given = database.usable(settings.load())
    # What is missing is told here and once: gunicorn would tell it with a traceback, for each of its processes.
    with opened():
        listener = _listen(given)
    _main_of(_WEB)(listener.detach())


@click.command()
def worker() -> None:
    """Run worker processes, which bring courses in step."""
    _main_of(_WORKER)()


@click.command()
def clock() -> None:
    """Run the clock, which gives due work to the workers."""
    _main_of(_CLOCK)()


def _main_of(module: str) -> Callable[..., object]:
    main: Callable[..., object] = import_module(module).main
    return main


def _listen(given: Settings) -> socket.socket:
    """Taken before anything starts, and kept while the web server is started anew: nobody is turned away."""
    family = socket.AF_INET6 if ":" in given.host else socket.AF_INET
    try:
        return socket.create_server((given.host, given.port), family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise SettingsError(
                f"Port {given.port} of {given.host} is taken by another program. Stop that one, or choose another port "
                "with KURASYNC_PORT."
            ) from error
        raise SettingsError(
            f"The web server cannot listen on {given.host}, port {given.port}: {error.strerror}. See KURASYNC_HOST and "
            "KURASYNC_PORT."
        ) from error


def _prepare(given: Settings) -> None:
    # What migrations load would stay in the memory of every process.
    done = apart(partial(database.prepare, given))
    if done.key_file:
        say(f"Made the key {done.key_file}. Keep a copy of it: without it no stored token can be read.")
    if done.before is None:
        say(f"Made the database {done.after}.")
    elif done.before != done.after:
        say(f"Brought the database from {done.before} to {done.after}.")


def _greet(given: Settings, listener: socket.socket) -> Database:
    """Say where it listens and what is missing; returns the database, closed, for the processes that follow."""
    box = kit.make(given)
    try:
        with box.database.reading() as tx:
            known, people = mappings.every(tx), users.count(tx)
        trouble = [check.message for check in backups.checks(box)]
    finally:
        box.close()
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    say(f"kurasync listens on http://{shown}:{port}, its files are in {given.home.absolute()}. Ctrl-C stops it.")
    for message in trouble:
        warn(message)
    if not people:
        say("Nobody can sign in to the console yet: `kurasync user add NAME` makes the first administrator.")
    if not known:
        say("No course is mapped yet. In another terminal: `kurasync site add`, `kurasync instance add`, then")
        say("`kurasync mapping add`; each says with --help what it needs. `kurasync doctor` checks what is there.")
    return box.database


@contextmanager
def _redis(given: Settings) -> Iterator[tuple[str, list[Child]]]:
    """The URL of Redis, and the process to start for it: none when the settings name one that runs elsewhere."""
    if given.redis_url:
        yield given.redis_url, []
        return
    server = RedisServer(given.home)
    try:
        yield server.url, [server.child()]
    finally:
        server.close()


def _supervise(
    given: Settings, listener: socket.socket, redis_url: str, redis: list[Child], database: Database
) -> None:
    # As JSON whatever is shown: the file of log lines is for programs, a support bundle among them.
    environ = {"KURASYNC_REDIS_URL": redis_url, settings.variable("log_json"): "yes"}
    descriptor = listener.fileno()
    serve = partial(_main_of(_WEB), descriptor, database)
    processes = [
        Child("web", copy(serve, environ=environ, descriptors=[descriptor], piped=True)),
        Child("worker", copy(partial(_main_of(_WORKER), database), environ=environ, piped=True)),
        Child("clock", copy(partial(_main_of(_CLOCK), database), environ=environ, piped=True)),
    ]
    patience = _PATIENCE + given.connect_timeout + given.call_timeout
    with log.kept(given.log_path) as keep:
        Supervisor([redis, processes], patience=patience, died=_restarting, show=shows(given, keep)).run()
    say("kurasync has stopped.")


def shows(given: Settings, keep: Callable[[str], None]) -> Callable[[str, str], None]:
    """Keeps what the processes write, and shows it: in words on a terminal."""
    in_words = sys.stdout.isatty() or not given.log_json

    def show(name: str, line: str) -> None:
        keep(line)
        click.echo(f"{name:<6} | {log.readable(line) if in_words else line}")

    return show


def _restarting(child: Child, status: int) -> None:
    cause = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with exit code {status}"
    warn(f"{child.name} {cause} and is started again.")
