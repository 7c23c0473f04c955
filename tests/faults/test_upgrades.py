"""An upgrade and a downgrade under traffic: what one version has written, another takes over."""

import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from faults.acts import router
from faults.bench import Bench, bench, start_engine, wait_until
from faults.policy import Settings, policy_text, preferred
from faults.row import A_MOMENT
from faults.table import Line
from route_switcher.lab.topology import Lab
from support.tables import our_routes, rules

pytestmark = [pytest.mark.kernel, pytest.mark.slow]

IN_MAIN = Settings()
IN_ITS_OWN = Settings(own_table=True)
_WITHOUT_SMALL_TABLES = (
    "rule del pref 32765 oif eth0",
    "rule del pref 32765 oif eth1",
    "rule del pref 32765 from 198.51.100.10",
    "rule del pref 32765 from 203.0.113.10",
    "route flush table 116",
    "route flush table 117",
)
"""What is left is what a version without small tables has: table 115 and the two rules about it."""


def written_before(lab: Lab) -> None:
    """The routes of the first version, which knew table main only."""
    for words in (
        "default via 198.51.100.1 dev eth0 metric 10 proto 115",
        "default via 203.0.113.1 dev eth1 metric 20 proto 115",
    ):
        lab.run("router", "ip", "route", "add", *words.split())


def replaced(running: Bench, settings: Settings, number: signal.Signals) -> None:
    """The engine ends, and one with these settings begins; returns when all is as it should be."""
    running.settings = settings
    running.policy_file.write_text(policy_text(running.lab, settings))
    running.engine.end(number)
    running.engine = running.engines.enter_context(start_engine(running.lab, running.policy_file))
    running.engine.wait_for_health("primary", "secondary")
    other = replace(settings, own_table=not settings.own_table).table
    ours = preferred(running.lab, settings)
    wait_until(lambda: running.routes == ours, "our routes")
    wait_until(lambda: not our_routes(running.lab, table=other), "no routes of before")
    wait_until(lambda: ("lookup 115" in rules(running.lab)) == settings.own_table, "the rules")
    (first,) = running.engine.said("decision")
    assert (first.fields["cause"], first.fields["selected"]) == ("restart", "primary")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_packet_is_lost_on_the_way_there_and_back(
    tmp_path: Path, report: Callable[[Line], None], number: signal.Signals
) -> None:
    with bench(tmp_path, IN_MAIN, prepare=written_before) as running:
        (first,) = running.engine.said("decision")
        assert first.fields["cause"] == "restart"
        assert running.engine.said("routes") == []
        replaced(running, IN_ITS_OWN, number)
        router(*_WITHOUT_SMALL_TABLES)(running)
        replaced(running, IN_ITS_OWN, number)
        replaced(running, IN_MAIN, number)
        assert "proto 115" not in rules(running.lab)
        replaced(running, IN_ITS_OWN, number)
        running.stream.stop()
        outage = running.stream.outage()
    assert outage.lost <= A_MOMENT
    report(Line(f"upgrades and downgrades: main, own table, back ({number.name})", "stays", outage))
