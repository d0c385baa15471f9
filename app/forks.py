"""Children that are copies of this process: what it has imported is in memory once, and nobody imports it again.

Nothing that is connected or running may be copied: no database connection, no Redis connection, no thread.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from io import TextIOWrapper
from multiprocessing.connection import Connection
from typing import IO, TypeVar, cast

from app.children import Start, tether

Result = TypeVar("Result")

_FORK = multiprocessing.get_context("fork")
_ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
_STANDARD = 2  # the last of standard input, output and error


def freeze() -> None:
    """Before the first copy: the garbage collector no longer touches, and thereby copies, what is there."""
    gc.collect()
    gc.freeze()


def copy(
    main: Callable[[], object],
    *,
    environ: Mapping[str, str] | None = None,
    descriptors: Collection[int] = (),
    piped: bool = False,
) -> Start:
    """How a copy of this process that runs `main` is started, for Child.

    As with a program that is executed: of the open files it has only standard input and output and `descriptors`,
    signals have their default effect, `environ` is added to the environment, and it ends when `main` returns.
    """
    return partial(_Copy, main, environ or {}, descriptors, piped)


def apart(action: Callable[[], Result]) -> Result:
    """What `action` returns, done in a copy of this process that ends then: what that loads stays in nobody's memory.

    Raises what it raises. Both have to be picklable.
    """
    reading, writing = _FORK.Pipe(duplex=False)
    process = _FORK.Process(target=partial(_tell, action, writing))
    process.start()
    writing.close()
    try:
        result, error = reading.recv()
    except EOFError:
        raise ChildProcessError(f"{action} was cut off.") from None
    finally:
        process.join()
        reading.close()
    if error is not None:
        raise error
    return cast(Result, result)


def _tell(action: Callable[[], object], writing: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        told: tuple[object, Exception | None] = (action(), None)
    except Exception as error:
        told = (None, error)
    writing.send(told)


class _Copy:
    """What subprocess.Popen is for a program."""

    def __init__(
        self, main: Callable[[], object], environ: Mapping[str, str], descriptors: Collection[int], piped: bool
    ) -> None:
        self.stdout: IO[bytes] | None = None
        output = 0
        if piped:
            reading, output = os.pipe()
            self.stdout = os.fdopen(reading, "rb")
        live = partial(_live, main, os.getpid(), environ, descriptors, output)
        self._process = _FORK.Process(target=live)
        with _signals_held():
            self._process.start()
        if output:
            os.close(output)

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self) -> None:
        self._process.join()


@contextmanager
def _signals_held() -> Iterator[None]:
    """A signal that came between the fork and the new effect of signals would be lost on the parent's handlers."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _live(
    main: Callable[[], object],
    parent: int,
    environ: Mapping[str, str],
    descriptors: Collection[int],
    output: int,
) -> None:
    """The whole life of a copy; `output` 0: it writes where its parent does."""
    tether(parent)
    os.setsid()
    _read_nothing()
    if output:
        _write_to(output)
    _close_all_but(descriptors)
    os.environ.update(environ)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    main()


def _read_nothing() -> None:
    # multiprocessing has opened the null device, but not in the place of standard input.
    os.dup2(sys.stdin.fileno(), 0)
    sys.stdin = os.fdopen(0, closefd=False)


def _write_to(output: int) -> None:
    for stream in (sys.stdout, sys.stderr):
        os.dup2(output, stream.fileno())
        cast(TextIOWrapper, stream).reconfigure(line_buffering=True)


def _close_all_but(descriptors: Collection[int]) -> None:
    for descriptor in map(int, os.listdir("/dev/fd")):
        if descriptor > _STANDARD and descriptor not in descriptors:
            with suppress(OSError):
                os.close(descriptor)
