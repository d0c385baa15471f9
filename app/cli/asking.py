"""What commands ask people for: tokens, which never come as arguments, and a yes before anything is taken away."""

from __future__ import annotations

import sys
from typing import TextIO

import click

from app.cli.failing import Failure

token_option = click.option(
    "--token-file",
    "token_file",
    type=click.File("r", encoding="utf-8"),
    help="File with the token; - for standard input. Without it you are asked on the terminal.",
)
password_option = click.option(
    "--password-file",
    "password_file",
    type=click.File("r", encoding="utf-8"),
    help="File with the password; - for standard input. Without it you are asked on the terminal.",
)
yes_option = click.option("--yes", "-y", is_flag=True, help="Do not ask.")


def token(source: TextIO | None, whose: str) -> str:
    """The token from a file, standard input or a hidden prompt; raises UsageError when there is none."""
    if source is not None:
        return _checked(source.read())
    if not sys.stdin.isatty():
        raise click.UsageError(
            "There is no terminal to ask on for the token: give it with --token-file FILE, or --token-file - for "
            "standard input."
        )
    return _checked(click.prompt(f"Token of {whose}", hide_input=True, err=True))


def password(source: TextIO | None, whose: str) -> str:
    """A new password, from a file, standard input or a hidden prompt that asks twice; raises UsageError."""
    if source is not None:
        return source.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise click.UsageError(
            "There is no terminal to ask on for the password: give it with --password-file FILE, or "
            "--password-file - for standard input."
        )
    return str(click.prompt(f"New password of {whose}", hide_input=True, confirmation_prompt=True, err=True))


def confirm(question: str, yes: bool) -> None:
    """Go on only after a yes: on the terminal or, where there is none, by `--yes`; raises Failure or UsageError."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"{question} There is no terminal to ask on: say --yes if that is what you want.")
    if not click.confirm(question, err=True):
        raise Failure("Nothing was changed.")


def _checked(text: str) -> str:
    lines = text.split()
    if len(lines) != 1:
        found = "none" if not lines else f"{len(lines)}, with spaces or lines between"
        raise click.UsageError(f"A token is one word; found: {found}. Copy it again, without anything around it.")
    return lines[0]
