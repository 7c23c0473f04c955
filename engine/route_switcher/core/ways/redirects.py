"""ICMP redirects: a router that told this machine to send packets for one destination elsewhere.

The kernel keeps that beside the route, so a question about the route does not show it (RFC 792,
Redirect Message; RFC 4861, 8.3).
"""

from route_switcher.core.routing.remedies import redirects_refusal
from route_switcher.core.vocabulary.kernel_routes import KernelRoute
from route_switcher.core.vocabulary.lookups import Lookup, with_redirects
from route_switcher.core.vocabulary.uplinks import Address
from route_switcher.core.vocabulary.ways import Findings
from route_switcher.core.ways.obstacles import Obstacle
from route_switcher.core.ways.questions import Line


def redirect(line: Line, lookup: Lookup, findings: Findings) -> Obstacle | None:
    """What leads the packets of a bound `lookup` past the gateway of their route; None: nothing."""
    usual = _gateways(line, findings, lookup)
    now = _gateways(line, findings, with_redirects(lookup))
    other = next((gateway for gateway in now if gateway not in usual), None)
    if other is None or not usual:
        return None
    words = f"an ICMP redirect leads to {other} on {line.own_name}"
    return Obstacle(words, redirects_refusal(line.own_name, lookup.family))


def _gateways(line: Line, findings: Findings, lookup: Lookup) -> list[Address]:
    answer = findings.answers.get(lookup)
    if not isinstance(answer, KernelRoute):
        return []
    hops = (hop for hop in answer.hops if hop.interface == line.uplink.interface)
    return [hop.gateway for hop in hops if hop.gateway is not None]
