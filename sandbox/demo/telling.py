"""How the demo tells its story, and keeps count of what came out right."""

from __future__ import annotations

import sys
import time

from rich.console import Console


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
