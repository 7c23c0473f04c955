"""Looks over the machine once: interfaces, addresses, default routes. Needs no privileges."""

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Interface, IPv6Interface, ip_address, ip_interface

from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.routes import LEASE_TABLE, Route, RouteKind
from route_switcher.core.vocabulary.uplinks import Address, Family
from route_switcher.kernel.host.rp_filter import rp_filter_remedy, strict_rp_filter
from route_switcher.kernel.host.snapshot import HostSnapshot, Interface
from route_switcher.kernel.rtnetlink import exchange, learnable, links
from route_switcher.kernel.rtnetlink.codec import AddressMessage, MalformedMessageError, decoded
from route_switcher.kernel.rtnetlink.framing import RTM_NEWADDR, Discarded, Message
from route_switcher.kernel.rtnetlink.netlink import NetlinkKernel

_LOOPBACK = "lo"
_LENGTHS = {socket.AF_INET: 4, socket.AF_INET6: 16}


@dataclass(frozen=True, slots=True)
class Assigned:
    """An address and the index of its interface; `peer` is the other end of a link to one host."""

    index: int
    address: IPv4Interface | IPv6Interface
    peer: Address | None


async def survey() -> HostSnapshot:
    """What this network namespace has now. To be called within `trio.run`."""
    discarded = Discarded()
    addresses = await exchange.read(partial(links.address_dump, 0), assigned, discarded)
    with NetlinkKernel() as kernel:
        routes = await kernel.default_routes()
        leases = await _leases()
        interfaces = [
            _interface(
                name,
                await kernel.link_state(name),
                [each for each in addresses if each.index == index],
            )
            for index, name in socket.if_nameindex()
            if name != _LOOPBACK
        ]
    return HostSnapshot(tuple(interfaces), routes, leases)


async def _leases() -> tuple[Route, ...]:
    names = dict(socket.if_nameindex())
    found = await learnable.default_routes(
        Family.IPV4, lambda index: names.get(index, ""), Discarded()
    )
    told = [
        Route(
            each.family, hop.interface, hop.gateway, each.metric, each.protocol, onlink=hop.onlink
        )
        for each in found
        if each.table == LEASE_TABLE and each.kind is RouteKind.UNICAST
        for hop in each.hops
    ]
    return tuple(sorted(told, key=lambda route: route.metric))


def assigned(message: Message) -> Assigned | None:
    """The address that `message` tells of; None if it is about anything else.

    IFA_ADDRESS is the peer's where there is an IFA_LOCAL beside it that differs
    (linux/if_addr.h). Raises MalformedMessageError.
    """
    if message.kind != RTM_NEWADDR:
        return None
    fields = decoded(AddressMessage, message)
    length = _LENGTHS.get(fields["family"])
    if length is None:
        return None
    far = fields.get_attr("IFA_ADDRESS")
    own = fields.get_attr("IFA_LOCAL") or far
    for raw in (own, far or own):
        if not isinstance(raw, bytes) or len(raw) != length:
            raise MalformedMessageError("no address can be read")
    if fields["prefixlen"] > length * 8:
        raise MalformedMessageError(f"a prefix of {fields['prefixlen']} bits")
    peer = ip_address(far) if far and far != own else None
    # The prefix is that of the other end, where there is one.
    bits = length * 8 if peer else fields["prefixlen"]
    return Assigned(fields["index"], ip_interface((own, bits)), peer)


def _interface(name: str, link: LinkState, own: Sequence[Assigned]) -> Interface:
    reaching = [each for each in own if each.address.version == 4 or not each.address.is_link_local]
    return Interface(
        name,
        link.up,
        tuple(each.address for each in reaching),
        tuple(each.peer for each in own if each.peer),
        rp_filter_remedy(name) if strict_rp_filter(name) else None,
        link.point_to_point,
    )
