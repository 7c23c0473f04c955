"""Neighbour and echo probes against a gateway on the real kernel, as it answers, lies and dies."""

import re
import socket
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from ipaddress import IPv6Address
from pathlib import Path
from typing import Self, TypeAlias

import pytest
import trio
import trio.testing

from route_switcher.core.probing.first_echo import NEVER_CAME_BACK
from route_switcher.core.probing.round import RoundResult
from route_switcher.core.vocabulary.next_hops import NextHop
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.vocabulary.uplinks import Address, Family
from route_switcher.lab.addresses import CUSTOMER_PORT, ROUTER, LabUplink
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from route_switcher.probes import arp, echo_datagram
from route_switcher.probes.echo import EchoProber
from route_switcher.probes.neighbour import NeighbourProber
from route_switcher.probes.packet_socket import link_address
from route_switcher.probes.prober import Egress
from support.tunnel_line import TUNNEL, tunnel_line

pytestmark = pytest.mark.kernel

GOOD, FAILED, UNKNOWN = RoundOutcome.GOOD, RoundOutcome.FAILED, RoundOutcome.UNKNOWN
LONG, SHORT = 30.0, 0.2
Kind: TypeAlias = type[NeighbourProber] | type[EchoProber]
Forge: TypeAlias = Callable[[], tuple[int, bytes]]
"""The type and the payload of a forged frame of Ethernet."""
families = pytest.mark.parametrize("family", Family, ids=str)
kinds = pytest.mark.parametrize("kind", [NeighbourProber, EchoProber])


class Line:
    """The first uplink of a lab, asked by one prober."""

    def __init__(self, lab: Lab, family: Family, interface: str = "") -> None:
        self.lab = lab
        self.uplink: LabUplink = lab.uplinks[0]
        self.family = family
        self.interface = interface or self.uplink.interface
        v4 = family is Family.IPV4
        self.gateway: Address = self.uplink.gateway if v4 else self.uplink.gateway_v6
        self.own: Address = (self.uplink.address if v4 else self.uplink.address_v6).ip
        self.hop: NextHop | None = NextHop(self.gateway)
        self.prober: NeighbourProber | EchoProber

    @asynccontextmanager
    async def asked_by(self, kind: Kind) -> AsyncIterator[Self]:
        egress = Egress(interface=self.interface, family=self.family, next_hop=lambda: self.hop)
        with self.lab.inside(ROUTER), kind(egress) as self.prober:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.prober.run)
                yield self
                nursery.cancel_scope.cancel()

    async def round(self, within: float = LONG) -> RoundResult:
        return await self.prober.ask((Target.of_uplink("gateway"),), 1, within)

    async def comes_to(self, outcome: RoundOutcome, within: float = 1.0) -> RoundResult:
        """The first round that does; the first ones may not know the gateway yet, or be lost while
        it looks for us."""
        with trio.fail_after(60):
            while (  # noqa: ASYNC110 (rounds are asked for, and tell nobody else)
                result := await self.round(within)
            ).outcome is not outcome:
                await trio.sleep(0.001)
        return result

    def forwards(self, yes: bool) -> None:
        words = [f"net.{ip}.conf.all.forwarding={int(yes)}" for ip in ("ipv4", "ipv6")]
        self.lab.run(self.uplink.name, "sysctl", "-qw", *words)

    def filter(self, hook: str, rules: str) -> None:
        """Rules of the gateway's packet filter."""
        chain = f"chain c {{ type filter hook {hook} priority 0; {rules}; }}"
        given = f"table inet t {{\n{chain}\n}}\n"
        self.lab.run(self.uplink.name, "nft", "-f", "-", given=given)

    @contextmanager
    def dead(self) -> Iterator[None]:
        fault = FAULTS["dead-gateway"]
        fault.inject(self.lab, self.uplink)
        yield
        fault.heal(self.lab, self.uplink)

    def mac(self, namespace: str, interface: str) -> bytes:
        with self.lab.inside(namespace), socket.socket() as sock:
            return link_address(sock, interface)[1]

    def send(self, ethertype: int, payload: bytes) -> None:
        """What the gateway's end of the wire sends to the router."""
        mac = self.mac(ROUTER, self.interface)
        with (
            self.lab.inside(self.uplink.name),
            socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0) as wire,
        ):
            wire.bind((CUSTOMER_PORT, 0))
            wire.sendto(payload, (CUSTOMER_PORT, ethertype, 0, 0, mac))


async def eventually(condition: Callable[[], bool]) -> None:
    with trio.fail_after(60):
        while not condition():  # noqa: ASYNC110 (it is about what a prober counts)
            await trio.sleep(0.001)


async def believed(line: Line, forge: Forge, counted: Callable[[], int]) -> bool:
    """Whether a round is over that hears this from the gateway's end of the wire, and nothing
    else, once that was counted."""
    results: list[RoundResult] = []
    with line.dead():
        async with trio.open_nursery() as nursery:

            async def ask() -> None:
                results.append(await line.round())

            nursery.start_soon(ask)
            await eventually(lambda: len(line.prober._pending) > 0)
            line.send(*forge())
            await eventually(lambda: counted() > 0)
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
    return bool(results)


