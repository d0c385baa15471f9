"""What Prometheus sees of a kit."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from app.kit import Kit
from app.web import metrics

Numbers = dict[tuple[str, ...], float]


def scraped(kit: Kit) -> dict[str, Numbers]:
    """Every sample by the name of its series: the values of its labels, in the order of their names -> its value."""
    app = Flask("metrics alone")
    app.register_blueprint(metrics.blueprint(kit))
    answer = app.test_client().get("/metrics")
    assert answer.status_code == 200
    found: dict[str, Numbers] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            labels = tuple(value for _, value in sorted(sample.labels.items()))
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


def gained(kit: Kit, name: str, action: Callable[[], object]) -> Numbers:
    """What an action adds to a series; counters are of the whole process, whatever ran in it before."""
    before = scraped(kit).get(name, {})
    action()
    after = scraped(kit).get(name, {})
    return {labels: value - before.get(labels, 0) for labels, value in after.items() if value != before.get(labels, 0)}
