"""Goes through the chains as the kernel does (nft(8), CHAINS and VERDICT STATEMENT).

Where a condition may hold or not, both ways are followed, so the end is a set of what is possible.
"""

from collections.abc import Set
from dataclasses import dataclass, replace

from route_switcher.doctor.firewall.conditions import Packet, Truth, all_hold, holds
from route_switcher.doctor.firewall.ruleset import Act, Chain, Field, Firewall, Hook, Rule

_DEEPEST = 16
"""Jumps into one another; the kernel allows no more (NFT_JUMP_STACK_SIZE)."""


@dataclass(frozen=True, slots=True)
class End:
    """What becomes of a packet in a chain. `Act.NOTHING`: it reached the chain's end."""

    act: Act
    addresses: tuple[str, ...] = ()
    """What a source NAT writes."""


_THROUGH = End(Act.NOTHING)
_UNKNOWN = End(Act.UNKNOWN)
_ENDINGS = frozenset((Act.MASQUERADE, Act.SOURCE_NAT, Act.ACCEPT, Act.DROP, Act.UNKNOWN))
_CONNTRACK = -200
"""The priority at which the kernel finds the connection of a packet (NF_IP_PRI_CONNTRACK)."""
_BEFORE_CONNTRACK = "invalid"
"""What chains that are asked earlier take for its state (nft_ct_get_eval in the kernel)."""
_TRANSLATED = frozenset((Act.MASQUERADE, Act.SOURCE_NAT))


def translations(firewall: Firewall, packet: Packet) -> Set[End]:
    """What source NAT may do with it. `Act.NOTHING`: it keeps its source address."""
    found: set[End] = set()
    for chain in firewall.base(Hook.POSTROUTING, packet.version, translating=True):
        ends = _ends(firewall, chain, packet)
        passing = {end for end in ends if end.act in (Act.NOTHING, Act.ACCEPT)}
        found |= ends - passing
        if not passing:
            return found
    return found | {_THROUGH}


def is_translated(ends: Set[End]) -> Truth:
    """Whether one of `translations` gives it an address of this machine."""
    sure = [end.act in _TRANSLATED for end in ends]
    if all(sure):
        return Truth.YES
    return Truth.NO if ends <= {_THROUGH, End(Act.DROP)} else Truth.MAYBE


def is_dropped(firewall: Firewall, packet: Packet) -> Truth:
    """Whether a chain that is asked about it drops or rejects it."""
    found = [_drops(firewall, chain, packet) for chain in _filters(firewall, packet)]
    return max(found, default=Truth.NO)


def dropping(firewall: Firewall, packet: Packet) -> list[Chain]:
    """The base chains that surely drop or reject it."""
    chains = _filters(firewall, packet)
    return [chain for chain in chains if _drops(firewall, chain, packet) is Truth.YES]


def dropping_arp(firewall: Firewall, hook: Hook, packet: Packet) -> list[Chain]:
    """The chains that surely drop an ARP message that takes the way of this packet."""
    chains = firewall.of_arp(hook)
    return [chain for chain in chains if _drops(firewall, chain, packet) is Truth.YES]


def _filters(firewall: Firewall, packet: Packet) -> list[Chain]:
    found = [firewall.base(h, packet.version, translating=False) for h in _hooks(packet)]
    if packet.coming_in:
        found.insert(0, firewall.of_device(Hook.INGRESS, packet.version, packet.coming_in))
    if packet.going_out:
        found.append(firewall.of_device(Hook.EGRESS, packet.version, packet.going_out))
    return [chain for chains in found for chain in chains]


def _hooks(packet: Packet) -> tuple[Hook, ...]:
    if not packet.coming_in:
        return (Hook.OUTPUT, Hook.POSTROUTING)
    return (Hook.FORWARD,) if packet.going_out else (Hook.PREROUTING, Hook.INPUT)


def _drops(firewall: Firewall, chain: Chain, packet: Packet) -> Truth:
    if chain.priority < _CONNTRACK and chain.hook in (Hook.PREROUTING, Hook.OUTPUT):
        packet = replace(packet, state=_BEFORE_CONNTRACK)
    through = End(Act.DROP) if chain.drops else _THROUGH
    ends = _ends(firewall, chain, packet)
    acts = {through.act if end == _THROUGH else end.act for end in ends}
    if acts == {Act.DROP}:
        return Truth.YES
    return Truth.MAYBE if acts & {Act.DROP, Act.UNKNOWN} else Truth.NO


def is_clamped(firewall: Firewall, packet: Packet) -> bool:
    """Whether any rule lowers the largest segment of TCP for packets between these interfaces."""
    return any(
        rule.act is Act.CLAMP
        and chain.concerns(packet.version)
        and all(
            holds(each, packet) is not Truth.NO
            for each in rule.conditions
            if each.field in (Field.INPUT, Field.OUTPUT, Field.FAMILY)
        )
        for chain in firewall.chains.values()
        for rule in chain.rules
    )


def _ends(firewall: Firewall, chain: Chain, packet: Packet) -> Set[End]:
    seen: dict[str, Set[End]] = {}
    return _walked(firewall, chain, packet, seen, _DEEPEST)


def _walked(
    firewall: Firewall, chain: Chain, packet: Packet, seen: dict[str, Set[End]], deeper: int
) -> Set[End]:
    """`seen` has the ends of chains that were walked already: each is walked once only."""
    if chain.id.name in seen:
        return seen[chain.id.name]
    found: set[End] = set()
    for rule in chain.rules:
        truth = all_hold(rule.conditions, packet)
        if truth is Truth.NO:
            continue
        ends, goes_on = _after(firewall, chain, rule, packet, seen, deeper)
        found |= ends
        if truth is Truth.YES and not goes_on:
            break
    else:
        found.add(_THROUGH)
    seen[chain.id.name] = found
    return found


def _after(
    firewall: Firewall,
    chain: Chain,
    rule: Rule,
    packet: Packet,
    seen: dict[str, Set[End]],
    deeper: int,
) -> tuple[Set[End], bool]:
    """The ends that the rule leads to, and whether the next rule may be asked."""
    if rule.act in _ENDINGS:
        return {End(rule.act, rule.addresses)}, False
    if rule.act is Act.RETURN:
        return {_THROUGH}, False
    if rule.act not in (Act.JUMP, Act.GOTO):
        return set(), True
    called = firewall.chains.get(chain.id._replace(name=rule.target))
    if called is None or not deeper:
        return {_UNKNOWN}, True
    ends = _walked(firewall, called, packet, seen, deeper - 1)
    if rule.act is Act.GOTO:
        return ends, False
    return ends - {_THROUGH}, _THROUGH in ends
