"""Charts: SVG made on the server that shows what the numbers say, and can be read without being seen."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from app.web.console.charts import Chart, Series, drawn


def parts(chart: Chart, tag: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(str(drawn(chart))).iter(tag))


def bars(*values: float | None, **more: str) -> Chart:
    labels = [f"{at} h" for at in range(len(values))]
    return Chart("Events", "so many", labels, [Series("events", values)], **more)  # type: ignore[arg-type]


def test_a_bar_is_as_high_as_its_number() -> None:
    low, high = parts(bars(5.0, 10.0), "rect")
    assert float(high.attrib["height"]) == pytest.approx(2 * float(low.attrib["height"]))
    assert low[0].text == "0 h: 5 events"


def test_nothing_has_no_bar() -> None:
    assert parts(bars(0.0, None), "rect") == []


def test_bars_of_several_series_stand_on_each_other() -> None:
    chart = Chart("Runs", "so many", ["now"], [Series("done", [6.0], "good"), Series("failed", [2.0], "bad")])
    done, failed = parts(chart, "rect")
    assert float(failed.attrib["y"]) + float(failed.attrib["height"]) == pytest.approx(float(done.attrib["y"]))
    assert (done.attrib["class"], failed.attrib["class"]) == ("good", "bad")


def test_a_line_leaves_out_what_is_not_known() -> None:
    chart = bars(1.0, None, 3.0, form="lines", unit="s")
    [line] = parts(chart, "polyline")
    assert len(line.attrib["points"].split()) == 2
    assert [each[0].text for each in parts(chart, "circle")] == ["0 h: 1 s events", "2 h: 3 s events"]


@pytest.mark.parametrize(
    ("highest", "top"), [(0, "4"), (4, "4"), (7, "8"), (9, "10"), (11, "20"), (99, "100"), (101, "200"), (4300, "5000")]
)
def test_the_scale_ends_at_a_round_number_that_nothing_exceeds(highest: float, top: str) -> None:
    assert parts(bars(float(highest)), "text")[2].text == top


def test_who_does_not_see_it_is_told_what_it_shows() -> None:
    picture = ElementTree.fromstring(str(drawn(bars(1.0))))
    assert (picture.attrib["role"], picture.attrib["aria-label"]) == ("img", "Events. so many")


def test_the_numbers_are_there_as_rows() -> None:
    lags = [Series("half", [1.0, None]), Series("most", [2.0, 3.0])]
    chart = Chart("Lag", "so long", ["then", "now"], lags, unit="s")
    assert chart.rows == [{"when": "then", "half": 1.0, "most": 2.0}, {"when": "now", "half": None, "most": 3.0}]
    assert chart.titles == {"when": "when", "half": "half (s)", "most": "most (s)"}


def test_names_from_elsewhere_stay_text_and_no_style_is_inside() -> None:
    shown = str(drawn(Chart("<script>", "<b>", ["<i>"], [Series("<u>", [1.0])])))
    assert re.findall(r"<(script|b|i|u|style)\b", shown) == []
    assert "style=" not in shown


def test_without_points_there_is_an_empty_picture() -> None:
    assert parts(Chart("Events", "none", [], [Series("events", [])]), "rect") == []
