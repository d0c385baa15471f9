"""Charts as SVG, made on the server: bars and lines over time, each with a description and its numbers as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

WIDTH, HEIGHT = 420, 140
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 4, 10, 20
_TICKS = 3


@dataclass(frozen=True, slots=True)
class Series:
    """One line or one row of bars; `tone` is its colour (console.css): main, good, warn, bad or second."""

    title: str
    values: Sequence[float | None]
    tone: str = "main"


@dataclass(frozen=True, slots=True)
class Chart:
    """Series over the same points, the oldest first; bars of several series stand on each other.

    `said` is what the chart shows in a sentence, for those who do not see it; `address` is where its causes are.
    """

    title: str
    said: str
    labels: Sequence[str]
    series: Sequence[Series]
    form: Literal["bars", "lines"] = "bars"
    unit: str = ""
    address: str = ""

    @property
    def rows(self) -> list[dict[str, object]]:
        """The numbers as rows of a table, by series."""
        return [
            {"when": label, **{each.title: each.values[at] for each in self.series}}
            for at, label in enumerate(self.labels)
        ]

    @property
    def titles(self) -> dict[str, str]:
        """The columns of `rows`."""
        of_series = {each.title: f"{each.title} ({self.unit})" if self.unit else each.title for each in self.series}
        return {"when": "when", **of_series}


def drawn(chart: Chart) -> Markup:
    """The picture; colours come from the style sheet, so that it fits light and dark."""
    top = _rounded(_highest(chart), 4.0 if chart.form == "bars" else 1.0)
    marks = _bars(chart, top) if chart.form == "bars" else _lines(chart, top)
    return Markup(
        '<svg class="chart" role="img" viewBox="0 0 {width} {height}" aria-label="{title}. {said}">'
        "<desc>{said}</desc>{scale}{marks}{labels}</svg>"
    ).format(
        width=WIDTH,
        height=HEIGHT,
        title=chart.title,
        said=chart.said,
        scale=_scale(top, chart.unit),
        marks=marks,
        labels=_labels(chart.labels),
    )


def _highest(chart: Chart) -> float:
    if chart.form == "bars":
        return max((sum(_values(chart, at)) for at in range(len(chart.labels))), default=0.0)
    return max((value for each in chart.series for value in each.values if value is not None), default=0.0)


def _values(chart: Chart, at: int) -> list[float]:
    return [each.values[at] or 0.0 for each in chart.series]


def _rounded(highest: float, least: float) -> float:
    """A round number that is not below the highest value, nor below the least that a scale should show."""
    if highest <= least:
        return least
    size = 10.0 ** (len(str(int(highest))) - 1)
    return next(size * step for step in (1, 2, 4, 5, 8, 10) if size * step >= highest)


def _x(at: float, points: int) -> float:
    return _LEFT + (WIDTH - _LEFT - _RIGHT) * at / max(points, 1)


def _y(value: float, top: float) -> float:
    return HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * value / top


def _scale(top: float, unit: str) -> Markup:
    lines = []
    for step in range(_TICKS):
        value = top * step / (_TICKS - 1)
        lines.append(
            Markup('<line class="grid" x1="{}" x2="{}" y1="{y:.1f}" y2="{y:.1f}"/>').format(
                _LEFT, WIDTH - _RIGHT, y=_y(value, top)
            )
            + Markup('<text class="tick" x="{}" y="{:.1f}">{}</text>').format(
                _LEFT - 6, _y(value, top) + 4, f"{value:g}{f' {unit}' if unit else ''}"
            )
        )
    return Markup("").join(lines)


def _bars(chart: Chart, top: float) -> Markup:
    points = len(chart.labels)
    wide = (WIDTH - _LEFT - _RIGHT) / max(points, 1)
    marks = []
    for at, label in enumerate(chart.labels):
        stands_on = 0.0
        for each in chart.series:
            value = each.values[at] or 0.0
            if not value:
                continue
            marks.append(
                Markup(
                    '<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"><title>{}</title></rect>'
                ).format(
                    each.tone,
                    _x(at, points) + wide * 0.12,
                    _y(stands_on + value, top),
                    wide * 0.76,
                    max(_y(stands_on, top) - _y(stands_on + value, top), 1.0),
                    f"{label}: {value:g}{f' {chart.unit}' if chart.unit else ''} {each.title}",
                )
            )
            stands_on += value
    return Markup("").join(marks)


def _lines(chart: Chart, top: float) -> Markup:
    points = len(chart.labels)
    marks = []
    for each in chart.series:
        places = [
            (label, value, _x(at + 0.5, points), _y(value, top))
            for at, (label, value) in enumerate(zip(chart.labels, each.values, strict=True))
            if value is not None
        ]
        path = " ".join(f"{x:.1f},{y:.1f}" for _, _, x, y in places)
        marks.append(Markup('<polyline class="{}" points="{}"/>').format(each.tone, path))
        marks += [
            Markup('<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="2.5"><title>{}</title></circle>').format(
                each.tone, x, y, f"{label}: {value:g}{f' {chart.unit}' if chart.unit else ''} {each.title}"
            )
            for label, value, x, y in places
        ]
    return Markup("").join(marks)


def _labels(labels: Sequence[str]) -> Markup:
    """The first label, the last, and one between: all of them would not fit."""
    if not labels:
        return Markup("")
    between = _LEFT + (WIDTH - _LEFT - _RIGHT) / 2
    places = (("start", _LEFT, labels[0]), ("middle", between, labels[len(labels) // 2]), ("end", WIDTH, labels[-1]))
    return Markup("").join(
        Markup('<text class="label" text-anchor="{}" x="{:.0f}" y="{}">{}</text>').format(anchor, x, HEIGHT - 5, label)
        for anchor, x, label in places
    )
