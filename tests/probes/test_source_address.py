"""Probes leave with an address of their own interface, where it has one."""

import subprocess
from collections.abc import Iterator
from ipaddress import ip_address

import pytest
import trio

from route_switcher.core.vocabulary.checks import TcpConnect
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.namespaces import inside
from route_switcher.probes.icmp import IcmpProber
from route_switcher.probes.prober import Egress
from route_switcher.probes.registry import open_prober
from route_switcher.probes.source_address import LinkAddresses
from support.addresses import await_addresses, await_own
from support.pinging import target

pytestmark = pytest.mark.kernel

PEER = "source-peer"
TARGETS = {
    Family.IPV4: target("198.51.100.1"),
    Family.IPV6: target("2001:db8:100::1"),
}
GOOD = RoundOutcome.GOOD
LONG, SHORT = 30.0, 0.2


def ip(*lines: str) -> None:
    subprocess.run(["ip", "-batch", "-"], input="\n".join(lines) + "\n", text=True, check=True)


def in_peer(line: str) -> None:
    subprocess.run(["ip", "-n", PEER, *line.split()], check=True)


def link_local(interface: str) -> str:
    words = ["ip", "-6", "-o", "address", "show", "dev", interface, "scope", "link"]
    return subprocess.check_output(words, text=True).split()[3].partition("/")[0]


@pytest.fixture(autouse=True)
def lines() -> Iterator[None]:
    """Two links; the ISP behind `up0` knows the addresses of `up0` and `pd0` only."""
    ip(f"netns add {PEER}")
    ip(
        f"link add up0 type veth peer name far0 netns {PEER}",
        f"link add up1 type veth peer name far1 netns {PEER}",
        "link add pd0 type veth peer name pd1",
        "link set up0 up",
        "link set up1 up",
        "link set pd0 up",
        "address add 203.0.113.2/25 dev up0",
        "address add 203.0.113.130/25 dev up1",
        "address add 2001:db8:1::2/64 dev up0 nodad",
        "address add 2001:db8:2::2/64 dev up1 nodad",
    )
    for line in (
        "link set lo up",
        "link set far0 up",
        "address add 203.0.113.1/25 dev far0",
        "address add 2001:db8:1::1/64 dev far0 nodad",
        "address add fe80::1/64 dev far0 nodad",
        "address add 198.51.100.1/32 dev lo",
        "address add 2001:db8:100::1/128 dev lo nodad",
    ):
        in_peer(line)
    await_addresses("up0")
    with inside(PEER):
        await_addresses("far0")
        await_addresses("lo")
    ip("route add default via 203.0.113.1", "route add default via 2001:db8:1::1 dev up0")
    try:
        yield
    finally:
        ip("link delete up0", "link delete up1", "link delete pd0", f"netns delete {PEER}")


def told(interface: str, *addresses: str) -> LinkState:
    return LinkState(interface, addresses=frozenset(map(ip_address, addresses)))


class Asking:
    """Rounds through `up0`; each is good if the peer can answer to the source."""

    def __init__(self, family: Family) -> None:
        self.addresses = LinkAddresses()
        self.target = TARGETS[family]
        self.prober = IcmpProber("up0", family, addresses=self.addresses)

    async def answered(self, patience: float = LONG) -> bool:
        with self.prober as prober:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(prober.run)
                outcome = (await prober.ask((self.target,), 1, patience)).outcome
                nursery.cancel_scope.cancel()
        return outcome is GOOD


async def test_a_deprecated_address_is_used_rather_than_one_of_another_interface() -> None:
    ip("address change 2001:db8:1::2/64 dev up0 preferred_lft 0")
    asking = Asking(Family.IPV6)
    assert not await asking.answered(SHORT)  # as the kernel has it
    asking.addresses.see([told("up0", "2001:db8:1::2"), told("up1", "2001:db8:2::2")])
    assert await asking.answered()


