"""docs/cli.md and docs/configuration.md, made from the commands and the settings: `python -m app.cli.reference`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from app import settings
from app.cli import root

CLI = "docs/cli.md"
CONFIGURATION = "docs/configuration.md"


def documents() -> dict[str, str]:
    """The text of each generated document, by its path in the project."""
    return {CLI: cli(), CONFIGURATION: configuration()}


def cli() -> str:
    """Every command with its help, as the terminal shows it."""
    parts = ["# The commands", "", "Made from the commands by `python -m app.cli.reference`: do not edit.", ""]
    for names, command in _commands(("kurasync",), root):
        name = " ".join(names)
        context = click.Context(command, info_name=name, terminal_width=100, help_option_names=["-h", "--help"])
        heading = f"{'#' * min(len(names) + 1, 4)} {name}"
        parts += [heading, "", "```text", command.get_help(context), "```", ""]
    return "\n".join(parts)


def configuration() -> str:
    """The table of settings."""
    parts = [
        "# Settings",
        "",
        "Made from the table in `app/settings.py` by `python -m app.cli.reference`: do not edit.",
        "",
        "Every process reads its settings from the environment. Times are seconds unless it says otherwise.",
        "A variable that begins with `KURASYNC_` and is not in this table is refused.",
        "",
        "| variable | default | what it is |",
        "|---|---|---|",
    ]
    for name, default, about in settings.table():
        parts.append(f"| `{name}` | {f'`{default}`' if default else ''} | {about} |")
    return "\n".join([*parts, ""])


def _commands(names: tuple[str, ...], command: click.Command) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield names, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from _commands((*names, name), below)


if __name__ == "__main__":
    for path, text in documents().items():
        Path(path).write_text(text, encoding="utf-8")
