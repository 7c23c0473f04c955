"""Commands that add a rule, written by the program that the firewall was written by."""

import re
import shlex

from route_switcher.doctor.firewall.nft_json import WRITER
from route_switcher.doctor.firewall.ruleset import Chain, Firewall, Hook

_PLAIN = re.compile(r"[\w.:-]+")
"""Names of interfaces that nft takes in quotes."""


def masquerading(firewall: Firewall, version: int, interface: str) -> tuple[str, ...]:
    """Packets of IPv4 (4) or IPv6 (6) that leave by this interface get its address."""
    program = _iptables(firewall, version)
    if program is not None:
        return (f"{program} -t nat -A POSTROUTING -o {shlex.quote(interface)} -j MASQUERADE",)
    chain = f"{_family(version)} uplink_nat postrouting"
    return _nft(
        interface,
        f"add table {_family(version)} uplink_nat",
        f"add chain {chain} {{ type nat hook postrouting priority 100; }}",
        f'add rule {chain} oifname "{interface}" masquerade',
    )


def masquerading_first(firewall: Firewall, version: int, interface: str) -> tuple[str, ...]:
    """The same before any other rule that translates."""
    chains = firewall.base(Hook.POSTROUTING, version, translating=True)
    if not chains:
        return masquerading(firewall, version, interface)
    program, family, table, name = chains[0].id
    if program != WRITER:
        return (f"{program} -t nat -I {name} -o {shlex.quote(interface)} -j MASQUERADE",)
    words = f'insert rule {family} {table} {name} oifname "{interface}" masquerade'
    return _nft(interface, words)


def accepting(chain: Chain, coming_in: str, going_out: str) -> tuple[str, ...]:
    """Packets between these interfaces pass this base chain."""
    program, family, table, name = chain.id
    if program != WRITER:
        ways = f"-i {shlex.quote(coming_in)} -o {shlex.quote(going_out)}"
        return (f"{program} -t {table} -I {name} {ways} -j ACCEPT",)
    ways = f'iifname "{coming_in}" oifname "{going_out}"'
    if chain.hook in (Hook.INGRESS, Hook.EGRESS):  # only one of them is known there
        ways = (
            ways.partition(" oifname")[0] if chain.hook is Hook.INGRESS else ways.partition('" ')[2]
        )
    return _nft(coming_in + going_out, f"insert rule {family} {table} {name} {ways} accept")


def accepting_probes(chain: Chain, version: int, interface: str) -> tuple[str, ...]:
    """Echo requests that leave by this interface, or the replies that come in by it, pass this base
    chain; with IPv6 also what finds the neighbours (RFC 4861)."""
    program, family, table, name = chain.id
    leaving = chain.hook in (Hook.OUTPUT, Hook.POSTROUTING, Hook.EGRESS)
    echo = "echo-request" if leaving else "echo-reply"
    if program != WRITER:
        way = f"{'-o' if leaving else '-i'} {shlex.quote(interface)}"
        insert = f"{program} -t {table} -I {name} {way}"
        if version == 4:
            return (f"{insert} -p icmp --icmp-type {echo} -j ACCEPT",)
        types = (echo, "neighbour-solicitation", "neighbour-advertisement")
        return tuple(f"{insert} -p ipv6-icmp --icmpv6-type {each} -j ACCEPT" for each in types)
    way = f'{"oifname" if leaving else "iifname"} "{interface}"'
    neighbours = "nd-neighbor-solicit, nd-neighbor-advert"
    what = f"icmp type {echo}" if version == 4 else f"icmpv6 type {{ {echo}, {neighbours} }}"
    if not _PLAIN.fullmatch(interface):
        return ()
    words = f"nft insert rule {family} {table} {name} {way} {what} accept".split()
    return (shlex.join(words),)


def accepting_arp(chain: Chain, interface: str) -> tuple[str, ...]:
    """ARP at this interface passes this base chain."""
    program, family, table, name = chain.id
    if program != WRITER or not _PLAIN.fullmatch(interface):
        return ()
    way = f'{"oifname" if chain.hook is Hook.OUTPUT else "iifname"} "{interface}"'
    return (shlex.join(f"nft insert rule {family} {table} {name} {way} accept".split()),)


def clamping() -> tuple[str, ...]:
    """TCP connections that are forwarded use no larger segment than the way of both directions
    has room for (nft(8), `rt mtu`)."""
    chain = "inet uplink_mss forward"
    return _nft(
        "",
        "add table inet uplink_mss",
        f"add chain {chain} {{ type filter hook forward priority -150; }}",
        f"add rule {chain} tcp flags syn tcp option maxseg size set rt mtu",
    )


def _nft(names: str, *commands: str) -> tuple[str, ...]:
    if names and not _PLAIN.fullmatch(names):
        return ()
    return tuple(f"nft {shlex.quote(command)}" for command in commands)


def _family(version: int) -> str:
    return "ip" if version == 4 else "ip6"


def _iptables(firewall: Firewall, version: int) -> str | None:
    """The program of iptables that all rules which translate were written by."""
    chains = firewall.base(Hook.POSTROUTING, version, translating=True)
    writers = [chain.id.writer for chain in chains if chain.rules]
    return writers[0] if writers and WRITER not in writers else None
