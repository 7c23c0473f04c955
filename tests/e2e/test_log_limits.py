"""What others do over and over fills no log."""

import re
from pathlib import Path

import pytest

from route_switcher.core.reminder import FIRST_REMINDER
from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.topology import Lab
from support.forked import altered
from support.running import DEADLINE, Start
from support.tables import wait_for_our_routes
from support.written_policy_files import policy_text

pytestmark = pytest.mark.kernel


def test_a_war_over_a_route_is_told_in_one_line(lab: Lab, start: Start) -> None:
    # On a busy machine a few probes are lost in such a war; nothing shall move by that.
    engine = start(policy_text(lab, failures=300), "--log-level", "debug")
    engine.wait_for_health("primary", "secondary")
    since = engine.now
    route = "default via 198.51.100.1 dev eth0 metric 10"
    war = f"while :; do ip route del {route} proto 115 2>/dev/null; sleep 0.05; done"
    lab.start(ROUTER, ["sh", "-c", war])
    for _ in range(50):
        engine.wait_for("gone", route)
    told = [record for record in engine.records[since:] if record.level != "debug"]
    # Of other things it may speak as well: it asks the kernel while the route is away.
    first, back, *again = [record for record in told if route in record.message]
    assert (first.event, first.level) == ("gone", "warning")
    assert (back.event, back.level) == ("routes", "info")
    often = r"again and again, \d+ times in \d+ s, and are put back each time: "
    for each in again:
        assert (each.event, each.level) == ("notice", "warning")
        assert re.search(often + re.escape(route), each.message)
    # Where the war takes longer than a minute, it is said once more after each.
    assert 1 <= len(again) <= 1 + (told[-1].at - first.at) / FIRST_REMINDER


def test_a_flapping_interface_is_told_with_a_count_and_then_as_it_is(
    lab: Lab, start: Start, tmp_path: Path
) -> None:
    soon = altered("route_switcher.daemon.log_limit.SPAN", 2)
    engine = start(policy_text(lab), first=soon)
    engine.wait_for_health("primary", "secondary")
    flap = "ip link set eth0 down; sleep 0.03; ip link set eth0 up; sleep 0.03"
    enough = tmp_path / "enough"
    flapping = lab.start(ROUTER, ["sh", "-c", f"until test -e {enough}; do {flap}; done"])
    engine.wait_for("rule", "more lines like this in", uplink="primary", rule="unplugged")
    enough.touch()
    assert flapping.wait(DEADLINE) == 0  # the link is up, and nobody is still to take it down
    engine.wait_for_health("primary", "secondary")
    wait_for_our_routes(lab, ("eth0", 10), ("eth1", 20))
