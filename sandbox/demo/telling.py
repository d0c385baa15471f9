"""How the demo tells its story, and keeps count of what came out right."""

from __future__ import annotations

import shutil
import sys
import textwrap
import time
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

_INDENT = "    "


def columns() -> int:
    """Room for what commands print, which the story shows indented."""
    return shutil.get_terminal_size((100, 24)).columns - len(_INDENT)


class Teller:
    """Writes scenes, what happens in them, and checks; `failed` holds the checks that did not hold."""

    def __init__(self) -> None:
        self.failed: list[str] = []
        self._console = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
        self._began = time.monotonic()

    def scene(self, title: str) -> None:
        """A new part of the day."""
        self._console.print(f"\n[bold]{title}[/bold]  [dim]{time.monotonic() - self._began:.0f} s[/dim]")

    def say(self, text: str) -> None:
        """What happens."""
        self._console.print(f"  {text}", markup=False)

    def table(self, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """What somebody sees who looks."""
        grid = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
        for title in titles:
            grid.add_column(Text(title))
        for row in rows:
            grid.add_row(*map(Text, row))
        self._console.print(Padding(grid, (0, 0, 0, len(_INDENT)), expand=False))

    def show(self, printed: str) -> None:
        """What a command printed, indented; its tables fit already, its sentences are broken to fit."""
        for line in printed.rstrip().splitlines():
            for part in textwrap.wrap(line, columns()) if len(line) > columns() else [line]:
                print(f"{_INDENT}{part}".rstrip())

    def check(self, holds: bool, what: str) -> bool:
        """Something that has to be true now; returns whether it is."""
        mark = "[green]ok[/green] " if holds else "[red]WRONG[/red]"
        self._console.print(f"  {mark} ", end="")
        self._console.print(what, markup=False)
        if not holds:
            self.failed.append(what)
        return holds

    def end(self) -> int:
        """The last word, and the exit code."""
        if self.failed:
            self._console.print(f"\n[bold red]Not everything came out right: {len(self.failed)} wrong.[/bold red]")
            return 1
        self._console.print("\n[bold green]Everything came out right.[/bold green]")
        return 0
