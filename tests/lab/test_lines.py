"""Lines whose next hop is not written down: what the router is told, and that packets pass."""

import pytest
from icmplib import ICMPLibError, ping  # type: ignore[import-untyped]

from route_switcher.core.vocabulary.uplinks import Address, Family
from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.topology import Lab
from support.advertised_line import advertised_line, second_router
from support.leased_line import twin_modems
from support.route_writers import LEASES, default_routes, logs_shown, udhcpc
from support.running import eventually
from support.tunnel_line import TUNNEL, tunnel_line

pytestmark = pytest.mark.kernel


def reached(lab: Lab, target: Address, tries: int = 30) -> bool:
    """A busy machine may lose an echo while neighbours are asked for, or be late."""

    def once() -> bool:
        with lab.inside(ROUTER):
            try:
                return bool(ping(str(target), count=1, timeout=1).is_alive)
            except ICMPLibError:
                return False

    return any(once() for _ in range(tries))


def gateways(lab: Lab) -> set[str]:
    return {route.gateway for route in default_routes(lab, family=Family.IPV6)}


def test_an_advertised_line_says_what_it_is_told_to(lab: Lab) -> None:
    with advertised_line(lab, lab.uplinks[0]) as line:
        assert gateways(lab) == {line.gateway}
        assert reached(lab, lab.targets_v6[0])
        network = line.uplink.address_v6.network
        assert line.prefixes == {(network, False)}
        line.advertise(deprecated=True)
        assert line.prefixes == {(network, True)}
        line.advertise(lifetime=0)
        assert gateways(lab) == set()
        line.advertise()
        line.fall_silent()
        assert gateways(lab) == {line.gateway}
        line.advertise(lifetime=4)
        line.fall_silent()
        eventually(lambda: not reached(lab, lab.targets_v6[0], 1), "the route to expire")


def test_two_routers_of_one_line_carry_packets(lab: Lab) -> None:
    with advertised_line(lab, lab.uplinks[0]) as line:
        other = second_router(line)
        other.advertise(preference="high")
        assert gateways(lab) == {line.gateway, other.gateway}
        assert reached(lab, lab.targets_v6[0])
        line.advertise(lifetime=0)
        assert gateways(lab) == {other.gateway}
        assert reached(lab, lab.targets_v6[0])


def test_a_line_without_a_gateway_carries_packets_while_its_peer_is_there(lab: Lab) -> None:
    with tunnel_line(lab, lab.uplinks[0]) as line:
        for family in Family:
            words = ("ip", f"-{family.value}", "route", "add", "default", "dev", TUNNEL)
            lab.run(ROUTER, *words)
            assert reached(lab, lab.targets(family)[0])
        line.lose_the_peer()
        assert "NO-CARRIER" in lab.run(ROUTER, "ip", "link", "show", "dev", TUNNEL)
        line.join()
        assert reached(lab, lab.targets_v4[0])


def test_two_modems_give_one_address_and_one_gateway_and_both_carry_packets(lab: Lab) -> None:
    with logs_shown(), twin_modems(lab) as lines:
        first, second = lines
        assert first.server.lease == second.server.lease
        for line in lines:
            udhcpc(lab, line.uplink.interface)
        eventually(lambda: len(default_routes(lab, LEASES)) == 2, "both routers in the table")
        assert {route.gateway for route in default_routes(lab, LEASES)} == {str(first.gateway)}
        target = lab.targets_v4[0]
        for line in lines:
            via = ("via", str(line.gateway), "dev", line.uplink.interface)
            lab.run(ROUTER, "ip", "route", "replace", str(target), *via)
            assert reached(lab, target)
