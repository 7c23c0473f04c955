"""The networks whose packets this machine forwards, read from its addresses."""

import os
import struct
from collections.abc import Collection, Iterator
from functools import partial
from ipaddress import ip_interface
from pathlib import Path

from route_switcher.core.vocabulary.uplinks import Address, Family
from route_switcher.core.vocabulary.ways import LocalNetwork
from route_switcher.kernel.rtnetlink import exchange, links
from route_switcher.kernel.rtnetlink.attributes import attributes, fixed
from route_switcher.kernel.rtnetlink.framing import HEADER, RTM_NEWADDR, Discarded, Message
from route_switcher.kernel.rtnetlink.kernel_routes import FAMILIES, address
from route_switcher.kernel.rtnetlink.names import own_name

MOST = 8
"""Networks that are asked about; those of the interfaces that are there longest."""

_SYS_NET = Path("/proc/sys/net")
_LOOPBACK = "lo"
_ADDRESS = struct.Struct("=BBBBI")  # struct ifaddrmsg: family, prefix, flags, scope, index
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_SCOPE_LINK = 253


async def local_networks(
    uplinks: Collection[int], discarded: Discarded, sys_net: Path = _SYS_NET
) -> tuple[LocalNetwork, ...]:
    """Those that are forwarded and not behind an interface with one of these indexes."""
    families = [family for family in Family if _is_set(sys_net / _forwarding(family, "all"))]
    if not families:
        return ()
    found = await exchange.read(partial(links.address_dump, 0), _host, discarded)
    networks = []
    for index, host in sorted(set(found), key=lambda each: (each[0], str(each[1]))):
        name = own_name(index)
        family = Family(host.version)
        if not name or name == _LOOPBACK or index in uplinks or family not in families:
            continue
        if _is_set(sys_net / _forwarding(family, name)):
            networks.append(LocalNetwork(name, host))
    return tuple(networks[:MOST])


def _host(message: Message) -> tuple[int, Address] | None:
    """The index of an interface, and an address in its network that is not its own."""
    if message.kind != RTM_NEWADDR:
        return None
    number, length, _, scope, index = fixed(_ADDRESS, message)
    family = FAMILIES.get(number)
    told = dict(attributes(message.data, HEADER.size + _ADDRESS.size))
    raw = told.get(_IFA_ADDRESS)
    if family is None or raw is None or scope >= _SCOPE_LINK:
        return None
    far, own = address(family, raw), address(family, told.get(_IFA_LOCAL, raw))
    if far != own:
        return index, far
    host = next(_others(own, length), None)
    return None if host is None else (index, host)


def _others(own: Address, length: int) -> Iterator[Address]:
    """The first addresses of its network, except itself."""
    network = ip_interface((own, length)).network
    if network.num_addresses < 4:
        return
    yield from (network[n] for n in (1, 2) if network[n] != own)


def _forwarding(family: Family, interface: str) -> str:
    return os.path.join(f"ipv{family.value}", "conf", interface, "forwarding")


def _is_set(path: Path) -> bool:
    try:
        return path.read_text().strip() == "1"
    except OSError:
        return False
