"""Whether the kernel is done with the IPv6 addresses of an interface.

It makes the link-local address when it has seen the carrier. Each address is usable, and has its
routes in the table `local`, only after some work that a busy machine does much later (addrconf.c).
"""

from pathlib import Path

_NET = Path("/proc/thread-self/net")
_FORWARDING = "/proc/sys/net/ipv6/conf/{}/forwarding"
_IFA_F_TENTATIVE = 0x40
_RTF_LOCAL, _RTF_ANYCAST = 0x80000000, 0x00100000
_NO_ANYCAST = 127
"""The shortest prefix without an anycast address of routers (RFC 6164)."""


def addresses_settled(interface: str) -> bool:
    """Whether the interface, in the network of this thread, has its link-local address, and nothing
    more follows from its IPv6 addresses: no route, and no news. `lo` has no link-local one."""
    lines = (line.split() for line in (_NET / "if_inet6").read_text().splitlines())
    addresses = [fields for fields in lines if fields[-1] == interface]
    if interface != "lo" and not any(address.startswith("fe80") for address, *_ in addresses):
        return False
    if any(int(flags, 16) & _IFA_F_TENTATIVE for *_, flags, _ in addresses):
        return False
    lines = (line.split() for line in (_NET / "ipv6_route").read_text().splitlines())
    routes = [int(flags, 16) for *_, flags, name in lines if name == interface]
    networks: set[str] = set()
    if Path(_FORWARDING.format(interface)).read_text().strip() != "0":
        networks = {a[:16] for a, _, length, *_ in addresses if int(length, 16) < _NO_ANYCAST}
    local, anycast = (sum(bool(r & flag) for r in routes) for flag in (_RTF_LOCAL, _RTF_ANYCAST))
    return local >= len(addresses) and anycast >= len(networks)
