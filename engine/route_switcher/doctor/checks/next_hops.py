"""Is the next hop of each uplink known, from whom, and does it answer?"""

from collections.abc import Iterator

from route_switcher.core.routing.remedies import quoted, route_deletion
from route_switcher.core.vocabulary.next_hops import LearnedHop, NextHop
from route_switcher.core.vocabulary.policy import MAIN_TABLE, Policy
from route_switcher.core.vocabulary.routes import Route, protocol_name
from route_switcher.core.vocabulary.uplinks import Address, Family, GatewayMode, Uplink
from route_switcher.doctor.check import Check
from route_switcher.doctor.finding import Fault, Finding, Verdict, passed, skipped
from route_switcher.doctor.lines import learned_by, next_hop
from route_switcher.doctor.machine import Machine
from route_switcher.doctor.network import Neighbour
from route_switcher.doctor.unread import Unread

_NAME = "next-hop"
_ABSENT = Fault(_NAME, "absent", Verdict.FAIL)
_STALE = Fault(_NAME, "stale", Verdict.WARN)
_SILENT = Fault(_NAME, "silent", Verdict.FAIL)

_WHO = {Family.IPV4: "no DHCP client or person", Family.IPV6: "no router, client or person"}


def _judge(machine: Machine, policy: Policy) -> Iterator[Finding]:
    network = machine.network
    for uplink in policy.uplinks:
        label, link = policy.label(uplink.id), network.links[uplink.interface]
        hop = next_hop(network, uplink)
        if not (link.present and link.up):
            yield skipped(_NAME, label, f"{uplink.interface} is not up")
        elif hop is None:
            text = (
                f"{_WHO[uplink.family]} has written a default route through"
                f" {uplink.interface}, in any table"
            )
            yield _ABSENT.found(label, text)
        else:
            stale = list(_stale(machine, uplink, label))
            yield from stale
            yield from _answers(machine, uplink, label, hop, known=bool(stale))


def _stale(machine: Machine, uplink: Uplink, label: str) -> Iterator[Finding]:
    """dhclient leaves its route as it is where the lease names another router."""
    routers = machine.leases.get(machine.network.links[uplink.interface].own_name, ())
    for told in learned_by(machine.network, uplink)[:1]:
        if told.may_be_outdated and routers and told.hop.gateway not in routers:
            text = f"dhclient's lease names {routers[0]}, its route still {told.hop.gateway}"
            yield _STALE.found(label, text, *_corrected(told, routers[0]))


def _corrected(told: LearnedHop, router: Address) -> tuple[str, ...]:
    route = Route(
        told.family,
        told.interface,
        told.hop.gateway,
        told.metric,
        told.protocol,
        table=told.table,
    )
    table = f" table {told.table}" if told.table != MAIN_TABLE else ""
    where = f"via {router} dev {quoted(told.interface)} metric {told.metric}{table}"
    return route_deletion(route), f"ip route add default {where}"


def _answers(
    machine: Machine, uplink: Uplink, label: str, hop: NextHop, *, known: bool
) -> Iterator[Finding]:
    if hop.gateway is None:
        yield passed(_NAME, label, f"its packets go by {uplink.interface} alone, to no gateway")
        return
    source = _source(machine, uplink)
    link = machine.network.links[uplink.interface]
    match machine.network.neighbours.get((uplink.interface, hop.gateway)):
        case Neighbour.ANSWERS:
            yield passed(_NAME, label, f"{hop.gateway} answers{source}")
        case Neighbour.SILENT:
            text = f"{hop.gateway} does not answer at {uplink.interface}{source}"
            if any(told.may_be_outdated for told in learned_by(machine.network, uplink)[:1]):
                text += "; it may be that of an old lease, which dhclient keeps without our hook"
            yield _SILENT.found(label, text)
        case Unread(reason):
            yield skipped(_NAME, label, f"{hop.gateway}{source}: {reason}")
        case None if not link.carrier:
            yield skipped(_NAME, label, f"{uplink.interface} has no carrier")
        case None:
            if not known:
                text = f"{hop.gateway}{source} (no Ethernet, so it is not asked)"
                yield passed(_NAME, label, text)


def _source(machine: Machine, uplink: Uplink) -> str:
    """Where it comes from, in words."""
    if uplink.gateway is not GatewayMode.AUTO:
        return ""
    told = learned_by(machine.network, uplink)
    if not told:
        return ""
    table = "main" if told[0].table == MAIN_TABLE else str(told[0].table)
    more = len({each.hop.gateway for each in told}) - 1
    others = f", and {more} more" if more else ""
    return f", learned from table {table} (proto {protocol_name(told[0].protocol)}){others}"


CHECK = Check(_NAME, _judge, (_ABSENT, _STALE, _SILENT))
