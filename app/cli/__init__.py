"""The command `kurasync`: one file per noun, loaded when it is called for."""

from __future__ import annotations

import importlib
import os

import click

from app.cli.failing import told

COMMANDS = {
    "up": "app.cli.up:up",
    "demo": "app.cli.sandbox:demo",
    "sandbox": "app.cli.sandbox:sandbox",
    "web": "app.cli.up:web",
    "worker": "app.cli.up:worker",
    "clock": "app.cli.up:clock",
    "doctor": "app.cli.doctor:doctor",
    "probe": "app.cli.probe:probe",
    "db": "app.cli.db:db",
    "site": "app.cli.site:site",
    "instance": "app.cli.instance:instance",
    "mapping": "app.cli.mapping:mapping",
    "plan": "app.cli.plan:plan",
    "sync": "app.cli.sync:sync",
    "grades": "app.cli.sync:grades",
    "hand-back": "app.cli.hand_back:hand_back",
    "holds": "app.cli.holds:holds",
    "alerts": "app.cli.alerts:alerts",
    "runs": "app.cli.runs:runs",
    "events": "app.cli.events:events",
    "queues": "app.cli.queues:queues",
    "dead": "app.cli.dead:dead",
    "trace": "app.cli.trace:trace",
    "audit": "app.cli.audit:audit",
    "user": "app.cli.user:user",
    "key": "app.cli.key:key",
    "erase": "app.cli.erase:erase",
    "disclose": "app.cli.disclose:disclose",
    "support-bundle": "app.cli.support_bundle:support_bundle",
}


class Root(click.Group):
    """All commands; a worker does not load what only people use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which they are explained."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command; None: there is no such command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command = getattr(importlib.import_module(module), name)
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Carry a command out; what goes wrong is told in a sentence, with the exit code for it."""
        with told(ctx):
            return super().invoke(ctx)


@click.command(cls=Root, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="kurasync")
def root() -> None:
    """Keep kuraCloud courses in step with their Moodle courses.

    MAPPING is the number of a mapping, or site:course (a site's name and the Moodle course's id or short name).

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 something waits for approval, 4 something cannot be reached.

    Settings come from the environment (KURASYNC_...): docs/configuration.md lists them.
    """


def main() -> None:
    """Entry point of the distribution. What it writes (database, log, export) is for its own user alone."""
    os.umask(0o077)
    root(prog_name="kurasync")
