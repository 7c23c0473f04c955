"""The examples for Prometheus and Grafana name only what exists, and so does the page."""

import re
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from daemon.metrics.test_tally import Counted
from route_switcher.daemon.metrics import server
from route_switcher.daemon.metrics.catalogue import CATALOGUE
from route_switcher.daemon.metrics.http import LONGEST_HEAD
from route_switcher.daemon.metrics.listening import AGAIN
from route_switcher.policy.load import load_text
from support.monitoring import (
    ALERT_TESTS,
    ALERTS,
    BOARD,
    FOLDER,
    expressions,
    names_in,
    series,
)
from support.world import policy

PAGE = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text("utf-8")
MINIMAL = "version: 1\nuplinks: {a: {interface: eth0, gateway: auto}}\n"
SERIES = series()
QUERIES = [*expressions(), *(alert["expr"] for alert in ALERTS)]


@pytest.mark.parametrize("expression", QUERIES)
def test_an_expression_names_metrics_that_exist_and_labels_that_they_have(expression: str) -> None:
    names = names_in(expression)
    assert names or "up{" in expression
    assert names <= SERIES.keys()
    for name, selectors in re.findall(r"\b((?:route_switcher|process)_\w+)\{(.*?)\}", expression):
        labels = re.findall(r"(\w+)(?:=~|!=|!~|=)\"", selectors)
        assert set(labels) <= {*SERIES[name], "job", "instance"}
    known = {label for name in names for label in SERIES[name]} | {"job", "instance"}
    for labels in re.findall(r"\b(?:by|on) ?\((.*?)\)", expression):
        assert set(labels.split(", ")) <= known


def test_the_board_shows_what_matters() -> None:
    shown = {name.removesuffix("_bucket") for query in expressions() for name in names_in(query)}
    left_out = {metric.name for metric in CATALOGUE} - shown
    assert left_out == {
        *("route_switcher_uplink_info", "route_switcher_uplink_answers"),
        *("route_switcher_uplink_connected", "route_switcher_uplink_damped"),
        *("route_switcher_probe_last_round_trip_seconds", "route_switcher_orders_total"),
        *("route_switcher_route_actions_total", "route_switcher_conntrack_sweeps_failed_total"),
        *("route_switcher_netlink_messages_discarded_total", "route_switcher_policy_reloads_total"),
        "route_switcher_policy_last_reload_success_timestamp_seconds",
    }


def test_the_board_can_be_imported_without_an_edit() -> None:
    assert "__inputs" not in BOARD
    assert "id" not in BOARD
    variables = BOARD["templating"]["list"]
    assert (variables[0]["name"], variables[0]["type"]) == ("datasource", "datasource")
    its = {"type": "prometheus", "uid": "${datasource}"}
    parts: list[dict[str, Any]] = [*BOARD["panels"], *variables[1:], *BOARD["annotations"]["list"]]
    parts += [target for panel in BOARD["panels"] for target in panel["targets"]]
    assert all(part["datasource"] == its for part in parts)
    assert max(Counter(panel["id"] for panel in BOARD["panels"]).values()) == 1
    used = {
        name for query in map(str, BOARD["panels"]) for name in re.findall(r"\$([a-z]+)", query)
    }
    assert used <= {variable["name"] for variable in variables}


def test_no_panel_lies_over_another() -> None:
    places = [panel["gridPos"] for panel in BOARD["panels"]]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    for one, other in combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below


@pytest.mark.parametrize("alert", [alert["alert"] for alert in ALERTS])
def test_of_each_alert_is_shown_that_it_fires_and_that_it_does_not(alert: str) -> None:
    tests = [test for test in ALERT_TESTS if test["alertname"] == alert]
    assert {bool(test["exp_alerts"]) for test in tests} == {True, False}


@pytest.mark.parametrize("alert", ALERTS, ids=[alert["alert"] for alert in ALERTS])
def test_an_alert_says_what_it_is_and_what_follows(alert: dict[str, Any]) -> None:
    assert alert["labels"].keys() == {"severity"}
    assert alert["annotations"].keys() == {"summary", "description"}
    assert f"| `{alert['alert']}` |" in PAGE


def test_the_page_has_no_alert_that_does_not_exist() -> None:
    named = set(re.findall(r"`(RouteSwitcher\w+)`", PAGE))
    assert named == {alert["alert"] for alert in ALERTS}


def test_metrics_that_the_page_names_exist() -> None:
    named = set(re.findall(r"^\* `(\w+)`", PAGE, re.MULTILINE)) - {"cause"}
    assert len(named) == 5
    assert {f"route_switcher_{name}" for name in named} <= SERIES.keys()


def test_what_the_page_shows_comes_from_an_engine() -> None:
    (shown,) = re.findall(r"^```\n(route_switcher_.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    world = Counted(policy())
    world.run(99.5)
    text = world.text()
    for line in shown.splitlines():
        assert f"\n{line}\n" in text


def test_the_configurations_of_the_page_are_those_of_the_examples() -> None:
    key, scraping = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert str(load_text(MINIMAL + key, "page").metrics) == "127.0.0.1:9000"
    written = (FOLDER / "prometheus.yml").read_text("utf-8")
    assert scraping in written
    config = yaml.safe_load(written)
    (job,) = config["scrape_configs"]
    assert job["static_configs"] == [{"targets": ["127.0.0.1:9000"]}]
    assert f'job="{job["job_name"]}"' in (FOLDER / "alerts.yml").read_text("utf-8")
    assert all((FOLDER / file).is_file() for file in config["rule_files"])


def test_each_place_of_the_page_can_be_written() -> None:
    places = re.findall(r"^\| `([^`]+)` \|", PAGE.partition("To look at them")[0], re.MULTILINE)
    assert places.pop(0) == "listen"
    for place in places:
        key = f"metrics: {{listen: {place}}}\n"
        assert load_text(MINIMAL + key, "page").metrics is not None


def test_numbers_are_those_of_the_program() -> None:
    words = " ".join(PAGE.split())
    assert f"tries again every {AGAIN:g} seconds" in words
    assert f"At most {server.MOST} connections" in words
    assert f"of at most {LONGEST_HEAD} bytes" in words
    assert f"A scraper has {server.PATIENCE:g} seconds to send" in words