@families
@kinds
async def test_a_gateway_that_lives_is_good_and_one_that_is_dead_is_not(
    lab: Lab, kind: Kind, family: Family
) -> None:
    async with Line(lab, family).asked_by(kind) as line:
        await line.comes_to(GOOD)
        with line.dead():
            result = await line.comes_to(FAILED, SHORT)
        what = "echo"
        if kind is NeighbourProber:
            what = "ARP reply" if family is Family.IPV4 else "neighbour advertisement"
        assert result.reason.startswith(f"no {what}")
        await line.comes_to(GOOD)


@families
async def test_a_gateway_that_lives_and_does_not_forward_is_told_by_echo_alone(
    lab: Lab, family: Family
) -> None:
    async with Line(lab, family).asked_by(NeighbourProber) as line:
        line.forwards(False)
        assert (await line.round()).outcome is GOOD
    line.forwards(True)
    async with Line(lab, family).asked_by(EchoProber) as line:
        await line.comes_to(GOOD)
        line.forwards(False)
        await line.comes_to(FAILED, SHORT)


@families
@kinds
async def test_a_gateway_that_drops_pings_is_good(lab: Lab, kind: Kind, family: Family) -> None:
    line = Line(lab, family)
    line.filter("input", "icmp type echo-request drop; icmpv6 type echo-request drop")
    async with line.asked_by(kind):
        await line.comes_to(GOOD)


@families
async def test_absence_of_an_echo_says_nothing_before_one_came_back(
    lab: Lab, family: Family
) -> None:
    line = Line(lab, family)
    line.forwards(False)
    async with line.asked_by(EchoProber):
        result = await line.comes_to(UNKNOWN, SHORT)
        while result.reason != NEVER_CAME_BACK:
            result = await line.comes_to(UNKNOWN, SHORT)
        assert not result.answers[0].asked
        line.forwards(True)
        await line.comes_to(GOOD)
        line.forwards(False)
        await line.comes_to(FAILED, SHORT)
        # Another next hop: it may be one that never sends an echo back.
        line.hop = NextHop(line.own)
        assert (await line.round(SHORT)).outcome is UNKNOWN


@pytest.mark.parametrize("verdict", ["drop", "reject", "reject with icmpx admin-prohibited"])
@families
async def test_what_only_quotes_an_echo_is_none(lab: Lab, family: Family, verdict: str) -> None:
    """ICMP errors carry all of what they are about."""
    async with Line(lab, family).asked_by(EchoProber) as line:
        await line.comes_to(GOOD)
        line.filter("forward", verdict)
        for _ in range(3):
            assert (await line.round(SHORT)).outcome is not GOOD


WRONG_ECHOES = {
    "two hops": "wrong_hops",
    "no hop": "wrong_hops",
    "source": "wrong_source",
    "destination": "wrong_target",
    "port": "wrong_source",
    "token": "unasked",
}


@families
@pytest.mark.parametrize("wrong", WRONG_ECHOES)
async def test_an_echo_that_is_not_quite_ours_is_counted_and_not_believed(
    lab: Lab, family: Family, wrong: str
) -> None:
    async with Line(lab, family).asked_by(EchoProber) as line:
        await line.comes_to(GOOD)
        prober = line.prober
        assert isinstance(prober, EchoProber)

        def forge() -> tuple[int, bytes]:
            ((open_round,),) = (prober._pending.rounds,)
            return wrong_echo(line, prober._port, open_round.requests[0].token, wrong)

        def counted() -> int:
            return int(getattr(prober.counters, WRONG_ECHOES[wrong]))

        assert not await believed(line, forge, counted)
        assert counted() == 1


def wrong_echo(line: Line, port: int, token: bytes, wrong: str) -> tuple[int, bytes]:
    if wrong == "token":
        token = token[:4] + bytes(12)
    packet = bytearray(echo_datagram.datagram(line.own, port, token))
    v4 = line.family is Family.IPV4
    hops, source, size = (8, 12, 4) if v4 else (7, 8, 16)
    packet[hops] = {"two hops": 253, "no hop": 255}.get(wrong, 254)
    if wrong == "source":
        packet[source + size - 1] ^= 1
    if wrong == "destination":
        packet[source + 2 * size - 1] ^= 1
    if wrong == "port":
        packet[echo_datagram.IP_HEADER[line.family] + 1] ^= 1
    if v4:
        packet[10:12] = bytes(2)
        packet[10:12] = checksum(bytes(packet[:20]))
    return echo_datagram.ETHERTYPE[line.family], bytes(packet)


def checksum(data: bytes) -> bytes:
    return struct.pack("!H", int.from_bytes(data) % 0xFFFF ^ 0xFFFF)


