"""Commands that a person can run as they are printed: each word is quoted for a POSIX shell."""

import shlex
from itertools import chain

from route_switcher.core.vocabulary.kernel_routes import KernelHop, KernelRoute
from route_switcher.core.vocabulary.policy import MAIN_TABLE
from route_switcher.core.vocabulary.policy_rules import Network, RoutingRule
from route_switcher.core.vocabulary.routes import (
    PROTOCOL,
    Route,
    RouteKind,
    hop_words,
    protocol_name,
    table_name,
)
from route_switcher.core.vocabulary.uplinks import Family


def route_deletion(route: Route) -> str:
    """The command that deletes `route` and no other, with all of its next hops.

    A route through a nexthop object is found by that object's number only, and a multipath route by
    all of its hops (fib_nh_match in the kernel's net/ipv4/fib_semantics.c).
    """
    # With the protocol: in a deletion, iproute2 and the kernel take metric 0 for any.
    last = ["metric", str(route.metric), "proto", protocol_name(route.protocol)]
    last += ["table", str(route.table)] if route.table != MAIN_TABLE else []
    if route.nexthop:
        # Its kind is that of the object: the kernel finds no such route where the kind is given.
        words = [route.kind_words[-1], "nhid", str(route.nexthop), *last]
    elif route.hops:
        hops = (["nexthop", *hop_words(route.family, *hop)] for hop in route.hops)
        words = [*route.kind_words, *last, *chain.from_iterable(hops)]
    else:
        hop = hop_words(route.family, route.interface, route.gateway)
        words = [*route.kind_words, *hop, *last]
    # An IPv4 route through an IPv6 gateway is one of IPv6 for iproute2, unless it is told.
    family = ["-4"] if "inet6" in words else []
    return " ".join(map(quoted, ["ip", *family, *_route(route.family), "del", *words]))


def specific_route_deletion(route: KernelRoute, destination: Network) -> str:
    """The command that deletes a route of any table and prefix, and no other."""
    words = [route.kind.value] * (route.kind is not RouteKind.UNICAST)
    words.append("default" if route.default else str(destination))
    last = ["metric", str(route.metric), "proto", protocol_name(route.protocol)]
    if route.table != MAIN_TABLE:
        last += ["table", str(route.table)]
    if route.nexthop:
        words += ["nhid", str(route.nexthop)]
    elif len(route.hops) == 1:
        words += hop_words(route.family, route.hops[0].interface, route.hops[0].gateway)
    else:
        hops = (hop_words(route.family, h.interface, h.gateway) for h in sorted_hops(route))
        last += [word for hop in hops for word in ("nexthop", *hop)]
    family = ["-4"] if "inet6" in words + last else []
    return " ".join(map(quoted, ["ip", *family, *_route(route.family), "del", *words, *last]))


def sorted_hops(route: KernelRoute) -> list[KernelHop]:
    """Its next hops in an order of their own: IPv6 begins with the one that was asked about."""
    return sorted(route.hops, key=lambda hop: (hop.interface, str(hop.gateway)))


def rule_deletion(rule: RoutingRule) -> str:
    """The command that deletes a rule (ip-rule(8))."""
    family = ["-6"] if rule.family is Family.IPV6 else []
    return " ".join(map(quoted, ["ip", *family, "rule", "del", *str(rule).split()]))


def main_rule_addition(family: Family) -> str:
    """The command that brings back the rule which leads to the main table."""
    words = ["ip", *(["-6"] if family is Family.IPV6 else []), "rule", "add"]
    return " ".join([*words, "lookup", "main", "pref", "32766"])


def filter_loosening(interface: str) -> str:
    """The command that makes the rp_filter of `interface` loose, whatever the value for all is."""
    return interface_setting(interface, "rp_filter", 2)


def redirects_refusal(interface: str, family: Family) -> str:
    """The commands that have the kernel take no ICMP redirect at `interface`, and forget those that
    it has taken. Without forwarding, IPv4 takes them if either setting says so, that of the
    interface or that for all (kernel document ip-sysctl, accept_redirects)."""
    own = interface_setting(interface, "accept_redirects", 0, family)
    every = interface_setting("all", "accept_redirects", 0, family)
    forget = f"ip -{family.value} route flush cache"
    return " && ".join([*([every] if family is Family.IPV4 else []), own, forget])


def ipv6_enabling(interface: str) -> str:
    """The command that enables IPv6 on `interface`."""
    return interface_setting(interface, "disable_ipv6", 0, Family.IPV6)


def ra_acceptance(interface: str) -> str:
    """The command that has the kernel take router advertisements at `interface`, though it
    forwards."""
    return interface_setting(interface, "accept_ra", 2, Family.IPV6)


def interface_setting(interface: str, key: str, value: int, family: Family = Family.IPV4) -> str:
    """The command that gives a setting of `interface` this value (the kernel's ip-sysctl
    documentation). sysctl(8) takes a slash for a dot within a name, as in eth0.100."""
    name = f"net.ipv{family.value}.conf.{interface.replace('.', '/')}.{key}"
    return f"sysctl -w {quoted(name)}={value}"


def hop_deletion(route: Route) -> str:
    """The command that takes one next hop out of an IPv6 multipath route, whoever added it.

    The kernel shows all hops with the protocol number of the first, so none is given.
    """
    hop = hop_words(route.family, route.interface, route.gateway)
    words = [
        "ip",
        *_route(route.family),
        "del",
        *route.kind_words,
        *hop,
        "metric",
        str(route.metric),
    ]
    words += ["table", str(route.table)] if route.table != MAIN_TABLE else []
    return " ".join(map(quoted, words))


def our_routes_deletion(family: Family, table: int = MAIN_TABLE) -> str:
    """The command that deletes all routes of ours of `family` in a table."""
    words = ["flush", "table", table_name(table), "proto", str(PROTOCOL)]
    return " ".join(["ip", *_route(family), *words])


def our_rules_deletion(family: Family) -> str:
    """The command that deletes all rules of ours of `family`, as they come. Without routes in the
    way that they lead to there is nothing that they could harm meanwhile."""
    return " ".join(["ip", *_family(family), "rule", "flush", "protocol", str(PROTOCOL)])


def quoted(word: str) -> str:
    """`word` for a POSIX shell (2024, with $'…' for what cannot be printed)."""
    if word.isprintable():
        return shlex.quote(word)
    octets = "".join(f"\\x{octet:02x}" for octet in word.encode(errors="surrogateescape"))
    return f"$'{octets}'"


def _family(family: Family) -> list[str]:
    return ["-6"] if family is Family.IPV6 else []


def _route(family: Family) -> list[str]:
    return [*_family(family), "route"]
