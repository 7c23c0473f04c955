"""Has each uplink an address of its own, in a network of its own, with its gateway in it?"""

from collections.abc import Iterator, Sequence
from ipaddress import ip_interface

from route_switcher.core.routing.remedies import quoted
from route_switcher.core.vocabulary.kernel_routes import KernelRoute
from route_switcher.core.vocabulary.lookups import bound_probe
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.uplinks import Address, Family, Uplink
from route_switcher.doctor.check import Check
from route_switcher.doctor.finding import Fault, Finding, Verdict, passed, skipped
from route_switcher.doctor.lines import next_hop
from route_switcher.doctor.machine import Machine
from route_switcher.doctor.network import HostAddress, Network

_NAME = "address"
_NONE = Fault(_NAME, "none", Verdict.FAIL)
_DUPLICATE = Fault(_NAME, "duplicate", Verdict.FAIL)
_ELSEWHERE = Fault(_NAME, "used-elsewhere", Verdict.FAIL)
_TENTATIVE = Fault(_NAME, "tentative", Verdict.WARN)
_DEPRECATED = Fault(_NAME, "deprecated", Verdict.WARN)
_SELF_ASSIGNED = Fault(_NAME, "self-assigned", Verdict.FAIL)
_OUTSIDE = Fault(_NAME, "gateway-outside", Verdict.FAIL)
_OURSELVES = Fault(_NAME, "gateway-is-ours", Verdict.FAIL)
_SAME = Fault(_NAME, "same-address", Verdict.WARN)
_OVERLAP = Fault(_NAME, "overlap", Verdict.WARN)
_SAME_GATEWAY = Fault(_NAME, "same-gateway", Verdict.WARN)

_OF_NOBODY = ip_interface("169.254.0.0/16").network


def _judge(machine: Machine, policy: Policy) -> Iterator[Finding]:
    network = machine.network
    for uplink in policy.uplinks:
        label = policy.label(uplink.id)
        link = network.links[uplink.interface]
        if not (link.present and link.up):
            yield skipped(_NAME, label, f"{uplink.interface} is not up")
            continue
        found = [*_own(network, uplink, label), *_beside_others(network, policy, uplink, label)]
        usable = ", ".join(str(a.address) for a in _usable(network, uplink)) or "none of its own"
        yield from found or [passed(_NAME, label, f"{uplink.interface} has {usable}")]


def _own(network: Network, uplink: Uplink, label: str) -> Iterator[Finding]:
    own = _of(network, uplink)
    usable = _usable(network, uplink)
    for each in own:
        if each.duplicate:
            text = f"a neighbour at {each.interface} has {each.address.ip} too, so it is not used"
            yield _DUPLICATE.found(label, text, *_again(each))
        elif each.tentative and not usable:
            yield _TENTATIVE.found(
                label, f"{each.address.ip} is still being checked for duplicates"
            )
        elif other := network.used_elsewhere.get((each.interface, each.address.ip)):
            text = (
                f"a neighbour at {each.interface} ({other}) has {each.address.ip} too, so answers"
                " may go there: give one of the two another address"
            )
            yield _ELSEWHERE.found(label, text)
    if not usable:
        if not any(each.duplicate or each.tentative for each in own):
            borrowed = uplink.family in network.links[uplink.interface].families
            if not borrowed:
                text = f"{uplink.interface} has no {uplink.family} address that reaches out"
                yield _NONE.found(label, text)
        return
    if all(each.address.ip in _OF_NOBODY for each in usable):
        text = f"{uplink.interface} has only {usable[0].address.ip}: no DHCP server answered"
        yield _SELF_ASSIGNED.found(label, text)
    elif all(each.deprecated for each in usable):
        text = f"every address of {uplink.interface} is deprecated: its router took the prefix back"
        yield _DEPRECATED.found(label, text, *(_prefer(each) for each in usable))
    yield from _gateway(network, uplink, label, usable)


def _gateway(
    network: Network, uplink: Uplink, label: str, usable: Sequence[HostAddress]
) -> Iterator[Finding]:
    hop = next_hop(network, uplink)
    if hop is None or hop.gateway is None:
        return
    if any(each.address.ip == hop.gateway for each in network.addresses):
        text = f"the gateway {hop.gateway} is an address of this machine itself"
        yield _OURSELVES.found(label, text)
    elif not (
        hop.onlink
        or hop.gateway.is_link_local
        or _reaches(usable, hop.gateway)
        or _has_route(network, uplink.interface, hop.gateway)
    ):
        text = (
            f"the gateway {hop.gateway} is in no network of {uplink.interface}, so the kernel"
            " refuses a route to it; if it is there all the same, write `onlink: true`"
        )
        yield _OUTSIDE.found(label, text)


