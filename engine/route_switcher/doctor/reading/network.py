"""Reads what the kernel says of the network."""

from dataclasses import replace

from route_switcher.core.routing.uplink_tables import UplinkTables
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.uplinks import Address, Family
from route_switcher.doctor.lines import next_hop, questions
from route_switcher.doctor.network import Network
from route_switcher.doctor.reading.addresses import host_addresses
from route_switcher.doctor.reading.duplicates import used_elsewhere
from route_switcher.doctor.reading.neighbours import neighbours
from route_switcher.kernel.rtnetlink import learnable
from route_switcher.kernel.rtnetlink.names import index_of, indexes_of, own_name
from route_switcher.kernel.rtnetlink.netlink import NetlinkKernel
from route_switcher.kernel.rtnetlink.oracle import NetlinkOracle
from route_switcher.kernel.rtnetlink.rules import rules


async def network(policy: Policy) -> Network:
    """As it is now. Raises OSError and KernelError."""
    called = {index_of(name): name for name in indexes_of(policy.uplinks)}

    def name_of(index: int) -> str:
        return called.get(index) or own_name(index)

    names = tuple(dict.fromkeys(uplink.interface for uplink in policy.uplinks))
    with NetlinkKernel() as kernel, NetlinkOracle(kernel.discarded) as oracle:
        kernel.follow(policy.uplinks, UplinkTables.of(policy).all)
        oracle.follow(policy.uplinks)
        read = Network(
            links={state.interface: state for state in await kernel.link_states(names)},
            addresses=await host_addresses(name_of, kernel.discarded),
            routes=await kernel.default_routes(),
            defaults=tuple(
                [
                    route
                    for family in Family
                    for route in await learnable.default_routes(family, name_of, kernel.discarded)
                ]
            ),
            learned=await kernel.next_hops(),
            rules=tuple(
                [rule for family in Family for rule in await rules(family, kernel.discarded)]
            ),
            forwarded=await oracle.networks(),
        )
        read = replace(read, findings=await oracle.findings(questions(read, policy)))
        asked = await neighbours(_gateways(read, policy), kernel.discarded)
        return replace(read, neighbours=asked, used_elsewhere=await used_elsewhere(_own(read)))


def _own(network: Network) -> list[tuple[str, Address]]:
    """The addresses of the uplinks that are in a network of several hosts."""
    links = {
        name for name, link in network.links.items() if link.connected and not link.point_to_point
    }
    found = [(a.interface, a.address) for a in network.addresses if a.interface in links]
    return [(name, a.ip) for name, a in found if a.network.num_addresses > 2]


def _gateways(network: Network, policy: Policy) -> list[tuple[str, Address, Address | None]]:
    found = {}
    for uplink in policy.uplinks:
        link, hop = network.links[uplink.interface], next_hop(network, uplink)
        if hop is None or hop.gateway is None or not link.connected or link.point_to_point:
            continue
        own = sorted(a for a in link.addresses if a.version == hop.gateway.version)
        found[uplink.interface, hop.gateway] = own[0] if own else None
    return [(interface, gateway, own) for (interface, gateway), own in found.items()]
