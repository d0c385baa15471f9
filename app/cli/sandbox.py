"""`kurasync sandbox` and `kurasync demo`: try everything without a Moodle or a kuraCloud."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, TextIO

import click

from app.cli.failing import Failure
from app.cli.output import as_json_option, print_json, say
from sandbox.kuracloud.dialect import Dialect
from sandbox.kuracloud.sim import SimKuraCloud
from sandbox.moodle.sim import SimMoodle

_GROUPS = 3
_PORT = click.IntRange(0, 65535)
_ENDING = {signal.SIGINT, signal.SIGTERM}


class _Courses(NamedTuple):
    """The sample courses that belong together, and the revision of a lesson that can be graded."""

    moodle: int
    kuracloud: int
    revision: int


@click.command()
@click.option("--moodle-port", default=0, type=_PORT, show_default="a free one", help="Port of the Moodle.")
@click.option("--kuracloud-port", default=0, type=_PORT, show_default="a free one", help="Port of the kuraCloud.")
@click.option(
    "--students", default=30, show_default=True, help="How many students the sample course has; 0: no sample courses."
)
@click.option(
    "--kurasync",
    "address",
    default="http://127.0.0.1:8765",
    show_default=True,
    metavar="URL",
    help="Where kurasync will listen: Moodle's plugin reports its events there.",
)
@click.option("--no-plugin", is_flag=True, help="A Moodle without the plugin local_kurasync.")
@click.option(
    "--dialect",
    "answers",
    type=click.File("r", encoding="utf-8"),
    help="What `kurasync probe INSTANCE --json` gave: the kuraCloud behaves like that instance.",
)
@as_json_option
def sandbox(
    moodle_port: int,
    kuracloud_port: int,
    students: int,
    address: str,
    no_plugin: bool,
    answers: TextIO | None,
    as_json: bool,
) -> None:
    """Serve a simulated Moodle and a simulated kuraCloud, to try things on.

    The Moodle has the plugin local_kurasync. They answer on this machine alone until Ctrl-C, invite nobody, and
    forget everything when they end.
    """
    dialect = _dialect(answers.read()) if answers else Dialect()
    # Before the servers' threads start: they inherit the mask, and the signal waits for sigwait.
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    with ExitStack() as serving:
        try:
            moodle = serving.enter_context(SimMoodle.serving(port=moodle_port))
            kura = serving.enter_context(SimKuraCloud.serving(dialect, kuracloud_port))
        except OSError as error:
            raise Failure(f"A port cannot be used: {error}. Choose another, or none for a free one.") from error
        courses = _fill(moodle, kura, students) if students else None
        site_file = None if no_plugin else serving.enter_context(_plugin_set_up(moodle, address))
        if as_json:
            print_json(
                {
                    "moodle": {"url": moodle.url, "token": moodle.token, "site_file": site_file},
                    "kuracloud": {"url": kura.url, "token": kura.token},
                }
            )
        else:
            for line in _introduction(moodle, kura, courses, site_file):
                say(line)
        sys.stdout.flush()
        signal.sigwait(_ENDING)


@click.command()
def demo() -> None:
    """Play a day in a course on the sandbox, and check how it ends.

    With the real processes, in a folder of its own. Ends with 1 when something came out wrong.
    """
    from sandbox.demo import play

    sys.exit(play())


def _dialect(text: str) -> Dialect:
    """The behaviour that answers of a probe describe; raises UsageError."""
    try:
        told = json.loads(text)
        if told.get("answers") == {}:
            raise ValueError("it has no answers, as the instance was never tried")
        return Dialect(**told.get("answers", told))
    except (ValueError, TypeError, AttributeError) as error:
        raise click.UsageError(f"The file is not what `kurasync probe INSTANCE --json` gives: {error}.") from error


def _fill(moodle: SimMoodle, kura: SimKuraCloud, students: int) -> _Courses:
    course = moodle.create_course("Physiology 1", "PHY1")
    moodle.create_students(course, students, _GROUPS)
    moodle.create_course("Physiology 2", "PHY2")
    kura_course = kura.add_course("Physiology", "PHY", lmsEnabled=False)
    kura.add_course("Pharmacology", "PHA", lmsEnabled=False)
    lesson = kura.add_lesson(kura_course, "Heart rate")
    return _Courses(course, kura_course, kura.add_revision(kura_course, lesson, "Heart rate", {"q1": 6, "q2": 4}))


@contextmanager
def _plugin_set_up(moodle: SimMoodle, address: str) -> Iterator[str]:
    """The file that the set-up of Moodle's plugin writes, there until the block ends; only its owner can read it."""
    with TemporaryDirectory(prefix="kurasync-sandbox-") as folder:
        path = Path(folder) / "uni.json"
        path.touch(0o600)
        path.write_text(json.dumps(moodle.set_up_plugin(f"{address.rstrip('/')}/events/uni")), encoding="utf-8")
        yield str(path)


def _introduction(
    moodle: SimMoodle, kura: SimKuraCloud, courses: _Courses | None, site_file: str | None
) -> Iterator[str]:
    """What to type, in the order in which it works."""
    yield f"A simulated Moodle    {moodle.url}  token {moodle.token}"
    yield f"A simulated kuraCloud {kura.url}  token {kura.token}"
    yield "\nIn another terminal, connect them:"
    if site_file:
        yield f"  kurasync site add --file {site_file}"
    else:
        yield f"  echo {moodle.token} | kurasync site add uni {moodle.url} --token-file -"
    yield f"  echo {kura.token} | kurasync instance add kura --url {kura.url} --token-file -"
    yield "  kurasync mapping add uni:PHY1 kura:PHY"
    yield "  kurasync holds approve 1"
    if not site_file:
        yield "\nLet the simulated Moodle report what happens in it; put in the secret that `site add` showed:"
        yield _curl(moodle.url, _ATTACH)
    yield "\nThen do something there, for example rename a student, and see it arrive:"
    yield _curl(moodle.url, _RENAME)
    yield "  kurasync runs list"
    if courses and site_file:
        yield "\nGrade everybody in kuraCloud, carry the grades to Moodle, and look at its gradebook:"
        yield _curl(kura.url, _GRADE.format(course=courses.kuracloud, revision=courses.revision))
        yield "  kurasync grades uni:PHY1 --wait"
        yield _curl(moodle.url, _GRADEBOOK.format(course=courses.moodle))
    yield "\nCtrl-C ends both."


def _curl(url: str, action: str) -> str:
    return f"  curl -H 'Content-Type: application/json' {url}/_sandbox/action -d \\\n    '{action}'"


_ATTACH = """{"action": "attach_sender", "kind": "signed",
     "url": "http://127.0.0.1:8765/events/uni", "secret": "whsec_..."}"""
_RENAME = '{"action": "rename_user", "user": 4, "firstname": "Anna"}'
_GRADE = '{{"action": "grade_everybody", "courseId": {course}, "revisionId": {revision}}}'
_GRADEBOOK = '{{"action": "gradebook", "course": {course}}}'
