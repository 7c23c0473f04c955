"""Reads what the kernel says of interfaces, by whichever names the policy has for them."""

import errno
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import trio

from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.uplinks import Family, Uplink
from route_switcher.kernel.rtnetlink import links
from route_switcher.kernel.rtnetlink.exchange import Conversation, KernelError
from route_switcher.kernel.rtnetlink.framing import Discarded
from route_switcher.kernel.rtnetlink.links import InterfaceAddress, InterfaceLink
from route_switcher.kernel.rtnetlink.names import Owners, indexes_of, owners

_NO_SUCH_LINK = frozenset((errno.ENODEV, errno.EINVAL, errno.ERANGE))
"""EINVAL and ERANGE: a name that no interface can have."""


@dataclass(frozen=True, slots=True)
class LinkReading:
    """The states of some interfaces, in the order of their names."""

    states: tuple[LinkState, ...]
    indexes: frozenset[int]
    """Of the interfaces that are there."""
    borrowing: bool
    """Whether an IPv6 uplink sends from addresses of interfaces that nobody follows."""


async def read(
    names: Iterable[str], uplinks: Sequence[Uplink], discarded: Discarded
) -> LinkReading:
    """What the kernel says of these interfaces now; see `Kernel.link_states`.

    IPv4: any address is usable. IPv6: one of global scope (unique local ones are) that is not
    waiting for duplicate address detection. A link-local one will do where another interface
    has a global one: the kernel sends from that (RFC 6724), and a router whose provider only
    delegates a prefix to it lives that way.
    """
    names = tuple(names)
    async with Conversation(discarded) as conversation:
        found = {name: await _link(conversation, name) for name in names}
        indexes = {name: link.index for name, link in found.items() if link is not None}
        addresses = {index: await _addresses(conversation, index) for index in indexes.values()}
        families, borrowing = await _families(conversation, addresses)
    await trio.lowlevel.checkpoint()
    owned = owners(uplinks, indexes_of(uplinks) | indexes)
    states = tuple(_state(name, found[name], families, addresses, uplinks, owned) for name in names)
    lends = any((index, Family.IPV6) in owned for index in borrowing)
    return LinkReading(states, frozenset(indexes.values()), lends)


async def _link(conversation: Conversation, name: str) -> InterfaceLink | None:
    try:
        found = await conversation.read(partial(links.link_request, name), links.link)
    except KernelError as error:
        if error.code not in _NO_SUCH_LINK:
            raise
        return None
    return found[0] if found else None


async def _addresses(conversation: Conversation, index: int) -> list[InterfaceAddress]:
    """Those of one interface, or of all if `index` is 0."""
    build = partial(links.address_dump, index)
    try:
        found = await conversation.read(build, links.usable_address)
    except KernelError as error:
        if error.code not in _NO_SUCH_LINK:
            raise
        return []  # it went after its link was read
    # A kernel before Linux 4.20 tells of all.
    return [address for address in found if index in (0, address.index)]


async def _families(
    conversation: Conversation, addresses: Mapping[int, Sequence[InterfaceAddress]]
) -> tuple[dict[int, frozenset[Family]], list[int]]:
    """The families of each interface, and the interfaces that depend on addresses of others."""
    families: dict[int, frozenset[Family]] = {}
    borrowing = []
    for index, own in addresses.items():
        families[index] = frozenset(a.family for a in own if a.reaches_out)
        if any(a.family not in families[index] for a in own):
            borrowing.append(index)
    if borrowing:
        everywhere = await _addresses(conversation, 0)
        lent = {a.family for a in everywhere if a.reaches_out and a.family is Family.IPV6}
        families |= {index: families[index] | lent for index in borrowing}
    return families, borrowing


def _state(
    interface: str,
    link: InterfaceLink | None,
    families: Mapping[int, frozenset[Family]],
    addresses: Mapping[int, Sequence[InterfaceAddress]],
    uplinks: Sequence[Uplink],
    owned: Owners,
) -> LinkState:
    if link is None:
        return LinkState.missing(interface)
    name = link.name if link.name != interface else ""
    followed = {u.family for u in uplinks if u.interface == interface}
    others = {f for f in followed if owned.get((link.index, f), interface) != interface}
    if others and others == followed:
        return LinkState.missing(interface, name)
    reaching = (a for a in addresses[link.index] if a.reaches_out and a.family not in others)
    return LinkState(
        interface,
        present=True,
        up=link.up,
        carrier=link.carrier,
        families=families[link.index] - others,
        name=name,
        addresses=frozenset(a.address for a in reaching),
        point_to_point=link.point_to_point,
    )
