"""Rounds over a link whose other end is a namespace that routes to the targets."""

import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from route_switcher.core.vocabulary.events import Answer
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.namespaces import inside
from route_switcher.probes.counters import Counters
from route_switcher.probes.icmp import IcmpProber
from support.addresses import await_addresses, await_no_carrier
from support.pinging import target

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("however_late")]

GOOD, FAILED, UNKNOWN = RoundOutcome.GOOD, RoundOutcome.FAILED, RoundOutcome.UNKNOWN
PEER = "echo-peer"
TARGET: dict[Family, Target] = {
    Family.IPV4: target("198.51.100.1"),
    Family.IPV6: target("2001:db8:100::1"),
}
LONG = 30.0
SHORT = 0.1

both_families = pytest.mark.parametrize("family", Family)


def ip(*lines: str) -> None:
    subprocess.run(["ip", "-batch", "-"], input="\n".join(lines) + "\n", text=True, check=True)


def nft(prober: str) -> None:
    subprocess.run(["nft", prober], check=True)


def connect(index: int) -> None:
    """Make the link, up0 with this index; the targets are one hop behind its other end."""
    ip(
        f"link add up0 index {index} type veth peer name far0 index {index + 50} netns {PEER}",
        "address add 203.0.113.2/24 dev up0",
        "address add 2001:db8:1::2/64 dev up0 nodad",
        "link set up0 up",
    )
    for prober in (
        "address add 203.0.113.1/24 dev far0",
        "address add 2001:db8:1::1/64 dev far0 nodad",
        "link set far0 up",
    ):
        ip_in_peer(prober)
    await_addresses("up0")
    with inside(PEER):
        await_addresses("far0")
    ip("route add default via 203.0.113.1", "route add default via 2001:db8:1::1")


def ip_in_peer(prober: str) -> None:
    subprocess.run(["ip", "-n", PEER, *prober.split()], check=True)


@pytest.fixture
def peer() -> Iterator[None]:
    ip(f"netns add {PEER}")
    try:
        ip_in_peer("link set lo up")
        sysctl = "net.ipv4.conf.all.forwarding=1"  # so that it tells what it cannot reach
        subprocess.run(["ip", "netns", "exec", PEER, "sysctl", "-qw", sysctl], check=True)
        for prober in ("198.51.100.1/32", "2001:db8:100::1/128 nodad"):
            ip_in_peer(f"address add {prober} dev lo")
        with inside(PEER):
            await_addresses("lo")
        yield
    finally:
        if interface_exists("up0"):
            ip("link delete up0")
        ip(f"netns delete {PEER}")


@pytest.fixture
def link(peer: None) -> None:
    connect(index=101)


def interface_exists(name: str) -> bool:
    return name in {interface for _, interface in socket.if_nameindex()}


@asynccontextmanager
async def receiving(family: Family, interface: str = "up0") -> AsyncIterator[IcmpProber]:
    with IcmpProber(interface, family) as prober:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(prober.run)
            yield prober
            nursery.cancel_scope.cancel()


@both_families
async def test_a_target_behind_the_gateway_answers(link: None, family: Family) -> None:
    async with receiving(family) as prober:
        echoes = await prober.ask((TARGET[family],), 1, LONG)
    assert echoes.outcome is GOOD
    assert prober.counters == Counters()


@both_families
async def test_a_link_that_is_down_fails_the_round_at_once(link: None, family: Family) -> None:
    async with receiving(family) as prober:
        ip("link set up0 down")
        echoes = await prober.ask((TARGET[family],), 1, LONG)
        assert (echoes.outcome, echoes.reason) == (FAILED, "link down")
        ip("link set up0 up", "address replace 2001:db8:1::2/64 dev up0 nodad")
        ip("route replace default via 203.0.113.1", "route replace default via 2001:db8:1::1")
        await_addresses("up0")
        assert (await prober.ask((TARGET[family],), 1, LONG)).outcome is GOOD


