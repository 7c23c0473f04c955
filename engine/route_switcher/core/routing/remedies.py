"""Commands that a person can run as they are printed: each word is quoted for a POSIX shell."""

import shlex
from itertools import chain

from route_switcher.core.vocabulary.policy import Family
from route_switcher.core.vocabulary.routes import PROTOCOL, Route, hop_words, protocol_name


def route_deletion(route: Route) -> str:
    """The command that deletes `route` and no other, with all of its next hops.

    A route through a nexthop object is found by that object's number only, and a multipath route by
    all of its hops (fib_nh_match in the kernel's net/ipv4/fib_semantics.c).
    """
    # With the protocol: in a deletion, iproute2 and the kernel take metric 0 for any.
    last = ["metric", str(route.metric), "proto", protocol_name(route.protocol)]
    if route.nexthop:
        words = ["default", "nhid", str(route.nexthop), *last]
    elif route.hops:
        hops = (["nexthop", *hop_words(route.family, *hop)] for hop in route.hops)
        words = ["default", *last, *chain.from_iterable(hops)]
    else:
        hop = hop_words(route.family, route.interface, route.gateway)
        words = [*route.kind_words, *hop, *last]
    # An IPv4 route through an IPv6 gateway is one of IPv6 for iproute2, unless it is told.
    family = ["-4"] if "inet6" in words else []
    return " ".join(map(quoted, ["ip", *family, *_route(route.family), "del", *words]))


def hop_deletion(route: Route) -> str:
    """The command that takes one next hop out of an IPv6 multipath route, whoever added it.

    The kernel shows all hops with the protocol number of the first, so none is given.
    """
    hop = hop_words(route.family, route.interface, route.gateway)
    words = ["ip", *_route(route.family), "del", "default", *hop, "metric", str(route.metric)]
    return " ".join(map(quoted, words))


def our_routes_deletion(family: Family) -> str:
    """The command that deletes all routes of ours of `family`."""
    return " ".join(["ip", *_route(family), "flush", "table", "main", "proto", str(PROTOCOL)])


def quoted(word: str) -> str:
    """`word` for a POSIX shell (2024, with $'…' for what cannot be printed)."""
    if word.isprintable():
        return shlex.quote(word)
    octets = "".join(f"\\x{octet:02x}" for octet in word.encode(errors="surrogateescape"))
    return f"$'{octets}'"


def _route(family: Family) -> list[str]:
    return [*(["-6"] if family is Family.IPV6 else []), "route"]
