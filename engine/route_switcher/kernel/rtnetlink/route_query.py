"""Questions about ways as bytes, and the answers read (RTM_GETROUTE, rtnetlink(7)).

Every question has RTM_F_FIB_MATCH, so that the answer tells of the route that matched. Without it
an IPv4 answer never says that a bound socket has no route. A kernel before Linux 4.13 ignores the
flag; `KernelRoute.for_one_flow` shows that.

Strict checks (NETLINK_GET_STRICT_CHK, Linux 4.20) take addresses with their whole length only, and
no other flag for IPv6.
"""

import errno
import os
from collections.abc import Callable
from typing import TypeAlias

from route_switcher.core.vocabulary.lookups import IP_PROTOCOLS, Lookup, Refused
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.kernel.rtnetlink.attributes import attribute, number_attribute, request
from route_switcher.kernel.rtnetlink.kernel_routes import AF, ROUTE, RTA_OIF, RTM_GETROUTE

IndexOf: TypeAlias = Callable[[str], int]
"""The index of the interface that has a name; 0 if none has."""

_RTM_F_FIB_MATCH = 0x2000
_RTM_F_LOOKUP_TABLE = 0x1000
_MATCHED = {
    Family.IPV4: _RTM_F_FIB_MATCH | _RTM_F_LOOKUP_TABLE,
    Family.IPV6: _RTM_F_FIB_MATCH,
}
"""IPv4 calls every table main, unless asked; IPv6 refuses that flag, and always tells the table."""

_RTA_DST = 1
_RTA_SRC = 2
_RTA_IIF = 3
_RTA_MARK = 16
_RTA_UID = 25
_RTA_IP_PROTO = 27

_ROOT = 0
"""Forwarded packets count as root's in rules; and the probes are root's. Given in every question,
else an ordinary user who asks gets the answer for himself."""


_NO_ROUTE = "no route leads there"
_MEANINGS = {
    errno.ENETUNREACH: _NO_ROUTE,
    errno.EHOSTUNREACH: "no route leads there, or one of type unreachable does",
    errno.EACCES: "a route or rule of type prohibit leads there",
    errno.EINVAL: "a route or rule of type blackhole leads there",
    errno.ENODEV: "the interface is not there",
    errno.EPERM: "asking is not permitted",
}
_MEANINGS_OF_INPUT = {
    errno.EINVAL: "the kernel drops such packets from that interface: rp_filter is strict there,"
    " or the source cannot be a sender's",
    errno.EXDEV: "the kernel drops such packets from that interface: rp_filter is strict there",
    errno.EHOSTUNREACH: "no route leads there, or forwarding is off",
}


def question(lookup: Lookup, index_of: IndexOf, sequence: int) -> bytes | Refused:
    """The request that asks `lookup`; `Refused` if an interface of it is not there."""
    length = lookup.destination.max_prefixlen
    body = ROUTE.pack(
        AF[lookup.family],
        length,
        length if lookup.source is not None else 0,
        *(0,) * 5,
        _MATCHED[lookup.family] & ~(_RTM_F_FIB_MATCH if lookup.with_exceptions else 0),
    )
    body += attribute(_RTA_DST, lookup.destination.packed)
    if lookup.source is not None:
        body += attribute(_RTA_SRC, lookup.source.packed)
    for kind, interface in ((RTA_OIF, lookup.out_interface), (_RTA_IIF, lookup.in_interface)):
        if interface is not None:
            index = index_of(interface)
            if not index:
                return refused(lookup, errno.ENODEV)
            body += number_attribute(kind, index)
    if lookup.mark is not None:
        body += number_attribute(_RTA_MARK, lookup.mark)
    if lookup.payload is not None:
        number = IP_PROTOCOLS[lookup.family, lookup.payload]
        body += attribute(_RTA_IP_PROTO, bytes((number,)))
    return request(RTM_GETROUTE, 0, sequence, body + number_attribute(_RTA_UID, _ROOT))


def refused(lookup: Lookup, code: int, text: str = "") -> Refused:
    """What an errno says to `lookup`; `text` is the kernel's own words, where it gave some."""
    meanings = _MEANINGS | (_MEANINGS_OF_INPUT if lookup.in_interface is not None else {})
    reason = meanings.get(code) or f"the kernel refuses: {os.strerror(code)}"
    return Refused(code, f"{reason} (kernel: {text})" if text else reason)
