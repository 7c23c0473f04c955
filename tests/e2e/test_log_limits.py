"""What others do over and over fills no log."""

import pytest

from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.topology import Lab
from support.running import Start
from support.tables import wait_for_our_routes
from support.written_policy_files import policy_text

pytestmark = pytest.mark.kernel


def test_a_war_over_a_route_ends_in_one_line_with_a_count(lab: Lab, start: Start) -> None:
    engine = start(policy_text(lab))
    engine.wait_for_health("primary", "secondary")
    route = "default via 198.51.100.1 dev eth0 metric 10 proto 115"
    lab.start(
        ROUTER, ["sh", "-c", f"while :; do ip route del {route} 2>/dev/null; sleep 0.05; done"]
    )
    for _ in range(10):
        told = engine.wait_for("gone", route.removesuffix(" proto 115"))
        assert "more" not in told.fields
    held = engine.wait_for("gone", "more lines like this in")
    assert held.number - told.number < 40  # of all causes
    assert held.fields["more"] > 0
    assert len(engine.said("gone")) == 11


def test_a_flapping_interface_is_told_with_a_count_and_then_as_it_is(
    lab: Lab, start: Start
) -> None:
    engine = start(policy_text(lab))
    engine.wait_for_health("primary", "secondary")
    flap = "ip link set eth0 down; sleep 0.03; ip link set eth0 up; sleep 0.03"
    flapping = lab.start(ROUTER, ["sh", "-c", f"while :; do {flap}; done"])
    engine.wait_for("rule", "more lines like this in", uplink="primary", rule="unplugged")
    lab.stop(f"process {flapping.pid}")
    lab.run(ROUTER, "ip", "link", "set", "eth0", "up")
    engine.wait_for_health("primary", "secondary")
    wait_for_our_routes(lab, ("eth0", 10), ("eth1", 20))
