"""Do the kernel's settings let probes, their answers, and the traffic of the LAN through?"""

from collections.abc import Iterator

from route_switcher.core.routing.remedies import (
    filter_loosening,
    interface_setting,
    ipv6_enabling,
    ra_acceptance,
)
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.uplinks import Family, GatewayMode, Uplink
from route_switcher.doctor.check import Check
from route_switcher.doctor.finding import Fault, Finding, Verdict, passed, skipped
from route_switcher.doctor.machine import Machine
from route_switcher.doctor.network import HostAddress
from route_switcher.doctor.settings import ALL

_NAME = "setting"
_RP_FILTER = Fault(_NAME, "rp-filter", Verdict.WARN)
_SRC_VALID_MARK = Fault(_NAME, "src-valid-mark", Verdict.WARN)
_ARP_IGNORE = Fault(_NAME, "arp-ignore", Verdict.FAIL)
_ARP_FILTER = Fault(_NAME, "arp-filter", Verdict.WARN)
_ARP_FLUX = Fault(_NAME, "arp-flux", Verdict.WARN)
_IPV6_OFF = Fault(_NAME, "ipv6-disabled", Verdict.FAIL)
_IGNORES_RA = Fault(_NAME, "ignores-advertisements", Verdict.FAIL)
_LINKDOWN_USED = Fault(_NAME, "linkdown-ignored", Verdict.WARN)
_LINKDOWN_OFF = Fault(_NAME, "linkdown-used", Verdict.WARN)
_NO_FORWARDING = Fault(_NAME, "no-forwarding", Verdict.WARN)
_NOT_BACK = Fault(_NAME, "uplink-does-not-forward", Verdict.WARN)

_DEFAULT_ROUTER = "accept_ra_defrtr"
_STRICT = 1
_NEVER = 8
"""Of arp_ignore: no question is answered."""


def _judge(machine: Machine, policy: Policy) -> Iterator[Finding]:
    for uplink in policy.uplinks:
        link = machine.network.links[uplink.interface]
        label = policy.label(uplink.id)
        if not link.present:
            yield skipped(_NAME, label, f"there is no interface {uplink.interface}")
            continue
        its = _ipv4 if uplink.family is Family.IPV4 else _ipv6
        found = [
            *its(machine, policy, uplink, link.own_name),
            *_linkdown(machine, policy, uplink, link.own_name),
        ]
        yield from found
        if not found:
            yield passed(_NAME, label, f"the settings of {uplink.interface} are right")
    yield from _forwarding(machine, policy)


def _ipv4(machine: Machine, policy: Policy, uplink: Uplink, name: str) -> Iterator[Finding]:
    settings, label = machine.settings, policy.label(uplink.id)
    strict = settings.greater(name, "rp_filter") == _STRICT
    if strict and not (policy.placement.own and policy.placement.source_rules):
        text = (
            f"rp_filter is strict at {uplink.interface}: while the uplink stands by, answers to"
            " its probes are dropped"
        )
        yield _RP_FILTER.found(label, text, filter_loosening(name))
    marked = any(r.mark and r.family is Family.IPV4 and not r.ours for r in machine.network.rules)
    if strict and marked and not settings.greater(name, "src_valid_mark"):
        text = (
            f"a rule by mark stands, but rp_filter, strict at {uplink.interface}, does not look at"
            " marks: what comes back for a VPN is dropped"
        )
        yield _SRC_VALID_MARK.found(label, text, interface_setting(name, "src_valid_mark", 1))
    if settings.greater(name, "arp_ignore") == _NEVER:
        text = f"{uplink.interface} answers no ARP question, so its gateway cannot find it"
        both = (each for each in (name, ALL) if _value(machine, each, "arp_ignore") == _NEVER)
        yield _ARP_IGNORE.found(
            label, text, *(interface_setting(each, "arp_ignore", 0) for each in both)
        )
    if _shares_network(machine, policy, uplink):
        yield from _arp(machine, uplink, name, label)


def _arp(machine: Machine, uplink: Uplink, name: str, label: str) -> Iterator[Finding]:
    """Two uplinks in one network: the gateway must learn the right Ethernet address of each."""
    if machine.settings.greater(name, "arp_filter"):
        text = (
            f"another uplink is in the network of {uplink.interface}, and arp_filter keeps one of"
            " the two from answering ARP questions"
        )
        both = (each for each in (name, ALL) if _value(machine, each, "arp_filter"))
        yield _ARP_FILTER.found(
            label, text, *(interface_setting(each, "arp_filter", 0) for each in both)
        )
    elif not machine.settings.greater(name, "arp_ignore"):
        text = (
            f"another uplink is in the network of {uplink.interface}: each answers ARP questions"
            " about the other's address"
        )
        yield _ARP_FLUX.found(
            label,
            text,
            interface_setting(name, "arp_ignore", 1),
            interface_setting(name, "arp_announce", 2),
        )