@pytest.mark.parametrize("gone", [False, True])
async def test_connections_are_made_from_an_address_of_the_interface(gone: bool) -> None:
    """A deprecated one too; one that has gone since it was told is not insisted on."""
    addresses = LinkAddresses()
    addresses.see([told("up0", "2001:db8:1::2"), told("up1", "2001:db8:2::2")])
    if gone:
        addresses.see([told("up0", "2001:db8:1::77")])
    else:
        ip("address change 2001:db8:1::2/64 dev up0 preferred_lft 0")
    egress = Egress(interface="up0", family=Family.IPV6, addresses=addresses)
    # The peer has no way back to addresses of other interfaces.
    with open_prober(egress, TcpConnect(7, refused_is_good=True)) as prober:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(prober.run)
            result = await prober.ask((TARGETS[Family.IPV6],), 1, LONG)
            nursery.cancel_scope.cancel()
    assert result.outcome is GOOD


async def test_a_socket_follows_the_addresses_of_its_interface() -> None:
    asking = Asking(Family.IPV6)
    ip("address add 2001:db8:1::3/64 dev up0 nodad")
    await_addresses("up0")
    with asking.prober as prober:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(prober.run)

            async def answered() -> str:
                assert (await prober.ask((asking.target,), 1, LONG)).outcome is GOOD
                assert prober._socket is not None
                return str(prober._socket.getsockname()[0])

            assert await answered() == "::"
            asking.addresses.see([told("up0", "2001:db8:1::2")])
            assert await answered() == "2001:db8:1::2"
            ip("address delete 2001:db8:1::2/64 dev up0")
            asking.addresses.see([told("up0", "2001:db8:1::3")])
            assert await answered() == "2001:db8:1::3"
            asking.addresses.see([told("up0", "2001:db8:1::3", "2001:db8:1::77")])
            assert await answered() == "2001:db8:1::3"
            asking.addresses.see([told("up0")])
            assert await answered() == "::"
            nursery.cancel_scope.cancel()


async def test_what_is_told_but_gone_is_not_insisted_on() -> None:
    asking = Asking(Family.IPV6)
    ip("address change 2001:db8:1::2/64 dev up0 preferred_lft 0", "address flush dev up1")
    asking.addresses.see([told("up0", "2001:db8:1::99")])
    assert await asking.answered()


async def test_an_interface_with_a_link_local_address_borrows_one_of_a_delegated_prefix() -> None:
    ip(
        "address delete 2001:db8:1::2/64 dev up0",
        "address delete 2001:db8:2::2/64 dev up1",
        "address add 2001:db8:3::1/64 dev pd0 nodad",
        "route replace default via fe80::1 dev up0",
    )
    await_own("2001:db8:3::1")
    in_peer(f"-6 route add 2001:db8:3::/64 via {link_local('up0')} dev far0")
    asking = Asking(Family.IPV6)
    asking.addresses.see([told("up0"), told("up1")])
    assert await asking.answered()


async def test_an_ipv4_address_of_scope_link_is_used_rather_than_one_of_another_uplink() -> None:
    ip(
        "address delete 203.0.113.2/25 dev up0",
        "address add 203.0.113.2/25 dev up0 scope link",
        "route add default via 203.0.113.1 dev up0",
    )
    asking = Asking(Family.IPV4)
    assert not await asking.answered(SHORT)  # as the kernel has it
    asking.addresses.see([told("up0", "203.0.113.2"), told("up1", "203.0.113.130")])
    assert await asking.answered()


async def test_a_source_that_the_route_names_is_kept() -> None:
    ip(
        "address add 198.51.100.77/32 dev pd0",
        "route replace default via 203.0.113.1 dev up0 src 198.51.100.77",
    )
    in_peer("route add 198.51.100.77/32 via 203.0.113.2")
    asking = Asking(Family.IPV4)
    asking.addresses.see([told("up0", "203.0.113.2"), told("up1", "203.0.113.130")])
    with asking.prober as prober:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(prober.run)
            assert (await prober.ask((asking.target,), 1, LONG)).outcome is GOOD
            assert prober._socket is not None
            assert prober._socket.getsockname()[0] == "0.0.0.0"  # the kernel chooses
            nursery.cancel_scope.cancel()
