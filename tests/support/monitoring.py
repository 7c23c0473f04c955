"""The examples for Prometheus and Grafana, and what is in them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from route_switcher.daemon.metrics.catalogue import CATALOGUE
from route_switcher.daemon.metrics.exposition import Kind

FOLDER = Path(__file__).parents[2] / "examples" / "monitoring"
BOARD: dict[str, Any] = json.loads((FOLDER / "dashboard.json").read_text("utf-8"))
ALERTS: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((FOLDER / "alerts.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
ALERT_TESTS: list[dict[str, Any]] = [
    test | {"of": case["name"]}
    for case in yaml.safe_load((FOLDER / "alerts_test.yml").read_text("utf-8"))["tests"]
    for test in case["alert_rule_test"]
]

_OF_GRAFANA = {
    "$__rate_interval": "5m",
    "$__interval": "1m",
    "$job": "route-switcher",
    "$instance": ".*",
}


def series() -> dict[str, tuple[str, ...]]:
    """The name of every series that an engine gives, and its labels."""
    found: dict[str, tuple[str, ...]] = {}
    for metric in CATALOGUE:
        if metric.kind is Kind.HISTOGRAM:
            found[f"{metric.name}_bucket"] = (*metric.labels, "le")
            found |= {f"{metric.name}_{end}": metric.labels for end in ("sum", "count")}
        else:
            found[metric.name] = metric.labels
    return found


def expressions() -> Iterator[str]:
    """Every expression of the board, with values for its variables."""
    queries = [target["expr"] for panel in BOARD["panels"] for target in panel["targets"]]
    queries += [note["expr"] for note in BOARD["annotations"]["list"]]
    for query in queries:
        for variable, stands_for in _OF_GRAFANA.items():
            query = query.replace(variable, stands_for)
        yield query


def names_in(expression: str) -> set[str]:
    """The series that it names."""
    return set(re.findall(r"\b(?:route_switcher|process)_\w+", expression))
