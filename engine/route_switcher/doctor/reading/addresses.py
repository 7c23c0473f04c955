"""Reads the addresses of every interface, with what is wrong with them (linux/if_addr.h)."""

import struct
from functools import partial
from ipaddress import ip_interface

from route_switcher.doctor.network import HostAddress
from route_switcher.kernel.rtnetlink import exchange, links
from route_switcher.kernel.rtnetlink.attributes import attributes, fixed, number
from route_switcher.kernel.rtnetlink.codec import MalformedMessageError
from route_switcher.kernel.rtnetlink.framing import HEADER, RTM_NEWADDR, Discarded, Message
from route_switcher.kernel.rtnetlink.kernel_routes import FAMILIES, NameOf, address

_ADDRESS = struct.Struct("=BBBBI")  # struct ifaddrmsg: family, prefix length, flags, scope, index
_IFA_ADDRESS, _IFA_LOCAL, _IFA_FLAGS = 1, 2, 8
_OPTIMISTIC, _DAD_FAILED, _DEPRECATED, _TENTATIVE = 0x04, 0x08, 0x20, 0x40
_SCOPE_LINK = 253
_LOOPBACK = "lo"


async def host_addresses(name_of: NameOf, discarded: Discarded) -> tuple[HostAddress, ...]:
    """Those of this network namespace. Raises OSError and KernelError."""
    parse = partial(_address, name_of=name_of)
    return tuple(await exchange.read(partial(links.address_dump, 0), parse, discarded))


def _address(message: Message, name_of: NameOf) -> HostAddress | None:
    """The address that `message` tells of; None if it is about anything else."""
    if message.kind != RTM_NEWADDR:
        return None
    number_of, length, flags, scope, index = fixed(_ADDRESS, message)
    family, name = FAMILIES.get(number_of), name_of(index)
    told = dict(attributes(message.data, HEADER.size + _ADDRESS.size))
    raw = told.get(_IFA_LOCAL, told.get(_IFA_ADDRESS))
    if family is None or raw is None or not name or name == _LOOPBACK:
        return None
    if _IFA_FLAGS in told:
        flags = number(told[_IFA_FLAGS])
    own = address(family, raw)
    far = address(family, told.get(_IFA_ADDRESS, raw))
    peer = far if far != own else None
    if length > own.max_prefixlen:
        raise MalformedMessageError(f"a prefix of {length} bits")
    return HostAddress(
        name,
        ip_interface((own, own.max_prefixlen if peer else length)),
        peer,
        scope >= _SCOPE_LINK,
        bool(flags & _DEPRECATED),
        bool(flags & _TENTATIVE and not flags & _OPTIMISTIC),
        bool(flags & _DAD_FAILED),
    )