def _beside_others(
    network: Network, policy: Policy, uplink: Uplink, label: str
) -> Iterator[Finding]:
    """What it shares with an uplink that is preferred to it, or with another interface."""
    before = policy.uplinks_of(uplink.family)
    preferred = {u.interface: u for u in before[: before.index(uplink)]}
    preferred.pop(uplink.interface, None)
    uplinks = {u.interface for u in before}
    mine = [each for each in _usable(network, uplink) if each.address.ip not in _OF_NOBODY]
    for other in network.addresses:
        if other.link_local or other.family is not uplink.family:
            continue
        is_uplink = other.interface in preferred
        if not is_uplink and (other.interface in uplinks or other.address.ip in _OF_NOBODY):
            continue
        for each in mine:
            if each.address.ip == other.address.ip and is_uplink:
                text = (
                    f"{other.interface} has {other.address.ip} as well: what comes in by one of"
                    " them may be answered by the other; give one modem another network"
                )
                yield _SAME.found(label, text)
            elif each.address.network.overlaps(other.address.network) and _wide(each, other):
                text = (
                    f"{each.address.network} of {each.interface} overlaps {other.address.network}"
                    f" of {other.interface}: its hosts are looked for at one of them only"
                )
                yield _OVERLAP.found(label, text)
    hop = next_hop(network, uplink)
    for other_uplink in preferred.values():
        theirs = next_hop(network, other_uplink)
        if hop and theirs and hop.gateway == theirs.gateway and _is_wide(hop.gateway):
            text = f"its gateway {hop.gateway} is that of {other_uplink.name} too"
            yield _SAME_GATEWAY.found(label, text)


def _of(network: Network, uplink: Uplink) -> list[HostAddress]:
    return [
        each
        for each in network.addresses
        if (each.interface, each.family) == (uplink.interface, uplink.family)
        and (uplink.family is Family.IPV4 or not each.link_local)
    ]


def _usable(network: Network, uplink: Uplink) -> list[HostAddress]:
    return [e for e in _of(network, uplink) if not (e.tentative or e.duplicate)]


def _reaches(own: Sequence[HostAddress], gateway: Address) -> bool:
    """Whether it is in a network of the interface; the other end of a link to one host counts."""
    return any(gateway in each.network for each in (o.address for o in own)) or any(
        o.peer == gateway for o in own
    )


def _has_route(network: Network, interface: str, gateway: Address) -> bool:
    """Whether a route leads to it by the interface alone: DHCP clients write one where the router
    is in no network of the lease."""
    answer = network.findings.answers.get(bound_probe(gateway, interface))
    return (
        isinstance(answer, KernelRoute)
        and not answer.default
        and any((hop.interface, hop.gateway) == (interface, None) for hop in answer.hops)
    )


def _wide(one: HostAddress, other: HostAddress) -> bool:
    """Whether they are networks of several hosts."""
    return min(a.address.max_prefixlen - a.address.network.prefixlen for a in (one, other)) > 0


def _is_wide(gateway: Address | None) -> bool:
    """Whether it is an address beyond one link."""
    return gateway is not None and not gateway.is_link_local


def _again(address: HostAddress) -> tuple[str, ...]:
    """What takes it away and asks the neighbours once more."""
    where = f"{address.address} dev {quoted(address.interface)}"
    return f"ip -6 address del {where}", f"ip -6 address add {where}"


def _prefer(address: HostAddress) -> str:
    family = "-6 " * (address.family is Family.IPV6)
    where = f"{address.address} dev {quoted(address.interface)}"
    return f"ip {family}address change {where} preferred_lft forever"


CHECK = Check(
    _NAME,
    _judge,
    (
        _NONE,
        _DUPLICATE,
        _ELSEWHERE,
        _TENTATIVE,
        _DEPRECATED,
        _SELF_ASSIGNED,
        _OUTSIDE,
        _OURSELVES,
        _SAME,
        _OVERLAP,
        _SAME_GATEWAY,
    ),
)