@pytest.mark.parametrize("wrong", ["sender", "target", "target's MAC"])
async def test_a_forged_arp_reply_is_counted_and_not_believed(lab: Lab, wrong: str) -> None:
    async with Line(lab, Family.IPV4).asked_by(NeighbourProber) as line:
        await line.comes_to(GOOD)
        ours, theirs = line.mac(ROUTER, line.interface), b"\2liar!"
        frame = struct.pack(
            "!HHBBH6s4s6s4s",
            *(1, 0x0800, 6, 4, 2),
            theirs,
            (line.own if wrong == "sender" else line.gateway).packed,
            theirs if wrong == "target's MAC" else ours,
            (line.gateway if wrong == "target" else line.own).packed,
        )
        counters = line.prober.counters

        def counted() -> int:
            return counters.wrong_source if wrong == "sender" else counters.wrong_target

        assert not await believed(line, lambda: (arp.ETHERTYPE, frame), counted)


WRONG_ADVERTISEMENTS = {
    "hop limit": "wrong_source",
    "target": "wrong_target",
    "not solicited": "unasked",
}


@pytest.mark.parametrize("wrong", WRONG_ADVERTISEMENTS)
async def test_a_forged_advertisement_is_counted_and_not_believed(lab: Lab, wrong: str) -> None:
    async with Line(lab, Family.IPV6).asked_by(NeighbourProber) as line:
        await line.comes_to(GOOD)
        liar = IPv6Address("fe80::1a")
        target = liar if wrong == "target" else line.gateway
        flags = 0x2000_0000 if wrong == "not solicited" else 0x6000_0000
        body = struct.pack("!BBHI", 136, 0, 0, flags) + target.packed + b"\2\1\2liar!"
        shown = lab.run(ROUTER, "ip", "-6", "address", "show", "dev", line.interface)
        (own,) = re.findall(r"inet6 (fe80\S+)/64", shown)
        to = IPv6Address(own).packed
        pseudo = liar.packed + to + struct.pack("!II", len(body), 58)
        body = body[:2] + checksum(pseudo + body) + body[4:]
        hops = 254 if wrong == "hop limit" else 255
        packet = struct.pack("!IHBB", 6 << 28, len(body), 58, hops) + liar.packed + to + body

        def counted() -> int:
            return int(getattr(line.prober.counters, WRONG_ADVERTISEMENTS[wrong]))

        assert not await believed(line, lambda: (0x86DD, packet), counted)


async def test_echoes_over_ipv6_make_no_port_unreachable(lab: Lab) -> None:
    def unreachables() -> int:
        text = Path("/proc/thread-self/net/snmp6").read_text()
        return int(re.findall(r"Icmp6OutDestUnreachs\s+(\d+)", text)[0])

    async with Line(lab, Family.IPV6).asked_by(EchoProber) as line:
        await line.comes_to(GOOD)
        for _ in range(5):
            await line.comes_to(GOOD)
        assert unreachables() == 0


@families
async def test_a_router_that_takes_over_is_found_after_one_lost_echo(
    lab: Lab, family: Family
) -> None:
    async with Line(lab, family).asked_by(EchoProber) as line:
        await line.comes_to(GOOD)
        lab.run(line.uplink.name, *f"ip link set {CUSTOMER_PORT} address 02:00:00:00:00:99".split())
        await line.comes_to(FAILED, SHORT)
        await line.comes_to(GOOD, SHORT)


@families
@kinds
async def test_an_interface_that_goes_and_comes_back_is_asked_again(
    lab: Lab, kind: Kind, family: Family
) -> None:
    async with Line(lab, family).asked_by(kind) as line:
        await line.comes_to(GOOD)
        lab.run(ROUTER, "ip", "link", "delete", line.interface)
        result = await line.round(SHORT)
        assert (result.outcome, result.reason) == (FAILED, "interface missing")
        lab.connect(line.uplink)
        await line.comes_to(GOOD)


@families
@kinds
async def test_without_a_next_hop_nothing_is_known(lab: Lab, kind: Kind, family: Family) -> None:
    async with Line(lab, family).asked_by(kind) as line:
        line.hop = None
        result = await line.round(SHORT)
        assert (result.outcome, result.reason) == (UNKNOWN, "no next hop is known")


@families
async def test_a_point_to_point_link_sends_echoes_back_and_has_nobody_to_ask(
    lab: Lab, family: Family
) -> None:
    with tunnel_line(lab, lab.uplinks[0]):
        for ip in ("-4", "-6"):
            lab.run(ROUTER, "ip", ip, "route", "add", "default", "dev", TUNNEL)
        async with Line(lab, family, TUNNEL).asked_by(EchoProber) as line:
            line.hop = NextHop(None)
            await line.comes_to(GOOD)
        async with Line(lab, family, TUNNEL).asked_by(NeighbourProber) as line:
            if family is Family.IPV4:
                result = await line.round(SHORT)
                assert result.outcome is UNKNOWN
                assert "on this type of link" in result.reason
            line.hop = NextHop(None)
            assert "no gateway" in (await line.round(SHORT)).reason
