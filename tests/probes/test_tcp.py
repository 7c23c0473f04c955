"""Rounds of TCP connections, on the loopback interface of a private network."""

import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest
import trio

from route_switcher.core.vocabulary.checks import TcpConnect
from route_switcher.core.vocabulary.events import Answer
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.probes.interface import ADDRESS_FAMILY
from route_switcher.probes.prober import Egress, Prober
from route_switcher.probes.registry import open_prober
from support.loopback import LONG, SHORT, TARGETS, targets_on_loopback

pytestmark = pytest.mark.kernel

PORT = 7777
EGRESS = Egress(interface="lo", family=Family.IPV4)


@pytest.fixture(autouse=True)
def addresses() -> Iterator[None]:
    with targets_on_loopback():
        yield


@contextmanager
def firewall(verdict: str, daddr: str | None = None) -> Iterator[None]:
    """What is sent to the port meets this verdict of nftables."""
    which = "" if daddr is None else f"ip daddr {daddr} "
    table = f"""table inet odd {{
  chain odd {{
    type filter hook input priority filter
    {which}tcp dport {PORT} {verdict}
  }}
}}
"""
    subprocess.run(["nft", "-f", "-"], input=table, text=True, check=True)
    try:
        yield
    finally:
        subprocess.run(["nft", "delete", "table", "inet", "odd"], check=True)


@contextmanager
def listening(family: Family) -> Iterator[socket.socket]:
    """The kernel takes connections to every address; nobody takes them from it."""
    with socket.socket(ADDRESS_FAMILY[family], socket.SOCK_STREAM) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("", PORT))
        server.listen(64)
        yield server


def connections() -> str:
    words = ["ss", "-Htan", f"dport = :{PORT}"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


@asynccontextmanager
async def connecting(
    family: Family, *, refused_is_good: bool = False, interface: str | None = "lo"
) -> AsyncIterator[Prober]:
    egress = Egress(interface=interface, family=family)
    with open_prober(egress, TcpConnect(PORT, refused_is_good)) as prober:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(prober.run)
            yield prober
            nursery.cancel_scope.cancel()


@pytest.mark.parametrize("family", Family)
async def test_a_connection_is_good_and_nothing_of_it_is_left(family: Family) -> None:
    with listening(family):
        async with connecting(family) as prober:
            result = await prober.ask(TARGETS[family], 3, LONG)
    assert result.outcome is RoundOutcome.GOOD
    assert all(answer.rtt is not None and answer.rtt < 1 for answer in result.answers)
    assert connections() == ""


@pytest.mark.parametrize("family", Family)
@pytest.mark.parametrize("good", [True, False])
async def test_a_refused_connection_counts_as_the_policy_says(family: Family, good: bool) -> None:
    async with connecting(family, refused_is_good=good) as prober:
        result = await prober.ask(TARGETS[family], 1, LONG)
    if good:
        assert result.outcome is RoundOutcome.GOOD
    else:
        assert (result.outcome, result.reason) == (RoundOutcome.FAILED, "connection refused")


async def test_only_the_port_of_the_policy_is_asked() -> None:
    with listening(Family.IPV4), open_prober(EGRESS, TcpConnect(PORT + 1)) as prober:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(prober.run)
            result = await prober.ask(TARGETS[Family.IPV4], 1, LONG)
            nursery.cancel_scope.cancel()
    assert result.reason == "connection refused"


async def test_one_that_serves_makes_a_quorum_of_one_good_though_others_refuse() -> None:
    with socket.socket() as server:
        server.bind((TARGETS[Family.IPV4][1].name, PORT))
        server.listen()
        async with connecting(Family.IPV4) as prober:
            good = await prober.ask(TARGETS[Family.IPV4], 1, LONG)
            failed = await prober.ask(TARGETS[Family.IPV4], 2, LONG)
    assert good.outcome is RoundOutcome.GOOD
    assert failed.outcome is RoundOutcome.FAILED
    assert failed.reason == "1 of 3 answered, 2 needed: connection refused"


@pytest.mark.usefixtures("however_late")
@pytest.mark.parametrize("family", Family)
async def test_silence_is_a_failed_round_after_the_timeout(family: Family) -> None:
    with firewall("drop"), listening(family):
        async with connecting(family) as prober:
            result = await prober.ask(TARGETS[family], 1, SHORT)
    assert result.outcome is RoundOutcome.FAILED
    assert result.reason == "no answer within 0.5 s"


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [
        ("reject with tcp reset", "connection refused"),
        ("reject with icmpx host-unreachable", "gateway or target unreachable"),
        ("reject with icmpx admin-prohibited", "gateway or target unreachable"),
    ],
)
async def test_a_rejection_is_a_failed_round_at_once(verdict: str, reason: str) -> None:
    with firewall(verdict), listening(Family.IPV4):
        async with connecting(Family.IPV4) as prober:
            result = await prober.ask(TARGETS[Family.IPV4], 1, LONG)
    assert (result.outcome, result.reason) == (RoundOutcome.FAILED, reason)


@pytest.mark.parametrize(
    ("family", "verdict", "reason"),
    [
        (Family.IPV4, "icmp prot-unreachable", "rejected on the way"),
        (Family.IPV4, "icmp host-prohibited", "gateway or target unreachable"),
        (Family.IPV6, "icmpv6 admin-prohibited", "rejected on the way"),
        (Family.IPV6, "icmpv6 reject-route", "rejected on the way"),
        (Family.IPV6, "icmpv6 policy-fail", "rejected on the way"),
        (Family.IPV6, "icmpv6 no-route", "no route"),
    ],
)
async def test_any_rejection_by_icmp_is_a_failed_round_and_no_mistake_of_ours(
    family: Family, verdict: str, reason: str
) -> None:
    with firewall(f"reject with {verdict}"), listening(family):
        async with connecting(family) as prober:
            result = await prober.ask(TARGETS[family], 1, LONG)
    assert (result.outcome, result.reason) == (RoundOutcome.FAILED, reason)


async def test_without_its_interface_nothing_is_sent_elsewhere() -> None:
    with listening(Family.IPV4):
        async with connecting(Family.IPV4, interface="gone0") as prober:
            result = await prober.ask(TARGETS[Family.IPV4], 1, LONG)
    assert (result.outcome, result.reason) == (RoundOutcome.FAILED, "interface missing")


@pytest.mark.usefixtures("however_late")
async def test_what_a_round_did_not_wait_for_is_told_later() -> None:
    told: list[Answer] = []
    done = trio.Event()

    async def on_late(_sent_at: float, answers: tuple[Answer, ...]) -> None:
        told.extend(answers)
        done.set()

    with firewall("drop", daddr=str(TARGETS[Family.IPV4][2])), listening(Family.IPV4):
        async with connecting(Family.IPV4) as prober:
            result = await prober.ask(TARGETS[Family.IPV4], 1, SHORT, on_late)
            assert result.outcome is RoundOutcome.GOOD
            with trio.fail_after(LONG):
                while not any(answer.target == TARGETS[Family.IPV4][2] for answer in told):
                    done = trio.Event()
                    await done.wait()
    (silent,) = [answer for answer in told if answer.target == TARGETS[Family.IPV4][2]]
    assert (silent.rtt, silent.reason) == (None, "no answer within 0.5 s")
