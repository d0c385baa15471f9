"""The page, the board and the rules name the metrics that there are, and every one of them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.core import Metric

from app import metrics
from app.kit import Kit
from app.web.metrics import standing
from tests.test_docs import _PAGES

DOCS = Path(__file__).parent.parent / "docs"
BOARD = json.loads((DOCS / "grafana" / "kurasync.json").read_text())
RULES = yaml.safe_load((DOCS / "alerts" / "kurasync.yml").read_text())["groups"]
OF_HISTOGRAMS = ("_bucket", "_sum", "_count")


@pytest.fixture
def known(sqlite_kit: Kit) -> dict[str, Metric]:
    """Every metric by the name that it has on the wire; without the suffixes of a histogram."""
    every = [*metrics.collected(), *standing(sqlite_kit)]
    return {f"{each.name}_total" if each.type == "counter" else each.name: each for each in every}


def expressions() -> list[str]:
    of_board = [target["expr"] for panel in BOARD["panels"] for target in panel["targets"]]
    return [*of_board, *(rule["expr"] for group in RULES for rule in group["rules"])]


def named(expression: str) -> set[str]:
    """The metrics in an expression."""
    found = re.findall(r"\bkurasync_\w+", expression)
    return {re.sub(rf"({'|'.join(OF_HISTOGRAMS)})$", "", name) for name in found}


def test_the_page_explains_every_metric_and_no_other(known: dict[str, Metric]) -> None:
    page = (DOCS / "metrics.md").read_text()
    assert set(re.findall(r"^\| `(kurasync_\w+)` \|", page, re.MULTILINE)) == set(known)


def test_the_page_names_the_labels_that_there_are() -> None:
    page = (DOCS / "metrics.md").read_text()
    rows = dict(re.findall(r"^\| `(kurasync_\w+)` \| ([^|]*) \|", page, re.MULTILINE))
    for each in metrics.collected():
        name = f"{each.name}_total" if each.type == "counter" else each.name
        assert set(re.findall(r"`(\w+)`", rows[name])) <= {"site", "result", "status", "kind", "outcome", "system"}
    allowed = {"site", "kura_instance", "kind", "outcome", "state", "result", "status", "system"}
    assert {label for cell in rows.values() for label in re.findall(r"`(\w+)`", cell)} == allowed


@pytest.mark.parametrize("expression", expressions())
def test_an_expression_names_metrics_and_labels_that_there_are(known: dict[str, Metric], expression: str) -> None:
    assert named(expression)
    assert named(expression) <= set(known)
    labels = {"site", "kura_instance", "kind", "outcome", "state", "result", "status", "system", "le"}
    for listed in re.findall(r"by \(([^)]*)\)", expression):
        assert set(re.split(r",\s*", listed)) <= labels
    assert expression.count("(") == expression.count(")")


def test_the_board_shows_every_metric(known: dict[str, Metric]) -> None:
    shown = {name for panel in BOARD["panels"] for target in panel["targets"] for name in named(target["expr"])}
    assert shown == set(known)


def test_the_board_is_one_that_grafana_takes() -> None:
    panels: list[dict[str, Any]] = BOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {(place["x"] + right, place["y"] + down) for right in range(place["w"]) for down in range(place["h"])}
        assert taken.isdisjoint(cells), f"{panel['title']} lies over another panel"
        taken |= cells
        assert panel["datasource"]["uid"] == "${source}"
    assert [each["name"] for each in BOARD["templating"]["list"]] == ["source"]


def test_each_rule_says_how_bad_it_is_and_what_to_do() -> None:
    rules = [rule for group in RULES for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert re.fullmatch(r"\d+[smh]", rule.get("for", "1m"))
        assert rule["annotations"]["summary"].strip()
        for label in re.findall(r"\$labels\.(\w+)", json.dumps(rule["annotations"])):
            assert f"by ({label})" in rule["expr"]


def test_rules_watch_what_must_not_go_unnoticed() -> None:
    watched = {name for group in RULES for rule in group["rules"] for name in named(rule["expr"])}
    assert watched >= {
        "kurasync_lateness_seconds",
        "kurasync_lag_seconds",
        "kurasync_hold_age_seconds",
        "kurasync_dead_letters",
        "kurasync_site_state",
        "kurasync_instance_state",
        "kurasync_site_last_event_timestamp_seconds",
        "kurasync_outbox_age_seconds",
        "kurasync_clock_beat_timestamp_seconds",
    }


def test_the_page_is_one_of_those_whose_commands_and_links_are_checked() -> None:
    assert "docs/metrics.md" in _PAGES
