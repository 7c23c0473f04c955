"""Reads which name servers are asked (resolv.conf(5), systemd-resolved.service(8))."""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

from route_switcher.core.vocabulary.kernel_routes import KernelRoute
from route_switcher.core.vocabulary.lookups import Lookup
from route_switcher.core.vocabulary.uplinks import Address
from route_switcher.doctor.reading.files import beginning
from route_switcher.doctor.resolvers import Resolver, Resolvers
from route_switcher.doctor.unread import Unread
from route_switcher.kernel.rtnetlink.framing import Discarded
from route_switcher.kernel.rtnetlink.lookups import answers
from route_switcher.kernel.rtnetlink.names import index_of, own_name

_FILE = Path("/etc/resolv.conf")
_OF_RESOLVED = Path("/run/systemd/resolve/resolv.conf")
"""What systemd-resolved asks; the other file then has its own address only."""
_STUBS = frozenset(map(ip_address, ("127.0.0.53", "127.0.0.54")))


async def resolvers() -> Resolvers | Unread:
    """Those of resolv.conf, or those that a resolver of this machine asks in its turn."""
    file = _FILE
    found = _written(file)
    if found and set(found) <= _STUBS:
        file = _OF_RESOLVED
        found = _written(file)
    if found is None:
        return Unread(f"{file} cannot be read")
    if not found:
        return Unread(f"{file} names no name server")
    local = next((each for each in found if each.is_loopback), None)
    if local is not None:
        return Unread(f"a resolver of this machine ({local}) knows whom it asks")
    plain = [each for each in found if _zone(each) is None]
    told = await answers(list(map(Lookup, plain)), index_of, own_name, Discarded())
    ways = {lookup.destination: answer for lookup, answer in told.items()}
    servers = (Resolver(each, _zone(each) or _only_by(ways.get(each))) for each in found)
    return Resolvers(str(file), tuple(servers), by_resolved=file == _OF_RESOLVED)


def _only_by(answer: object) -> str | None:
    if not isinstance(answer, KernelRoute) or answer.default or len(answer.hops) != 1:
        return None
    return answer.hops[0].interface


def _zone(server: Address) -> str | None:
    """The interface of a link-local address (RFC 4007), which may be a number."""
    if not isinstance(server, IPv6Address) or not server.scope_id:
        return None
    if server.scope_id.isdigit():
        return dict(socket.if_nameindex()).get(int(server.scope_id), server.scope_id)
    return server.scope_id


def _written(file: Path) -> tuple[IPv4Address | IPv6Address, ...] | None:
    """None: it cannot be read."""
    try:
        text = beginning(file)
    except OSError:
        return None
    found: list[IPv4Address | IPv6Address] = []
    for words in map(str.split, text.splitlines()):
        if len(words) > 1 and words[0] == "nameserver":
            try:
                found.append(ip_address(words[1]))
            except ValueError:
                continue  # the C library skips it as well
    return tuple(dict.fromkeys(found))
