"""Prometheus's own tool judges the metrics of a running engine, and the examples."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml

from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.topology import Lab
from support.monitoring import FOLDER, expressions
from support.running import ForkedEngine, Start
from support.scraping import LISTEN, scrape
from support.written_policy_files import policy_text

pytestmark = pytest.mark.programs

PAGE = (FOLDER.parents[1] / "docs" / "metrics.md").read_text("utf-8")
PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
"""`make programs` puts promtool beside Python."""


def promtool(*words: str, given: str = "") -> str:
    """What it says; it must be content."""
    done = subprocess.run(
        ["promtool", *words],
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"PATH": PATH},
        cwd=FOLDER,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def start(tmp_path: Path) -> Iterator[tuple[Lab, Start]]:
    with ExitStack() as running:
        lab = running.enter_context(Lab())

        def run(policy: str) -> ForkedEngine:
            file = tmp_path / "policy.yaml"
            file.write_text(policy)
            return running.enter_context(ForkedEngine(lab, str(file)))

        yield lab, run


def commands(begin: str) -> list[str]:
    """The commands of the page that begin so."""
    return [line for line in PAGE.splitlines() if line.startswith(begin)]


def test_the_metrics_of_an_engine_follow_the_rules(start: tuple[Lab, Start]) -> None:
    lab, run = start
    hooks = "hooks: {on_switch: [{run: [/bin/true]}]}\n"
    engine = run(policy_text(lab) + LISTEN + hooks)
    engine.wait_for_health("primary", "secondary")
    engine.wait_for("metrics", since=0)
    assert promtool("check", "metrics", given=scrape(lab)) == ""
    (look,) = commands("curl http:")
    done = lab.run(ROUTER, *shlex.split(look))
    assert 'route_switcher_uplink_active{uplink="primary",family="IPv4"} 1\n' in done


def test_the_unix_socket_is_read_as_the_page_says(start: tuple[Lab, Start]) -> None:
    lab, run = start
    engine = run(f"{policy_text(lab)}metrics: {{listen: unix}}\n")
    engine.wait_for_health("primary", "secondary")
    engine.wait_for("metrics", since=0)
    (look,) = commands("curl --unix-socket")
    done = lab.run(ROUTER, "sh", "-c", look)
    assert 'route_switcher_uplink_active{uplink="primary",family="IPv4"} 1\n' in done


def test_rules_and_configuration_are_sound() -> None:
    promtool("check", "rules", "alerts.yml")
    promtool("check", "config", "prometheus.yml")


def test_each_alert_fires_when_it_should_and_only_then() -> None:
    assert "`promtool test rules alerts_test.yml`" in PAGE
    promtool("test", "rules", "alerts_test.yml")


def test_every_expression_of_the_board_is_understood(tmp_path: Path) -> None:
    rules = [{"record": f"board:query{n}", "expr": query} for n, query in enumerate(expressions())]
    file = tmp_path / "board.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "board", "rules": rules}]}))
    assert f"{len(rules)} rules found" in promtool("check", "rules", str(file))
