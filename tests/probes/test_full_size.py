"""Echo requests of full size, on paths that take less."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio

from route_switcher.core.probing.round import RoundResult
from route_switcher.core.vocabulary.checks import IcmpEcho
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.addresses import BACKBONE_PORT, ROUTER
from route_switcher.lab.topology import Lab
from route_switcher.probes.prober import Egress, Prober
from route_switcher.probes.registry import open_prober

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("however_late")]

FULL = {Family.IPV4: 1472, Family.IPV6: 1452}
LONG, SHORT = 30.0, 0.3
families = pytest.mark.parametrize("family", Family, ids=str)


@asynccontextmanager
async def pinging(lab: Lab, family: Family, size: int | None) -> AsyncIterator[Prober]:
    uplink = lab.uplinks[0]
    gateway = uplink.gateway if family is Family.IPV4 else uplink.gateway_v6
    lab.run(ROUTER, "ip", "route", "add", "default", "via", str(gateway))
    egress = Egress(interface=uplink.interface, family=family)
    with lab.inside(ROUTER), open_prober(egress, IcmpEcho(size)) as prober:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(prober.run)
            yield prober
            nursery.cancel_scope.cancel()


async def asked(lab: Lab, family: Family, prober: Prober, within: float = LONG) -> RoundResult:
    return await prober.ask((Target.at(lab.targets(family)[0]),), 1, within)


async def passes(lab: Lab, family: Family, prober: Prober) -> bool:
    """Whether one of several gets an answer: a single packet may be lost while neighbours are
    asked for."""
    for _ in range(5):
        if (await asked(lab, family, prober, 5)).outcome is RoundOutcome.GOOD:
            return True
    return False


def narrow(lab: Lab, mtu: int = 1400) -> None:
    """What the ISP of the first uplink passes on."""
    lab.run(lab.uplinks[0].name, "ip", "link", "set", BACKBONE_PORT, "mtu", str(mtu))


@families
@pytest.mark.parametrize("size", [16, 17, 500, 0])
async def test_a_path_that_takes_them_is_good(lab: Lab, family: Family, size: int) -> None:
    async with pinging(lab, family, size or FULL[family]) as prober:
        for _ in range(2):
            assert await passes(lab, family, prober)


@families
async def test_what_is_too_big_on_the_way_has_failed_and_the_reason_says_where(
    lab: Lab, family: Family
) -> None:
    uplink = lab.uplinks[0]
    gateway = uplink.gateway if family is Family.IPV4 else uplink.gateway_v6
    async with pinging(lab, family, FULL[family]) as prober:
        narrow(lab)
        # Each round sends it all the same: what was heard of the path is asked for again.
        said = 0
        with trio.fail_after(60):
            while said < 2:
                result = await asked(lab, family, prober, SHORT)
                assert result.outcome is RoundOutcome.FAILED
                # A busy machine may take longer to say so.
                if result.reason != "no answer within 0.3 s":
                    assert result.reason == (
                        f"needs fragmentation: {gateway} forwards packets of 1400 bytes at most"
                    )
                    said += 1
        narrow(lab, 1500)
        assert await passes(lab, family, prober)


@families
async def test_small_ones_pass_where_those_of_full_size_do_not(lab: Lab, family: Family) -> None:
    narrow(lab)
    async with pinging(lab, family, None) as prober:
        assert await passes(lab, family, prober)


@families
async def test_what_is_lost_without_a_word_has_failed(lab: Lab, family: Family) -> None:
    narrow(lab)
    lab.run(
        lab.uplinks[0].name,
        *("nft", "-f", "-"),
        given="table inet t {\nchain c { type filter hook output priority 0;"
        " icmp type destination-unreachable drop; icmpv6 type packet-too-big drop; }\n}\n",
    )
    async with pinging(lab, family, FULL[family]) as prober:
        result = await asked(lab, family, prober, SHORT)
    assert (result.outcome, result.reason) == (RoundOutcome.FAILED, "no answer within 0.3 s")


@families
async def test_what_the_interface_does_not_take_has_failed_at_once(
    lab: Lab, family: Family
) -> None:
    async with pinging(lab, family, FULL[family] + 1) as prober:
        result = await asked(lab, family, prober)
        assert (result.outcome, result.reason) == (
            RoundOutcome.FAILED,
            "larger than the interface takes (MTU 1500)",
        )
