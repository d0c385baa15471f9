"""The demo: a day in a course, played on the simulators against the real processes of kurasync."""

from __future__ import annotations

from sandbox.demo.play import play

__all__ = ["play"]
