"""Reads every interface: addresses, the largest packet, and whether it forwards."""

import fcntl
import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.doctor.interfaces import Interface, Interfaces
from route_switcher.doctor.network import HostAddress
from route_switcher.doctor.reading.addresses import host_addresses
from route_switcher.doctor.reading.members import members
from route_switcher.kernel.rtnetlink import learnable
from route_switcher.kernel.rtnetlink.framing import Discarded
from route_switcher.kernel.rtnetlink.names import own_name

_CONF = {family: Path(f"/proc/sys/net/ipv{family.value}/conf") for family in Family}

# netdevice(7)
_SIOCGIFFLAGS, _SIOCGIFMTU = 0x8913, 0x8921
_REQUEST = struct.Struct("=16sI20x")
_IFF_UP, _IFF_BROADCAST = 0x1, 0x2
_IFF_NO_LAN = 0x8 | 0x10 | 0x80  # IFF_LOOPBACK, IFF_POINTOPOINT, IFF_NOARP


async def interfaces() -> Interfaces:
    """As they are now. Raises OSError and KernelError."""
    discarded = Discarded()
    addresses = await host_addresses(own_name, discarded)
    told = {family: await _told_mtu(family, discarded) for family in Family}
    found = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as asking:
        for _, name in socket.if_nameindex():
            with suppress(OSError):  # it has just gone
                own = tuple(each for each in addresses if each.interface == name)
                interface = _interface(asking, name, own, told)
                if interface is not None:
                    found.append(interface)
    return Interfaces(tuple(found), await members(discarded))


async def _told_mtu(family: Family, discarded: Discarded) -> dict[str, int]:
    """The least that default routes of any table say, by interface."""
    routes = await learnable.default_routes(family, own_name, discarded)
    found: dict[str, int] = {}
    for route in routes:
        for hop in route.hops:
            if route.mtu:
                found[hop.interface] = min(route.mtu, found.get(hop.interface, route.mtu))
    return found


def _interface(
    asking: socket.socket,
    name: str,
    own: tuple[HostAddress, ...],
    told: Mapping[Family, Mapping[str, int]],
) -> Interface | None:
    flags = _asked(asking, name, _SIOCGIFFLAGS) & 0xFFFF
    if not flags & _IFF_UP:
        return None
    takes = _asked(asking, name, _SIOCGIFMTU)
    limits = {
        Family.IPV4: takes,
        Family.IPV6: min(takes, _setting(Family.IPV6, name, "mtu", takes)),
    }
    return Interface(
        name,
        own,
        {family: min(limit, told[family].get(name, limit)) for family, limit in limits.items()},
        frozenset(family for family in Family if _setting(family, name, "forwarding", 0)),
        bool(flags & _IFF_BROADCAST) and not flags & _IFF_NO_LAN,
    )


def _asked(asking: socket.socket, name: str, what: int) -> int:
    request = _REQUEST.pack(name.encode(errors="surrogateescape"), 0)
    return int(_REQUEST.unpack(fcntl.ioctl(asking, what, request))[1])


def _setting(family: Family, interface: str, key: str, otherwise: int) -> int:
    try:
        return int((_CONF[family] / interface / key).read_text())
    except (OSError, ValueError):
        return otherwise
