"""`kurasync sandbox` and `kurasync demo`: try everything without a Moodle or a kuraCloud."""

from __future__ import annotations

import signal
import sys
from contextlib import ExitStack

import click

from app.cli.failing import Failure
from app.cli.output import as_json_option, print_json, say
from sandbox.kuracloud.sim import SimKuraCloud
from sandbox.moodle.sim import SimMoodle

_GROUPS = 3
_PORT = click.IntRange(0, 65535)
_ENDING = {signal.SIGINT, signal.SIGTERM}


@click.command()
@click.option("--moodle-port", default=0, type=_PORT, show_default="a free one", help="Port of the Moodle.")
@click.option("--kuracloud-port", default=0, type=_PORT, show_default="a free one", help="Port of the kuraCloud.")
@click.option(
    "--students", default=30, show_default=True, help="How many students the sample course has; 0: no sample courses."
)
@as_json_option
def sandbox(moodle_port: int, kuracloud_port: int, students: int, as_json: bool) -> None:
    """Serve a simulated Moodle and a simulated kuraCloud.

    They answer on this machine alone until Ctrl-C, invite nobody, and forget everything when they end.
    """
    # Before the servers' threads start: they inherit the mask, and the signal waits for sigwait.
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    with ExitStack() as serving:
        try:
            moodle = serving.enter_context(SimMoodle.serving(port=moodle_port))
            kura = serving.enter_context(SimKuraCloud.serving(port=kuracloud_port))
        except OSError as error:
            raise Failure(f"A port cannot be used: {error}. Choose another, or none for a free one.") from error
        if students:
            _fill(moodle, kura, students)
        _introduce(moodle, kura, as_json)
        signal.sigwait(_ENDING)


@click.command()
def demo() -> None:
    """Play a day in a course on the sandbox, and check how it ends.

    With the real processes, in a folder of its own. Ends with 1 when something came out wrong.
    """
    from sandbox.demo import play

    sys.exit(play())


def _fill(moodle: SimMoodle, kura: SimKuraCloud, students: int) -> None:
    course = moodle.create_course("Physiology 1", "PHY1")
    moodle.create_students(course, students, _GROUPS)
    moodle.create_course("Physiology 2", "PHY2")
    kura.add_course("Physiology", "PHY", lmsEnabled=False)
    kura.add_course("Pharmacology", "PHA", lmsEnabled=False)


def _introduce(moodle: SimMoodle, kura: SimKuraCloud, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "moodle": {"url": moodle.url, "token": moodle.token},
                "kuracloud": {"url": kura.url, "token": kura.token},
            }
        )
        sys.stdout.flush()
        return
    curl = f"curl -H 'Content-Type: application/json' {moodle.url}/_sandbox/action -d \\\n   "
    say(f"A simulated Moodle    {moodle.url}  token {moodle.token}")
    say(f"A simulated kuraCloud {kura.url}  token {kura.token}")
    say()
    say("In another terminal, connect them:")
    say(f"  echo {moodle.token} | kurasync site add uni {moodle.url} --token-file -")
    say(f"  echo {kura.token} | kurasync instance add kura --url {kura.url} --token-file -")
    say("  kurasync mapping add uni:PHY1 kura:PHY")
    say("  kurasync holds approve 1")
    say()
    say("Let the simulated Moodle report what happens in it; put in the secret that `site add` showed:")
    say(f"  {curl} '{_ATTACH}'")
    say()
    say("Then do something there, for example rename a student, and see it arrive:")
    say(f"  {curl} '{_RENAME}'")
    say("  kurasync runs list")
    say()
    say("Ctrl-C ends both.")
    sys.stdout.flush()


_ATTACH = """{"action": "attach_sender", "kind": "signed",
     "url": "http://127.0.0.1:8765/events/uni", "secret": "whsec_..."}"""
_RENAME = '{"action": "rename_user", "user": 4, "firstname": "Anna"}'