def _ipv6(machine: Machine, policy: Policy, uplink: Uplink, name: str) -> Iterator[Finding]:
    label = policy.label(uplink.id)

    def value(key: str) -> int | None:
        return machine.settings.of(Family.IPV6, name, key)

    if value("disable_ipv6"):
        text = f"IPv6 is disabled on {uplink.interface}"
        yield _IPV6_OFF.found(label, text, ipv6_enabling(name))
    elif uplink.gateway is GatewayMode.AUTO and (value("accept_ra"), value("forwarding")) == (1, 1):
        text = (
            f"the kernel ignores router advertisements at {uplink.interface}, since it forwards and"
            " accept_ra is 1: no next hop is learned"
        )
        yield _IGNORES_RA.found(label, text, ra_acceptance(name))
    elif uplink.gateway is GatewayMode.AUTO and value("accept_ra") and not value(_DEFAULT_ROUTER):
        text = (
            f"the kernel takes no router from the advertisements at {uplink.interface}"
            f" ({_DEFAULT_ROUTER} is 0): no next hop is learned"
        )
        remedy = interface_setting(name, _DEFAULT_ROUTER, 1, Family.IPV6)
        yield _IGNORES_RA.found(label, text, remedy)


def _linkdown(machine: Machine, policy: Policy, uplink: Uplink, name: str) -> Iterator[Finding]:
    family, label = uplink.family, policy.label(uplink.id)
    ignored = machine.settings.of(family, name, "ignore_routes_with_linkdown")
    key = interface_setting(name, "ignore_routes_with_linkdown", int(not ignored), family)
    if ignored and uplink.ignore_carrier:
        text = (
            f"the policy says `carrier: ignore`, but the kernel uses no route through"
            f" {uplink.interface} while that has no carrier"
        )
        yield _LINKDOWN_USED.found(label, text, key)
    elif ignored == 0 and policy.ignore_linkdown and machine.engine.runs:
        text = (
            f"the policy says `ignore_linkdown: true`, but somebody has set it off at"
            f" {uplink.interface} since the engine began"
        )
        yield _LINKDOWN_OFF.found(label, text, key)


def _forwarding(machine: Machine, policy: Policy) -> Iterator[Finding]:
    uplinks = {machine.network.links[u.interface].own_name for u in policy.uplinks}
    for family in policy.families:
        lans = _lans(machine, policy, family)
        if not lans:
            continue
        unread = [n for n in lans if machine.settings.of(family, n, "forwarding") is None]
        if unread:
            text = f"whether packets of {', '.join(unread)} are forwarded cannot be read"
            yield skipped(_NAME, str(family), text)
            continue
        off = [name for name in lans if _off(machine, family, name)]
        if off:
            text = (
                f"clients behind {', '.join(off)} reach no internet, if there are any: packets"
                " are not forwarded"
            )
            yield _NO_FORWARDING.found(str(family), text, *_forward(machine, family, off))
            continue
        still = [name for name in sorted(uplinks) if _off(machine, family, name)]
        for name in still:
            text = f"{name} does not forward: what comes back for clients is dropped"
            yield _NOT_BACK.found(
                str(family), text, interface_setting(name, "forwarding", 1, family)
            )
        if not still:
            yield passed(_NAME, str(family), f"packets of {', '.join(lans)} are forwarded")


def _lans(machine: Machine, policy: Policy, family: Family) -> list[str]:
    """Interfaces that may have clients: with an address in a private network of several hosts,
    neither uplinks nor tunnels, and no default route leads there."""
    leading = {hop.interface for route in machine.network.defaults for hop in route.hops}
    no_lan = leading | {machine.network.links[u.interface].own_name for u in policy.uplinks}
    return [
        each.name
        for each in machine.interfaces.up
        if each.broadcasts
        and each.name not in no_lan
        and any(a.family is family and _may_have_clients(a) for a in each.addresses)
    ]


def _may_have_clients(own: HostAddress) -> bool:
    local = own.link_local or own.address.is_link_local or own.peer is not None
    wide = own.address.network.prefixlen < own.address.max_prefixlen - 1
    return own.address.is_private and wide and not local


def _off(machine: Machine, family: Family, name: str) -> bool:
    return machine.settings.of(family, name, "forwarding") == 0


def _forward(machine: Machine, family: Family, off: list[str]) -> Iterator[str]:
    """Where the machine forwards as a whole, writing that again changes no interface."""
    if machine.settings.of(family, ALL, "forwarding"):
        yield from (interface_setting(name, "forwarding", 1, family) for name in off)
        return
    ipv4 = family is Family.IPV4
    yield f"sysctl -w net.ipv{family.value}.{'ip_forward' if ipv4 else 'conf.all.forwarding'}=1"


def _shares_network(machine: Machine, policy: Policy, uplink: Uplink) -> bool:
    """Whether another uplink has an address in a network of this one."""
    others = {u.interface for u in policy.uplinks_of(Family.IPV4)} - {uplink.interface}
    addresses = [a for a in machine.network.addresses if a.family is Family.IPV4]
    mine = [a.address.network for a in addresses if a.interface == uplink.interface]
    return any(a.address.ip in own for a in addresses if a.interface in others for own in mine)


def _value(machine: Machine, name: str, key: str) -> int | None:
    return machine.settings.of(Family.IPV4, name, key)


CHECK = Check(
    _NAME,
    _judge,
    (
        _RP_FILTER,
        _SRC_VALID_MARK,
        _ARP_IGNORE,
        _ARP_FILTER,
        _ARP_FLUX,
        _IPV6_OFF,
        _IGNORES_RA,
        _LINKDOWN_USED,
        _LINKDOWN_OFF,
        _NO_FORWARDING,
        _NOT_BACK,
    ),
)
