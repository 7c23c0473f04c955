"""The next hops that the virtual world tells of, as if DHCP clients and routers had told them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from typing import TypeAlias

from route_switcher.core.vocabulary.kernel_routes import RouterPreference
from route_switcher.core.vocabulary.next_hops import LearnedHop, NextHop
from route_switcher.core.vocabulary.policy import MAIN_TABLE, Policy
from route_switcher.core.vocabulary.uplinks import Family, GatewayMode

Line: TypeAlias = tuple[str, Family]
"""An interface in a family."""

_NETWORKS: dict[Family, IPv4Network | IPv6Network] = {
    Family.IPV4: IPv4Network("100.64.0.0/10"),
    Family.IPV6: IPv6Network("fe80::/64"),
}
"""That of providers for their customers' lines (RFC 6598), and that of links (RFC 4291)."""
_WRITERS = {Family.IPV4: (16, 0), Family.IPV6: (9, 1024)}
"""The protocol and the metric of the routes: a DHCP client, and the kernel for a router."""


@dataclass(slots=True)
class WorldsNextHops:
    """What is told of each line; None: nothing. A line of which nobody has said anything has a
    router with an address that is made up."""

    said: dict[Line, NextHop | None]
    _made_up: dict[Line, NextHop] = field(default_factory=dict)

    def change(self, changes: Mapping[Line, NextHop | None]) -> frozenset[Line]:
        """Let something else be told of these lines. Those that have another next hop by that."""
        changed = {line for line, hop in changes.items() if hop != self._of(line)}
        self.said |= changes
        return frozenset(changed)

    def told(self, policy: Policy) -> tuple[LearnedHop, ...]:
        """Those of the uplinks that learn theirs."""
        lines = [(u.interface, u.family) for u in policy.uplinks if u.gateway is GatewayMode.AUTO]
        hops = ((line, self._of(line)) for line in lines)
        return tuple(_learned(line, hop) for line, hop in hops if hop is not None)

    def _of(self, line: Line) -> NextHop | None:
        if line in self.said:
            return self.said[line]
        return self._made_up.setdefault(line, NextHop(_NETWORKS[line[1]][len(self._made_up) + 1]))


def _learned(line: Line, hop: NextHop) -> LearnedHop:
    interface, family = line
    protocol, metric = _WRITERS[family]
    return LearnedHop(family, interface, hop, MAIN_TABLE, metric, protocol, RouterPreference.MEDIUM)