async def test_a_link_without_carrier_is_named_as_the_reason(link: None) -> None:
    async with receiving(Family.IPV4) as prober:
        ip_in_peer("link set far0 down")
        await_no_carrier("up0")
        echoes = await prober.ask((TARGET[Family.IPV4],), 1, SHORT)
    assert (echoes.outcome, echoes.reason) == (FAILED, "no carrier")


async def test_a_link_that_goes_down_during_a_round_does_not_end_the_receiving(
    link: None,
) -> None:
    silent = target("198.51.100.99")
    async with receiving(Family.IPV4) as prober, trio.open_nursery() as nursery:
        nursery.start_soon(prober.ask, (silent,), 1, SHORT)
        await trio.testing.wait_all_tasks_blocked()
        ip("link set up0 down", "link set up0 up", "route add default via 203.0.113.1")
        assert (await prober.ask((TARGET[Family.IPV4],), 1, LONG)).outcome is GOOD


async def test_no_route_fails_the_round_at_once(link: None) -> None:
    ip("route delete default via 2001:db8:1::1")
    async with receiving(Family.IPV6) as prober:
        echoes = await prober.ask((TARGET[Family.IPV6],), 1, LONG)
    assert (echoes.outcome, echoes.reason) == (FAILED, "no route")
    assert echoes.answers == (Answer(TARGET[Family.IPV6], None, "no route"),)


@both_families
async def test_a_local_firewall_makes_the_round_unknown(link: None, family: Family) -> None:
    hook = "type filter hook output priority filter;"
    nft(f"table inet echo {{ chain output {{ {hook} oifname up0 drop; }}; }}")
    try:
        async with receiving(family) as prober:
            echoes = await prober.ask((TARGET[family],), 1, LONG)
    finally:
        nft("delete table inet echo")
    assert echoes.outcome is UNKNOWN
    assert echoes.reason == "not permitted (local firewall or missing CAP_NET_RAW)"


@both_families
async def test_an_interface_made_anew_under_another_index_works_again(
    link: None, family: Family
) -> None:
    async with receiving(family) as prober:
        assert (await prober.ask((TARGET[family],), 1, LONG)).outcome is GOOD
        ip("link delete up0")
        gone = await prober.ask((TARGET[family],), 1, LONG)
        connect(index=102)
        assert (await prober.ask((TARGET[family],), 1, LONG)).outcome is GOOD
    assert (gone.outcome, gone.reason) == (FAILED, "interface missing")


@both_families
async def test_an_interface_exchanged_between_two_rounds_works(link: None, family: Family) -> None:
    async with receiving(family) as prober:
        assert (await prober.ask((TARGET[family],), 1, LONG)).outcome is GOOD
        ip("link delete up0")
        connect(index=103)
        assert (await prober.ask((TARGET[family],), 1, LONG)).outcome is GOOD


async def test_an_interface_may_come_later(peer: None) -> None:
    async with receiving(Family.IPV4) as prober:
        echoes = await prober.ask((TARGET[Family.IPV4],), 1, LONG)
        assert (echoes.outcome, echoes.reason) == (FAILED, "interface missing")
        connect(index=104)
        assert (await prober.ask((TARGET[Family.IPV4],), 1, LONG)).outcome is GOOD


async def test_a_receive_error_is_counted_and_receiving_goes_on(link: None) -> None:
    unreachable = target("198.51.100.99")
    async with receiving(Family.IPV4) as prober:
        # Of its own accord a raw socket hardly ever has such errors. With IP_RECVERR the peer's
        # "destination unreachable" becomes one (raw(7)).
        assert prober._socket is not None
        prober._socket.setsockopt(socket.IPPROTO_IP, 11, 1)
        ip_in_peer("route add unreachable 198.51.100.99/32")
        echoes = await prober.ask((unreachable,), 1, SHORT)
        assert echoes.outcome is FAILED
        assert prober.counters == Counters(receive_errors=1)
        assert (await prober.ask((TARGET[Family.IPV4],), 1, LONG)).outcome is GOOD
